"""The recipe that sorts recorded notes: what it takes, and what it leaves out and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "recipes" / "default" / "sort_notes.py"
FOLDERS = (
    *("flute", "oboe", "clarinet", "saxophone", "bassoon", "cello"),
    *("double bass", "cor anglais", "french horn", "trombone"),
)


def sorted_notes(audio: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, audio, out], capture_output=True, text=True, check=False)


def write_notes(audio: Path, name: str, content: bytes = b"sound") -> None:
    for folder in FOLDERS:
        note = audio / folder / f"{folder}_{name}.mp3"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_bytes(content)


def test_ordinary_notes_are_sorted_by_dynamics_and_length(tmp_path: Path) -> None:
    write_notes(tmp_path / "audio", "A4_15_forte_normal")
    write_notes(tmp_path / "audio", "A4_15_forte_trill")
    assert sorted_notes(tmp_path / "audio", tmp_path / "out").stdout == f"{tmp_path / 'out'}: 10 notes\n"
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.mp3")}
    assert "loud-long/Sax/saxophone_A4_15_forte_normal.mp3" in found
    assert len(found) == len(FOLDERS)


def test_empty_files_are_named_and_left_out(tmp_path: Path) -> None:
    write_notes(tmp_path / "audio", "A4_15_forte_normal")
    empty = tmp_path / "audio" / "cello" / "cello_A3_15_forte_normal.mp3"
    empty.touch()
    done = sorted_notes(tmp_path / "audio", tmp_path / "out")
    assert done.returncode == 0
    assert done.stderr == f"sort_notes.py: {empty}: the file is empty, left out\n"
    assert not list((tmp_path / "out").rglob(empty.name))
