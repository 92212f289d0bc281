from ._clip_figures import (
    input_figures as input_figures,
    separation_figures as separation_figures,
    transcription_figures as transcription_figures,
)
from ._note_scores import NoteCounts as NoteCounts, note_counts as note_counts, notes_in_roll as notes_in_roll
from ._piano_rolls import (
    clip_activity as clip_activity,
    harmonic_activity as harmonic_activity,
    harmonic_matrix as harmonic_matrix,
    piano_roll as piano_roll,
)
from ._score_losses import (
    adversarial_mixture_loss as adversarial_mixture_loss,
    adversarial_transcription_loss as adversarial_transcription_loss,
    classification_loss as classification_loss,
    instrument_loss as instrument_loss,
    mixture_loss as mixture_loss,
    own_score_loss as own_score_loss,
    pitch_loss as pitch_loss,
    score_loss as score_loss,
    transcription_loss as transcription_loss,
)
from ._score_objectives import (
    ClassificationObjective as ClassificationObjective,
    ClassifiedObjective as ClassifiedObjective,
    CriticObjective as CriticObjective,
    Joint as Joint,
    JointObjective as JointObjective,
    SemiSupervisedObjective as SemiSupervisedObjective,
    SupervisedObjective as SupervisedObjective,
    TranscriptionObjective as TranscriptionObjective,
)
from ._step_losses import ScoreLossSettings as ScoreLossSettings
