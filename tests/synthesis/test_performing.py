from dataclasses import replace

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import Score
from rebalance.synthesis.performance import (
    HUMANISING,
    Annotations,
    DynamicsInterval,
    PlayedNote,
    TempoInterval,
    draw_player,
    dynamic_at,
    mechanical_annotations,
    perform,
    tempo_map,
)
from rebalance.synthesis.performance._annotations import Articulation

SEQUENCER = draw_player(HUMANISING["none"], 0, "piece", "Flute")


def play(
    score: Score, articulations: dict[int, Articulation] | None = None, **changes: object
) -> tuple[PlayedNote, ...]:
    part = score.parts[0]
    named: list[Articulation] = ["sustained"] * len(part.notes)
    for index, articulation in (articulations or {}).items():
        named[index] = articulation
    annotations = replace(mechanical_annotations(score), articulations={part.name: tuple(named)})
    return perform(part, annotations, tempo_map(score, annotations), replace(SEQUENCER, **changes)).notes


def test_a_sequencer_plays_on_the_beat_in_tune_and_at_the_written_velocity(arranged_duet: Score) -> None:
    played = play(arranged_duet)
    written = arranged_duet.parts[0].notes
    assert [note.onset_s for note in played] == pytest.approx([note.onset_q / 2 for note in written])
    assert {note.detune_cents for note in played} == {0.0}
    assert [note.velocity for note in played] == [note.velocity for note in written]


def test_tempo_intervals_and_rubato_set_the_time_and_rubato_is_shared(arranged_duet: Score) -> None:
    annotations = Annotations(
        dynamics=(),
        tempo=(TempoInterval(start_q=0.0, quarter_bpm=60.0), TempoInterval(start_q=4.0, quarter_bpm=120.0)),
        articulations={},
    )
    tempo = tempo_map(arranged_duet, annotations)
    assert [tempo.seconds_at(at) for at in (2.0, 4.0, 6.0)] == pytest.approx([2.0, 4.0, 5.0])
    assert tempo.quarters_at(5.0) == pytest.approx(6.0)
    bent = tempo_map(arranged_duet, annotations, rubato=0.05, seed=1)
    assert np.all(np.diff(bent.seconds) > 0)
    assert bent.duration_s == pytest.approx(tempo.duration_s, rel=0.1)
    assert bent.duration_s != tempo.duration_s


def test_articulations_do_what_their_names_say(arranged_duet: Score) -> None:
    plain = play(arranged_duet)
    staccato = play(arranged_duet, {3: "staccato"})[3]
    legato = play(arranged_duet, {3: "legato"}, legato_overlap_ms=50.0)[3]
    marcato = play(arranged_duet, {3: "marcato"})[3]
    assert staccato.duration_s < 0.6 * plain[3].duration_s
    assert legato.end_s == pytest.approx(plain[4].onset_s + 0.05)
    assert marcato.velocity > plain[3].velocity
    assert play(arranged_duet, {3: "pizzicato"})[3].technique == "pizzicato"


def test_a_trill_alternates_with_the_step_above_for_the_length_of_the_note(arranged_duet: Score) -> None:
    plain = play(arranged_duet)
    trilled = play(arranged_duet, {3: "trill"})[3 : len(play(arranged_duet, {3: "trill"})) - len(plain) + 4]
    pitches = [note.pitch for note in trilled]
    assert len(pitches) > 2
    assert set(pitches[::2]) == {plain[3].pitch}
    assert set(pitches[1::2]) <= {plain[3].pitch + 1, plain[3].pitch + 2}
    assert trilled[-1].end_s == pytest.approx(plain[3].end_s, abs=0.05)


def test_dynamics_choose_the_band_of_sixteen_velocities(arranged_duet: Score) -> None:
    annotations = replace(
        mechanical_annotations(arranged_duet),
        dynamics=(DynamicsInterval(start_q=0.0, level="p"), DynamicsInterval(start_q=16.0, level="fff")),
    )
    part = arranged_duet.parts[0]
    played = perform(part, annotations, tempo_map(arranged_duet, annotations), SEQUENCER).notes
    soft = {note.velocity for note, written in zip(played, part.notes, strict=True) if written.onset_q < 16}
    loud = {note.velocity for note, written in zip(played, part.notes, strict=True) if written.onset_q >= 16}
    assert soft <= set(range(32, 48))
    assert loud <= set(range(112, 128))


def test_a_transition_takes_its_time_and_goes_on_from_where_it_was_cut_short(arranged_duet: Score) -> None:
    dynamics = (
        DynamicsInterval(start_q=0.0, level="ppp"),
        DynamicsInterval(start_q=4.0, level="fff", transition_s=10.0),
        DynamicsInterval(start_q=14.0, level="ppp", transition_s=5.0),
    )
    tempo = tempo_map(arranged_duet, mechanical_annotations(arranged_duet))
    assert [dynamic_at(dynamics, tempo, time) for time in (0.0, 2.0, 4.5, 7.0, 9.5, 12.0, 15.0)] == pytest.approx(
        [0.0, 0.0, 1.75, 3.5, 1.75, 0.0, 0.0]
    )


def test_a_player_is_out_of_tune_late_and_uneven_by_what_was_drawn(arranged_duet: Score) -> None:
    played = play(arranged_duet, detune_cents=8.0, offset_cents=10.0, onset_jitter_ms=12.0)
    detune = np.array([note.detune_cents for note in played])
    late = np.array(
        [note.onset_s - written.onset_q / 2 for note, written in zip(played, arranged_duet.parts[0].notes, strict=True)]
    )
    assert detune.mean() == pytest.approx(10.0, abs=5.0)
    assert detune.std() == pytest.approx(8.0, rel=0.4)
    assert late.std() == pytest.approx(0.012, rel=0.5)
    assert np.all(np.diff([note.onset_s for note in played]) >= 0)


def test_swells_rise_and_fall_inside_the_note_by_the_range_drawn(arranged_duet: Score) -> None:
    annotations = mechanical_annotations(arranged_duet)
    part = arranged_duet.parts[0]
    played = perform(part, annotations, tempo_map(arranged_duet, annotations), replace(SEQUENCER, swell_db=6.0))
    assert np.ptp(played.levels_db) == pytest.approx(6.0)
    note = played.notes[5]
    ends = np.interp([note.onset_s, note.end_s], played.level_times_s, played.levels_db)
    assert ends == pytest.approx([-3.0, -3.0])


def test_articulations_that_do_not_fit_the_notes_are_refused(arranged_duet: Score) -> None:
    annotations = replace(mechanical_annotations(arranged_duet), articulations={"Flute": ("legato",)})
    with pytest.raises(ConfigError, match="expected 32 articulations, got 1"):
        perform(arranged_duet.parts[0], annotations, tempo_map(arranged_duet, annotations), SEQUENCER)


def test_players_differ_by_label_and_not_by_order() -> None:
    first, second = (draw_player(HUMANISING["full"], 1, "piece", label) for label in ("Violin_1", "Violin_2"))
    assert first != second
    assert first == draw_player(HUMANISING["full"], 1, "piece", "Violin_1")
