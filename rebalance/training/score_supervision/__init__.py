"""Learning to separate from scores in place of stems, in three steps.

Source: Hung, Wichern and Le Roux 2021, "Transcription Is All You Need" (arXiv 2010.11904).
"""

from __future__ import annotations

from rebalance.training.score_supervision._clip_figures import (
    input_figures,
    separation_figures,
    transcription_figures,
)
from rebalance.training.score_supervision._note_scores import NoteCounts, note_counts, notes_in_roll
from rebalance.training.score_supervision._piano_rolls import (
    clip_activity,
    harmonic_activity,
    harmonic_matrix,
    piano_roll,
)
from rebalance.training.score_supervision._score_losses import (
    adversarial_mixture_loss,
    adversarial_transcription_loss,
    classification_loss,
    instrument_loss,
    mixture_loss,
    own_score_loss,
    pitch_loss,
    score_loss,
    transcription_loss,
)
from rebalance.training.score_supervision._score_objectives import (
    ClassificationObjective,
    ClassifiedObjective,
    CriticObjective,
    Joint,
    JointObjective,
    SemiSupervisedObjective,
    SupervisedObjective,
    TranscriptionObjective,
)
from rebalance.training.score_supervision._step_losses import ScoreLossSettings

__all__ = [
    "ClassificationObjective",
    "ClassifiedObjective",
    "CriticObjective",
    "Joint",
    "JointObjective",
    "NoteCounts",
    "ScoreLossSettings",
    "SemiSupervisedObjective",
    "SupervisedObjective",
    "TranscriptionObjective",
    "adversarial_mixture_loss",
    "adversarial_transcription_loss",
    "classification_loss",
    "clip_activity",
    "harmonic_activity",
    "harmonic_matrix",
    "input_figures",
    "instrument_loss",
    "mixture_loss",
    "note_counts",
    "notes_in_roll",
    "own_score_loss",
    "piano_roll",
    "pitch_loss",
    "score_loss",
    "separation_figures",
    "transcription_figures",
    "transcription_loss",
]
