"""The comparison of Solos as one resumable study."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from rebalance._base.files import StrPath, expanded
from rebalance.training._solos_settings import SolosStudy
from rebalance.training._solos_training import SolosMaterial, open_material, train_system
from rebalance.training.solos import (
    SCORE_COLUMNS,
    UNTRAINED_SYSTEMS,
    SystemName,
    score_system,
    trained_system,
    untrained_system,
)
from rebalance.training.studies import CellRows, StudyTables, run_cells

_KEY = ("system", "seed")
_SCORES, _CELLS = "scores.csv", "cells.csv"
_OF_A_RUN = ("steps", "minutes", "n_parameters", "validation_loss", "stages", "sight_accuracy")
_DECIMALS = {"sdr": 3, "sir": 3, "sar": 3}


def run_solos_study(study: SolosStudy, work: StrPath, results: StrPath) -> pd.DataFrame:
    """Do whatever of a study is not done yet, and return its scores.

    Parameters
    ----------
    study
        Systems, corpora and settings of the comparison.
    work
        Folder of stand-ins, runs and models; an interrupted run goes on.
    results
        Folder of ``scores.csv``, a row for every source of every segment, and ``cells.csv``, a row for every cell. A
        cell whose row is there is never done again.

    Returns
    -------
    pandas.DataFrame
        See `SCORE_COLUMNS`, after ``system`` and ``seed``.

    Raises
    ------
    ConfigError, MetadataError
        If what is there belongs to other settings, or data are missing.

    Examples
    --------
    >>> from rebalance.training import SolosStudy, read_recipe, run_solos_study
    >>> own = ("solos_root=nowhere", "other_root=nowhere", "ensembles_root=nowhere")
    >>> study = read_recipe("recipes/solos", "smoke", SolosStudy, own)
    >>> run_solos_study(study, "nowhere", "nowhere")
    Traceback (most recent call last):
        ...
    rebalance.task._strict_json.JsonError: nowhere/solos_ids.json: no such file
    """
    folder = expanded(work)
    columns = {_SCORES: (*_KEY, *SCORE_COLUMNS), _CELLS: (*_KEY, *_OF_A_RUN)}
    tables = StudyTables(folder=expanded(results), columns=columns, key=_KEY)
    material = functools.cache(functools.partial(open_material, study, folder))
    list(run_cells(study.cells, functools.partial(_measured, study, material, folder), tables, key=lambda cell: cell))
    return tables.read()[_SCORES]


def _measured(
    study: SolosStudy, material: Callable[[], SolosMaterial], work: Path, cell: tuple[SystemName, int]
) -> CellRows:
    """Train and score one system, and return its rows."""
    name, seed = cell
    facts = dict.fromkeys(_OF_A_RUN)
    if name in UNTRAINED_SYSTEMS:
        system = untrained_system(name, study.spectrum)
    else:
        trained = train_system(study, material(), work, name, seed)
        system = trained_system(trained.network)
        facts |= trained.cell
    scores = score_system(
        system, material().pieces, segment_samples=study.piece_samples, sample_rate=study.spectrum.sample_rate
    )
    return {_SCORES: scores.round(_DECIMALS), _CELLS: pd.DataFrame([facts])}
