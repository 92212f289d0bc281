"""Who plays when, and who is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heard_scores import HOP_S, PITCHES
from small_networks import small_tracker

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import ModelCard
from rebalance.transcription import (
    ActivitySettings,
    Posteriors,
    Stretch,
    Tracker,
    activity_of,
    activity_table,
    better_ensemble,
    draw_activity,
    presence_of,
    track_players,
)
from rebalance.transcription._presence import loudest_excerpt


def playing(pitches: Sequence[float], n_frames: int = 200, share: float = 0.95) -> Posteriors:
    """Players that hold one pitch all the time, not a number for one who is silent."""
    values = np.zeros((len(pitches), n_frames, len(PITCHES) + 1), dtype=np.float32)
    for player, pitch in enumerate(pitches):
        state = len(PITCHES) if np.isnan(pitch) else int(np.argmin(np.abs(PITCHES - pitch)))
        values[player, :, state] = share
        values[player, :, (state + 40) % len(PITCHES)] += 1 - share
    instruments = ("Violin", "Cello", "Flute")[: len(pitches)]
    times = np.arange(n_frames) * HOP_S
    return Posteriors(values=values, pitches_midi=PITCHES, frame_times_s=times, instruments=instruments)


def with_silence(first: int, last: int, share: float = 1.0) -> Posteriors:
    posteriors = playing([69.0])
    posteriors.values[0, first:last] *= 1 - share
    posteriors.values[0, first:last, -1] += share
    return posteriors


def test_a_long_silence_parts_two_stretches_and_a_breath_does_not() -> None:
    (stretches,) = activity_of(with_silence(80, 120))
    assert [round(stretch.end_s / HOP_S) for stretch in stretches] == pytest.approx([80, 200], abs=6)
    assert stretches[1].start_s / HOP_S == pytest.approx(120, abs=6)
    assert len(activity_of(with_silence(80, 90))[0]) == 1


def test_a_doubtful_stretch_goes_on_but_does_not_begin() -> None:
    doubtful = with_silence(100, 200, share=0.15)
    assert len(activity_of(doubtful)[0]) == 1
    assert activity_of(doubtful)[0][0].end_s > 190 * HOP_S
    assert activity_of(with_silence(0, 200, share=0.15)) == ((),)


def test_whoever_is_silent_has_no_stretch_and_no_frames_have_none() -> None:
    assert activity_of(playing([float("nan")], share=1.0)) == ((),)
    assert activity_of(playing([69.0], n_frames=0)) == ((),)


def test_settings_and_stretches_are_checked() -> None:
    with pytest.raises(ConfigError, match="ends <= begins"):
        ActivitySettings(begins=0.5, ends=0.6)
    with pytest.raises(AudioError, match="end after"):
        Stretch(start_s=1.0, end_s=0.5, confidence=0.5)


def test_the_table_and_the_picture_of_all_players(tmp_path: Path) -> None:
    stretches = {"Cello": [Stretch(start_s=1.0, end_s=2.0, confidence=0.5)], "Flute": []}
    assert activity_table(stretches).splitlines() == ["player,start_s,end_s,confidence", "Cello,1.00,2.00,0.500"]
    draw_activity(tmp_path / "activity.svg", stretches, 3.0)
    assert "</svg>" in (tmp_path / "activity.svg").read_text()


def test_a_player_who_doubles_another_or_is_silent_is_hardly_there() -> None:
    alone, doubling = presence_of(playing([69.0, 48.0])), presence_of(playing([69.0, 69.0]))
    assert not any(presence.hardly_there for presence in alone)
    assert [presence.doubles for presence in doubling] == ["Cello", "Violin"]
    assert all(presence.hardly_there for presence in doubling)
    silent = presence_of(playing([69.0, float("nan")], share=1.0))[1]
    assert silent.hardly_there
    assert "silent" in silent.verdict
    assert silent.expected_sdr_db == 0.0 < alone[0].expected_sdr_db < 10.5
    assert "doubles Violin" in doubling[1].verdict


class ByEar(Tracker):
    """Hears a violin, and above it a flute if there is one; others that are asked for double the violin."""

    flute: bool

    def __init__(self, *, flute: bool) -> None:
        object.__setattr__(self, "flute", flute)

    def __call__(self, mixture, instruments, sample_rate=None) -> Posteriors:
        high = 81.0 if self.flute else 69.0
        posteriors = playing([high if instrument == "Flute" else 69.0 for instrument in instruments])
        return replace(posteriors, instruments=tuple(instruments))


@pytest.mark.parametrize(
    ("flute", "named", "remark"),
    [
        (True, ["violin", "cello"], "Cello: Flute fits what is heard better"),
        (False, ["violin", "cello"], "Cello: probably not there; without it the other players fit better"),
        (True, ["violin", "flute"], None),
        (False, ["violin"], None),
    ],
)
def test_a_player_too_many_or_a_wrong_one_is_named(flute: bool, named: list[str], remark: str | None) -> None:
    mixture = np.ones((1, 1000), dtype=np.float32)
    doubted = [named[-1].title()]
    found = better_ensemble(mixture, named, ByEar(flute=flute), sample_rate=100, players=doubted)
    assert (None if found is None else found.remark) == remark
    assert better_ensemble(mixture, named, ByEar(flute=flute), sample_rate=100, players=[]) is None
    with pytest.raises(ConfigError, match="expected some of"):
        better_ensemble(mixture, named, ByEar(flute=flute), sample_rate=100, players=["Oboe"])


def test_the_loudest_excerpt_is_found() -> None:
    mixture = np.zeros((2, 100))
    mixture[:, 60:70] = 1.0
    assert loudest_excerpt(mixture, 10).tolist() == np.ones((2, 10)).tolist()
    assert loudest_excerpt(mixture, 200) is mixture


def test_nobody_plays_in_silence() -> None:
    tracker = Tracker(name="small", network=small_tracker(), card=ModelCard())
    mixture = np.random.default_rng(0).standard_normal((1, 88_200)).astype(np.float32)
    mixture[:, 44_100:] = 0.0
    posteriors = track_players(mixture, ["Violin"], tracker, sample_rate=44_100)
    late = posteriors.frame_times_s > 1.1
    assert posteriors.activity[0, late].max() == 0.0
    assert posteriors.activity[0, posteriors.frame_times_s < 0.9].min() > 0.0
    whole = track_players(np.zeros((1, 44_100), dtype=np.float32), ["Violin"], tracker, sample_rate=44_100)
    assert whole.activity.max() == 0.0
