"""Sort the Philharmonia Orchestra's single notes for stems.yaml: `python sort_notes.py AUDIO [OUT]`.

AUDIO holds a folder per instrument, file names as published: instrument_pitch_length_dynamic_technique.mp3.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

FOLDERS = {
    "Flute": "flute",
    "Oboe": "oboe",
    "Clarinet": "clarinet",
    "Sax": "saxophone",
    "Bassoon": "bassoon",
    "Cello": "cello",
}
LENGTHS = {"1": "short", "15": "long", "long": "long", "very-long": "long"}
LOUD = ("mezzo-forte", "forte", "fortissimo")
ORDINARY = ("normal", "arco-normal")


def group_of(note: Path) -> str | None:
    """Return the ``<dynamic>-<length>`` a note belongs to; None for other playing and for phrases."""
    parts = note.stem.split("_")
    if len(parts) != 5 or parts[4] not in ORDINARY or parts[2] not in LENGTHS:
        return None
    return f"{'loud' if parts[3] in LOUD else 'soft'}-{LENGTHS[parts[2]]}"


def main(audio: Path, out: Path) -> None:
    """Copy every note that is played ordinarily to its place."""
    n_notes = 0
    for instrument, folder in FOLDERS.items():
        for note in sorted((audio / folder).glob("*.mp3")):
            if group := group_of(note):
                target = out / group / instrument / note.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(note, target)
                n_notes += 1
    if not n_notes:
        sys.exit(f"sort_notes.py: {audio}: expected folders {', '.join(FOLDERS.values())} of notes, found none")
    sys.stdout.write(f"{out}: {n_notes} notes\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python sort_notes.py AUDIO [OUT]")
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "notes"))
