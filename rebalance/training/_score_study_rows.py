"""The rows of the tables of "Transcription Is All You Need": what each trains, and what it needs before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from rebalance.training._score_settings import Step

Material: TypeAlias = Literal["scores", "stems"]
BEST = "best"
SECOND_STEP = ("c-mix", "h-mix", "c-mix and h-mix")
INPUT_ROW = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One row of the tables.

    Parameters
    ----------
    step
        What is trained: one of the three steps of the paper, or what they are compared with.
    critic
        Row that is the critic.
    start
        Row whose separator the third step starts from; ``"best"`` is that of the second step that separates the
        validation tracks best, of those in the study.
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

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """What it needs before it: one row of each tuple."""
        critics = () if self.critic is None else ((self.critic,),)
        starts = () if self.start is None else ((self.start,),)
        return critics + ((SECOND_STEP,) if self.start == BEST else starts)


ROWS: Mapping[str, StudyRow] = MappingProxyType(
    {
        "transcriptor": StudyRow(step="transcriptor"),
        "classifier": StudyRow(step="classifier"),
        "supervised": StudyRow(step="supervised"),
        "classifier as critic": StudyRow(step="classified", critic="classifier"),
        "c-mix": StudyRow(step="separator", critic="transcriptor", loss={"beta_2": 0.0}),
        "h-mix": StudyRow(step="separator", critic="transcriptor", loss={"alpha_2": 0.0}),
        "c-mix and h-mix": StudyRow(step="separator", critic="transcriptor"),
        "joint": StudyRow(step="joint", critic="transcriptor", start=BEST),
        "joint, AML": StudyRow(step="joint", critic="transcriptor", start=BEST, loss={"adversary": "mixture"}),
        "joint, ATL": StudyRow(step="joint", critic="transcriptor", start=BEST, loss={"adversary": "transcription"}),
        "few stems": StudyRow(step="supervised", material="stems"),
        "semi-supervised": StudyRow(step="semi-supervised", critic="transcriptor"),
    }
)
