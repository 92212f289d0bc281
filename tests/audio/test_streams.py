"""Long signals: cut into blocks and joined again, resampled piece by piece, kept on disk, metered as they pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebalance._base.errors import AudioError, ConfigError, RebalanceError
from rebalance.audio import (
    Block,
    Blocking,
    LevelMeter,
    Recording,
    RecordingStream,
    ResampledStream,
    Spool,
    aligned_pieces,
    loudness_lufs,
    resample,
    resampled_pieces,
)


def noise(n_samples: int, n_channels: int = 2, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, (n_channels, n_samples)).astype(np.float32)


def stream(samples: np.ndarray, sample_rate: int = 44_100) -> RecordingStream:
    return RecordingStream(Recording(samples=samples, sample_rate=sample_rate))


def cut(samples: np.ndarray, sizes: list[int]) -> Iterator[np.ndarray]:
    at = 0
    for size in sizes:
        yield samples[:, at : at + size]
        at += size
    if at < samples.shape[1]:
        yield samples[:, at:]


@given(st.integers(1, 400), st.integers(1, 90), st.integers(0, 30), st.integers(0, 20), st.lists(st.integers(1, 97)))
def test_blocks_that_are_left_alone_make_the_whole_again(
    n_samples: int, hop: int, fade: int, margin: int, sizes: list[int]
) -> None:
    class Pieces:
        sample_rate, n_channels = 1, 1

        def pieces(self) -> Iterator[np.ndarray]:
            return (piece for piece in cut(samples, sizes) if piece.shape[1])

    samples = noise(n_samples, 1)
    blocking = Blocking(hop=max(hop, fade), fade=fade, margin=margin)
    blocks = list(blocking.blocks(Pieces()))
    assert [block.is_last for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert {block.start for block in blocks} == {index * blocking.hop for index in range(len(blocks))}
    joined = [piece for _, piece in blocking.joined((block, block.samples) for block in blocks)]
    np.testing.assert_allclose(np.concatenate(joined, axis=1), samples, atol=1e-7)
    unshared = [blocking.unshared(block, block.samples) for block in blocks]
    np.testing.assert_array_equal(np.concatenate(unshared, axis=1), samples)


def test_what_looks_no_further_than_the_margin_gives_the_same_wherever_blocks_begin() -> None:
    samples = noise(5_000, 1)
    kernel = np.hanning(41)

    def filtered(block: Block) -> np.ndarray:
        return np.convolve(block.samples[0], kernel, mode="same")[np.newaxis]

    whole = np.convolve(samples[0], kernel, mode="same")
    for hop in (300, 1_000, 1_700):
        blocking = Blocking(hop=hop, fade=50, margin=20)
        pieces = [piece for _, piece in blocking.joined((b, filtered(b)) for b in blocking.blocks(stream(samples)))]
        np.testing.assert_allclose(np.concatenate(pieces, axis=1)[0], whole, atol=1e-6)
    too_little = Blocking(hop=300, fade=50, margin=5)
    pieces = [piece for _, piece in too_little.joined((b, filtered(b)) for b in too_little.blocks(stream(samples)))]
    assert np.abs(np.concatenate(pieces, axis=1)[0] - whole).max() > 1e-3


def test_an_empty_stream_and_impossible_blocks_are_refused() -> None:
    with pytest.raises(AudioError, match="at least one sample"):
        list(Blocking(hop=5, fade=1).blocks(stream(noise(0))))
    with pytest.raises(ConfigError, match="no shorter than fades"):
        Blocking(hop=5, fade=6)


@pytest.mark.parametrize(("sample_rate", "new_rate"), [(48_000, 44_100), (44_100, 48_000), (22_050, 44_100)])
def test_pieces_are_resampled_as_the_whole_is(sample_rate: int, new_rate: int) -> None:
    samples = noise(70_000)
    expected = resample(samples, sample_rate, new_rate)
    for sizes in ([70_000], [1, 2, 30_000, 7], [20_000] * 3):
        found = np.concatenate(list(resampled_pieces(cut(samples, sizes), sample_rate, new_rate)), axis=1)
        np.testing.assert_allclose(found, expected, atol=2e-7)
    through = np.concatenate(list(ResampledStream(stream(samples, sample_rate), new_rate).pieces()), axis=1)
    np.testing.assert_allclose(through, expected, atol=2e-7)


def test_pieces_at_their_own_rate_stay_as_they_are() -> None:
    samples = noise(1_000)
    (found,) = resampled_pieces([samples], 8_000, 8_000)
    assert found is samples


@pytest.mark.parametrize("n_following", [900, 1_000, 1_100])
def test_pieces_are_aligned_whatever_their_sizes(n_following: int) -> None:
    leading, following = noise(1_000), noise(n_following, 3)
    pairs = list(aligned_pieces(cut(leading, [100, 350]), cut(following, [7, 500])))
    np.testing.assert_array_equal(np.concatenate([first for first, _ in pairs], axis=1), leading)
    second = np.concatenate([second for _, second in pairs], axis=1)
    n_common = min(n_following, 1_000)
    np.testing.assert_array_equal(second[:, :n_common], following[:, :n_common])
    assert second.shape == (3, 1_000)
    assert not second[:, n_common:].any()


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("double", [True, False])
def test_a_spool_gives_back_what_was_appended_as_often_as_asked(tmp_path: Path, in_memory: bool, double: bool) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, (2, 300_000)).astype(np.float64 if double else np.float32)
    with Spool(sample_rate=8_000, n_channels=2, folder=None if in_memory else tmp_path, double=double) as spool:
        for piece in cut(samples, [1, 100_000]):
            spool.append(piece)
        for _ in range(2):
            np.testing.assert_array_equal(np.concatenate(list(spool.pieces()), axis=1), samples)
        assert spool.n_samples == samples.shape[1]
    assert not list(tmp_path.iterdir())


def test_a_spool_without_room_says_where(tmp_path: Path) -> None:
    with pytest.raises(RebalanceError, match="nowhere"):
        Spool(sample_rate=8_000, n_channels=1, folder=tmp_path / "nowhere")


@pytest.mark.parametrize("n_samples", [1, 100, 17_640, 17_641, 17_642, 20_000, 44_100, 46_000, 200_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_meter_hears_what_pyloudnorm_measures_of_the_whole(n_samples: int, n_channels: int) -> None:
    samples = noise(n_samples, n_channels, 0.5) * np.linspace(0.8, 1, n_samples)
    meter = LevelMeter(sample_rate=44_100, n_channels=n_channels)
    for piece in cut(samples, [1, 5_000, 12_000, 3]):
        meter.feed(piece)
    assert meter.peak == pytest.approx(float(np.abs(samples).max()))
    assert meter.loudness_lufs() == pytest.approx(loudness_lufs(samples, 44_100), abs=1e-9)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 48_000, 96_000])
def test_a_meter_agrees_at_every_rate(sample_rate: int) -> None:
    samples = noise(2 * sample_rate + 17)
    meter = LevelMeter(sample_rate=sample_rate, n_channels=2)
    for piece in cut(samples, [sample_rate // 3] * 4):
        meter.feed(piece)
    assert meter.loudness_lufs() == pytest.approx(loudness_lufs(samples, sample_rate), abs=1e-9)


def test_a_meter_gates_what_is_quiet_but_not_all_of_it() -> None:
    samples = noise(100_000)
    loud, quiet = (LevelMeter(sample_rate=44_100, n_channels=2) for _ in range(2))
    loud.feed(samples)
    quiet.feed(samples * np.float32(1e-5))
    assert quiet.loudness_lufs() == pytest.approx(loud.loudness_lufs() - 100, abs=1e-3)
    silent = LevelMeter(sample_rate=44_100, n_channels=2)
    silent.feed(np.zeros((2, 50_000)))
    assert silent.loudness_lufs() == -np.inf


def test_a_meter_of_peaks_knows_no_loudness() -> None:
    meter = LevelMeter(sample_rate=44_100, n_channels=1, only_peak=True)
    meter.feed(np.array([[0.5, -0.7]]))
    assert meter.peak == 0.7
    with pytest.raises(ConfigError, match="leave the loudness alone"):
        meter.loudness_lufs()
