"""All experiments, or what of them is left to do.

Renders what is missing, trains every cell that has no row in results.csv yet, and writes its rows there; the same
command goes on after an interruption. `--smoke` runs a tiny version of each kind of cell, its results in WORK.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from rebalance.training import FamilyExperiment, FamilyStudy, read_recipe, read_settings, run_family_study
from rebalance.training.studies import run_study_command, study_parser

HERE = Path(__file__).parent
SMOKE = ("train.steps=2", "network.hidden_size=8", "mixing.batch_size=2", "mixing.crop_s=1.0", "validation_batches=1")


def main(asked: argparse.Namespace) -> Iterator[str]:
    """Run every cell that has no rows yet."""
    training = tuple(word for word in asked.overrides if is_training(word))
    words = ("family=strings", *(SMOKE if asked.smoke else ()), *training)
    experiment = read_recipe(HERE, "small", FamilyExperiment, words)
    others = tuple(word for word in asked.overrides if not is_training(word))
    study = read_settings(HERE / "experiments.yaml", FamilyStudy, others)
    results, jobs = asked.results, asked.jobs
    if asked.smoke:
        study, results, jobs = study.smallest(), asked.work / "results.csv", 0
    for _ in run_family_study(study, experiment, asked.work, results, only=asked.only, jobs=jobs):
        pass
    yield str(results)


def is_training(word: str) -> bool:
    """Tell whether an override is of the training and not of the study."""
    return word.split(".", maxsplit=1)[0] in {"train", "network", "mixing"} or word.startswith("validation_batches=")


if __name__ == "__main__":
    parser = study_parser("experiments.py", __doc__)
    parser.add_argument("work", type=Path, help="folder of everything that is made")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose name, family and seed hold this text")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that render")
    parser.add_argument("--results", type=Path, default=HERE / "results.csv", metavar="FILE", help="where the rows go")
    run_study_command(parser, main)
