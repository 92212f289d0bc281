"""Name recorded notes as the renderer reads them: `python sort_real_notes.py SOUNDS OUT`.

SOUNDS holds a folder per instrument, the MIDI pitch first in every file name: `069_iowa_ff_001.flac`. OUT gets links,
the pitch last: `iowa-0001-069.flac`.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(sounds: Path, out: Path) -> None:
    """Link every note to its place."""
    notes = sorted(sounds.glob("*/[0-9][0-9][0-9]_*.flac"))
    if not notes:
        sys.exit(f"sort_real_notes.py: {sounds}: expected <Instrument>/<MIDI pitch>_<source>.flac, found none")
    for number, note in enumerate(notes):
        pitch, _, rest = note.stem.partition("_")
        source = "".join(letter for letter in rest.partition("_")[0] if letter.isalpha())
        link = out / note.parent.name / f"{source}-x{number:04d}-{pitch}.flac"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(note.resolve())
    sys.stdout.write(f"{out}: {len(notes)} notes\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python sort_real_notes.py SOUNDS OUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
