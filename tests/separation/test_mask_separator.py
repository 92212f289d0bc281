import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import (
    WHOLE_CHAIN,
    Chunking,
    ModelCard,
    _checkpoints as checkpoints_room,
    load_checkpoint,
    load_separator,
    measure_chain,
    overlap_add,
    pool_voices,
    save_checkpoint,
)
from rebalance.separation.mask_network import PRESETS, MaskNetwork, MaskSeparator, SeparationStream

TRIO = ("Violin", "Violin", "Cello")


@pytest.fixture
def causal_network(tiny_causal_config):
    torch.manual_seed(1)
    network = MaskNetwork(tiny_causal_config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network.eval()


@pytest.mark.parametrize("sizes", [[9000], [1, 108, 1, 110, 111, 2000, 6669], [220] * 40 + [200], [50] * 180])
def test_a_stream_gives_what_the_whole_recording_gives(causal_network, rng, sizes):
    mixture = (0.1 * rng.standard_normal((2, sum(sizes)))).astype(np.float32)
    with torch.no_grad():
        slots = causal_network.slots(TRIO)[None]
        whole = causal_network(torch.from_numpy(mixture)[None], slots)[0].numpy()
    stream = SeparationStream(causal_network, TRIO)
    blocks = np.split(mixture, np.cumsum(sizes)[:-1], axis=1)
    parts = [stream.push(block) for block in blocks]
    parts.append(stream.finish())
    np.testing.assert_allclose(np.concatenate(parts, axis=-1), whole, atol=2e-6)


@pytest.mark.parametrize("n_samples", [1, 109, 110, 111, 330])
def test_a_stream_of_any_length_comes_out_whole(causal_network, rng, n_samples):
    mixture = rng.standard_normal((1, n_samples)).astype(np.float32)
    stream = SeparationStream(causal_network, ("Violin", "Cello"))
    out = np.concatenate([stream.push(mixture), stream.finish()], axis=-1)
    assert out.shape == (2, 1, n_samples)
    np.testing.assert_allclose(out.sum(axis=0), mixture, atol=1e-5)


def test_a_sample_leaves_the_stream_within_five_milliseconds(causal_network, rng):
    stream = SeparationStream(causal_network, ("Violin", "Cello"))
    n_out = 0
    for n_in in range(1, 501):
        n_out += stream.push(rng.standard_normal((2, 1)))[0].shape[-1]
        assert n_in - n_out <= 219


def test_a_stream_keeps_its_number_of_channels(causal_network):
    stream = SeparationStream(causal_network, ("Violin", "Cello"))
    stream.push(np.zeros((2, 100)))
    with pytest.raises(AudioError, match="expected 2 channels"):
        stream.push(np.zeros((1, 100)))


def test_a_stream_that_got_nothing_cannot_finish(causal_network):
    with pytest.raises(AudioError, match="at least one block"):
        SeparationStream(causal_network, ("Violin", "Cello")).finish()


def test_only_a_causal_network_streams(tiny_config):
    with pytest.raises(ConfigError, match="causal"):
        SeparationStream(MaskNetwork(tiny_config), ("Violin", "Cello"))


def test_the_causal_separator_keeps_the_whole_chain_within_five_milliseconds(causal_network):
    separator = MaskSeparator(name="causal", network=causal_network, card=ModelCard())
    measured = measure_chain(separator, ("Violin", "Cello"), duration_s=0.4, n_positions=1)
    assert 0 < measured[WHOLE_CHAIN].samples <= 219
    assert measured[WHOLE_CHAIN].within(5.0)


def test_long_mixtures_come_out_as_if_whole(tiny_config, rng):
    """With frames aligned and a margin as wide as the network looks, chunks change nothing anywhere."""
    torch.manual_seed(2)
    network = MaskNetwork(tiny_config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.eval()
    mixture = rng.standard_normal((2, 400_000)).astype(np.float32)
    level = torch.tensor([float(np.mean(mixture**2))])
    slots = network.slots(("Violin", "Cello"))[None]

    def process(chunk):
        with torch.no_grad():
            return network(torch.from_numpy(chunk)[None], slots, level)[0].numpy()

    step = 1024 * tiny_config.frame_alignment
    chunking = Chunking(length=50 * step + 45_000, overlap=45_000, margin=20_000, alignment=step)
    assert len(chunking.starts(400_000)) > 2
    np.testing.assert_allclose(overlap_add(process, mixture, chunking), process(mixture), atol=1e-4)


def test_a_stream_that_runs_out_of_memory_goes_on_in_smaller_blocks(causal_network, rng, monkeypatch):
    mixture = (0.1 * rng.standard_normal((2, 9000))).astype(np.float32)
    separator = MaskSeparator(name="causal", network=causal_network, card=ModelCard())
    whole = separator(mixture, ("Violin", "Cello"))
    push = SeparationStream.push

    def limited(stream, block):
        if block.shape[1] > 4000:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return push(stream, block)

    monkeypatch.setattr(SeparationStream, "push", limited)
    with pytest.warns(RuntimeWarning, match="out of memory"):
        pieces = separator(mixture, ("Violin", "Cello"))
    np.testing.assert_allclose(pieces["Cello"], whole["Cello"], atol=2e-6)


def test_the_default_chunks_are_aligned(tiny_config):
    separator = MaskSeparator(name="x", network=MaskNetwork(tiny_config), card=ModelCard())
    chunking = separator.chunking()
    assert all(start % (1024 * tiny_config.frame_alignment) == 0 for start in chunking.starts(10_000_000))
    assert chunking.length > 15 * 44_100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "fast", "band-split"])
def test_the_presets_look_no_further_than_the_margin_of_their_chunks(name, rng):
    torch.manual_seed(3)
    network = MaskNetwork(PRESETS[name])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    separator = MaskSeparator(name=name, network=network.eval(), card=ModelCard())
    mixture = rng.standard_normal((2, 22 * 44_100)).astype(np.float32)
    assert len(separator.chunking().starts(mixture.shape[1])) == 2
    slots = network.slots(("Violin", "Cello"))[None]
    with torch.inference_mode():
        whole = network(torch.from_numpy(mixture)[None], slots)[0].numpy()
    assert np.abs(whole[0] - mixture / 2).max() > 0.05
    for estimate, expected in zip(separator(mixture, ("Violin", "Cello")).values(), whole, strict=True):
        np.testing.assert_allclose(estimate, expected, atol=1e-5)


def test_voices_are_drawn_to_their_mean_without_changing_their_sum(rng):
    estimates = rng.standard_normal((3, 2, 100)).astype(np.float32)
    halved = pool_voices(estimates, TRIO, 0.0)
    np.testing.assert_allclose(halved[0], halved[1])
    np.testing.assert_allclose(halved[:2].sum(axis=0), estimates[:2].sum(axis=0), atol=1e-6)
    np.testing.assert_array_equal(halved[2], estimates[2])
    np.testing.assert_allclose(pool_voices(estimates, TRIO, 1.0), estimates, atol=1e-6)


def test_a_checkpoint_comes_back_as_it_was(tmp_path, causal_network):
    card = ModelCard(shrinkage=(0.75,), voice_trust=0.5, data=("renders",), training={"seed": "3"})
    save_checkpoint(tmp_path / "model.safetensors", causal_network, card)
    loaded = load_checkpoint(tmp_path / "model.safetensors")
    assert loaded.card == card
    assert loaded.network.config == causal_network.config
    for name, tensor in causal_network.state_dict().items():
        torch.testing.assert_close(loaded.network.state_dict()[name], tensor, atol=2e-3, rtol=2e-3)


def test_a_checkpoint_is_half_precision_and_says_what_it_is(tmp_path, causal_network):
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, causal_network, ModelCard())
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    assert header["look_ahead_ms"] == "4.966"
    assert json.loads(header["config"])["causal"] is True
    assert (tmp_path / "model.safetensors.sha256").read_text().endswith("  model.safetensors\n")


def test_a_checkpoint_loads_by_path_and_by_shipped_name(tmp_path, monkeypatch, network_checkpoint, scene):
    by_path = load_separator(network_checkpoint, device="cpu")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "small.safetensors").write_bytes(network_checkpoint.read_bytes())
    monkeypatch.setattr(checkpoints_room, "WEIGHTS_FOLDER", tmp_path / "weights")
    by_name = load_separator("small", device="cpu")
    assert (by_name.name, by_path.name) == ("small", str(network_checkpoint))
    assert by_name.info.shrinkage == (0.75,)
    for first, second in zip(by_path(scene[1], TRIO).values(), by_name(scene[1], TRIO).values(), strict=True):
        assert np.array_equal(first, second)
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        load_separator("smal")


def test_a_changed_file_is_refused(network_checkpoint, tmp_path):
    content = bytearray(network_checkpoint.read_bytes())
    content[-1] ^= 1
    (tmp_path / network_checkpoint.name).write_bytes(content)
    digest = network_checkpoint.with_name(f"{network_checkpoint.name}.sha256")
    (tmp_path / digest.name).write_bytes(digest.read_bytes())
    with pytest.raises(ConfigError, match="sha256"):
        load_separator(tmp_path / network_checkpoint.name)


def test_a_checkpoint_with_other_settings_than_weights_is_refused(network_checkpoint, tmp_path):
    tensors = load_file(network_checkpoint)
    with safe_open(network_checkpoint, framework="pt") as file:
        header = file.metadata()
    config = json.loads(header["config"]) | {"family": "band-split"}
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, metadata=header | {"config": json.dumps(config)})
    with pytest.raises(ConfigError, match="damaged checkpoint"):
        load_checkpoint(path)
    save_file(tensors, path, metadata=header | {"config": json.dumps(config | {"colour": 1})})
    with pytest.raises(ConfigError, match="unknown key 'colour'"):
        load_checkpoint(path)


def test_a_card_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="shrinkage"):
        ModelCard(shrinkage=(0.5, 1.5))


def test_more_voices_than_slots_are_refused(network_checkpoint, scene):
    with pytest.raises(ConfigError, match="at most 2 voices"):
        load_separator(network_checkpoint, device="cpu")(scene[1], ("Violin",) * 3)


def test_shrinkage_follows_the_card(network_checkpoint):
    separator = load_separator(network_checkpoint, device="cpu")
    assert replace(separator, card=ModelCard(shrinkage=(0.25, 0.5))).info.shrinkage == (0.25, 0.5)
