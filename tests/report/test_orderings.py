"""Claims of a study: pairs, their sides, and what is left out."""

from __future__ import annotations

import pandas as pd
import pytest

from rebalance._base.errors import MetadataError
from rebalance.report import Ordering, compare_systems, ordering_lines, system_lines

PIECES = [f"piece {number}" for number in range(6)]


def rows_of(system: str, values: list[float], *, target: str = "Flute", seed: int = 0) -> pd.DataFrame:
    facts = {"system": system, "target": target, "seed": seed}
    return pd.DataFrame({"piece": PIECES, "sdr_db": values}).assign(**facts)


def claims(rows: pd.DataFrame, **ordering: object) -> list[str]:
    given = {"system": "iass", "than": "input", "figure": "sdr_db", **ordering}
    return list(ordering_lines(rows, [Ordering(**given)]))[2:]  # type: ignore[arg-type]


def test_a_trained_system_is_paired_with_an_untrained_one_in_every_seed() -> None:
    rows = pd.concat(
        [
            rows_of("input", [0, 1, 2, 3, 4, 5], seed=-1),
            rows_of("iass", [1, 2, 3, 4, 5, 6], seed=0),
            rows_of("iass", [3, 4, 5, 6, 7, 8], seed=1),
        ]
    )
    (line,) = claims(rows)
    assert line == "| Flute | iass > input (sdr_db) | +2.00 [+2.00, +2.00] | 12 | 0.031 | holds |"


def test_two_trained_systems_are_paired_by_piece_and_seed() -> None:
    rows = pd.concat(
        [
            rows_of("input", [0, 0, 0, 0, 0, 0], seed=0),
            rows_of("input", [9, 9, 9, 9, 9, 9], seed=1),
            rows_of("iass", [1, 1, 1, 1, 1, 1], seed=0),
            rows_of("iass", [10, 10, 10, 10, 10, 10], seed=1),
        ]
    )
    assert "| +1.00 [+1.00, +1.00] | 12 |" in claims(rows)[0]


@pytest.mark.parametrize(
    ("values", "expected", "verdict"),
    [
        ([-1, -2, -1, -2, -1, -2], "higher", "fails"),
        ([-1, -2, -1, -2, -1, -2], "lower", "holds"),
        ([1, 2, 1, 2, 1, 2], "lower", "fails"),
        ([-2, 2, -2, 2, -2, 2], "higher", "open"),
    ],
)
def test_a_claim_holds_fails_or_is_open(values: list[float], expected: str, verdict: str) -> None:
    rows = pd.concat([rows_of("input", [0.0] * 6, seed=-1), rows_of("iass", values)])
    assert claims(rows, expected=expected)[0].endswith(f"| {verdict} |")


def test_a_contrast_compares_the_difference_on_two_targets() -> None:
    parts = [
        rows_of("input", [0.0] * 6, seed=-1),
        rows_of("iass", [3.0] * 6),
        rows_of("input", [0.0] * 6, seed=-1, target="Cello"),
        rows_of("iass", [1.0] * 6, target="Cello"),
    ]
    (line,) = claims(pd.concat(parts), contrast=("Flute", "Cello"))
    assert line.startswith("| Flute less Cello | iass > input (sdr_db) | +2.00 [")


def test_what_was_not_measured_is_left_out_and_a_missing_column_is_an_error() -> None:
    rows = rows_of("input", [0.0] * 6, seed=-1)
    assert claims(rows) == []
    with pytest.raises(MetadataError, match="more columns"):
        claims(rows, figure="f1")
    table = list(system_lines(rows.assign(f1=float("nan")), {"sdr_db": "SDR", "f1": "F1"}))
    assert table[2] == "| Flute | input | 0.00 [0.00, 0.00] | – |"


def test_targets_are_compared_one_by_one_or_all_together() -> None:
    parts = [
        rows_of("input", [0.0] * 6, seed=-1),
        rows_of("iass", [3.0] * 6),
        rows_of("input", [0.0] * 6, seed=-1, target="Cello"),
        rows_of("iass", [1.0] * 6, target="Cello"),
    ]
    ordering = Ordering(system="iass", than="input", figure="sdr_db")
    single = list(compare_systems(pd.concat(parts), ordering))
    assert [(each.target, each.difference.estimate.mean) for each in single] == [("Flute", 3.0), ("Cello", 1.0)]
    (pooled,) = compare_systems(pd.concat(parts), ordering, pooled=True)
    assert (pooled.difference.estimate.mean, len(pooled.pairs)) == (2.0, 12)


def test_a_pair_is_of_one_segment_where_there_are_several() -> None:
    rows = pd.concat(
        [
            rows_of(system, values, seed=seed).assign(segment=segment)
            for system, seed in (("input", -1), ("iass", 0))
            for segment, values in enumerate(([0.0] * 6, [5.0] * 6))
        ]
    )
    (result,) = compare_systems(rows, Ordering(system="iass", than="input", figure="sdr_db"))
    assert (len(result.pairs), set(result.pairs["difference"])) == (12, {0.0})


def test_a_claim_that_allows_for_equality_fails_below_it_alone() -> None:
    rows = pd.concat([rows_of("input", [0.0] * 6, seed=-1), rows_of("iass", [-1.0, 1.0] * 3)])
    ordering = Ordering(system="iass", than="input", figure="sdr_db", expected="not lower")
    assert ordering.text == "iass ≥ input (sdr_db)"
    (result,) = compare_systems(rows, ordering)
    assert result.verdict == "open"
    assert claims(rows.assign(sdr_db=rows["sdr_db"] - 2 * (rows["system"] == "iass")), expected="not lower")[
        0
    ].endswith("fails |")
