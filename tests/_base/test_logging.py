"""The library logs under its own name and prints nothing by itself."""

from __future__ import annotations

import logging
import subprocess
import sys

from rebalance import load_task
from rebalance._base.files import write_text
from rebalance.pipeline import EnhanceOptions, enhance_task
from rebalance.separation import load_separator


def test_files_read_and_written_are_logged_for_whoever_looks_for_a_fault(caplog, tmp_path) -> None:
    caplog.set_level(logging.DEBUG, logger="rebalance")
    load_task("metadata/demo", "valid")
    write_text(tmp_path / "card.md", "A card.")
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert any(line.endswith("scenes.valid.json: reading") for line in told)
    assert told[-1] == f"{tmp_path / 'card.md'}: written"


def test_separators_and_runs_that_go_on_are_logged(caplog, tmp_path) -> None:
    caplog.set_level(logging.INFO, logger="rebalance")
    load_separator("mixture")
    enhance_task(load_task("metadata/demo", "valid").subset([]), tmp_path, EnhanceOptions(separator="mixture"), jobs=1)
    told = [record.getMessage() for record in caplog.records]
    assert "separator mixture: loaded, device auto" in told
    assert f"{tmp_path}: 0 of 0 pairs are there" in told
    assert {record.name.split(".")[0] for record in caplog.records} == {"rebalance"}


def test_nothing_is_printed_unless_a_program_asks_for_it() -> None:
    code = "import logging, rebalance; logging.getLogger('rebalance.audio').error('a fault')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
