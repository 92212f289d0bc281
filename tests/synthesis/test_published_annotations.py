"""The published distributions of annotations, on a thousand draws each."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import ORCHESTRA, Note, Part, Score, TempoChange
from rebalance.synthesis.performance import (
    ANNOTATION_MODES,
    ARTICULATION_SHARES,
    DYNAMIC_LEVELS,
    HUMANISING,
    MANNERS,
    DynamicsDrawn,
    annotate,
    draw_annotations,
    draw_articulations,
    draw_dynamics,
    draw_player,
    draw_tempo_changes,
    most_intervals,
    perform,
    published_annotations,
    tempo_map,
    velocity_at,
)

N_DRAWS = 1000
DURATIONS_S = (60.0, 119.0, 300.0, 1000.0)


def draws(draw, *arguments):
    """Return a thousand draws, each from a generator of its own."""
    return [draw(*arguments, np.random.default_rng(seed)) for seed in range(N_DRAWS)]


def song(name: str = "song", *, n_notes: int = 400, tracks: tuple[str, ...] = ("Violin_1", "Oboe", "Tuba")) -> Score:
    notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60, velocity=100) for at in range(n_notes))
    parts = tuple(Part(name=track, instrument=None, notes=notes) for track in tracks)
    return Score(name=name, parts=parts, quarter_bpm=90.0)


@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_tempi_keep_to_their_bounds_which_grow_with_the_piece(duration_s: float) -> None:
    drawn = draws(draw_tempo_changes, duration_s)
    counts = {len(changes) for changes in drawn}
    assert (min(counts), max(counts)) == (4, 10 + max(0, int(np.ceil(duration_s / 120 - 1))))
    tempi = [change.quarter_bpm for changes in drawn for change in changes]
    assert all(isinstance(tempo, int) for tempo in tempi)
    assert np.mean(tempi) == pytest.approx(119.5, abs=1.0)  # truncation takes half off 120
    assert np.std(tempi) == pytest.approx(20, abs=1.0)
    starts = [[change.start_s for change in changes] for changes in drawn]
    assert all(len(set(each)) == len(each) and each == sorted(each) for each in starts)
    points = set(np.linspace(0.0, duration_s, 100).tolist())
    assert set(itertools.chain(*starts)) == points
    assert 0.02 < np.mean([each[0] == 0.0 for each in starts]) < 0.3  # not forced to the start


@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_dynamics_keep_to_their_bounds_which_grow_with_the_piece(duration_s: float) -> None:
    drawn = draws(draw_dynamics, duration_s)
    counts = {len(dynamics) for dynamics in drawn}
    assert (min(counts), max(counts)) == (3, most_intervals(10, duration_s))
    for dynamics in drawn:
        assert dynamics[0].start_s == 0.0
        assert not dynamics[0].gradual_s
        assert all(one.level != other.level for one, other in itertools.pairwise(dynamics))
        assert all(one.start_s < other.start_s for one, other in itertools.pairwise(dynamics))
    levels = Counter(interval.level for dynamics in drawn for interval in dynamics)
    assert set(levels) == set(DYNAMIC_LEVELS)
    assert max(levels.values()) < 1.2 * min(levels.values())


@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_gradual_changes_are_few_apart_and_centred_on_their_boundary(duration_s: float) -> None:
    lengths: set[float] = set()
    most: Counter[bool] = Counter()
    for dynamics in draws(draw_dynamics, duration_s):
        gradual = [bool(interval.gradual_s) for interval in dynamics]
        assert sum(gradual) <= np.ceil(0.3 * len(dynamics))
        most[sum(gradual) == np.ceil(0.3 * len(dynamics))] += 1
        assert not any(one and other for one, other in itertools.pairwise(gradual))
        for interval in dynamics:
            if interval.gradual_s:
                lengths.add(interval.gradual_s)
                begun_s = interval.start_s - interval.gradual_s / 2
                assert interval.gradual_from_s == (begun_s if begun_s >= 0 else interval.start_s)
    assert lengths == {float(length) for length in range(5, 20)}
    assert most[True]


@pytest.mark.parametrize("instrument", sorted(ARTICULATION_SHARES))
def test_articulations_come_in_the_shares_of_their_instrument(instrument: str) -> None:
    drawn = draws(draw_articulations, instrument, 100.0)
    assert {len(intervals) for intervals in drawn} == {1, 2}
    assert all(intervals[0].start_s == 0.0 for intervals in drawn)
    found = Counter(interval.articulation for intervals in drawn for interval in intervals)
    shares = ARTICULATION_SHARES[instrument]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert set(found) <= set(shares)
    for articulation, share in shares.items():
        spread = np.sqrt(share * (1 - share) / found.total())
        assert found[articulation] / found.total() == pytest.approx(share, abs=5 * spread + 1e-3), articulation


def test_longer_pieces_have_more_stretches_of_articulation() -> None:
    drawn = draws(draw_articulations, "Flute", 601.0)
    assert {len(intervals) for intervals in drawn} == set(range(1, 8))


@pytest.mark.parametrize(
    ("instruments", "kind", "lowest", "highest"),
    [
        (("Violin", "Viola"), "legato", 0.60, 0.60),
        (("Cello", "Bass"), "legato", 0.55, 0.55),
        (("Violin", "Viola"), "staccato", 0.30, 0.30),
        (("Cello", "Bass"), "staccato", 0.25, 0.25),
        (("Violin", "Viola"), "pizzicato", 0.002, 0.002),
        (("Cello", "Bass"), "pizzicato", 0.10, 0.10),
        (("Violin", "Viola"), "marcato", 0.05, 0.05),
        (("Cello", "Bass"), "marcato", 0.002, 0.010),
        (("Violin", "Viola"), "trill", 0.005, 0.005),
        (("Cello", "Bass"), "trill", 0.013, 0.016),
        (("Violin", "Viola"), "tremolo", 0.010, 0.012),
        (("Cello", "Bass"), "tremolo", 0.006, 0.019),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "legato", 0.55, 0.61),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "staccatissimo", 0.25, 0.30),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "marcato", 0.04, 0.06),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "tenuto", 0.03, 0.04),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "trill", 0.02, 0.05),
        (("Flute", "Piccolo", "Clarinet", "Bassoon"), "flutter", 0.015, 0.026),
        (("Oboe", "EnglishHorn"), "flutter", 0.0, 0.0),
        (("Flute", "Piccolo", "Clarinet", "Oboe", "EnglishHorn", "Bassoon"), "multitongue", 0.0, 0.04),
        (("Horn", "Trumpet", "Trombone", "Tuba"), "legato", 0.50, 0.60),
        (("Horn", "Trumpet", "Trombone", "Tuba"), "staccatissimo", 0.28, 0.30),
        (("Horn", "Trumpet", "Trombone", "Tuba"), "flutter", 0.006, 0.024),
        (("Horn", "Trumpet", "Trombone", "Tuba"), "marcato", 0.014, 0.072),
        (("Horn", "Trumpet", "Trombone", "Tuba"), "trill", 0.0, 0.018),
    ],
)
def test_the_tables_have_the_published_sums(
    instruments: tuple[str, ...], kind: str, lowest: float, highest: float
) -> None:
    for instrument in instruments:
        total = sum(share for name, share in ARTICULATION_SHARES[instrument].items() if kind in name.split("-"))
        assert lowest - 1e-9 <= total <= highest + 1e-9, instrument


def test_the_rare_articulations_of_strings_stay_below_their_bound() -> None:
    rare = ("spiccato", "col-legno", "harmonics", "sul-ponticello", "sul-tasto")
    assert all(ARTICULATION_SHARES[name][each] < 0.014 for name in ("Violin", "Cello", "Bass") for each in rare)


def test_there_are_thirteen_untuned_instruments_each_with_a_key_of_the_drum_set() -> None:
    untuned = ARTICULATION_SHARES["UntunedPercussion"]
    assert len(untuned) == 13
    track = ORCHESTRA["untunedpercussion"]
    keys = [MANNERS[instrument].key for instrument in untuned]
    assert all(key is not None and track.lowest <= key <= track.highest for key in keys)


def test_a_velocity_is_drawn_from_the_whole_band_of_its_dynamic() -> None:
    for number, level in enumerate(DYNAMIC_LEVELS):
        dynamics = (DynamicsDrawn(start_s=0.0, level=level),)
        found = {velocity_at(dynamics, 3.0, np.random.default_rng(seed)) for seed in range(N_DRAWS)}
        assert found == set(range(16 * number, 16 * number + 16))


@pytest.mark.parametrize(("before", "after", "expected"), [("p", "f", (47, 95)), ("f", "p", (80, 32))])
def test_a_gradual_change_goes_from_the_near_edge_to_the_far_edge(
    before: str, after: str, expected: tuple[int, int]
) -> None:
    first = DynamicsDrawn(start_s=0.0, level=before)  # type: ignore[arg-type]
    second = DynamicsDrawn(start_s=10.0, level=after, gradual_from_s=5.0, gradual_s=10.0)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    line = [velocity_at((first, second), time_s, rng) for time_s in np.linspace(5.0, 15.0, 21)]
    assert (line[0], line[-1]) == expected
    assert np.allclose(np.diff(line), np.diff(line).mean(), atol=1.0)


def test_the_name_alone_decides_unless_there_is_a_seed() -> None:
    assert published_annotations(song()) == published_annotations(song())
    assert published_annotations(song()) != published_annotations(song("other"))
    assert published_annotations(song()) != published_annotations(song(), seed=1)


def test_what_comes_before_the_first_tempo_keeps_its_own_and_later_written_ones_are_gone() -> None:
    changed = (TempoChange(onset_q=1.0, quarter_bpm=33.5), TempoChange(onset_q=399.0, quarter_bpm=31.5))
    for name in map(str, range(20)):
        written = replace(song(name), quarter_bpm=90.5, tempo_changes=changed)
        tempo = published_annotations(written).tempo
        drawn_from = next(at for at, interval in enumerate(tempo) if interval.quarter_bpm % 1 == 0)
        assert [interval.quarter_bpm for interval in tempo[:drawn_from]] in ([], [90.5], [90.5, 33.5])
        assert all(interval.quarter_bpm % 1 == 0 for interval in tempo[drawn_from:])


def test_a_part_has_one_articulation_in_each_of_its_stretches() -> None:
    for name in map(str, range(30)):
        annotations = published_annotations(song(name))
        most = most_intervals(2, tempo_map(song(name), annotations).duration_s)
        for articulations in annotations.articulations.values():
            assert 1 <= len(list(itertools.groupby(articulations))) <= most


def test_every_velocity_lies_in_a_drawn_band_or_on_a_transition() -> None:
    annotations = published_annotations(song())
    levels = {DYNAMIC_LEVELS.index(interval.level) for interval in annotations.dynamics}
    low, high = min(levels) * 16, max(levels) * 16 + 15
    velocities = {velocity for part in annotations.velocities.values() for velocity in part}
    assert low <= min(velocities) <= max(velocities) <= high


def test_a_note_of_velocity_zero_is_not_played() -> None:
    score = song(n_notes=8, tracks=("Oboe",))
    plain = annotate(score, "written")
    annotations = replace(plain, velocities={"Oboe": (0, 5, 0, 60, 1, 0, 127, 9)})
    player = draw_player(HUMANISING["published"], 0, "song", "Oboe")
    played = perform(score.parts[0], annotations, tempo_map(score, annotations), player)
    assert [note.velocity for note in played.notes] == [5, 60, 1, 127, 9]
    wrong = replace(annotations, velocities={"Oboe": (1, 2)})
    with pytest.raises(ConfigError, match="expected 8 velocities, got 2"):
        perform(score.parts[0], wrong, tempo_map(score, wrong), player)


def test_the_musical_mode_is_what_it_was() -> None:
    assert annotate(song(), "musical", 3) == draw_annotations(song(), 3)


def test_each_removal_takes_one_thing_away() -> None:
    full = published_annotations(song())
    fixed = annotate(song(), "published-fixed-tempo")
    assert [interval.quarter_bpm for interval in fixed.tempo] == [120.0]
    single = annotate(song(), "published-single-dynamic")
    assert [interval.level for interval in single.dynamics] == ["mf"]
    assert {velocity // 16 for part in single.velocities.values() for velocity in part} == {4}
    assert single.tempo == full.tempo
    one = annotate(song(), "published-one-articulation")
    assert {name for part in one.articulations.values() for name in part} == {"legato"}
    assert (one.tempo, one.velocities) == (full.tempo, full.velocities)
    assert annotate(song(), "written").tempo[0].quarter_bpm == 90.0


@pytest.mark.parametrize("mode", ANNOTATION_MODES)
def test_every_mode_annotates_every_track(mode: str) -> None:
    score = song(n_notes=20, tracks=tuple(ORCHESTRA))
    annotations = annotate(score, mode)  # type: ignore[arg-type]
    tempo = tempo_map(score, annotations)
    for part in score.parts:
        player = draw_player(HUMANISING["published"], 0, "song", part.name)
        assert perform(part, annotations, tempo, player).label == part.name


def test_unknown_modes_and_instruments_are_refused() -> None:
    with pytest.raises(ConfigError, match="annotations: expected one of musical"):
        annotate(song(), "lively")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Kazoo"):
        draw_articulations("Kazoo", 10.0, np.random.default_rng(0))


def test_a_chord_keeps_its_length_under_legato() -> None:
    notes = tuple(Note(onset_q=float(at // 2), duration_q=1.0, pitch=60 + 4 * (at % 2)) for at in range(8))
    part = Part(name="Viola", instrument=None, notes=notes)
    score = Score(name="chords", parts=(part,), quarter_bpm=60.0)
    annotations = replace(annotate(score, "written"), articulations={"Viola": ("legato",) * 8})
    player = draw_player(HUMANISING["published"], 0, "chords", "Viola")
    played = perform(part, annotations, tempo_map(score, annotations), player)
    assert all(note.duration_s == pytest.approx(1.0) for note in played.notes)
