"""How long and how fast to train."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rebalance._base.errors import ConfigError
from rebalance.training._losses import LossSettings
from rebalance.training._schedule import CurriculumSettings, PlateauSettings, ScheduleState


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How long and how fast to train.

    Parameters
    ----------
    steps
        Of the whole run.
    learning_rate
        Largest; it rises over `warmup_steps`, stays, and falls to nothing over the last `decay_steps`. What was
        trained before the fall can be continued with more steps.
    warmup_steps, decay_steps
        Number of steps over which the learning rate rises first and falls last.
    weight_decay
        Of AdamW and Muon.
    gradient_clip
        Largest norm of the gradient.
    average_decay
        Of the running average of the weights, which is what is kept in the end; smaller in the first steps.
    save_every, log_every, validate_every
        In steps.
    mixed_precision
        Compute in bfloat16 on CUDA.
    processor_bfloat16
        Compute in bfloat16 on the processor too, where it has instructions for it; fastest with those for matrices
        (AMX). Elsewhere it computes in single precision.
    compile
        Let `torch.compile` fuse the network, or the body of a mask network.
    seed
        Of the first weights and of all batches.
    loss
        Weights of the loss.
    optimiser
        ``"adamw"``; ``"muon"`` for the matrices and AdamW for the rest; ``"adam"``, or ``"sgd"`` with a momentum of
        0.9, with the weight decay added to the gradient.
    plateau
        How the learning rate falls when the validation loss, minus ``"selection"``, stays; not at all when None.
    stop_after_flat
        Stop after so many validations in a row without a smaller loss; never when None.
    falls_at
        Steps at which the learning rate falls to a tenth.
    curriculum
        How a run goes on to more difficult examples; not at all when None. What makes its batches must be `Staged`.

    Raises
    ------
    ConfigError
        If a number of steps or validations is below 1.
    """

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay_steps: int = 300
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    average_decay: float = 0.998
    save_every: int = 100
    log_every: int = 10
    validate_every: int = 500
    mixed_precision: bool = True
    processor_bfloat16: bool = False
    compile: bool = False
    seed: int = 0
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: Literal["adamw", "adam", "muon", "sgd"] = "adamw"
    plateau: PlateauSettings | None = None
    stop_after_flat: int | None = None
    falls_at: tuple[int, ...] = ()
    curriculum: CurriculumSettings | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "save_every", "log_every", "validate_every", "stop_after_flat"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ConfigError(where=name, expected="at least 1", got=f"{getattr(self, name)}")

    @property
    def lasting(self) -> dict[str, Any]:
        """The settings that must stay when a run is continued: all that decides what a step does."""
        may_change = {
            "steps",
            "decay_steps",
            "save_every",
            "log_every",
            "validate_every",
            "compile",
            "processor_bfloat16",
        }
        later = {  # unknown to states from before them
            "optimiser": "adamw",
            "plateau": None,
            "stop_after_flat": None,
            "falls_at": (),
            "curriculum": None,
        }
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in may_change and not (name in later and value == later[name])
        }

    @property
    def follows_validation(self) -> bool:
        """Whether what validation gives changes the course of the run."""
        return not (self.plateau is None and self.stop_after_flat is None and self.curriculum is None)

    def stops_at(self, schedule: ScheduleState) -> bool:
        """Tell whether a run is over before its last step: in the last stage of a curriculum alone."""
        in_last_stage = self.curriculum is None or schedule.stage >= self.curriculum.stages - 1
        return in_last_stage and self.stop_after_flat is not None and schedule.waited >= self.stop_after_flat

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        risen = (step + 1) / max(self.warmup_steps, 1)
        left = (self.steps - step) / max(self.decay_steps, 1)
        fallen = 0.1 ** sum(step >= fall for fall in self.falls_at)
        return self.learning_rate * min(risen, left, 1.0) * fallen
