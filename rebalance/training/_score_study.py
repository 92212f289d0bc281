"""The tables of "Transcription Is All You Need" as one study: cells of rows and seeds, each kept once finished."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pandas as pd
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.score_supervised import ScoreTcn
from rebalance.training._run_state import progress_of_run
from rebalance.training._score_steps import run_score_experiment, trained_score_network
from rebalance.training._score_study_rows import BEST, INPUT_ROW, ROWS
from rebalance.training._score_study_settings import ScoreStudy
from rebalance.training._study_results import CELLS, COLUMNS, NOTES, SEPARATION, StudyResults, score_tables
from rebalance.training.data import ScoredTrack, read_scored_tracks
from rebalance.training.score_supervision import (
    Joint,
    input_figures,
    separation_figures,
    transcription_figures,
)
from rebalance.training.studies import CellRows, run_cells

_NO_SEPARATION, _NO_NOTES = (pd.DataFrame(columns=list(COLUMNS[name][2:])) for name in (SEPARATION, NOTES))


def run_score_study(study: ScoreStudy, *, device: str = "auto", most_cells: int | None = None) -> StudyResults:
    """Train and measure every cell that is not in the results yet, and keep each as soon as it is finished.

    Parameters
    ----------
    study
        Rows, seeds and settings of the cells.
    device
        As for `rebalance.separation.load_separator`.
    most_cells
        Stop after so many; none is left out when None.

    Returns
    -------
    StudyResults
        Of all finished cells.

    Raises
    ------
    ConfigError
        If results of a row are there that come from other settings.
    MetadataError
        If tracks are missing.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import ScoredData, ScoreStudy, run_score_study
    >>> from rebalance.training import TrainSettings
    >>> data = ScoredData(train=(Path("no-tracks"),), validation=(Path("no-tracks"),))
    >>> rest = {"data": data, "test": (Path("no-tracks"),), "train": TrainSettings(steps=1)}
    >>> run_score_study(ScoreStudy(rows=("transcriptor",), runs=Path("runs"), results=Path("results"), **rest))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: no-tracks: expected prepared tracks (*.npz), found none
    """
    tables = score_tables(study.results)
    _require_same_settings(study, tables.read()[CELLS])
    list(run_cells([(INPUT_ROW, 0)], lambda _: _rows_of_input(study), tables, key=lambda cell: cell))
    cells = [(name, seed) for seed in study.seeds for name in study.rows]
    trained = run_cells(cells, lambda cell: _rows(study, *cell, device), tables, key=lambda cell: cell)
    list(itertools.islice(trained, most_cells))
    return StudyResults.read(study.results)


def _require_same_settings(study: ScoreStudy, cells: pd.DataFrame) -> None:
    """Raise where results of a row come from other settings."""
    for name, found in zip(cells["row"], cells["settings"], strict=True):
        if name in study.rows and found != study.digest(name):
            wanted = f"results of the settings {study.digest(name)}"
            raise ConfigError(where=f"{study.results}: {name}", expected=wanted, got=str(found))


def _rows_of_input(study: ScoreStudy) -> CellRows:
    """Return the rows of the mixture itself, a cell that needs no training."""
    network = ScoreTcn(replace(study.network, role="separator"))
    separation = _by_track(input_figures(network, _tracks(study, study.test), study.clips.clip_s))
    cell = pd.DataFrame([{"settings": "-", "start": "", "steps": 0, "seconds": 0.0}])
    return {SEPARATION: separation, NOTES: _NO_NOTES, CELLS: cell}


def _rows(study: ScoreStudy, name: str, seed: int, device: str) -> CellRows:
    """Train and measure one cell, and return its rows."""
    start = _start(study, name, seed, device)
    network = _trained(study, name, seed, start, device)
    experiment = study.experiment(name, seed, start)
    progress = progress_of_run(experiment, study.run_of(name, seed))
    run = {"steps": progress.step, "seconds": round(progress.seconds, 1)}
    cell = pd.DataFrame([{"settings": study.digest(name), "start": start or "", **run}])
    return {**_measured(study, network), CELLS: cell}


def _trained(study: ScoreStudy, name: str, seed: int, start: str | None, device: str) -> nn.Module:
    """Return the network of a cell as it validated best, trained now if need be, and what it needs before it."""
    for needed in study.needed_rows(name):
        if not (study.run_of(needed, seed) / "best.safetensors").exists():
            _trained(study, needed, seed, None, device)
    experiment = study.experiment(name, seed, start)
    run_score_experiment(experiment, study.run_of(name, seed), device=device)
    return trained_score_network(experiment, study.run_of(name, seed))


def _start(study: ScoreStudy, name: str, seed: int, device: str) -> str | None:
    """Return the row whose separator a third step starts from: the best of the second step on validation tracks."""
    if ROWS[name].start != BEST:
        return ROWS[name].start
    tracks = _tracks(study, study.data.validation)
    means: dict[str, float] = {}
    for candidate in study.second_step:
        trained = _trained(study, candidate, seed, None, device)
        assert isinstance(trained, ScoreTcn)
        figures = separation_figures(trained, tracks, study.clips.clip_s)
        means[candidate] = float(figures.groupby("instrument")["si_sdr_db"].mean().mean())
    return max(means, key=lambda candidate: means[candidate])


def _measured(study: ScoreStudy, network: nn.Module) -> CellRows:
    """Return the figures of a separator, a transcriptor or both on the test tracks; none of what there is not."""
    tracks = _tracks(study, study.test)
    networks = [network.separator, network.transcriptor] if isinstance(network, Joint) else [network]
    roles = {part.config.role: part for part in networks if isinstance(part, ScoreTcn)}
    separation, notes = _NO_SEPARATION, _NO_NOTES
    if "separator" in roles:
        separation = _by_track(separation_figures(roles["separator"], tracks, study.clips.clip_s))
    if "transcriptor" in roles:
        notes = transcription_figures(roles["transcriptor"], tracks, study.clips.clip_s)
    return {SEPARATION: separation, NOTES: notes}


def _tracks(study: ScoreStudy, folders: tuple[Path, ...]) -> tuple[ScoredTrack, ...]:
    """Return the tracks in some folders."""
    return read_scored_tracks(folders, study.network.instruments, study.network.sample_rate)


def _by_track(figures: pd.DataFrame) -> pd.DataFrame:
    """Return means over the clips of a track."""
    grouped = figures.groupby(["track", "instrument"], sort=False)["si_sdr_db"]
    table = grouped.agg(["size", "mean"]).reset_index().set_axis(["track", "instrument", "clips", "si_sdr_db"], axis=1)
    return table.assign(si_sdr_db=table["si_sdr_db"].astype(float).round(3))
