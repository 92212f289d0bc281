"""What all studies share: tables that only grow, cells that are done once, and the command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from rebalance import ConfigError, MetadataError
from rebalance.training.studies import StudyTables, run_cells, run_study_command, study_parser

COLUMNS = {"scores.csv": ("system", "seed", "piece", "sdr_db"), "cells.csv": ("system", "seed", "steps")}
Cell = tuple[str, int]


def tables_in(folder: Path, **settings: str) -> StudyTables:
    return StudyTables(folder=folder, columns=COLUMNS, key=("system", "seed"), **settings)


def measured(cell: Cell) -> Mapping[str, pd.DataFrame]:
    scores = pd.DataFrame({"piece": ["a, b", "NA"], "sdr_db": [cell[1] + 1 / 3, None]})
    return {"scores.csv": scores, "cells.csv": pd.DataFrame({"steps": [7]})}


def run(cells: list[Cell], tables: StudyTables) -> list[Cell]:
    return list(run_cells(cells, measured, tables, key=lambda cell: cell))


def test_cells_are_done_once_and_in_order(tmp_path: Path) -> None:
    cells = [("iass", 0), ("iass", 1), ("open-unmix", 0)]
    assert run(cells[1:2], tables_in(tmp_path)) == [("iass", 1)]
    assert run(cells, tables_in(tmp_path)) == [("iass", 0), ("open-unmix", 0)]
    assert run(cells, tables_in(tmp_path)) == []
    assert tables_in(tmp_path).finished() == {("iass", "0"), ("iass", "1"), ("open-unmix", "0")}
    assert len(tables_in(tmp_path).read()["scores.csv"]) == 6


def test_rows_that_are_there_are_never_written_otherwise(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text('system,seed,piece,sdr_db\niass,0,"a, b",1.50\niass,0,NA,\n')
    (tmp_path / "cells.csv").write_text("system,seed,steps\niass,0,7.0\n")
    before = {name: (tmp_path / name).read_text() for name in COLUMNS}
    assert run([("iass", 0), ("iass", 1)], tables_in(tmp_path, float_format="%.2f")) == [("iass", 1)]
    assert (tmp_path / "scores.csv").read_text() == f'{before["scores.csv"]}iass,1,"a, b",1.33\niass,1,NA,\n'
    assert (tmp_path / "cells.csv").read_text() == f"{before['cells.csv']}iass,1,7\n"


def test_rows_of_a_cell_that_was_not_finished_are_left_out_and_written_anew(tmp_path: Path) -> None:
    run([("iass", 0), ("iass", 1)], tables_in(tmp_path))
    whole = (tmp_path / "scores.csv").read_text()
    (tmp_path / "cells.csv").write_text("system,seed,steps\niass,0,7\n")
    assert set(tables_in(tmp_path).read()["scores.csv"]["seed"]) == {0}
    assert run([("iass", 1)], tables_in(tmp_path)) == [("iass", 1)]
    assert (tmp_path / "scores.csv").read_text() == whole


def test_what_another_run_adds_meanwhile_is_kept_and_not_done_again(tmp_path: Path) -> None:
    cells = run_cells([("iass", 0), ("iass", 1), ("iass", 2)], measured, tables_in(tmp_path), key=lambda cell: cell)
    assert next(cells) == ("iass", 0)
    run([("iass", 1)], tables_in(tmp_path))
    assert list(cells) == [("iass", 2)]
    assert len(tables_in(tmp_path).finished()) == 3


def test_a_cell_that_fails_leaves_the_tables_as_they_were(tmp_path: Path) -> None:
    def failing(cell: Cell) -> Mapping[str, pd.DataFrame]:
        if cell[1]:
            raise ConfigError("no such cell", where="here")
        return measured(cell)

    with pytest.raises(ConfigError, match="no such cell"):
        list(run_cells([("iass", 0), ("iass", 1)], failing, tables_in(tmp_path), key=lambda cell: cell))
    assert tables_in(tmp_path).finished() == {("iass", "0")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"system,piece\n", "expected columns system, seed, steps"),
        (b"\xff\xfe", "the results of a study"),
        (b"", "the results"),
    ],
)
def test_what_is_no_table_of_the_study_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "cells.csv").write_bytes(content)
    with pytest.raises(MetadataError, match=rf"cells\.csv: .*{words}"):
        tables_in(tmp_path).read()


def test_a_command_tells_its_cells_prints_its_tables_and_may_be_called_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (0, 1):

        def work(asked: object, seed: int = seed) -> Iterator[str]:
            run([("iass", seed)], tables_in(tmp_path))
            yield f"{asked.smoke} {asked.overrides}"  # type: ignore[attr-defined]

        run_study_command(study_parser("study.py", "What it does."), work, ["seeds=[0]", "--smoke", "x=y"])
        told = capsys.readouterr()
        assert told.out == "True ['seeds=[0]', 'x=y']\n"
        assert told.err == f"cell iass {seed}\n"


def test_what_goes_wrong_in_a_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_: object) -> Iterator[str]:
        yield "begun"
        raise ConfigError("there is no such thing", where="settings")

    with pytest.raises(SystemExit) as ended:
        run_study_command(study_parser("study.py", None), refuse, [])
    assert str(ended.value) == "study.py: settings: there is no such thing"
    with pytest.raises(SystemExit):
        run_study_command(study_parser("study.py", None), refuse, ["seeds"])
    told = capsys.readouterr().err
    assert told.startswith("usage: python study.py")
    assert "expected KEY=VALUE, got 'seeds'" in told
