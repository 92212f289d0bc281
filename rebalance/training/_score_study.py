"""The tables of "Transcription Is All You Need" as one study: cells of rows and seeds, each kept once finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import pandas as pd
from torch import nn

from rebalance._base.errors import ConfigError
from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
from rebalance.training._loop import TrainSettings
from rebalance.training._run_state import progress_of
from rebalance.training._score_steps import (
    ScoredData,
    ScoreExperiment,
    Step,
    run_score_experiment,
    trained_score_network,
)
from rebalance.training._study_results import COLUMNS, StudyResults
from rebalance.training.data import ClipSettings, read_scored_tracks
from rebalance.training.score_supervision import (
    Joint,
    ScoreLossSettings,
    input_figures,
    separation_figures,
    transcription_figures,
)

Material: TypeAlias = Literal["scores", "stems"]
_BEST = "best"
_SECOND_STEP = ("c-mix", "h-mix", "c-mix and h-mix")
_DIGEST_LENGTH = 12
INPUT_ROW = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One row of the tables.

    Parameters
    ----------
    step
        What is trained.
    critic
        Row that is the critic.
    start
        Row whose separator the third step starts from; ``"best"`` is that of the second step that separates the
        validation tracks best.
    loss
        What differs in the weights of the losses.
    material
        Whether the tracks are those with scores, or the few with stems.
    """

    step: Step
    critic: str | None = None
    start: str | None = None
    loss: Mapping[str, Any] = field(default_factory=dict)
    material: Material = "scores"


ROWS: Mapping[str, StudyRow] = MappingProxyType(
    {
        "transcriptor": StudyRow(step="transcriptor"),
        "classifier": StudyRow(step="classifier"),
        "supervised": StudyRow(step="supervised"),
        "classifier as critic": StudyRow(step="classified", critic="classifier"),
        "c-mix": StudyRow(step="separator", critic="transcriptor", loss={"beta_2": 0.0}),
        "h-mix": StudyRow(step="separator", critic="transcriptor", loss={"alpha_2": 0.0}),
        "c-mix and h-mix": StudyRow(step="separator", critic="transcriptor"),
        "joint": StudyRow(step="joint", critic="transcriptor", start=_BEST),
        "joint, AML": StudyRow(step="joint", critic="transcriptor", start=_BEST, loss={"adversary": "mixture"}),
        "joint, ATL": StudyRow(step="joint", critic="transcriptor", start=_BEST, loss={"adversary": "transcription"}),
        "few stems": StudyRow(step="supervised", material="stems"),
        "semi-supervised": StudyRow(step="semi-supervised", critic="transcriptor"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStudy:
    """What is trained and measured.

    Parameters
    ----------
    rows
        Of the tables, of `ROWS`; a row comes after those it needs.
    seeds
        Of every row.
    data
        Tracks to train and validate with.
    test
        Folders of tracks to measure on.
    network, clips, train, loss, validation_batches
        Of every step; see `rebalance.training.ScoreExperiment`.
    steps
        Longest training by step, where it differs from that of `train`.
    runs
        Folder of the runs.
    results
        Folder of the results.

    Raises
    ------
    ConfigError
        If a row is unknown or comes before one it needs, or there is no seed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import ScoredData, ScoreStudy
    >>> from rebalance.training._loop import TrainSettings
    >>> data = ScoredData(train=(Path("train"),), validation=(Path("validation"),))
    >>> rest = {"data": data, "test": (Path("test"),), "train": TrainSettings(steps=1)}
    >>> ScoreStudy(rows=("joint",), runs=Path("runs"), results=Path("results"), **rest)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: rows: expected transcriptor before joint, got joint
    """

    rows: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1)
    data: ScoredData
    test: tuple[Path, ...]
    network: TcnConfig = field(default_factory=lambda: TcnConfig(role="transcriptor"))
    clips: ClipSettings = field(default_factory=ClipSettings)
    train: TrainSettings
    loss: ScoreLossSettings = field(default_factory=ScoreLossSettings)
    validation_batches: int = 8
    steps: dict[str, int] = field(default_factory=dict)
    runs: Path
    results: Path

    def __post_init__(self) -> None:
        if not self.seeds or not self.rows:
            raise ConfigError(where="study", expected="one or more rows and seeds", got=f"{self.rows}, {self.seeds}")
        for place, name in enumerate(self.rows):
            if name not in ROWS:
                raise ConfigError(where="rows", expected=f"some of {', '.join(ROWS)}", got=repr(name))
            if missing := [needed for needed in _needed(name) if needed not in self.rows[:place]]:
                raise ConfigError(where="rows", expected=f"{missing[0]} before {name}", got=", ".join(self.rows))

    def experiment(self, name: str, seed: int, start: str | None = None) -> ScoreExperiment:
        """Return the experiment of a cell.

        Parameters
        ----------
        name, seed
            Of the cell.
        start
            Row whose separator the third step starts from.
        """
        row = ROWS[name]
        few = replace(self.data, train=self.data.stems)
        return ScoreExperiment(
            step=row.step,
            data=few if row.material == "stems" else self.data,
            network=self.network,
            clips=self.clips,
            train=replace(self.train, seed=seed, steps=self.steps.get(row.step, self.train.steps)),
            loss=replace(self.loss, **row.loss),
            validation_batches=self.validation_batches,
            transcriptor=None if row.critic is None else self.run_of(row.critic, seed),
            separator=None if start is None else self.run_of(start, seed),
        )

    def run_of(self, name: str, seed: int) -> Path:
        """Return the folder of the run of a cell.

        Parameters
        ----------
        name
            Of the row.
        seed
            Of the training.
        """
        return self.runs / f"{name.replace(',', '').replace(' ', '-')}-{seed}"

    def digest(self, name: str) -> str:
        """Return what tells results of other settings apart: of all that decides a row, its folders aside."""
        experiment = self.experiment(name, 0, _SECOND_STEP[-1] if ROWS[name].start else None)
        content = {**experiment.description, "train": experiment.train.lasting, "steps": experiment.train.steps}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGEST_LENGTH]


def run_score_study(study: ScoreStudy, *, device: str = "auto", most_cells: int | None = None) -> StudyResults:
    """Train and measure every cell that is not in the results yet, and keep each as soon as it is finished.

    Parameters
    ----------
    study
        What to do.
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
    >>> from rebalance.training._loop import TrainSettings
    >>> data = ScoredData(train=(Path("no-tracks"),), validation=(Path("no-tracks"),))
    >>> rest = {"data": data, "test": (Path("no-tracks"),), "train": TrainSettings(steps=1)}
    >>> run_score_study(ScoreStudy(rows=("transcriptor",), runs=Path("runs"), results=Path("results"), **rest))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: no-tracks: expected prepared tracks (*.npz), found none
    """
    results = StudyResults.read(study.results)
    _require_same_settings(study, results)
    if not (results.separation["row"] == INPUT_ROW).any():
        results = _with_input(study, results)
        results.write(study.results)
    for name, seed in list(_unfinished(study, results))[:most_cells]:
        results = results.with_cell(*_cell(study, name, seed, device))
        results.write(study.results)
    return results


def _needed(name: str) -> Iterator[str]:
    """Give the rows a row needs."""
    row = ROWS[name]
    if row.critic is not None:
        yield row.critic
    if row.start is not None:
        yield from _SECOND_STEP if row.start == _BEST else (row.start,)


def _unfinished(study: ScoreStudy, results: StudyResults) -> Iterator[tuple[str, int]]:
    """Give the cells that are still to be done, all of one seed before the next."""
    done = set(zip(results.cells["row"], results.cells["seed"], strict=True))
    yield from ((name, seed) for seed in study.seeds for name in study.rows if (name, seed) not in done)


def _require_same_settings(study: ScoreStudy, results: StudyResults) -> None:
    """Raise where results of a row come from other settings."""
    for name, found in zip(results.cells["row"], results.cells["settings"], strict=True):
        if name in study.rows and found != study.digest(name):
            wanted = f"results of the settings {study.digest(name)}"
            raise ConfigError(where=f"{study.results}: {name}", expected=wanted, got=str(found))


def _with_input(study: ScoreStudy, results: StudyResults) -> StudyResults:
    """Return the results with those of the mixture itself, a cell that needs no training."""
    network = ScoreTcn(replace(study.network, role="separator"))
    tracks = read_scored_tracks(study.test, network.config.instruments, network.config.sample_rate)
    separation = _by_track(input_figures(network, tracks, study.clips.clip_s), INPUT_ROW, 0)
    cell = pd.DataFrame([(INPUT_ROW, 0, "-", "", 0, 0.0)], columns=list(COLUMNS["cells"]))
    return results.with_cell(cell, separation, pd.DataFrame(columns=list(COLUMNS["notes"])))


def _cell(study: ScoreStudy, name: str, seed: int, device: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train and measure one cell; return its line of the cells, its separation and its notes."""
    start = _start(study, name, seed, device)
    network = _trained(study, name, seed, start, device)
    experiment = study.experiment(name, seed, start)
    trained = {"train": experiment.train.lasting, **experiment.description}
    progress = progress_of(study.run_of(name, seed) / "state.safetensors", trained)
    line = (name, seed, study.digest(name), start or "", progress.step, round(progress.seconds, 1))
    separation, notes = _measured(study, network)
    return (
        pd.DataFrame([line], columns=list(COLUMNS["cells"])),
        _by_track(separation, name, seed),
        _marked(notes, name, seed),
    )


def _trained(study: ScoreStudy, name: str, seed: int, start: str | None, device: str) -> nn.Module:
    """Return the network of a cell as it validated best, trained now if need be, and what it needs before it."""
    for needed in _needed(name):
        if not (study.run_of(needed, seed) / "best.safetensors").exists():
            _trained(study, needed, seed, None, device)
    experiment = study.experiment(name, seed, start)
    run_score_experiment(experiment, study.run_of(name, seed), device=device)
    return trained_score_network(experiment, study.run_of(name, seed))


def _start(study: ScoreStudy, name: str, seed: int, device: str) -> str | None:
    """Return the row whose separator a third step starts from: the best of the second step on validation tracks."""
    if ROWS[name].start != _BEST:
        return ROWS[name].start
    network = study.network
    tracks = read_scored_tracks(study.data.validation, network.instruments, network.sample_rate)
    means: dict[str, float] = {}
    for candidate in _SECOND_STEP:
        trained = _trained(study, candidate, seed, None, device)
        assert isinstance(trained, ScoreTcn)
        figures = separation_figures(trained, tracks, study.clips.clip_s)
        means[candidate] = float(figures.groupby("instrument")["si_sdr_db"].mean().mean())
    return max(means, key=lambda candidate: means[candidate])


def _measured(study: ScoreStudy, network: nn.Module) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the figures of a separator, a transcriptor or both on the test tracks; empty ones of what there is not."""
    tracks = read_scored_tracks(study.test, study.network.instruments, study.network.sample_rate)
    networks = [network.separator, network.transcriptor] if isinstance(network, Joint) else [network]
    roles = {part.config.role: part for part in networks if isinstance(part, ScoreTcn)}
    separation = pd.DataFrame(columns=["track", "clip", "instrument", "si_sdr_db"])
    notes = pd.DataFrame(columns=list(COLUMNS["notes"][2:]))
    if "separator" in roles:
        separation = separation_figures(roles["separator"], tracks, study.clips.clip_s)
    if "transcriptor" in roles:
        notes = transcription_figures(roles["transcriptor"], tracks, study.clips.clip_s)
    return separation, notes


def _by_track(figures: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """Return means over the clips of a track."""
    grouped = figures.groupby(["track", "instrument"], sort=False)["si_sdr_db"]
    table = grouped.agg(["size", "mean"]).reset_index().set_axis(["track", "instrument", "clips", "si_sdr_db"], axis=1)
    return _marked(table.assign(si_sdr_db=table["si_sdr_db"].astype(float).round(3)), name, seed)


def _marked(table: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """Return a table with row and seed in front."""
    marked = table.copy()
    marked.insert(0, "row", name)
    marked.insert(1, "seed", seed)
    return marked
