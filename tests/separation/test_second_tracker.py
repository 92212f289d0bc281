"""A tracker that asks a second one: what both find, and where the second lies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_networks import SMALL_CAUSAL_TRACKER, small_tracker

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, checkpoint_header, load_separator, write_tensors
from rebalance.separation.player_tracker import (
    Tracker,
    load_tracker,
    load_tracker_checkpoint,
    save_tracker_checkpoint,
)
from rebalance.training import stamp_tracker

TRIO = ("Violin", "Violin", "Cello")


def checkpoint(folder: Path, name: str, seed: int, *, config=None) -> Path:
    path = folder / f"{name}.safetensors"
    network = small_tracker(seed=seed) if config is None else small_tracker(config=config)
    save_tracker_checkpoint(path, network, ModelCard(shrinkage=(0.8,)))
    return path


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """A tracker that asks the one in `second.safetensors`, too."""
    path = checkpoint(tmp_path, "first", 1)
    checkpoint(tmp_path, "second", 2)
    stamp_tracker(path, second="second.safetensors")
    return path


def noise() -> np.ndarray:
    return (0.05 * np.random.default_rng(0).standard_normal((2, 60_000))).astype(np.float32)


def test_what_both_find_is_their_geometric_mean(joined: Path, tmp_path: Path) -> None:
    second = load_tracker(tmp_path / "second.safetensors", device="cpu")(noise(), TRIO)
    together = load_tracker(joined, device="cpu")(noise(), TRIO)
    stamped = load_tracker_checkpoint(joined)
    alone = Tracker(name="alone", network=stamped.network, card=stamped.card)(noise(), TRIO)
    expected = np.sqrt((alone.values.astype(np.float64) + 1e-6) * (second.values + 1e-6))
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(together.values, expected, atol=1e-6)
    assert np.abs(together.values - alone.values).max() > 0.01
    np.testing.assert_array_equal(together.frame_times_s, alone.frame_times_s)


def test_a_separator_counts_and_uses_both(joined: Path, tmp_path: Path) -> None:
    separator, second = (load_separator(path, device="cpu") for path in (joined, tmp_path / "second.safetensors"))
    header = checkpoint_header(joined)
    assert header is not None
    assert separator.info.n_parameters == int(header["n_parameters"]) == 2 * second.info.n_parameters
    estimates = separator(noise(), TRIO)
    np.testing.assert_allclose(sum(estimates.values()), noise(), atol=1e-5)
    turned = separator(noise(), ("Cello", "Violin", "Violin"))
    np.testing.assert_allclose(estimates["Cello"], turned["Cello"], atol=1e-6)


def test_cards_of_either_may_change(joined: Path, tmp_path: Path) -> None:
    before = load_tracker(joined, device="cpu")(noise(), TRIO).values
    stamp_tracker(tmp_path / "second.safetensors", shrinkage=(0.5,), training={"Budget": "none"})
    stamp_tracker(joined, shrinkage=(0.6,))
    np.testing.assert_array_equal(load_tracker(joined, device="cpu")(noise(), TRIO).values, before)
    card = joined.with_suffix(".md").read_text(encoding="utf-8")
    assert "second.safetensors" in card
    assert "geometric mean" in card


def test_other_weights_beside_it_are_told(joined: Path, tmp_path: Path) -> None:
    checkpoint(tmp_path, "second", 3)
    with pytest.raises(ConfigError, match=r"second\.safetensors: expected the weights first\.safetensors was joined"):
        load_separator(joined, device="cpu")
    stamp_tracker(joined, second="second.safetensors")
    assert load_separator(joined, device="cpu").info.n_parameters


def test_a_second_that_is_missing_is_told(joined: Path, tmp_path: Path) -> None:
    (tmp_path / "second.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"first\.safetensors: expected second\.safetensors beside it"):
        load_separator(joined, device="cpu")


@pytest.mark.parametrize(
    "file", ["../second.safetensors", "/second.safetensors", "first.safetensors", "", "a/../second"]
)
def test_no_path_out_of_the_folder_is_followed(joined: Path, file: str) -> None:
    rewritten(joined, json.dumps({"file": file, "sha256": ""}))
    with pytest.raises(ConfigError, match="name of another file beside it"):
        load_separator(joined, device="cpu")


@pytest.mark.parametrize("text", ["{", '{"file": "second.safetensors"}', "[]", '{"file": 3, "sha256": []}'])
def test_a_header_that_names_no_second_is_refused(joined: Path, text: str) -> None:
    rewritten(joined, text)
    with pytest.raises(ConfigError, match=r"first\.safetensors"):
        load_separator(joined, device="cpu")


def test_a_second_of_a_second_is_refused(joined: Path, tmp_path: Path) -> None:
    third = checkpoint(tmp_path, "third", 3)
    with pytest.raises(ConfigError, match="expected a tracker that asks no second"):
        stamp_tracker(third, second=joined.name)


def test_two_that_name_each_other_are_refused(joined: Path, tmp_path: Path) -> None:
    rewritten(tmp_path / "second.safetensors", json.dumps({"file": joined.name, "sha256": ""}))
    with pytest.raises(ConfigError, match=r"second\.safetensors: expected a tracker that asks no second"):
        load_separator(joined, device="cpu")


def test_a_causal_second_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, "first", 1)
    checkpoint(tmp_path, "causal", 2, config=SMALL_CAUSAL_TRACKER)
    with pytest.raises(ConfigError, match="neither of the two causal"):
        stamp_tracker(path, second="causal.safetensors")
    assert load_tracker_checkpoint(path).second is None


def rewritten(path: Path, second: str) -> None:
    """Change what the header says of the second, the digest beside agreeing."""
    from safetensors.torch import load_file

    header = dict(checkpoint_header(path) or {}, second=second)
    write_tensors(path, load_file(path), header)
