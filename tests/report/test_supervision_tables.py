"""Tables of a study of learning from scores, and the verdicts on its orderings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rebalance.report import (
    SCORE_ORDERINGS,
    Ordering,
    note_lines,
    score_ordering_lines,
    separation_lines,
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


def came_out(table: pd.DataFrame, system: str, than: str) -> str:
    ordering = Ordering(system=system, than=than, figure="si_sdr_db")
    return list(score_ordering_lines(table, NO_NOTES, [ordering]))[-1]


def test_differences_are_paired_by_track() -> None:
    table = separation({"c-mix": [0.0, 10.0, 20.0], "h-mix": [-1.0, 9.0, 19.0]})
    assert came_out(table, "c-mix", "h-mix") == "| c-mix > h-mix | SI-SDR, dB | +1.00 [+1.00, +1.00] | yes |"


def test_the_input_is_compared_with_every_seed() -> None:
    table = separation({"c-mix": [1.0, 2.0], "input": [0.0, 0.0]})
    table.loc[(table["row"] == "c-mix") & (table["seed"] == 1), "si_sdr_db"] += 1.0
    assert "| +2.00 [+1.50, +2.50] |" in came_out(table, "c-mix", "input")


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 2.0, 3.0], "yes"), ([-1.0, -2.0, -3.0], "no"), ([-1.0, 1.0, 0.5], "not resolved"), ([1.0], "not resolved")],
)
def test_an_ordering_came_out_where_its_interval_lies_above_nothing(values: list[float], expected: str) -> None:
    line = came_out(separation({"c-mix": values, "h-mix": [0.0] * len(values)}), "c-mix", "h-mix")
    assert line.endswith(f"| {expected} |")


def test_an_ordering_that_did_not_come_out_is_told() -> None:
    table = separation({"supervised": [0.0, 1.0, 0.5], "joint, AML": [2.0, 2.5, 3.0]})
    assert list(score_ordering_lines(table, NO_NOTES))[-1].endswith("| no |")


def test_false_positives_and_accuracy_are_compared_by_track() -> None:
    table = notes({"joint": [(4, 4, 0), (5, 5, 0)], "joint, AML": [(4, 1, 0), (9, 1, 0)]})
    lines = list(score_ordering_lines(separation({"c-mix": [0.0]}), table))
    assert "| joint > joint, AML | false positives | +0.35 [+0.30, +0.40] | yes |" in lines
    assert any(line.startswith("| joint, AML > joint | note accuracy, Guitar | +0.35") for line in lines)


def test_an_ordering_on_one_instrument_leaves_the_others_out() -> None:
    table = separation({"joint": [1.0, 2.0], "c-mix": [0.0, 0.0]})
    table.loc[(table["row"] == "joint") & (table["instrument"] == "Piano"), "si_sdr_db"] -= 9.0
    ordering = Ordering(system="joint", than="c-mix", figure="si_sdr_db", targets=("Bass",))
    (line,) = list(score_ordering_lines(table, NO_NOTES, [ordering]))[2:]
    assert line == "| joint > c-mix | SI-SDR, dB, Bass | +1.50 [+1.00, +2.00] | yes |"


def test_orderings_of_rows_that_are_not_there_are_left_out() -> None:
    assert list(score_ordering_lines(separation({"c-mix": [0.0]}), NO_NOTES))[2:] == []
    assert len(set(SCORE_ORDERINGS)) == len(SCORE_ORDERINGS)


def test_the_tables_are_one_file(tmp_path: Path) -> None:
    write_score_tables(tmp_path, separation({"c-mix": [1.0, 2.0], "h-mix": [0.0, 0.0]}), notes({"joint": [(1, 1, 1)]}))
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert text.count("|---") == 5 + 5 + 4
    assert "c-mix > h-mix" in text
