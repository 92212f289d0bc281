"""Run the study of a file; the same command continues it. `--smoke` tries the whole chain in a temporary folder."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rebalance import RebalanceError
from rebalance.datasets import load_corpus, resplit_slakh, with_programs, without_wrong_stems
from rebalance.report import write_score_tables
from rebalance.training import ScoreStudy, read_settings, run_score_study
from rebalance.training.data import (
    BandLibrary,
    Material,
    TrackInstruments,
    prepare_library_tracks,
    prepare_material,
    prepare_scored_tracks,
    render_band,
)
from rebalance.training.studies import run_study_command, study_parser

HERE = Path(__file__).parent
CORPUS = "Slakh2100"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlakhFolder:
    """Slakh2100 on disk.

    Parameters
    ----------
    root
        Its folder.
    division
        ``splits_v2.json`` of slakh-utils; None for the folders as they are.
    without_known_errors
        Leave out pieces of which a stem is known to have wrong labels.
    """

    root: Path
    division: Path | None = None
    without_known_errors: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """A study and the music it is about: Slakh2100, band music made by a program, or chamber music.

    Parameters
    ----------
    study
        What is trained and measured.
    tracks
        Folder of the prepared tracks, a folder in it for each subset.
    programs
        General MIDI programs of the instruments, of Slakh2100 and band music.
    slakh, band, chamber
        Where the music comes from; one of them.
    """

    study: ScoreStudy
    tracks: Path
    programs: dict[str, tuple[int, ...]] | None = None
    slakh: SlakhFolder | None = None
    band: BandLibrary | None = None
    chamber: Material | None = None


def run(file: Path, overrides: tuple[str, ...]) -> Path:
    """Prepare the music of a study, run it, write its tables, and return where they are."""
    settings = read_settings(file, StudyFile, overrides)
    prepare(settings)
    results = run_score_study(settings.study, device="cpu")
    write_score_tables(settings.study.results, results.separation, results.notes)
    return settings.study.results / "tables.md"


def prepare(settings: StudyFile) -> None:
    """Render what is to be rendered, and write the tracks; what is there is kept."""
    if settings.chamber is not None:
        prepare_chamber(settings, settings.chamber)
        return
    slakh = settings.slakh
    if settings.band is not None:
        tell(render_band(settings.band, jobs=1))
        slakh = SlakhFolder(root=settings.band.out)
    if slakh is None or settings.programs is None:
        raise RebalanceError(where="study", expected="programs, and one of slakh, band, chamber", got="neither")
    prepare_slakh(slakh, TrackInstruments(programs=settings.programs), settings.tracks)


def prepare_slakh(slakh: SlakhFolder, instruments: TrackInstruments, tracks: Path) -> None:
    """Write the tracks of every subset that have one of the instruments."""
    pieces = load_corpus(CORPUS, slakh.root, purpose="training").pieces
    if slakh.division is not None:
        pieces = resplit_slakh(pieces, slakh.division)
    if slakh.without_known_errors:
        pieces = without_wrong_stems(pieces)
    wanted = [program for members in instruments.programs.values() for program in members]
    pieces = with_programs(pieces, wanted)
    for subset in sorted({piece.subset or "all" for piece in pieces}):
        its = [piece for piece in pieces if (piece.subset or "all") == subset]
        tell(prepare_scored_tracks(its, instruments, tracks / subset, jobs=1))


def prepare_chamber(settings: StudyFile, material: Material) -> None:
    """Render stem libraries and write their renditions as tracks."""
    tell(prepare_material(material, jobs=1))
    for name in material.libraries:
        prepare_library_tracks([material.out / name], settings.study.network.instruments, settings.tracks / name)


def tell(failures: tuple[object, ...]) -> None:
    """Say what could not be done."""
    for failure in failures:
        sys.stderr.write(f"left out: {failure}\n")


def smoke(folder: str) -> Path:
    """Run the smallest study in a folder, and return where its tables are."""
    places = {"band.out": "music", "tracks": "tracks", "study.runs": "runs", "study.results": "results"}
    subsets = {"data.train": "train", "data.validation": "validation", "data.stems": "train", "test": "test"}
    overrides = [f"{key}={folder}/{place}" for key, place in places.items()]
    overrides += [f"study.{key}=[{folder}/tracks/{subset}]" for key, subset in subsets.items()]
    return run(HERE / "smoke.yaml", tuple(overrides))


def main(asked: argparse.Namespace) -> Iterator[str]:
    """Run the study that was asked for; give where its tables are, or those of the smallest."""
    if asked.smoke:
        with tempfile.TemporaryDirectory() as folder:
            yield from smoke(folder).read_text(encoding="utf-8").splitlines()
    elif asked.study is None:
        parser.error("expected STUDY.yaml or --smoke")
    else:
        yield str(run(asked.study, tuple(asked.overrides)))


parser = study_parser("study.py", __doc__)
parser.add_argument("study", nargs="?", type=Path, metavar="STUDY.yaml", help="such as small.yaml")

if __name__ == "__main__":
    run_study_command(parser, main)
