import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from rebalance._base.errors import ConfigError
from rebalance.separation import OfficialTargets, load_separator
from rebalance.separation.convtasnet import ConvTasNet, ConvTasNetShape, published_checkpoint
from rebalance.separation.convtasnet._conv_tasnet import shape_of_checkpoint
from rebalance.separation.convtasnet._convtasnet_separator import load_network

PUBLISHED = {"N": 256, "L": 20, "B": 256, "H": 512, "P": 3, "X": 8, "R": 3, "C": 2, "audio_channels": 2}


@pytest.mark.parametrize("causal", [False, True])
def test_the_published_sizes_have_the_official_parameters(official_tasnet, causal):
    official = official_tasnet.ConvTasNetStereo(**PUBLISHED, norm_type="cLN" if causal else "gLN", causal=causal)
    ours = ConvTasNet(ConvTasNetShape(causal=causal, norm="cLN" if causal else "gLN"))
    expected = {name: tensor.shape for name, tensor in official.state_dict().items()}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == expected
    assert sum(parameter.numel() for parameter in ours.parameters()) == 6_595_120


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sizes", [{}, {"P": 5}, {"L": 16}, {"C": 3}, {"audio_channels": 1}, {"R": 1, "X": 4}])
def test_outputs_equal_the_official_network(tmp_path, write_official_checkpoint, rng, causal, sizes):
    official = write_official_checkpoint(tmp_path / "checkpoint", causal=causal, **sizes)
    ours = load_network(tmp_path / "checkpoint" / "model.safetensors")
    n_channels = sizes.get("audio_channels", 2)
    mixture = torch.from_numpy(rng.standard_normal((2, n_channels, 4321)).astype(np.float32))
    with torch.no_grad():
        np.testing.assert_allclose(ours(mixture), official(mixture), atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_outputs_equal_the_official_network_at_the_published_sizes(tmp_path, write_official_checkpoint, rng, causal):
    official = write_official_checkpoint(tmp_path / "checkpoint", causal=causal, **PUBLISHED)
    ours = load_network(tmp_path / "checkpoint" / "model.safetensors")
    mixture = torch.from_numpy((0.1 * rng.standard_normal((1, 2, 11_025))).astype(np.float32))
    with torch.no_grad():
        expected = official(mixture)
        assert expected.abs().max() > 0.01
        np.testing.assert_allclose(ours(mixture), expected, atol=1e-5 * float(expected.abs().max().clamp(min=1)))


def test_softmax_masks_are_taken_from_the_settings(tmp_path, write_official_checkpoint, rng):
    official = write_official_checkpoint(tmp_path / "checkpoint", mask_nonlinear="softmax")
    mixture = torch.from_numpy(rng.standard_normal((1, 2, 900)).astype(np.float32))
    with torch.no_grad():
        ours = load_network(tmp_path / "checkpoint" / "model.safetensors")(mixture)
        np.testing.assert_allclose(ours, official(mixture), atol=1e-5)


def test_sizes_follow_from_the_tensors(official_tasnet):
    official = official_tasnet.ConvTasNetStereo(N=6, L=8, B=4, H=10, P=5, X=2, R=3, C=2, audio_channels=1, causal=True)
    shape = shape_of_checkpoint(official.state_dict())
    assert shape == ConvTasNetShape(
        n_filters=6,
        filter_length=8,
        bottleneck_channels=4,
        hidden_channels=10,
        kernel_size=5,
        n_blocks=2,
        n_repeats=3,
        n_outputs=2,
        n_channels=1,
        causal=True,
        norm="cLN",
    )


def test_the_estimate_is_the_first_output_shared_by_the_voices(convtasnet_folder, scene):
    _, mixture = scene
    estimates = load_separator(f"convtasnet:{convtasnet_folder}", device="cpu")(mixture, ("Violin", "Violin", "Cello"))
    network = load_network(convtasnet_folder / "ConvTasNet_Violin_NonCausal" / "model.safetensors")
    with torch.no_grad():
        expected = network(torch.from_numpy(mixture)[None])[0, 0].numpy()
    np.testing.assert_allclose(estimates["Violin_1"], expected / 2, atol=1e-6)
    np.testing.assert_array_equal(estimates["Violin_1"], estimates["Violin_2"])


def test_targets_are_the_official_ones_whole_for_every_voice(convtasnet_folder, scene):
    _, mixture = scene
    separator = load_separator(f"convtasnet:{convtasnet_folder}", device="cpu")
    assert isinstance(separator, OfficialTargets)
    targets = separator.targets(mixture, ("Violin", "Violin", "Cello"))
    network = load_network(convtasnet_folder / "ConvTasNet_Violin_NonCausal" / "model.safetensors")
    with torch.no_grad():
        target, accompaniment = network(torch.from_numpy(mixture)[None])[0].numpy()
    fade = np.ones(mixture.shape[1], dtype=np.float32)
    fade[-4410:] = 1 - np.linspace(0, 1, 4410)
    expected = fade * (target + 0.1 * accompaniment)
    np.testing.assert_allclose(targets["Violin_1"], expected, atol=1e-6)
    np.testing.assert_array_equal(targets["Violin_2"], targets["Violin_1"])
    assert not np.shares_memory(targets["Violin_2"], targets["Violin_1"])


def test_official_chunking_is_an_option(convtasnet_folder, scene):
    _, mixture = scene
    separator = load_separator(f"convtasnet:{convtasnet_folder}", device="cpu")
    official = replace(separator, chunking="official")(mixture, ("Flute",))["Flute"]
    ours = separator(mixture, ("Flute",))["Flute"]
    np.testing.assert_allclose(official[:, :-4410], ours[:, :-4410], atol=1e-6)
    assert np.abs(official[:, -1]).max() == 0.0 < np.abs(ours[:, -1]).max()


def test_a_folder_of_files_loads_as_well_as_one_of_folders(tmp_path, convtasnet_folder, scene):
    for instrument in ("Violin", "Cello"):
        name = f"ConvTasNet_{instrument}_NonCausal"
        (tmp_path / f"{name}.safetensors").write_bytes((convtasnet_folder / name / "model.safetensors").read_bytes())
    by_file = load_separator(str(tmp_path), device="cpu")(scene[1], ("Violin", "Cello"))
    by_folder = load_separator(str(convtasnet_folder), device="cpu")(scene[1], ("Violin", "Cello"))
    assert all(np.array_equal(by_file[name], by_folder[name]) for name in by_file)


def test_one_checkpoint_serves_its_instrument_and_names_it_for_the_others(convtasnet_folder, scene):
    separator = load_separator(convtasnet_folder / "ConvTasNet_Oboe_Causal" / "model.safetensors", device="cpu")
    assert separator(scene[1], ("Oboe",))["Oboe"].any()
    with pytest.raises(ConfigError, match="no checkpoint for Flute, only for Oboe"):
        separator(scene[1], ("Oboe", "Flute"))


def test_the_causal_networks_are_asked_for_by_name(convtasnet_folder, scene):
    causal, other = (
        load_separator(f"{name}:{convtasnet_folder}", device="cpu") for name in ("convtasnet-causal", "convtasnet")
    )
    future_changed = scene[1].copy()
    future_changed[:, 12_000:] = 0.0
    before = slice(0, 12_000 - 20)
    first, second = (causal(mixture, ("Sax",))["Sax"][:, before] for mixture in (scene[1], future_changed))
    np.testing.assert_allclose(first, second, atol=1e-7)
    first, second = (other(mixture, ("Sax",))["Sax"][:, before] for mixture in (scene[1], future_changed))
    assert np.abs(first - second).max() > 1e-4


def test_a_folder_without_checkpoints_says_what_it_expected(tmp_path):
    with pytest.raises(ConfigError, match=r"ConvTasNet_<Instrument>_NonCausal, found none"):
        load_separator(f"convtasnet:{tmp_path}")


def test_a_folder_with_the_other_kind_only_lists_it(tmp_path, convtasnet_folder):
    name = "ConvTasNet_Oboe_Causal.safetensors"
    (tmp_path / name).write_bytes((convtasnet_folder / "ConvTasNet_Oboe_Causal" / "model.safetensors").read_bytes())
    with pytest.raises(ConfigError, match=f"found {name}"):
        load_separator(f"convtasnet:{tmp_path}")
    assert load_separator(f"convtasnet-causal:{tmp_path}").name == f"convtasnet-causal:{tmp_path}"


def test_a_pickle_is_never_opened(tmp_path, scene):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    file = tmp_path / "ConvTasNet_Viola_NonCausal.safetensors"
    file.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ConfigError, match="safetensors"):
        load_separator(f"convtasnet:{tmp_path}", device="cpu")(scene[1], ("Viola",))


def test_settings_that_contradict_the_tensors_are_refused(tmp_path, write_official_checkpoint):
    folder = tmp_path / "ConvTasNet_Viola_NonCausal"
    write_official_checkpoint(folder)
    config = json.loads((folder / "config.json").read_text()) | {"R": 7}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="R = 2, its settings say 7"):
        load_network(folder / "model.safetensors")


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    save_file({"layer.weight": torch.ones(3)}, tmp_path / "model.safetensors")
    with pytest.raises(ConfigError, match="ConvTasNet"):
        load_network(tmp_path / "model.safetensors")


def test_a_checkpoint_with_a_missing_tensor_is_refused(tmp_path, write_official_checkpoint):
    write_official_checkpoint(tmp_path / "checkpoint")
    tensors = load_file(tmp_path / "checkpoint" / "model.safetensors")
    del tensors["decoder.basis_signals.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ConfigError, match="not a ConvTasNet checkpoint"):
        load_network(tmp_path / "model.safetensors")


def test_a_changed_checkpoint_is_read_again(tmp_path, write_official_checkpoint, scene):
    separators = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        write_official_checkpoint(folder, seed=seed)
        file = tmp_path / "ConvTasNet_Viola_NonCausal.safetensors"
        file.write_bytes((folder / "model.safetensors").read_bytes())
        separators.append(load_separator(f"convtasnet:{tmp_path}", device="cpu")(scene[1], ("Viola",))["Viola"])
    assert np.abs(separators[0] - separators[1]).max() > 1e-3


@pytest.fixture
def hub_cache(tmp_path, convtasnet_folder):
    """The layout in which huggingface_hub keeps one downloaded checkpoint."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--cadenzachallenge--ConvTasNet_Cello_NonCausal"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    for file in ("model.safetensors", "config.json"):
        (snapshot / file).write_bytes((convtasnet_folder / "ConvTasNet_Cello_NonCausal" / file).read_bytes())
    return tmp_path


def test_a_cached_checkpoint_is_used_without_a_network(monkeypatch, hub_cache, convtasnet_folder, scene):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub_cache))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("asked the network"))
    estimates = load_separator("convtasnet", device="cpu")(scene[1], ("Cello",))
    local = load_separator(convtasnet_folder, device="cpu")(scene[1], ("Cello",))
    assert np.array_equal(estimates["Cello"], local["Cello"])


def test_an_uncached_checkpoint_without_a_network_is_one_clear_line(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match=r"ConvTasNet_Cello_Causal: config.json is not cached") as caught:
        published_checkpoint("Cello", causal=True)
    assert "\n" not in str(caught.value)


def test_without_huggingface_hub_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match=r"rebalance-music\[hub\]"):
        published_checkpoint("Cello", causal=False)


def test_separators_without_a_network_never_import_torch():
    code = """
import sys
import numpy as np
from rebalance.separation import informed, load_separator
mixture = np.ones((2, 5000), dtype=np.float32)
sources = {"Flute": mixture / 2, "Oboe": mixture / 2}
for name in ("mixture", "oracle", "ideal-ratio-mask", "ideal-binary-mask"):
    informed(load_separator(name), sources)(mixture, ("Flute", "Oboe"))
assert "torch" not in sys.modules
assert "huggingface_hub" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
