"""Trackers that hear the past alone, and separation by what they find as it comes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import SMALL_CAUSAL_TRACKER, small_tracker

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import ModelCard, measure_look_ahead
from rebalance.separation.player_tracker import PitchSeparator, PitchStream, Tracker, TrackerNetwork, TrackerStream

TRIO = ("Violin", "Cello", "Violin")
SIZES = [[30_000], [1, 108, 1, 110, 111, 1023, 1025, 7000, 20_621], [1000] * 30]


@pytest.fixture(scope="module")
def network() -> TrackerNetwork:
    """A tracker in which every layer does something."""
    network = small_tracker(config=SMALL_CAUSAL_TRACKER)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


@pytest.fixture(scope="module")
def separator(network: TrackerNetwork) -> PitchSeparator:
    return PitchSeparator(name="causal", tracker=Tracker(name="causal", network=network, card=ModelCard()))


@pytest.fixture(scope="module")
def mixture() -> np.ndarray:
    return (0.05 * np.random.default_rng(3).standard_normal((2, 30_000))).astype(np.float32)


def blocks_of(mixture: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    return np.split(mixture, np.cumsum(sizes)[:-1], axis=1)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_tracker_finds_in_blocks_what_it_finds_at_once(
    network: TrackerNetwork, mixture: np.ndarray, sizes: list[int]
) -> None:
    stream = TrackerStream(network, TRIO)
    found = np.concatenate([stream.push(block) for block in blocks_of(mixture, sizes)], axis=1)
    with torch.no_grad():
        logits = network(torch.from_numpy(mixture)[None], network.slots(TRIO)[None]).logits[0]
    whole = torch.softmax(logits, dim=1).transpose(1, 2).numpy()
    assert found.shape[1] == mixture.shape[1] // 1024
    np.testing.assert_allclose(found, whole[:, : found.shape[1]], atol=1e-5)


def test_what_a_tracker_finds_depends_on_nothing_later(network: TrackerNetwork, mixture: np.ndarray) -> None:
    tracker = Tracker(name="causal", network=network, card=ModelCard())
    changed = mixture.copy()
    changed[:, 20_000:] *= 30.0
    before, after = (tracker(each, TRIO).values for each in (mixture, changed))
    same = np.abs(before - after).max(axis=(0, 2)) < 1e-6
    assert same[: 20_000 // 1024].all()
    assert not same[20_000 // 1024 + 1 :].any()


def test_pitches_are_meant_for_the_end_of_what_was_heard(network: TrackerNetwork, mixture: np.ndarray) -> None:
    times_s = Tracker(name="causal", network=network, card=ModelCard())(mixture, TRIO).frame_times_s
    np.testing.assert_allclose(times_s * 44_100, (np.arange(len(times_s)) + 1) * 1024)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_stream_gives_what_the_separator_gives(
    separator: PitchSeparator, network: TrackerNetwork, mixture: np.ndarray, sizes: list[int]
) -> None:
    stream = PitchStream(network, ("Flute", "Cello"))
    parts = [stream.push(block) for block in blocks_of(mixture, sizes)]
    joined = np.concatenate([*parts, stream.finish()], axis=-1)
    whole = np.stack(list(separator(mixture, ("Flute", "Cello")).values()))
    np.testing.assert_allclose(joined, whole, atol=1e-6)
    np.testing.assert_allclose(joined.sum(axis=0), mixture, atol=1e-6)
    assert np.abs(joined[0] - mixture / 2).max() > 0.01  # masks do something


def test_a_causal_separator_looks_no_further_ahead_than_it_says(separator: PitchSeparator, mixture: np.ndarray) -> None:
    found = measure_look_ahead(lambda signal: separator(signal, ("Flute", "Cello"))["Flute"], mixture, 44_100)
    assert found.within(5.0)
    assert separator.info.lookahead_ms == pytest.approx(4.966, abs=1e-3)
    assert separator.tracker.network.config.causal


def test_a_stream_that_got_another_number_of_channels_goes_on(network: TrackerNetwork, mixture: np.ndarray) -> None:
    stream, other = PitchStream(network, TRIO), PitchStream(network, TRIO)
    stream.push(mixture[:, :5000])
    with pytest.raises(AudioError, match="expected 2 channels as before, got 1"):
        stream.push(mixture[:1, 5000:9000])
    other.push(mixture[:, :5000])
    np.testing.assert_array_equal(stream.push(mixture[:, 5000:]), other.push(mixture[:, 5000:]))
    np.testing.assert_array_equal(stream.finish(), other.finish())


@pytest.mark.parametrize("stream", [TrackerStream, PitchStream])
def test_only_a_causal_tracker_streams(stream: type[TrackerStream] | type[PitchStream]) -> None:
    with pytest.raises(ConfigError, match="causal tracker"):
        stream(small_tracker(), TRIO)


@pytest.mark.parametrize(
    "change", [{"frames_per_block": 2}, {"time_strides": (2,)}, {"longer_windows": (8192,)}, {"ahead_frames": -1}]
)
def test_a_causal_tracker_cannot_join_frames(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="single frames of one window"):
        replace(SMALL_CAUSAL_TRACKER, **change)  # type: ignore[arg-type]
