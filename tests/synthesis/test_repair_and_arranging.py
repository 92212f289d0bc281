import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import Note, Part, Score, arrange, ensemble_named, excerpt, parse_ensemble
from rebalance.synthesis.notation._arranging import ENSEMBLES, OCTAVE, best_octave_shift
from rebalance.synthesis.notation._instruments import INSTRUMENTS, recognise_instrument
from rebalance.synthesis.notation._repair import repair_score, split_double_stops

NOTES = st.lists(
    st.builds(
        Note,
        onset_q=st.integers(0, 200).map(lambda at: at / 4),
        duration_q=st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]),
        pitch=st.integers(20, 110),
    ),
    min_size=1,
    max_size=40,
)


def part(notes: list[Note], name: str = "Violin", **settings: bool) -> Part:
    return Part(name=name, instrument=INSTRUMENTS.get(name), notes=tuple(sorted(notes)), **settings)


def test_double_stops_keep_the_top_note_and_the_rest_is_counted() -> None:
    chord = [Note(onset_q=0, duration_q=1, pitch=pitch) for pitch in (55, 62, 71)]
    grace = Note(onset_q=1, duration_q=0, pitch=80)
    repaired = repair_score(Score(name="x", parts=(part([*chord, grace]),)))
    assert [note.pitch for note in repaired.score.parts[0].notes] == [71]
    assert repaired.report.lower_notes_of_double_stops == 2
    assert repaired.report.grace_notes == 1


@given(NOTES)
def test_after_repair_one_note_sounds_at_a_time(notes: list[Note]) -> None:
    kept = split_double_stops(part(notes)).notes
    assert all(earlier.end_q <= later.onset_q + 1e-9 for earlier, later in itertools.pairwise(kept))


def test_percussion_foreign_instruments_and_notes_out_of_range_are_dropped_on_request() -> None:
    drum = part([Note(onset_q=0, duration_q=1, pitch=40)], "drums", percussion=True)
    synth = part([Note(onset_q=0, duration_q=1, pitch=60)], "Pad 3")
    violin = part([Note(onset_q=at, duration_q=1, pitch=pitch) for at, pitch in enumerate((40, 60))])
    score = Score(name="x", parts=(drum, synth, violin))
    everything = repair_score(score, keep_percussion=True)
    assert len(everything.score.parts) == 3
    strings = repair_score(score, families=("strings",), cut_to_range=True)
    assert strings.report.parts == ("drums", "Pad 3")
    assert strings.report.out_of_range_notes == 1
    assert [note.pitch for note in strings.score.parts[0].notes] == [60]


def test_an_excerpt_counts_from_its_own_start() -> None:
    score = Score(name="x", parts=(part([Note(onset_q=float(at), duration_q=2.0, pitch=60) for at in range(8)]),))
    cut = excerpt(score, 2.0, 4.0).parts[0].notes
    assert [(note.onset_q, note.duration_q) for note in cut] == [(0.0, 2.0), (1.0, 1.0)]


@pytest.mark.parametrize("name", CAD2_TASK2.instruments)
@settings(max_examples=20)
@given(notes=NOTES)
def test_arranged_parts_lie_in_the_range_of_their_instrument_and_move_by_octaves_only(
    name: str, notes: list[Note]
) -> None:
    score = Score(name="x", parts=(part([*notes, Note(onset_q=99, duration_q=1, pitch=60)]),))
    other = "Cello" if name != "Cello" else "Violin"
    arranged = arrange(score, parse_ensemble([name, other])).score
    single = repair_score(score).score.parts[0].notes
    for arranged_part in arranged.parts:
        assert arranged_part.instrument is not None
        assert all(arranged_part.instrument.plays(note.pitch) for note in arranged_part.notes)
        moves = {(new.pitch - old.pitch) % OCTAVE for new, old in zip(arranged_part.notes, single, strict=True)}
        assert moves == {0}


def test_a_part_that_fits_is_not_moved() -> None:
    fitting = part([Note(onset_q=0, duration_q=1, pitch=70)])
    assert best_octave_shift(fitting, INSTRUMENTS["Violin"]) == 0
    assert best_octave_shift(fitting, INSTRUMENTS["Cello"]) == 0
    assert best_octave_shift(fitting, INSTRUMENTS["Tuba"]) == -OCTAVE


def test_high_parts_go_to_high_instruments_and_inner_parts_are_left_out_first() -> None:
    heights = {"a": 80, "b": 70, "c": 60, "d": 40}
    parts = tuple(
        part([Note(onset_q=at, duration_q=1, pitch=pitch) for at in range(4 if name != "b" else 9)], name)
        for name, pitch in heights.items()
    )
    trio = arrange(Score(name="x", parts=parts), parse_ensemble(["Cello", "Flute", "Clarinet"])).score
    by_label = {found.name: found.notes for found in trio.parts}
    assert list(by_label) == ["Cello", "Flute", "Clarinet"]
    assert {label: notes[0].pitch for label, notes in by_label.items()} == {"Cello": 40, "Flute": 80, "Clarinet": 70}


def test_of_two_players_of_one_instrument_the_first_sounds_higher() -> None:
    heights = {"soprano": 60, "bass": 43}  # a tenor below the range of the violin moves an octave up
    for tenor in range(45, 60):
        parts = tuple(
            part([Note(onset_q=at, duration_q=1, pitch=pitch) for at in range(4)], name)
            for name, pitch in (heights | {"tenor": tenor}).items()
        )
        trio = arrange(Score(name="x", parts=parts), parse_ensemble(["Violin", "Violin", "Cello"])).score
        first, second, _ = trio.parts
        assert (first.name, second.name) == ("Violin_1", "Violin_2")
        assert first.mean_pitch >= second.mean_pitch, tenor


def test_the_voices_of_doubled_instruments_are_numbered() -> None:
    assert [chair.label for chair in parse_ensemble(["Violin", "Violin", "Viola", "Cello"])] == [
        "Violin_1",
        "Violin_2",
        "Viola",
        "Cello",
    ]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["Violin"], "two to five"),
        (["Violin"] * 3, "3 times"),
        (["Oboe", "Oboe"], "2 times"),
        (["Violin", "Horn"], "no instrument of the challenge"),
        (["Violin", "Celo"], "did you mean 'Cello'"),
    ],
)
def test_ensembles_against_the_rules_are_refused(labels: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_ensemble(labels)


def test_every_named_ensemble_keeps_the_rules() -> None:
    assert all(ensemble_named(name, np.random.default_rng(0)) for name in ENSEMBLES)


def test_mixed_ensembles_hold_strings_and_woodwinds_and_random_ones_reach_every_size() -> None:
    rng = np.random.default_rng(0)
    mixed = [ensemble_named("mixed", rng) for _ in range(50)]
    assert all({chair.instrument.family for chair in drawn} == {"strings", "woodwinds"} for drawn in mixed)
    assert {len(ensemble_named("random", rng)) for _ in range(80)} == {2, 3, 4, 5}


@pytest.mark.parametrize(
    ("printed", "program", "expected"),
    [
        ("Violino II", None, "Violin"),
        ("Violoncello", None, "Cello"),
        ("Viola", None, "Viola"),
        ("Fagott", None, "Bassoon"),
        ("Bass Clarinet", None, "BassClarinet"),
        ("Contrabassoon", None, "Contrabassoon"),
        ("Contrabass", None, "Bass"),
        ("Alto Sax", None, "Sax"),
        ("Staff 3", 68, "Oboe"),
        ("Staff 3", None, None),
        ("Piano", 0, None),
    ],
)
def test_instruments_are_recognised_by_name_or_program(printed: str, program: int | None, expected: str | None) -> None:
    found = recognise_instrument(printed, program)
    assert (found.name if found else None) == expected
