import ast
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance.separation import Chunking, official_chunks, overlap_add
from rebalance.separation.networks import chosen_device, overlap_add_within_memory


def smoothed(signal):
    """Average over five neighbours: looks two samples to either side."""
    padded = np.pad(signal, ((0, 0), (2, 2)))
    return sum(padded[:, shift : shift + signal.shape[1]] for shift in range(5)) / np.float32(5)


@given(
    n_samples=st.integers(1, 700),
    length=st.integers(12, 200),
    overlap=st.integers(0, 11),
    seed=st.integers(0, 9),
)
def test_a_function_of_single_samples_is_unchanged_by_any_chunking(n_samples, length, overlap, seed):
    signal = np.random.default_rng(seed).standard_normal((2, n_samples)).astype(np.float32)
    result = overlap_add(lambda chunk: 3 * chunk, signal, Chunking(length=length, overlap=overlap))
    np.testing.assert_allclose(result, 3 * signal, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_samples", [99, 100, 101, 180, 181, 1000, 1003])
def test_a_function_that_looks_no_further_than_the_margin_is_unchanged_everywhere(rng, n_samples):
    signal = rng.standard_normal((2, n_samples)).astype(np.float32)
    result = overlap_add(smoothed, signal, Chunking(length=100, overlap=20, margin=2))
    np.testing.assert_allclose(result, smoothed(signal), atol=1e-6)


def test_without_a_margin_only_the_seams_differ(rng):
    signal = rng.standard_normal((1, 300)).astype(np.float32)
    difference = np.abs(overlap_add(smoothed, signal, Chunking(length=100, overlap=20)) - smoothed(signal))[0]
    near_seam = np.zeros(300, dtype=bool)
    starts = Chunking(length=100, overlap=20).starts(300)
    for before, start in itertools.pairwise(starts):
        near_seam[start : before + 100] = True
    assert difference[near_seam].max() > 1e-3
    assert difference[~near_seam].max() < 1e-6


def test_several_outputs_keep_their_axes(rng):
    signal = rng.standard_normal((2, 500)).astype(np.float32)
    result = overlap_add(lambda chunk: np.stack([chunk, -chunk, 0 * chunk]), signal, Chunking(length=64, overlap=8))
    assert result.shape == (3, 2, 500)
    np.testing.assert_allclose(result[1], -signal, atol=1e-6)


@pytest.mark.parametrize(("length", "overlap", "margin"), [(10, 10, 0), (10, 4, 2), (10, -1, 0), (0, 0, 0)])
def test_chunks_that_cannot_work_are_refused(length, overlap, margin):
    with pytest.raises(ConfigError, match="chunking"):
        Chunking(length=length, overlap=overlap, margin=margin)


class Fade:
    """Linear fades as torchaudio's transform makes them."""

    def __init__(self, fade_in_len, fade_out_len, fade_shape):
        assert fade_shape == "linear"
        self.fade_in_len, self.fade_out_len = fade_in_len, fade_out_len

    def __call__(self, waveform):
        n_samples = waveform.shape[-1]
        rise = torch.cat([torch.linspace(0, 1, self.fade_in_len), torch.ones(n_samples - self.fade_in_len)])
        fall = torch.cat([torch.ones(n_samples - self.fade_out_len), 1 - torch.linspace(0, 1, self.fade_out_len)])
        return rise * fall * waveform


@pytest.fixture(scope="module")
def official_separate_sources():
    """The official function, cut out of its file because the file imports torchaudio."""
    (package,) = importlib.util.find_spec("recipes").submodule_search_locations
    tree = ast.parse((Path(package) / "cad2/task2/baseline/enhance.py").read_text())
    functions = [node for node in tree.body if getattr(node, "name", None) == "separate_sources"]
    names = {"torch": torch, "Fade": Fade, "ndarray": np.ndarray}
    exec(compile(ast.Module(functions, []), "separate_sources", "exec"), names)
    return names["separate_sources"]


class Stereo(torch.nn.Module):
    """Two outputs that depend on the length of the chunk, as a global normalisation makes them."""

    def forward(self, mixture):
        return torch.stack([mixture / mixture.abs().mean(), mixture.flip(-1)], dim=1)


@pytest.mark.parametrize("n_samples", [50, 100, 101, 900, 1100, 1110, 2180, 2250, 5000])
def test_official_chunks_equal_the_official_function(official_separate_sources, rng, n_samples):
    signal = rng.standard_normal((2, n_samples)).astype(np.float32)
    expected = official_separate_sources(Stereo(), torch.from_numpy(signal), 100, number_sources=2, device="cpu")[0]
    result = official_chunks(lambda chunk: Stereo()(torch.from_numpy(chunk)[None])[0].numpy(), signal, 100, 2)
    np.testing.assert_allclose(result, expected.numpy(), atol=1e-6)


def test_too_little_memory_leads_to_smaller_chunks_and_a_warning(rng):
    signal = rng.standard_normal((2, 1000)).astype(np.float32)

    def greedy(chunk):
        if chunk.shape[1] > 300:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
        return chunk

    with pytest.warns(RuntimeWarning, match="out of memory") as caught:
        result = overlap_add_within_memory(greedy, signal, Chunking(length=4000, overlap=50))
    assert [str(warning.message).split()[-2] for warning in caught] == ["500", "250"]
    np.testing.assert_allclose(result, signal, atol=1e-6)


def test_no_memory_at_all_is_one_clear_error():
    def hopeless(chunk):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    with pytest.warns(RuntimeWarning), pytest.raises(RebalanceError, match="out of memory"):
        overlap_add_within_memory(hopeless, np.zeros((2, 1000), dtype=np.float32), Chunking(length=400, overlap=50))


def test_other_errors_of_the_network_come_through():
    def broken(chunk):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        overlap_add_within_memory(broken, np.zeros((2, 1000), dtype=np.float32), Chunking(length=400, overlap=50))


def test_a_device_that_is_not_there_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="device 'banana'") as caught:
        chosen_device("banana")
    assert "\n" not in str(caught.value)
