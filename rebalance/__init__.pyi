from . import audio as audio, hearing as hearing, task as task
from ._base.challenge import CAD2_TASK2 as CAD2_TASK2, Challenge as Challenge
from ._base.errors import (
    AudioError as AudioError,
    ConfigError as ConfigError,
    MetadataError as MetadataError,
    RebalanceError as RebalanceError,
    SchedulerError as SchedulerError,
    SubmissionError as SubmissionError,
)
from ._base.semantics import VERSION as VERSION
from .audio import normalising_gain_db as normalising_gain_db, remix as remix, remix_as_edit as remix_as_edit
from .hearing import Audiogram as Audiogram, EarFitting as EarFitting, Fitting as Fitting, Listener as Listener
from .task import (
    Pair as Pair,
    Scene as Scene,
    Segment as Segment,
    Source as Source,
    Task as Task,
    load_task as load_task,
)

__version__: str
