import itertools
from collections import Counter
from dataclasses import replace

import pytest

from rebalance._base.errors import MetadataError
from rebalance.synthesis.notation import Note, Part, Score
from rebalance.synthesis.notation._instruments import INSTRUMENTS
from rebalance.synthesis.performance import (
    DYNAMIC_LEVELS,
    Annotations,
    DynamicsInterval,
    TempoInterval,
    draw_annotations,
    mechanical_annotations,
)
from rebalance.synthesis.performance._annotations import MAX_GRADUAL_SHARE, N_DYNAMICS_INTERVALS, TRANSITION_S

SEEDS = range(60)


@pytest.fixture(scope="module")
def long_score() -> Score:
    notes = tuple(Note(onset_q=at / 2, duration_q=0.5, pitch=70) for at in range(2000))
    return Score(
        name="long",
        parts=tuple(Part(name=name, instrument=INSTRUMENTS[name], notes=notes) for name in ("Violin", "Oboe")),
        quarter_bpm=100.0,
    )


def test_dynamics_keep_the_published_rules(arranged_duet: Score) -> None:
    seen: Counter[int] = Counter()
    for seed in SEEDS:
        dynamics = draw_annotations(arranged_duet, seed).dynamics
        seen[len(dynamics)] += 1
        levels = [interval.level for interval in dynamics]
        assert all(earlier != later for earlier, later in itertools.pairwise(levels))
        gradual = [interval.transition_s for interval in dynamics if interval.transition_s]
        assert len(gradual) <= MAX_GRADUAL_SHARE * (len(dynamics) - 1)
        assert all(TRANSITION_S[0] <= transition <= TRANSITION_S[1] for transition in gradual)
    assert set(seen) == set(range(N_DYNAMICS_INTERVALS[0], N_DYNAMICS_INTERVALS[1] + 1))


def test_all_eight_levels_are_reached(arranged_duet: Score) -> None:
    drawn = {interval.level for seed in SEEDS for interval in draw_annotations(arranged_duet, seed).dynamics}
    assert drawn == set(DYNAMIC_LEVELS)


def test_tempi_lie_around_the_printed_one_and_long_pieces_may_have_many(long_score: Score) -> None:
    drawn = [draw_annotations(long_score, seed).tempo for seed in SEEDS]
    tempi = [interval.quarter_bpm for tempo in drawn for interval in tempo]
    assert sum(tempi) / len(tempi) == pytest.approx(100, rel=0.03)
    assert len({len(tempo) for tempo in drawn}) > 5


@pytest.mark.parametrize(
    ("part", "shares"),
    [
        (
            "Violin",
            {"legato": (0.55, 0.60), "staccato": (0.25, 0.30), "trill": (0.01, 0.03), "pizzicato": (0.001, 0.05)},
        ),
        ("Oboe", {"marcato": (0.03, 0.06), "tenuto": (0.03, 0.06), "trill": (0.01, 0.03), "flutter": (0.01, 0.03)}),
    ],
)
def test_articulations_come_in_the_published_shares(
    long_score: Score, part: str, shares: dict[str, tuple[float, float]]
) -> None:
    drawn = Counter(name for seed in range(10) for name in draw_annotations(long_score, seed).articulations[part])
    for articulation, (lowest, highest) in shares.items():
        share = drawn[articulation] / drawn.total()
        assert lowest * 0.8 <= share <= highest * 1.2, articulation
    assert not {"pizzicato"} & set(drawn) or part == "Violin"


def test_the_same_seed_gives_the_same_annotations_and_another_others(arranged_duet: Score) -> None:
    assert draw_annotations(arranged_duet, 3) == draw_annotations(arranged_duet, 3)
    assert draw_annotations(arranged_duet, 3) != draw_annotations(arranged_duet, 4)
    assert draw_annotations(arranged_duet, 3) != draw_annotations(replace(arranged_duet, name="other"), 3)


def test_mechanical_annotations_change_nothing(arranged_duet: Score) -> None:
    plain = mechanical_annotations(arranged_duet)
    assert plain.dynamics == ()
    assert [interval.quarter_bpm for interval in plain.tempo] == [120.0]


@pytest.mark.parametrize(
    "tempo", [(), (TempoInterval(start_q=1.0, quarter_bpm=90.0),), (TempoInterval(start_q=0.0, quarter_bpm=0.0),)]
)
def test_annotations_without_a_tempo_from_the_start_are_refused(tempo: tuple[TempoInterval, ...]) -> None:
    with pytest.raises(MetadataError):
        Annotations(dynamics=(DynamicsInterval(start_q=0.0, level="f"),), tempo=tempo, articulations={})
