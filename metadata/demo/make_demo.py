"""Make the embedded task: two segments of real music, four scenes, three listeners, and the record of their origin.

Run from anywhere; the same packages give the same bytes: ``python metadata/demo/make_demo.py``. Needs the ``render``
extra and, on Debian, ``apt install libfluidsynth3 fluid-soundfont-gm musescore-general-soundfont-small``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rebalance import Audiogram, Listener
from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.files import write_json, write_text
from rebalance.hearing import prescribe
from rebalance.synthesis.notation import arrange, excerpt, parse_ensemble, read_corpus_score
from rebalance.synthesis.rendering import (
    SAMPLE_RATE,
    PieceStems,
    RenderSettings,
    draw_plan,
    mix_down,
    render_stems,
    write_piece,
    write_plan,
)
from rebalance.taskmaking import fittings_json, listeners_json

ROOT = Path(__file__).resolve().parent
DATASET = "RebalanceDemo"
FONTS = ("fluidr3", "musescore")
EXCERPT_S = 60.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Fifteen seconds of a piece: where it is in music21's corpus, who plays it, and which rendition of it."""

    name: str
    corpus_name: str
    work: str
    first_q: float
    quarter_bpm: float
    ensemble: tuple[str, ...]
    seed: int
    start_s: float


EXCERPTS = (
    Excerpt(
        name="haydn-quartet",
        corpus_name="haydn/opus74no1/movement1",
        work="Joseph Haydn (1732-1809), String Quartet in C major, op. 74 no. 1, first movement",
        first_q=160.0,
        quarter_bpm=112.0,
        ensemble=("Violin", "Violin", "Viola", "Cello"),
        seed=2,
        start_s=7.0,
    ),
    Excerpt(
        name="mozart-winds",
        corpus_name="mozart/k155/movement2",
        work="Wolfgang Amadeus Mozart (1756-1791), String Quartet in D major, K. 155, second movement, set for winds",
        first_q=0.0,
        quarter_bpm=66.0,
        ensemble=("Flute", "Oboe", "Clarinet", "Bassoon"),
        seed=4,
        start_s=1.0,
    ),
)

# Raw gains in dB by source; the two segments have four sources each.
GAINS: dict[str, tuple[int, int, int, int]] = {
    "gain_0001": (0, 0, 0, 3),
    "gain_0002": (-10, 0, 10, -6),
    "gain_0003": (0, 10, 0, 0),
    "gain_0004": (-3, 0, 6, -10),
}
SCENES: dict[str, tuple[str, str]] = {
    "S50001": ("haydn-quartet_000", "gain_0001"),
    "S50002": ("haydn-quartet_000", "gain_0002"),
    "S50003": ("mozart-winds_000", "gain_0003"),
    "S50004": ("mozart-winds_000", "gain_0004"),
}
# Thresholds in dB HL at the eight audiometric frequencies: sloping losses as age and noise bring them.
THRESHOLDS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "L0001": ((15, 15, 20, 25, 30, 35, 40, 45), (15, 20, 20, 25, 35, 40, 40, 50)),
    "L0002": ((35, 40, 50, 60, 65, 65, 70, 75), (40, 45, 50, 60, 60, 70, 75, 80)),
    "L0003": ((0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0)),
}


def main() -> None:
    """Write audio, metadata and the record of origins."""
    pieces = {wanted.name: render_excerpt(wanted) for wanted in EXCERPTS}
    metadata = ROOT / "metadata"
    write_json(metadata / "music.valid.json", {f"{name}_000": music_entry(piece) for name, piece in pieces.items()})
    gains = {name: {f"source_{at}": gain for at, gain in enumerate(row, start=1)} for name, row in GAINS.items()}
    write_json(metadata / "gains.json", gains)
    scenes = {scene: {"music": music, "gain": gain} for scene, (music, gain) in SCENES.items()}
    write_json(metadata / "scenes.valid.json", scenes)
    write_json(metadata / "scene_listeners.valid.json", {scene: list(THRESHOLDS) for scene in SCENES})
    people = {name: listener(name) for name in THRESHOLDS}
    write_json(metadata / "listeners.valid.json", listeners_json(people))
    fittings = {name: prescribe(person) for name, person in people.items()}
    write_json(metadata / "compressor_params.valid.json", fittings_json(fittings))
    write_text(ROOT.parent / "SOURCES.md", sources_page())


def render_excerpt(wanted: Excerpt) -> PieceStems:
    """Render one excerpt and write its stems, its mixture and its annotations."""
    score = replace(read_corpus_score(wanted.corpus_name), quarter_bpm=wanted.quarter_bpm)
    last_q = wanted.first_q + EXCERPT_S * wanted.quarter_bpm / MINUTE_S
    arranged = arrange(excerpt(score, wanted.first_q, last_q), parse_ensemble(wanted.ensemble)).score
    plan = draw_plan(arranged, RenderSettings(fonts=FONTS), name=wanted.name, seed=wanted.seed)
    first = round(wanted.start_s * SAMPLE_RATE)
    last = first + round(CAD2_TASK2.segment_duration_s * SAMPLE_RATE)
    stems = {label: stem[:, first:last] for label, stem in render_stems(arranged, plan).items()}
    folder = PurePosixPath("valid") / wanted.name
    write_plan(ROOT / "audio" / folder / "annotations.json", plan)
    rendered = mix_down(stems, where=wanted.name)
    return write_piece(ROOT / "audio", folder, rendered, name=wanted.name, dataset=DATASET)


def music_entry(piece: PieceStems) -> dict[str, dict[str, object]]:
    """Return the metadata of a piece that is one segment."""
    labelled = {f"source_{at}": pair for at, pair in enumerate(piece.stems.items(), start=1)}
    tracks = {**labelled, "mixture": ("Mixture", piece.mixture)}
    return {
        key: {
            "source_dataset": piece.dataset,
            "instrument": label,
            "track": track.as_posix(),
            "start": 0,
            "duration": CAD2_TASK2.segment_duration_s,
        }
        for key, (label, track) in tracks.items()
    }


def listener(name: str) -> Listener:
    """Return a listener of the demo."""
    left, right = (
        Audiogram(frequencies_hz=CAD2_TASK2.audiogram_frequencies_hz, thresholds_db_hl=ear) for ear in THRESHOLDS[name]
    )
    return Listener(name=name, left=left, right=right)


def sources_page() -> str:
    """Return the page that says where every file comes from."""
    works = "\n".join(
        f"- `{wanted.name}`: {wanted.work}; notes from `{wanted.corpus_name}` of the music21 corpus, quarter notes"
        f" {wanted.first_q:g} onwards at {wanted.quarter_bpm:g} per minute, seed {wanted.seed}."
        for wanted in EXCERPTS
    )
    checksums = "\n".join(f"| `{path}` | `{digest}` |" for path, digest in file_digests().items())
    return PAGE.format(works=works, checksums=checksums)


def file_digests() -> Mapping[str, str]:
    """Return the SHA-256 of every file of the demo, by its path below ``metadata``."""
    files = sorted(path for folder in ("audio", "metadata") for path in (ROOT / folder).rglob("*.*"))
    return {path.relative_to(ROOT.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


PAGE = """# Where the files under `metadata/` come from

## `demo/`: the embedded task
Two segments of 15 s, stereo, 44.1 kHz, 16 bit, at -40 LUFS; the stems add up to the mixture exactly. Made by
`demo/make_demo.py`, which gives the same bytes again with the same packages (FluidSynth 2.3.1, music21 10.5,
numpy 2.4, scipy 1.17, pyroomacoustics 0.10.1, libsndfile 1.2.2).

### The music
{works}

Both compositions are in the public domain. Their notes were read from encodings that come with the Python package
music21, whose authors distribute them by permission; **no encoding is part of this repository**, only audio rendered
from the notes of the works. Neither is among, or a twin of, the chorales and pieces the challenge evaluates on.

### The sounds
| soundfont | package (Debian) | licence |
|---|---|---|
| Fluid R3 GM, (c) 2000-2002, 2008 Frank Wen | `fluid-soundfont-gm` 3.1 | MIT |
| MuseScore General Lite, (c) S. Christian Collins and others | `musescore-general-soundfont-small` 0.2.1 | MIT, CC0 |

Played by FluidSynth with random dynamics, tempo and articulation after SynthSOD and the further departures of
`--humanise full` (see `docs/synthesis.md`), placed 10 degrees apart in a simulated small hall (pyroomacoustics) and
decoded to coincident virtual cardioids. What was drawn stands in `annotations.json` beside the audio.

### The people
The audiograms are made up, typical of sloping losses: L0001 mild, L0002 moderately severe (by the definition of the
challenge's site), L0003 without loss. Compressor parameters by `rebalance.hearing_aid.prescribe`.

### Licence
The audio, its annotations and the metadata of the demo are released under the licence of this repository (MIT).

### Checksums (SHA-256)
| file | SHA-256 |
|---|---|
{checksums}

## `schema/`
JSON Schemas written for this project; the formats they describe are those of the Second Cadenza Challenge, Task 2.
"""


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
