"""Any recording for one person: any length and rate, seams that cannot be heard, nothing clipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Recording, read_audio, write_audio
from rebalance.hearing import Audiogram, Listener, prescribe
from rebalance.pipeline import gains_by_source, rebalance_recording, separate_recording
from rebalance.separation import load_separator, source_names

FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)


def recording(
    duration_s: float = 2.0, sample_rate: int = 44_100, n_channels: int = 2, level: float = 0.05
) -> Recording:
    shape = (n_channels, int(duration_s * sample_rate))
    noise = np.random.default_rng(0).normal(0, level, shape)
    return Recording(samples=noise.astype(np.float32), sample_rate=sample_rate)


@dataclass(frozen=True)
class ShareSeparator:
    """Gives the first source a fixed share of the mixture and the others nothing."""

    share: float = 0.5
    name: str = "share"
    sample_rate: int = 44_100
    shrinkage: float = 1.0
    needs_sources: bool = False
    mixture_consistent: bool = False

    def __call__(self, mixture, instruments: Sequence[str]):
        names = source_names(instruments)
        return {name: mixture * (self.share if name == names[0] else 0.0) for name in names}

    def informed_by(self, sources: Mapping[str, np.ndarray]):
        return self


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_stems_have_the_length_rate_and_channels_of_the_recording(sample_rate: int, n_channels: int) -> None:
    music = recording(1.3, sample_rate, n_channels)
    stems = separate_recording(music, ("Flute", "Flute", "Cello"), load_separator("mixture"))
    assert list(stems) == ["Flute_1", "Flute_2", "Cello"]
    assert {stem.shape for stem in stems.values()} == {music.samples.shape}


def test_blocks_join_without_a_seam() -> None:
    music = recording(64.0, 16_000, 1)
    stems = separate_recording(music, ("Flute", "Cello"), ShareSeparator(sample_rate=16_000))
    np.testing.assert_allclose(stems["Flute"], 0.5 * music.samples, atol=1e-7)


def test_progress_rises_to_one() -> None:
    heard: list[float] = []
    separate_recording(
        recording(64.0, 8_000, 1), ("Flute", "Cello"), ShareSeparator(sample_rate=8_000), on_progress=heard.append
    )
    assert heard == sorted(heard)
    assert len(heard) == 3
    assert heard[-1] == 1.0


@given(st.integers(1, 60))
def test_the_shortest_recordings_come_back(n_samples: int) -> None:
    music = Recording(samples=np.full((1, n_samples), 0.1, dtype=np.float32), sample_rate=44_100)
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Cello": 6.0}, load_separator("mixture"))
    np.testing.assert_array_equal(mix.recording.samples, music.samples)


def test_equal_gains_return_the_file_bit_for_bit(tmp_path: Path) -> None:
    write_audio(tmp_path / "in.flac", recording().samples, 48_000)
    music = read_audio(tmp_path / "in.flac")
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 3.0, "Cello": 3.0}, ShareSeparator())
    write_audio(tmp_path / "out.flac", mix.recording.samples, 48_000)
    np.testing.assert_array_equal(read_audio(tmp_path / "out.flac").samples, music.samples)


def test_a_gain_changes_what_the_separator_found() -> None:
    music = recording()
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 6.0}, ShareSeparator())
    power = (10**0.6 + 1) / 2
    factor = 1 + 0.5 * (10**0.3 / np.sqrt(power) - 1)
    np.testing.assert_allclose(mix.recording.samples, music.samples * factor, rtol=1e-4, atol=1e-6)


def test_a_loud_result_is_turned_down_whole() -> None:
    music = recording(level=0.3)
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 20.0}, ShareSeparator(share=3.0))
    assert mix.attenuation_db > 0
    assert np.max(np.abs(mix.recording.samples)) == pytest.approx(1.0)


def test_a_mono_recording_becomes_one_channel_for_each_ear() -> None:
    mild, severe = ([20.0] * 8, [60.0] * 8)
    ears = [Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=tuple(levels)) for levels in (mild, severe)]
    fitting = prescribe(Listener(name="me", left=ears[0], right=ears[1]))
    mix = rebalance_recording(
        recording(n_channels=1), ("Flute", "Cello"), {"Cello": 3.0}, load_separator("mixture"), fitting=fitting
    )
    left, right = np.sqrt(np.mean(mix.recording.samples**2, axis=1))
    assert right > 2 * left


def test_silence_cannot_be_levelled_for_a_listener() -> None:
    flat = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(40.0,) * 8)
    fitting = prescribe(Listener(name="me", left=flat, right=flat))
    silence = Recording(samples=np.zeros((2, 44_100), dtype=np.float32), sample_rate=44_100)
    with pytest.raises(AudioError, match="silence"):
        rebalance_recording(silence, ("Flute", "Cello"), {}, load_separator("mixture"), fitting=fitting)


def test_quiet_music_is_levelled_like_loud_music() -> None:
    flat = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(40.0,) * 8)
    fitting = prescribe(Listener(name="me", left=flat, right=flat))
    loud = recording(level=0.1)
    quiet = Recording(samples=loud.samples * np.float32(1e-4), sample_rate=loud.sample_rate)
    mixes = [
        rebalance_recording(music, ("Flute", "Cello"), {"Cello": 3.0}, load_separator("mixture"), fitting=fitting)
        for music in (loud, quiet)
    ]
    first, second = (np.sqrt(np.mean(mix.recording.samples**2)) for mix in mixes)
    assert second == pytest.approx(first, rel=0.1)


def test_more_than_two_channels_are_refused() -> None:
    with pytest.raises(AudioError, match="6 channels"):
        separate_recording(recording(0.1, n_channels=6), ("Flute", "Cello"), load_separator("mixture"))


def test_an_instrument_means_all_its_players_and_a_player_one() -> None:
    players = ("Violin", "Violin", "Cello")
    assert gains_by_source({"violin": 3.0}, players) == {"Violin_1": 3.0, "Violin_2": 3.0}
    assert gains_by_source({"VIOLIN_2": -6.0}, players) == {"Violin_2": -6.0}


def test_a_gain_for_somebody_absent_suggests_who_is_there() -> None:
    with pytest.raises(ConfigError, match="did you mean 'Cello'"):
        gains_by_source({"chello": 3.0}, ("Violin", "Cello"))
