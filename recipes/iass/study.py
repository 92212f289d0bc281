"""The study of README.md; the same command continues it.

Stems are rendered into `runs/`, every cell (system, target, seed) is trained and measured, its rows go into
`results.csv`, and the tables are printed. `--smoke` does all of it with next to no training, in `runs/smoke`;
`--tables` prints the tables of the cells that are done.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rebalance import RebalanceError
from rebalance.report import Ordering, ordering_lines, system_lines
from rebalance.training import IassStudy, read_iass_results, read_settings, run_iass_study
from rebalance.training.data import Material, RestSettings, prepare_material, write_rested_stems
from rebalance.training.studies import run_study_command, study_parser

HERE = Path(__file__).parent
FIGURES = {
    "frame_sdr_db": "SDR, median of 1 s",
    "sdr_db": "SDR",
    "silent_db": "in silence, dB",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "active_share": "plays",
}
WEIGHT, NO_WEIGHT, OPEN_UNMIX = "iass, weight", "iass, no weight", "open-unmix"
ORDERINGS = (
    Ordering(system="ideal binary mask", than=WEIGHT, figure="sdr_db"),
    Ordering(system=WEIGHT, than=NO_WEIGHT, figure="frame_sdr_db"),
    Ordering(system=WEIGHT, than=NO_WEIGHT, figure="sdr_db"),
    Ordering(system=WEIGHT, than=NO_WEIGHT, figure="silent_db", expected="lower"),
    Ordering(system=NO_WEIGHT, than="input", figure="sdr_db"),
    Ordering(system=WEIGHT, than="input", figure="sdr_db"),
    Ordering(system=WEIGHT, than=OPEN_UNMIX, figure="frame_sdr_db", expected="not lower"),
    Ordering(system=WEIGHT, than=OPEN_UNMIX, figure="sdr_db", expected="not lower"),
    Ordering(system=NO_WEIGHT, than=OPEN_UNMIX, figure="sdr_db", expected="not lower"),
    Ordering(system=NO_WEIGHT, than="iass-no-bce", figure="sdr_db"),
    Ordering(system="iass, weight and Wiener", than=WEIGHT, figure="sdr_db"),
    Ordering(system=WEIGHT, than=NO_WEIGHT, figure="sdr_db", contrast=("Flute", "Cello")),
)
SMOKE_STEMS = (
    "material.pieces={train: [bach/bwv9.7], test: [bach/bwv31.9]}",
    "material.libraries.train.longest_s=8",
    "material.libraries.train.renditions=1",
    "material.libraries.test.longest_s=8",
    "rests={play_s: [1.0, 2.0], rest_s: [1.0, 2.0]}",
)
SMOKE = (
    "experiment.network.channels=[2, 2, 2]",
    "experiment.mixing.batch_size=2",
    "experiment.mixing.crop_samples=44100",
    "experiment.train.steps=2",
    "experiment.statistics_batches=2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stems:
    """What is rendered, who rests in it, and where it goes."""

    material: Material
    resting: tuple[str, ...]
    rests: RestSettings
    out: Path
    seed: int


def prepare(stems: Stems) -> None:
    """Render the stems that are not there yet, then write them with rests."""
    for failure in prepare_material(stems.material, jobs=1):
        raise RebalanceError(failure.reason, where=failure.item)
    for name in stems.material.libraries:
        if not (stems.out / name / "stems.json").exists():
            rendered = stems.material.out / name
            write_rested_stems(rendered, stems.out / name, stems.resting, stems.rests, seed=stems.seed)


def main(asked: argparse.Namespace) -> Iterator[str]:
    """Do what is left to do, and give the lines of the tables."""
    home = Path("runs/smoke") if asked.smoke else Path("runs")
    results = home / "results.csv" if asked.smoke else Path("results.csv")
    if not asked.tables:
        folders = (f"material.out={home / 'rendered'}", f"out={home / 'stems'}")
        data = (f"experiment.data.train=[{home / 'stems' / 'train'}]", f"test=[{home / 'stems' / 'test'}]")
        prepare(read_settings(HERE / "stems.yaml", Stems, (*folders, *(SMOKE_STEMS if asked.smoke else ()))))
        settings = (*data, *(SMOKE if asked.smoke else ()), *asked.overrides)
        list(run_iass_study(read_settings(HERE / "config.yaml", IassStudy, settings), results, home))
    rows = read_iass_results(results)
    for lines in (system_lines(rows, FIGURES), ordering_lines(rows, ORDERINGS)):
        yield from (*lines, "")


if __name__ == "__main__":
    parser = study_parser("study.py", __doc__)
    parser.add_argument("--tables", action="store_true", help="print the tables of what is done")
    run_study_command(parser, main)
