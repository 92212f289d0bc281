"""Tables of a study of learning from scores, and the verdicts on its orderings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance.report import (
    SCORE_ORDERINGS,
    Estimate,
    ScoreOrdering,
    clustered_mean,
    note_lines,
    score_ordering_difference,
    score_ordering_lines,
    separation_lines,
    verdict_of,
    write_score_tables,
)

NO_NOTES = pd.DataFrame(
    columns=["row", "seed", "heard", "track", "instrument", "right", "false", "missed", "intruding"]
)


def separation(values: dict[str, list[float]], *, seeds: int = 2) -> pd.DataFrame:
    rows = [
        (name, seed, f"track {number}", instrument, 9, value + (instrument == "Bass"))
        for name, its in values.items()
        for seed in range(1 if name == "input" else seeds)
        for number, value in enumerate(its)
        for instrument in ("Bass", "Piano")
    ]
    return pd.DataFrame(rows, columns=["row", "seed", "track", "instrument", "clips", "si_sdr_db"])


def notes(values: dict[str, list[tuple[int, int, int]]]) -> pd.DataFrame:
    rows = [
        (name, 0, "mixture", f"track {number}", "Guitar", right, false, missed, 0)
        for name, its in values.items()
        for number, (right, false, missed) in enumerate(its)
    ]
    return pd.DataFrame(rows, columns=NO_NOTES.columns)


def test_means_are_over_tracks_and_seeds_and_the_mean_over_instruments() -> None:
    lines = list(separation_lines(separation({"c-mix": [1.0, 3.0], "input": [-2.0, -4.0]})))
    assert lines[2] == "| c-mix | 2 | 3.00 | 2.00 | 2.50 [1.50, 3.50] |"
    assert lines[3].startswith("| input | 1 | −2.00 | −3.00 | −2.50 [")


def test_notes_of_all_tracks_are_added_up_before_they_are_divided() -> None:
    lines = list(note_lines(notes({"joint": [(1, 0, 0), (1, 4, 4)]})))
    assert lines[2] == "| joint | mixture | 1 | .20 | .67 |"


def test_an_instrument_without_notes_has_no_accuracy() -> None:
    assert list(note_lines(notes({"joint": [(0, 0, 0)]})))[2] == "| joint | mixture | 1 | – | – |"


def test_differences_are_paired_by_track() -> None:
    table = separation({"c-mix": [0.0, 10.0, 20.0], "h-mix": [-1.0, 9.0, 19.0]})
    found = score_ordering_difference(table, ScoreOrdering(better="c-mix", worse="h-mix"))
    assert found.mean == pytest.approx(1.0)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((1.0, 1.0))
    assert found.n_clusters == 3


def test_the_input_is_compared_with_every_seed() -> None:
    table = separation({"c-mix": [1.0, 2.0], "input": [0.0, 0.0]})
    found = score_ordering_difference(table, ScoreOrdering(better="c-mix", worse="input"))
    assert (found.mean, found.n_values) == (1.5, 8)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 2.0, 3.0], "yes"), ([-1.0, -2.0, -3.0], "no"), ([-1.0, 1.0, 0.5], "not resolved"), ([1.0], "not resolved")],
)
def test_an_ordering_came_out_where_its_interval_lies_above_nothing(values: list[float], expected: str) -> None:
    clusters = [str(number) for number in range(len(values))]
    assert verdict_of(clustered_mean(values, clusters, rng=np.random.default_rng(0))) == expected


def test_an_ordering_that_did_not_come_out_is_told() -> None:
    table = separation({"supervised": [0.0, 1.0, 0.5], "joint, AML": [2.0, 2.5, 3.0]})
    assert list(score_ordering_lines(table, NO_NOTES))[-1].endswith("| no |")


def test_false_positives_and_accuracy_are_compared_by_track() -> None:
    table = notes({"joint": [(4, 4, 0), (5, 5, 0)], "joint, AML": [(4, 1, 0), (9, 1, 0)]})
    lines = list(score_ordering_lines(separation({"c-mix": [0.0]}), table))
    assert "| joint > joint, AML | false positives | +0.35 [+0.30, +0.40] | yes |" in lines
    assert any(line.startswith("| joint, AML > joint | note accuracy, Guitar | +0.35") for line in lines)


def test_orderings_of_rows_that_are_not_there_are_left_out() -> None:
    assert list(score_ordering_lines(separation({"c-mix": [0.0]}), NO_NOTES))[2:] == []
    assert len({(it.better, it.worse, it.figure, it.instrument) for it in SCORE_ORDERINGS}) == len(SCORE_ORDERINGS)


def test_the_tables_are_one_file(tmp_path: Path) -> None:
    write_score_tables(tmp_path, separation({"c-mix": [1.0, 2.0], "h-mix": [0.0, 0.0]}), notes({"joint": [(1, 1, 1)]}))
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert text.count("|---") == 5 + 5 + 4
    assert "c-mix > h-mix" in text
    assert isinstance(
        score_ordering_difference(separation({"a": [1.0], "b": [0.0]}), ScoreOrdering(better="a", worse="b")), Estimate
    )
