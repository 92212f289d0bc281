"""Schedules that follow the validation loss: a curriculum, lowering the learning rate on a plateau, stopping early."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from rebalance._base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateauSettings:
    """When and how far the learning rate falls.

    Parameters
    ----------
    factor
        Of the learning rate at every fall, above 0 and below 1.
    patience
        Validations without improvement that are borne; the next one lowers the rate.
    cooldown
        Validations after a fall that do not count.
    threshold
        Relative improvement of the validation loss below which it counts as none.

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """

    factor: float = 0.3
    patience: int = 80
    cooldown: int = 10
    threshold: float = 1e-4

    def __post_init__(self) -> None:
        if not (0.0 < self.factor < 1.0 and min(self.patience, self.cooldown, self.threshold) >= 0):
            raise ConfigError(where="plateau", expected="a factor between 0 and 1, the rest from 0", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumSettings:
    """When a run goes on to more difficult examples.

    Parameters
    ----------
    stages
        How many there are, the easiest first.
    patience
        Validations without improvement that are borne in a stage; the next one ends it.
    threshold
        Fall of the validation loss below which it counts as none.

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """

    stages: int = 6
    patience: int = 10
    threshold: float = 1e-4

    def __post_init__(self) -> None:
        if self.stages < 1 or min(self.patience, self.threshold) < 0:
            raise ConfigError(where="curriculum", expected="one or more stages, the rest from 0", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """How validation has gone so far; part of the saved state of a run.

    Parameters
    ----------
    scale
        What the learning rate is multiplied by.
    plateau_loss, plateau_waited, cooling
        Smallest loss by the rules of the plateau, validations since, and those that still do not count.
    best_loss, waited
        Smallest loss of all, of this stage where there is a curriculum, and validations since.
    stage
        Of the curriculum, from 0.
    """

    scale: float = 1.0
    plateau_loss: float = math.inf
    plateau_waited: int = 0
    cooling: int = 0
    best_loss: float = math.inf
    waited: int = 0
    stage: int = 0


def after_validation(
    state: ScheduleState,
    loss: float,
    plateau: PlateauSettings | None,
    curriculum: CurriculumSettings | None = None,
) -> ScheduleState:
    """Return the state after a validation loss, smaller being better.

    In every stage of a curriculum but the last only the curriculum counts: the loss of a harder stage says nothing
    beside that of an easier one, so that the best loss is forgotten where a stage ends.

    Source: the rules of torch's ``ReduceLROnPlateau`` (mode "min", relative threshold) for the plateau; a run stops
    early by the plain count of validations without a smaller loss.
    """
    if curriculum is not None and state.stage < curriculum.stages - 1:
        return _after_stage(state, loss, curriculum)
    better = loss < state.best_loss
    followed = replace(state, best_loss=min(loss, state.best_loss), waited=0 if better else state.waited + 1)
    return followed if plateau is None else _after_plateau(followed, loss, plateau)


def _after_stage(state: ScheduleState, loss: float, curriculum: CurriculumSettings) -> ScheduleState:
    """Return the state in a stage that is not the last, or at the beginning of the next."""
    if loss < state.best_loss - curriculum.threshold:
        return replace(state, best_loss=loss, waited=0)
    if state.waited < curriculum.patience:
        return replace(state, waited=state.waited + 1)
    return replace(state, stage=state.stage + 1, best_loss=math.inf, waited=0)


def _after_plateau(state: ScheduleState, loss: float, plateau: PlateauSettings) -> ScheduleState:
    """Return the state with the counts of the plateau brought up to date."""
    margin = plateau.threshold * abs(state.plateau_loss) if math.isfinite(state.plateau_loss) else 0.0
    better = loss < state.plateau_loss - margin
    waited = 0 if better or state.cooling else state.plateau_waited + 1
    counted = replace(
        state,
        plateau_loss=loss if better else state.plateau_loss,
        plateau_waited=waited,
        cooling=max(state.cooling - 1, 0),
    )
    if waited <= plateau.patience:
        return counted
    return replace(counted, scale=state.scale * plateau.factor, plateau_waited=0, cooling=plateau.cooldown)
