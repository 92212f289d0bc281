"""What decides one of the steps of learning to separate from scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
from rebalance.separation.score_supervised import Role, TcnConfig
from rebalance.training._train_settings import TrainSettings
from rebalance.training.data import ClipSettings
from rebalance.training.score_supervision import ScoreLossSettings

Step: TypeAlias = Literal[
    "transcriptor", "separator", "joint", "supervised", "classifier", "classified", "semi-supervised"
]
_MIN_REMIXED = 3
_ROLES: Mapping[Step, Role] = MappingProxyType(
    {
        "transcriptor": "transcriptor",
        "separator": "separator",
        "joint": "separator",
        "supervised": "separator",
        "classifier": "classifier",
        "classified": "separator",
        "semi-supervised": "separator",
    }
)
CRITICISED: tuple[Step, ...] = ("separator", "joint", "classified", "semi-supervised")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredData:
    """Folders of prepared tracks, see `rebalance.training.data.read_scored_tracks`.

    Parameters
    ----------
    train
        Mixtures with scores. Only the supervised step sees their stems.
    validation
        Held out, for the learning rate and early stopping.
    stems
        Mixtures with scores and stems, for the semi-supervised step.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import ScoredData
    >>> ScoredData(train=(Path("tracks/train"),), validation=(Path("tracks/validation"),)).stems
    ()
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    stems: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreExperiment:
    """Everything that decides what one of the steps gives.

    Parameters
    ----------
    step
        ``"transcriptor"``, ``"separator"`` with the transcriptor as it is, ``"joint"``; for comparison
        ``"supervised"``, the separator from stems, and ``"classifier"`` and ``"classified"``, a classifier of who plays
        in place of the transcriptor, and the separator from it; ``"semi-supervised"``, the separator from scores and a
        few stems.
    data
        Tracks with their notes.
    network
        Sizes of both networks; the role follows from the step.
    clips
        How clips are drawn; the semi-supervised step takes half of each batch from the tracks with stems.
    train
        How long and how fast; its ``loss`` is not used.
    loss
        Weights of the losses.
    weigh_instruments
        Weigh instruments that play rarely up, by their activity in the training tracks.
    validation_batches
        Of validation clips, the same each time.
    transcriptor
        Folder of the run of the first step, for the second and third; that of the classifier for the classified one.
    separator
        Folder of the run of the second step, for the third.

    Raises
    ------
    ConfigError
        If a step lacks the run of one before it or its tracks, or the adversarial mixture loss has fewer than three
        clips to mix.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.training import read_settings, ScoreExperiment
    >>> experiment = read_settings(Path("recipes/score_supervision/config.yaml"), ScoreExperiment)
    >>> experiment.step, experiment.network.role
    ('transcriptor', 'transcriptor')
    """

    step: Step
    data: ScoredData
    network: TcnConfig = field(default_factory=lambda: TcnConfig(role="transcriptor"))
    clips: ClipSettings = field(default_factory=ClipSettings)
    train: TrainSettings
    loss: ScoreLossSettings = field(default_factory=ScoreLossSettings)
    weigh_instruments: bool = True
    validation_batches: int = 8
    transcriptor: Path | None = None
    separator: Path | None = None

    def __post_init__(self) -> None:
        one_of("step", self.step, tuple(_ROLES))
        object.__setattr__(self, "network", replace(self.network, role=_ROLES[self.step]))
        if self.step in CRITICISED and self.transcriptor is None:
            raise ConfigError(where=f"step {self.step}", expected="transcriptor, the run of the first step", got="none")
        if self.step == "joint" and self.separator is None:
            raise ConfigError(where="step joint", expected="separator, the run of the second step", got="none")
        if self.step == "joint" and self.loss.adversary == "mixture" and self.clips.batch_size < _MIN_REMIXED:
            raise ConfigError(
                where="clips.batch_size",
                expected=f"{_MIN_REMIXED} or more clips to remix estimates of",
                got=str(self.clips.batch_size),
            )
        if self.step == "semi-supervised" and not (self.data.stems and self.clips.batch_size > 1):
            raise ConfigError(
                where="step semi-supervised",
                expected="data.stems and two clips or more in a batch",
                got=str(self.clips),
            )

    @property
    def description(self) -> dict[str, Any]:
        """What must stay when a run is continued, apart from how it is trained."""
        network = asdict(self.network)
        if not self.network.needs_players:  # unknown to runs from before it
            del network["told_players"]
        return {
            "step": self.step,
            "network": network,
            "clips": asdict(self.clips),
            "score": asdict(self.loss),
            "weigh_instruments": self.weigh_instruments,
            "validation_batches": self.validation_batches,
        }
