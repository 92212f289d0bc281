"""What a study of learning from scores trains and measures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from rebalance._base.errors import ConfigError
from rebalance.separation.score_supervised import TcnConfig
from rebalance.training._score_settings import ScoredData, ScoreExperiment
from rebalance.training._score_study_rows import ROWS, SECOND_STEP
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import ClipSettings
from rebalance.training.score_supervision import ScoreLossSettings

_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStudy:
    """What is trained and measured.

    Parameters
    ----------
    rows
        Of the tables, of `ROWS`; a row comes after those it needs.
    seeds
        Seeds of the trainings of every row.
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
    >>> from rebalance.training import TrainSettings
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
            for choice in ROWS[name].needs:
                if not set(choice) & set(self.rows[:place]):
                    wanted = f"{' or '.join(choice)} before {name}"
                    raise ConfigError(where="rows", expected=wanted, got=", ".join(self.rows))

    @property
    def second_step(self) -> tuple[str, ...]:
        """Rows of the second step that are in the study."""
        return tuple(name for name in SECOND_STEP if name in self.rows)

    def needed_rows(self, name: str) -> tuple[str, ...]:
        """Return the rows a row needs.

        Parameters
        ----------
        name
            Of the row.
        """
        return tuple(needed for choice in ROWS[name].needs for needed in choice if needed in self.rows)

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
        experiment = self.experiment(name, 0, SECOND_STEP[-1] if ROWS[name].start else None)
        content = {**experiment.description, "train": experiment.train.lasting, "steps": experiment.train.steps}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGEST_LENGTH]
