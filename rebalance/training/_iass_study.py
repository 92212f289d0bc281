"""The study of IASS: systems, targets and seeds as cells, each of which is trained and measured once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

import pandas as pd
import torch

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.separation import ModelCard
from rebalance.training._iass_settings import IassExperiment, IassSystem
from rebalance.training._iass_training import export_iass, run_iass_experiment, trained_iass
from rebalance.training.data import PlainMixer, open_library
from rebalance.training.instrument_aware import PieceFigures, measured_bounds, measured_network
from rebalance.training.studies import CellRows, StudyTables, run_cells

_FIGURES = tuple(field.name for field in fields(PieceFigures))


@dataclass(frozen=True, slots=True, kw_only=True)
class IassStudy:
    """What is compared with what.

    Parameters
    ----------
    experiment
        How every cell is trained, but for its system, target and seed.
    targets
        Labels or instruments summed to each target, by its name.
    systems
        See `IassExperiment`.
    seeds
        Of the trainings; at least two tell how far one is from another.
    test
        Folders of stems to measure with.
    data
        What the networks learn from, for their cards.
    device
        Where networks are trained, as for `rebalance.separation.load_separator`; they are measured on the processor.

    Raises
    ------
    ConfigError
        If there is nothing to compare.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import IassStudy, read_settings
    >>> study = read_settings(Path("recipes/iass/config.yaml"), IassStudy)
    >>> study.seeds, list(study.targets), len(list(study.cells()))
    ((0, 1), ['Flute', 'Cello'], 14)
    """

    experiment: IassExperiment
    targets: dict[str, tuple[str, ...]]
    systems: tuple[IassSystem, ...]
    seeds: tuple[int, ...]
    test: tuple[Path, ...]
    data: tuple[str, ...] = ()
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not (self.targets and self.systems and self.seeds and self.test):
            raise ConfigError(where="study", expected="targets, systems, seeds and stems to measure with", got="none")

    def cells(self) -> Iterator[IassCell]:
        """Give the cells: the bounds of every target, then every training."""
        for target in self.targets:
            yield IassCell(system="bounds", target=target, seed=-1)
        for system, seed, target in itertools.product(self.systems, self.seeds, self.targets):
            yield IassCell(system=system, target=target, seed=seed)

    def experiment_of(self, cell: IassCell) -> IassExperiment:
        """Return how a cell is trained; for bounds, how their mixtures are made."""
        base = self.experiment
        return replace(
            base,
            system="iass" if cell.system == "bounds" else cell.system,
            network=replace(base.network, target=cell.target),
            mixing=replace(base.mixing, targets={cell.target: self.targets[cell.target]}),
            train=replace(base.train, seed=cell.seed),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IassCell:
    """One system on one target with one seed; ``"bounds"`` with seed -1 needs no training.

    Parameters
    ----------
    system
        Name of the system.
    target
        Name of the target instrument.
    seed
        Of the training; -1 for none.
    """

    system: IassSystem | Literal["bounds"]
    target: str
    seed: int

    @property
    def name(self) -> str:
        """Of its folder and its rows."""
        return f"{self.system}-{self.target}" if self.system == "bounds" else f"{self.system}-{self.target}-{self.seed}"


def run_iass_study(study: IassStudy, results: StrPath, runs: StrPath) -> Iterator[str]:
    """Train and measure what is not in the results yet, cell by cell; give the name of every cell as it is done.

    Parameters
    ----------
    study
        Systems, targets and seeds that are compared.
    results
        CSV of the rows of finished cells, see `PieceFigures`; written anew after every cell.
    runs
        Folder of the trainings, which resume, and of ``weights/seed-<N>``, a folder for ``iass:FOLDER``.

    Raises
    ------
    MetadataError
        If the results are no such table, the stems are not there, or a target is silent in all of those to measure
        with.
    ConfigError
        If a training was begun with other settings.

    Examples
    --------
    >>> import tempfile
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> from rebalance import RebalanceError
    >>> from rebalance.training import IassStudy, read_settings, run_iass_study
    >>> study = replace(read_settings(Path("recipes/iass/config.yaml"), IassStudy), test=(Path("nowhere"),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         list(run_iass_study(study, Path(folder, "results.csv"), folder))
    ...     except RebalanceError as error:
    ...         print(error.where)
    nowhere/stems.json
    """
    tables, folder = _tables(results), expanded(runs)
    (file,) = tables.columns

    def measured(cell: IassCell) -> CellRows:
        return {file: pd.DataFrame(list(_rows(study, cell, folder)), columns=list(_FIGURES))}

    for cell in run_cells(study.cells(), measured, tables, key=lambda cell: (cell.name,)):
        yield cell.name


def read_iass_results(path: StrPath) -> pd.DataFrame:
    """Return the rows of finished cells; none where there is no file yet.

    Raises
    ------
    MetadataError
        If it is no such table.

    Examples
    --------
    >>> from rebalance.training import read_iass_results
    >>> len(read_iass_results("not-begun.csv"))
    0
    """
    (table,) = _tables(path).read().values()
    return table


def _tables(path: StrPath) -> StudyTables:
    """Return the one table of a study."""
    file = expanded(path)
    columns = {file.name: ("cell", *_FIGURES)}
    return StudyTables(folder=file.parent, columns=columns, key=("cell",), float_format="%.4f")


def _listed(folders: Sequence[Path]) -> str:
    """Return the names of folders."""
    return ", ".join(map(str, folders))


def _rows(study: IassStudy, cell: IassCell, runs: Path) -> Iterator[PieceFigures]:
    """Give the rows of a cell, trained first where it has to be."""
    experiment = study.experiment_of(cell)
    library = open_library(study.test, any_instrument=True)
    mixer = PlainMixer(stem_library=library, settings=experiment.mixing, seed=0, device=torch.device("cpu"))
    pieces = {name: sources for name, sources in mixer.whole_pieces().items() if sources[0].any()}
    if not pieces:
        where, expected = f"cell {cell.name}", f"a piece in which {cell.target} sounds, in {_listed(study.test)}"
        raise MetadataError(where=where, expected=expected, found="silence alone")
    if cell.system == "bounds":
        yield from measured_bounds(cell.target, pieces)
        return
    run = runs / cell.name
    run_iass_experiment(experiment, run, device=study.device)
    weights = runs / "weights" / f"{cell.system}-seed-{cell.seed}" / f"{cell.target}.safetensors"
    export_iass(experiment, run, weights, ModelCard(data=study.data, training={"Seed": str(cell.seed)}))
    yield from measured_network(cell.system, trained_iass(experiment, run), pieces, cell.seed)
