"""Scores followed through recordings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from heard_scores import HOP_S, PITCHES, duet, heard, part
from small_networks import SMALL_CAUSAL_TRACKER, small_tracker

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.separation import ModelCard, Placed, load_separator
from rebalance.synthesis.notation import Note, Score, TempoChange, chair_labelled
from rebalance.transcription import (
    MISMATCH_COST,
    PitchSeparator,
    SharpeningSettings,
    Tracker,
    align,
    cast,
    read_along,
    score_informed,
    separate_by_pitch,
    sharpen,
)
from rebalance.transcription._score_alignment import seconds_of

pytest.importorskip("librosa")

PLAYERS = ("Violin", "Cello")


def even(quarter_s: float):
    return lambda place_q: place_q * quarter_s


def rubato(place_q: float) -> float:
    """Half a second a quarter note at first, slower and slower, twice as long at quarter 20."""
    return 0.5 * place_q + 0.0125 * place_q**2


@pytest.mark.parametrize(
    "seconds_at", [even(1.0), even(0.55), even(1.8), rubato], ids=["as is", "fast", "slow", "bent"]
)
def test_a_performance_is_followed_in_any_tempo(seconds_at) -> None:
    score = duet()
    alignment = align(heard(score, PLAYERS, seconds_at), score, score.parts)
    places = np.arange(1, 19, 0.5)
    found = [alignment.recording_s(score.seconds_at(place, 90.0)) for place in places]
    true = [seconds_at(place) for place in places]
    assert np.quantile(np.abs(np.subtract(found, true)), 0.9) < 0.15
    assert alignment.cost < 0.6
    assert (np.diff(alignment.score_s) >= 0).all()


def test_an_excerpt_is_found_in_a_longer_score() -> None:
    whole = duet(n_notes=120)
    posteriors = heard(whole, PLAYERS, even(1.0))
    cut = posteriors.at_times(20.0 + np.arange(0, 15, HOP_S))
    excerpt = replace(cut, frame_times_s=cut.frame_times_s - 20.0)
    alignment = align(excerpt, whole, whole.parts)
    assert np.median(alignment.score_s - alignment.times_s) == pytest.approx(20.0, abs=0.15)


@pytest.mark.parametrize("shift", [-1.0, -0.33, 1.0])
def test_another_tuning_is_found(shift: float) -> None:
    score = duet()
    alignment = align(heard(score, PLAYERS, even(1.0), shift=shift), score, score.parts)
    assert alignment.shift_semitones == pytest.approx(shift, abs=0.1)
    assert alignment.cost < 0.6


def test_long_recordings_are_aligned_in_windows_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    score = duet(n_notes=160)
    posteriors = heard(score, PLAYERS, rubato)
    whole = align(posteriors, score, score.parts)
    monkeypatch.setattr("rebalance.transcription._score_alignment._MAX_CELLS", 40_000)
    parts = align(posteriors, score, score.parts)
    places = np.arange(1, 79, 0.5)
    differences = [whole.recording_s(place) - parts.recording_s(place) for place in places]
    assert np.quantile(np.abs(differences), 0.95) < 0.15
    assert parts.cost == pytest.approx(whole.cost, abs=0.05)


def test_another_piece_does_not_match() -> None:
    score = duet()
    posteriors = heard(score, PLAYERS, even(0.8))
    other = duet(seed=2)
    assert align(posteriors, other, other.parts).cost > MISMATCH_COST
    with pytest.raises(ConfigError, match="does not match the recording"):
        read_along(posteriors, [other])


def test_what_the_score_lacks_is_told_and_left_to_the_tracker() -> None:
    score = duet(n_notes=80)
    posteriors = heard(score, PLAYERS, even(1.0))

    def without(notes: tuple[Note, ...]) -> tuple[Note, ...]:
        return tuple(
            note if note.onset_q < 15 else replace(note, onset_q=note.onset_q - 10)
            for note in notes
            if not 15 <= note.onset_q < 25
        )

    short = replace(score, parts=tuple(replace(its, notes=without(its.notes)) for its in score.parts))
    reading = read_along(posteriors, [short])
    ((start_s, end_s),) = reading.mismatches_s
    assert (start_s, end_s) == (pytest.approx(15, abs=2.0), pytest.approx(25, abs=2.0))
    assert any("0:1" in line and "do not match" in line for line in reading.remarks)
    inside = (posteriors.frame_times_s > 18) & (posteriors.frame_times_s < 22)
    np.testing.assert_allclose(reading.posteriors.values[:, inside], posteriors.values[:, inside], atol=0.2)


def test_the_reading_that_fits_is_chosen() -> None:
    once = duet(n_notes=30)
    twice = replace(
        once,
        name="twice",
        parts=tuple(
            replace(its, notes=its.notes + tuple(replace(note, onset_q=note.onset_q + 15) for note in its.notes))
            for its in once.parts
        ),
    )
    posteriors = heard(twice, PLAYERS, even(1.0))
    assert read_along(posteriors, [once, twice]).score.name == "twice"
    with pytest.raises(ConfigError, match="at least one reading"):
        read_along(posteriors, [])


def test_players_taken_for_each_other_are_put_right() -> None:
    score = duet()
    true = heard(score, PLAYERS, even(1.0))
    mixed = true.values.copy()
    late = true.frame_times_s > 10
    mixed[:, late] = mixed[::-1, late]
    confused = replace(true, values=mixed)
    sharpened = sharpen(confused, score, score.parts, align(confused, score, score.parts))
    np.testing.assert_allclose(sharpened.values.sum(axis=-1), 1.0, atol=1e-5)
    right = sharpened.values.argmax(axis=-1) == true.values.argmax(axis=-1)
    assert right[:, late].mean() > 0.8
    assert (mixed.argmax(axis=-1) == true.values.argmax(axis=-1))[:, late].mean() < 0.2


def test_a_player_without_a_part_keeps_its_posteriors() -> None:
    score = duet()
    posteriors = heard(score, PLAYERS, even(1.0))
    parts = [score.parts[0], None]
    sharpened = sharpen(posteriors, score, parts, align(posteriors, score, parts))
    np.testing.assert_allclose(sharpened.values[1], posteriors.values[1], atol=1e-6)
    assert np.abs(sharpened.values[0] - posteriors.values[0]).max() > 0.1


def test_the_clock_of_a_score_is_that_of_its_tempi() -> None:
    changes = (TempoChange(onset_q=4.0, quarter_bpm=120.0), TempoChange(onset_q=30.0, quarter_bpm=45.0))
    score = replace(duet(), tempo_changes=changes)
    places = [0.0, 3.5, 4.0, 11.0, 20.0]
    assert seconds_of(score, places).tolist() == pytest.approx([score.seconds_at(place, 90.0) for place in places])
    assert seconds_of(replace(duet(), quarter_bpm=None), 3.0) == pytest.approx(2.0)


def test_what_cannot_be_aligned_is_refused() -> None:
    score = duet()
    posteriors = heard(score, PLAYERS, even(1.0))
    with pytest.raises(MetadataError, match="none of its parts"):
        align(posteriors, score, [None, None])
    short = posteriors.at_times(np.arange(0, 0.5, HOP_S))
    with pytest.raises(ConfigError, match="at least 1 s"):
        align(short, score, score.parts)
    with pytest.raises(ConfigError, match="shares from 0 to 1"):
        SharpeningSettings(others=2.0)


def named(*parts: tuple[str, str | None, int]) -> Score:
    return Score(
        name="score",
        parts=tuple(
            replace(part(name, [pitch] * 4), instrument=chair_labelled(instrument).instrument if instrument else None)
            for name, instrument, pitch in parts
        ),
    )


QUARTET = named(("Violino I", "Violin", 76), ("Violino II", "Violin", 69), ("Alt", "Viola", 60), ("Bassi", "Cello", 48))


def test_parts_go_to_their_instruments_and_like_voices_by_height() -> None:
    order = replace(QUARTET, parts=QUARTET.parts[::-1])
    casting = cast(order, ["cello", "violin", "violin", "viola"])
    assert {player: its.name for player, its in casting.parts.items() if its} == {
        "Cello": "Bassi",
        "Violin_1": "Violino I",
        "Violin_2": "Violino II",
        "Viola": "Alt",
    }


def test_the_user_chooses_by_name_or_number() -> None:
    casting = cast(QUARTET, ["violin", "violin", "viola", "cello"], {"violin_1": "violino ii", "VIOLA": "4"})
    assert [its.name for its in casting.parts.values() if its] == ["Violino II", "Violino I", "Bassi", "Alt"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"oboe": "1"}, "part of 'oboe'"),
        ({"viola": "9"}, "name or number of a part"),
        ({"viola": "Violino"}, "1 'Violino I', 2 'Violino II'"),
        ({"viola": "1", "cello": "Violino I"}, "given to two"),
    ],
)
def test_a_choice_that_cannot_be_is_named(chosen: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cast(QUARTET, ["violin", "violin", "viola", "cello"], chosen)


def test_what_nobody_plays_and_who_has_no_part_is_told() -> None:
    casting = cast(QUARTET, ["violin", "cello", "flute"])
    assert casting.parts["Flute"] is None
    assert casting.unplayed == ("Violino II", "Alt")
    assert casting.lines[-2:] == ("Flute: no part in the score", "played by nobody: 'Violino II', 'Alt'")
    with pytest.raises(ConfigError, match="--part PLAYER=PART"):
        cast(QUARTET, ["flute"])


def test_voices_of_a_choir_are_tried_by_height_too() -> None:
    """ "Alto" means a viola in French; the second violin plays it all the same."""
    upper, lower = duet().parts
    middle = replace(lower, name="Tenor", notes=tuple(replace(note, pitch=note.pitch + 9) for note in lower.notes))
    alto = replace(
        upper,
        name="Alto",
        instrument=chair_labelled("Viola").instrument,
        notes=tuple(replace(note, pitch=note.pitch - 6) for note in lower.notes[::-1]),
    )
    alto = replace(
        alto,
        notes=tuple(replace(note, onset_q=place / 2, pitch=note.pitch + 20) for place, note in enumerate(alto.notes)),
    )
    score = replace(duet(), parts=(replace(upper, name="Soprano"), alto, middle, replace(lower, name="Bass")))
    posteriors = heard(score, ("Violin", "Violin", "Viola", "Cello"), even(0.7))
    casting = read_along(posteriors, [score]).casting
    assert [its.name for its in casting.parts.values() if its] == ["Soprano", "Alto", "Tenor", "Bass"]


def test_a_recording_is_separated_in_blocks_as_it_is_whole() -> None:
    rng = np.random.default_rng(0)
    mixture = rng.standard_normal((2, 5 * 44_100)).astype(np.float32) * 0.1
    posteriors = heard(duet(n_notes=12), PLAYERS, even(1.0))
    separator = PitchSeparator(name="small", tracker=Tracker(name="small", network=small_tracker(), card=ModelCard()))
    informed = score_informed(separator, posteriors)
    assert isinstance(informed, Placed)
    whole = separate_by_pitch(mixture, posteriors, sample_rate=44_100)
    start = 2 * 44_100
    part_of_it = informed.beginning_at(2.0)(mixture[:, start:], PLAYERS)
    inner = slice(44_100, 2 * 44_100)
    for name, estimate in part_of_it.items():
        error = estimate[:, inner] - whole[name][:, start:][:, inner]
        assert np.sum(error**2) < 0.01 * np.sum(whole[name][:, start:][:, inner] ** 2)
    elsewhere = informed(mixture[:, start:], PLAYERS)
    assert np.abs(elsewhere["Cello"] - part_of_it["Cello"]).max() > 0.01
    with pytest.raises(ConfigError, match="made for Violin, Cello"):
        informed(mixture, ("Violin", "Flute"))
    with pytest.raises(ConfigError, match="player tracker"):
        score_informed(load_separator("mixture"), posteriors)


def test_with_a_score_a_causal_tracker_has_heard_the_whole_recording() -> None:
    tracker = Tracker(name="past", network=small_tracker(config=SMALL_CAUSAL_TRACKER), card=ModelCard())
    separator = PitchSeparator(name="past", tracker=tracker)
    posteriors = heard(duet(n_notes=12), PLAYERS, even(1.0))
    assert separator.info.lookahead_ms < 5
    assert math.isinf(score_informed(separator, posteriors).info.lookahead_ms)


def test_pitches_are_those_of_the_tracker() -> None:
    assert small_tracker().config.features.n_bins == len(PITCHES)
