"""X-UMX: parameter counts, shapes, its kinship with Open-Unmix, files, and the separator over several families."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, load_separator
from rebalance.separation.xumx import XUMX_FAMILIES, Xumx, XumxConfig, save_xumx

SMALL = XumxConfig(targets=("Violin", "Cello"), hidden_size=8, n_layers=1, window=512, hop=128)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def small(*targets: str, seed: int = 0) -> Xumx:
    torch.manual_seed(seed)
    return Xumx(replace(SMALL, targets=targets)).eval()


def test_a_branch_of_published_size_has_the_published_number_of_parameters() -> None:
    branch = Xumx(XumxConfig(targets=("Violin",))).branches[0]
    parts = {
        "encoder": count(branch.encoder) + count(branch.encoder_norm),
        "memory": count(branch.memory),
        "decoder": count(branch.decoder) + count(branch.decoder_norm),
        "output": count(branch.output) + count(branch.output_norm),
    }
    assert parts == {"encoder": 762_368, "memory": 4_730_880, "decoder": 525_312, "output": 1_053_186}
    assert count(branch) == sum(parts.values()) + 7_072 == 7_078_818


def test_the_four_families_have_fifteen_targets_and_the_published_sizes() -> None:
    branch = 7_078_818
    sizes = {family: len(targets) * branch for family, targets in XUMX_FAMILIES.items()}
    four, three = 28_315_272, 21_236_454
    assert sizes == {"strings": four, "woodwinds": four, "brass": four, "percussion": three}
    assert sum(map(len, XUMX_FAMILIES.values())) == 15
    assert "Harp" in XUMX_FAMILIES["percussion"]
    assert XUMX_FAMILIES["strings"]["Bass"] == ("Bass",)  # the whole name: a bassoon is no bass


def test_six_seconds_are_259_frames_of_2049_bins_of_which_1487_are_seen() -> None:
    network = small("Violin")
    published = XumxConfig(targets=("Violin",))
    assert (published.n_bins, published.n_seen_bins) == (2049, 1487)
    assert network.spectra(torch.zeros(1, 264_600)).shape[-1] == 1 + 264_600 // SMALL.hop
    assert 1 + 264_600 // published.hop == 259


def test_with_one_target_it_is_open_unmix() -> None:
    network = small("Violin")
    branch = network.branches[0]
    magnitudes = torch.rand(2, 257, 7)
    seen = (magnitudes[:, : network.config.n_seen_bins].transpose(1, 2) + branch.input_mean) * branch.input_scale
    normed = branch.encoder_norm(branch.encoder(seen).transpose(1, 2)).transpose(1, 2)
    encoded = torch.tanh(normed)
    joined = torch.cat([encoded, branch.memory(encoded)[0]], dim=-1)
    hidden = torch.relu(branch.decoder_norm(branch.decoder(joined).transpose(1, 2)).transpose(1, 2))
    wide = branch.output_norm(branch.output(hidden).transpose(1, 2)).transpose(1, 2)
    expected = torch.relu(wide * branch.output_scale + branch.output_mean).transpose(1, 2)
    torch.testing.assert_close(network.masks(magnitudes)[:, 0], expected)


def test_branches_meet_in_the_mean_so_that_one_sees_what_another_encodes() -> None:
    network = small("Violin", "Cello")
    magnitudes = torch.rand(1, 257, 7)
    before = network.masks(magnitudes)
    with torch.no_grad():
        network.branches[1].encoder.weight.mul_(-1.0)
    assert not torch.allclose(network.masks(magnitudes)[:, 0], before[:, 0])


def test_statistics_are_stored_negated_and_as_reciprocals_above_a_floor() -> None:
    network = small("Violin")
    scale = torch.full((network.config.n_seen_bins,), 2.0)
    scale[0] = 0.0
    network.standardise(torch.full_like(scale, 3.0), scale)
    branch = network.branches[0]
    assert branch.input_mean[5].item() == -3.0
    assert branch.input_scale[5].item() == 0.5
    assert branch.input_scale[0].item() == pytest.approx(1 / 2e-4)


def test_models_of_two_families_serve_as_one_separator(tmp_path: Path) -> None:
    save_xumx(tmp_path / "strings.safetensors", small("Violin", "Cello"), ModelCard(data=("tones",)))
    save_xumx(tmp_path / "woodwinds.safetensors", small("Flute", seed=1), ModelCard())
    separator = load_separator(f"xumx:{tmp_path}", device="cpu")
    mixture = np.random.default_rng(0).standard_normal((2, 9_001)).astype(np.float32)
    estimates = separator(mixture, ("Violin", "Flute", "Violin"))
    assert list(estimates) == ["Violin_1", "Flute", "Violin_2"]
    assert {estimate.shape for estimate in estimates.values()} == {(2, 9_001)}
    np.testing.assert_array_equal(estimates["Violin_1"], estimates["Violin_2"])
    assert separator.info.external_training_data is True
    assert separator.info.n_parameters == count(small("Violin", "Cello")) + count(small("Flute"))
    assert separator(mixture[:, :10], ("Flute",))["Flute"].shape == (2, 10)
    with pytest.raises(ConfigError, match=r"instruments among Violin, Cello, Flute, got \['Sax'\]"):
        separator(mixture, ("Sax", "Flute"))


def test_what_is_no_model_or_names_a_target_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected models of X-UMX"):
        load_separator(f"xumx:{tmp_path}", device="cpu")
    save_xumx(tmp_path / "first.safetensors", small("Flute"), ModelCard())
    save_xumx(tmp_path / "second.safetensors", small("Flute"), ModelCard())
    with pytest.raises(ConfigError, match="different targets"):
        load_separator(f"xumx:{tmp_path}", device="cpu")
    (tmp_path / "second.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ConfigError, match=r"second\.safetensors: expected a checkpoint of format 'rebalance-xumx/1'"):
        load_separator(f"xumx:{tmp_path}", device="cpu")
    with (tmp_path / "first.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    (tmp_path / "second.safetensors").unlink()
    with pytest.raises(ConfigError, match="sha256"):
        load_separator(f"xumx:{tmp_path}", device="cpu")


def test_a_model_is_found_by_the_path_of_its_file(tmp_path: Path) -> None:
    save_xumx(tmp_path / "strings.safetensors", small("Violin", "Cello"), ModelCard())
    save_xumx(tmp_path / "woodwinds.safetensors", small("Flute"), ModelCard())
    separator = load_separator(tmp_path / "woodwinds.safetensors", device="cpu")
    assert list(separator(np.zeros((2, 8_000), np.float32), ("Flute",))) == ["Flute"]
    with pytest.raises(ConfigError, match="instruments among Flute, got"):
        separator(np.zeros((2, 8_000), np.float32), ("Cello",))
