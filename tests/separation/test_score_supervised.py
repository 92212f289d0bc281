"""A separator that learnt from scores, at work."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, check_separator, load_separator
from rebalance.separation.score_supervised import ScoreSupervisedSeparator, ScoreTcn, TcnConfig, save_score_separator

SMALL = {"bottleneck": 8, "hidden": 8, "n_repeats": 1, "n_blocks": 3}


def network(role: str = "separator", **changes: object) -> ScoreTcn:
    torch.manual_seed(0)
    return ScoreTcn(TcnConfig(role=role, **{**SMALL, **changes})).eval()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    save_score_separator(path, network(), ModelCard(shrinkage=(0.5,), data=("tones",)))
    return path


def test_it_keeps_the_contract(checkpoint: Path) -> None:
    report = check_separator(load_separator(checkpoint, device="cpu"))
    assert report.passed, report.text()


def test_a_mask_of_one_half_everywhere_gives_half_the_mixture() -> None:
    even = network()
    torch.nn.init.zeros_(even.exit[1].weight)
    torch.nn.init.zeros_(even.exit[1].bias)
    separator = ScoreSupervisedSeparator(name="even", network=even, card=ModelCard())
    mixture = 0.1 * np.random.default_rng(0).standard_normal((2, 5 * 16_000)).astype(np.float32)
    for estimate in separator(mixture, ("Flute", "Cello")).values():
        np.testing.assert_allclose(estimate, 0.5 * mixture, atol=1e-5)


def test_an_instrument_the_network_lacks_is_refused() -> None:
    duo = ScoreSupervisedSeparator(name="duo", network=network(instruments=("Flute", "Cello")), card=ModelCard())
    with pytest.raises(ConfigError, match="instrument 'Oboe': this network separates Flute, Cello"):
        duo(np.zeros((1, 100), dtype=np.float32), ("Flute", "Oboe"))


def test_a_transcriptor_is_no_separator() -> None:
    with pytest.raises(ConfigError, match="expected a separator, got a transcriptor"):
        ScoreSupervisedSeparator(name="mine", network=network("transcriptor"), card=ModelCard())


def test_a_damaged_checkpoint_is_refused_in_one_line(checkpoint: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    content[-1] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(ConfigError, match="sha256"):
        load_separator(checkpoint, device="cpu")


@pytest.mark.parametrize(
    "changes", [{"kernel": 2}, {"hidden": 0}, {"instruments": ()}, {"instruments": ("Oboe", "Oboe")}]
)
def test_sizes_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        network(**changes)
