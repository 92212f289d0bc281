"""Sort the Philharmonia Orchestra's single notes for stems.yaml: `python sort_notes.py AUDIO [OUT]`.

AUDIO holds a folder per instrument, file names as published: instrument_pitch_length_dynamic_technique.mp3.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

# Those of the challenge's instruments that were recorded, and what else an orchestra has of them; there are no single
# notes of violin and viola.
FOLDERS = {
    "Flute": "flute",
    "Oboe": "oboe",
    "Clarinet": "clarinet",
    "Sax": "saxophone",
    "Bassoon": "bassoon",
    "Cello": "cello",
    "Bass": "double bass",
    "EnglishHorn": "cor anglais",
    "Horn": "french horn",
    "Trombone": "trombone",
}
LENGTHS = {"1": "short", "15": "long", "long": "long", "very-long": "long"}
DYNAMICS = {
    "pianissimo": "soft",
    "piano": "soft",
    "mezzo-piano": "soft",
    "mezzo-forte": "loud",
    "forte": "loud",
    "fortissimo": "loud",
}
ORDINARY = ("normal", "arco-normal")


def group_of(note: Path) -> str | None:
    """Return the ``<dynamic>-<length>`` a note belongs to; None for other playing, swells and phrases."""
    parts = note.stem.split("_")
    if len(parts) != 5 or parts[4] not in ORDINARY or parts[2] not in LENGTHS or parts[3] not in DYNAMICS:
        return None
    return f"{DYNAMICS[parts[3]]}-{LENGTHS[parts[2]]}"


def main(audio: Path, out: Path) -> None:
    """Copy every note that is played ordinarily to its place."""
    if missing := [folder for folder in FOLDERS.values() if not any((audio / folder).glob("[!.]*.mp3"))]:
        sys.exit(f"sort_notes.py: {audio}: expected folders of MP3 files, found none in {', '.join(missing)}")
    n_notes = 0
    for instrument, folder in FOLDERS.items():
        for note in sorted((audio / folder).glob("[!.]*.mp3")):
            if not note.stat().st_size:
                sys.stderr.write(f"sort_notes.py: {note}: the file is empty, left out\n")
            elif group := group_of(note):
                target = out / group / instrument / note.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(note, target)
                n_notes += 1
    sys.stdout.write(f"{out}: {n_notes} notes\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python sort_notes.py AUDIO [OUT]")
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "notes"))
