"""The study of the families of an orchestra: kinds, families and seeds as cells, each trained and measured once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rebalance._base.files import StrPath, expanded
from rebalance.separation.xumx import ROWS, TrackScore, Xumx
from rebalance.training._families import best_of_family, score_families, train_family
from rebalance.training._family_settings import FamilyExperiment
from rebalance.training._family_study_settings import FamilyCell, FamilyStudy
from rebalance.training._family_study_sounds import StudySounds
from rebalance.training.studies import CellKey, StudyTables, run_cells

_KEY = ("model", "family", "seed")
_FIGURES = ("test", "row", "target", "track", "median_db", "mean_db", "n_frames")
_JUDGED = "mixture phase"
_COLUMNS = ("question", *_KEY, "steps", *_FIGURES)
_FLOORS: CellKey = ("no model", "all", 0)


def run_family_study(
    study: FamilyStudy, experiment: FamilyExperiment, work: StrPath, results: StrPath, *, only: str = "", jobs: int = 1
) -> Iterator[str]:
    """Render what is missing, train and measure what is not in the results yet; give the name of every cell.

    Parameters
    ----------
    study
        Models, training sets and test sets that are compared.
    experiment
        How every cell is trained, but for what the study says of it.
    work
        Folder of scores, stems and runs, which resume.
    results
        CSV of the rows of finished cells.
    only
        Cells whose name, family and seed hold this text.
    jobs
        Processes that render; none but this one where 0.

    Raises
    ------
    MetadataError
        If the results are no such table.
    ConfigError
        If a training was begun with other settings.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import FamilyExperiment, FamilyStudy, read_recipe, read_settings, run_family_study
    >>> recipe = Path("recipes/synthsod")
    >>> experiment = read_recipe(recipe, "small", FamilyExperiment, ("family=strings",))
    >>> study = read_settings(recipe / "experiments.yaml", FamilyStudy)
    >>> list(run_family_study(study, experiment, "nowhere", "nowhere.csv", only="no such cell"))
    []
    """
    folder, file = expanded(work), expanded(results)
    tables = StudyTables(folder=file.parent, columns={file.name: _COLUMNS}, key=_KEY)
    sounds = StudySounds(study=study, work=folder, sample_rate=experiment.network.sample_rate, jobs=jobs)
    todo: dict[CellKey, Callable[[], pd.DataFrame]] = {_FLOORS: functools.partial(_floors, sounds, experiment)}
    for cell in study.cells_by_seed():
        key = (cell.kind.name, cell.family, cell.seed)
        todo[key] = functools.partial(_scores_of, sounds, experiment, cell)
    asked = [cell for cell in todo if only in " ".join(map(str, cell))]
    for done in run_cells(asked, lambda cell: {file.name: todo[cell]()}, tables, key=lambda cell: cell):
        yield " ".join(map(str, done))


def _floors(sounds: StudySounds, base: FamilyExperiment) -> pd.DataFrame:
    """Return the rows that need no model, of every target and family, by the STFT of the models."""
    return pd.DataFrame(_measured(sounds, base, [])).assign(question="floors", steps=0)


def _scores_of(sounds: StudySounds, base: FamilyExperiment, cell: FamilyCell) -> pd.DataFrame:
    """Train a cell, go on where it was left, and return its rows."""
    experiment = _experiment(sounds, base, cell)
    run = _run(sounds.work, cell.kind.name, cell)
    train_family(experiment, run, device="cpu")
    rows = _measured(sounds, base, [best_of_family(experiment, run)])
    return pd.DataFrame(rows).assign(question=cell.kind.question, steps=experiment.train.steps)


def _experiment(sounds: StudySounds, base: FamilyExperiment, cell: FamilyCell) -> FamilyExperiment:
    """Return how a cell is trained, and on what."""
    kind = cell.kind
    steps = max(1, round((base.train.steps or 1) * kind.share))
    return replace(
        base,
        family=cell.family,
        stems=sounds.libraries(kind.stems),
        held_out=sounds.libraries(kind.held_out),
        train=replace(base.train, steps=steps, seed=cell.seed),
        start=_run(sounds.work, kind.start, cell) if kind.start else None,
        adaptation=kind.adaptation,
        unlabelled=sounds.libraries(kind.unlabelled) if kind.unlabelled else (),
    )


def _run(work: Path, name: str, cell: FamilyCell) -> Path:
    """Return the folder of the run of a kind for the family and seed of a cell."""
    return work / "runs" / f"{name}-{cell.family}-{cell.seed}"


def _measured(sounds: StudySounds, base: FamilyExperiment, networks: Sequence[Xumx]) -> list[dict[str, object]]:
    """Return the rows of networks on all tests, or those that need none where there is no network."""
    targets = [target for network in networks for target in network.config.targets]
    sizes, wanted = base.network, [_JUDGED] if networks else ROWS
    return [
        _row(test, score)
        for test in sounds.study.tests
        for library in sounds.libraries(test)
        for score in score_families(
            library, networks, sample_rate=sizes.sample_rate, window=sizes.window, hop=sizes.hop, rows=wanted
        )
        if not networks or _is_of_model(score, targets)
    ]


def _is_of_model(score: TrackScore, targets: Sequence[str]) -> bool:
    """Tell whether a score is one of a target of the models, or of a sum of them."""
    return score.target in targets or score.target.endswith("(sum)")


def _row(test: str, score: TrackScore) -> dict[str, object]:
    """Return one row of the results."""
    levels = {"median_db": f"{score.median_db:.3f}", "mean_db": f"{score.mean_db:.3f}"}
    facts = {"row": score.row, "target": score.target, "track": score.track, "n_frames": score.n_frames}
    return {"test": test, **facts, **levels}
