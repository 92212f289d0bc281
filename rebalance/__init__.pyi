from . import (
    assets as assets,
    audio as audio,
    datasets as datasets,
    haaqi as haaqi,
    hearing as hearing,
    pipeline as pipeline,
    report as report,
    separation as separation,
    submission as submission,
    synthesis as synthesis,
    task as task,
    taskmaking as taskmaking,
    training as training,
    transcription as transcription,
    video as video,
    web as web,
)
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
from .audio import (
    normalising_gain_db as normalising_gain_db,
    read_audio as read_audio,
    remix as remix,
    remix_as_edit as remix_as_edit,
    write_audio as write_audio,
)
from .haaqi import HAAQI as HAAQI, hear_reference as hear_reference
from .hearing import (
    Audiogram as Audiogram,
    EarFitting as EarFitting,
    Fitting as Fitting,
    Listener as Listener,
    amplify as amplify,
    prescribe as prescribe,
)
from .pipeline import (
    EnhanceOptions as EnhanceOptions,
    amplify_for_submission as amplify_for_submission,
    enhance_task as enhance_task,
    estimate_sources as estimate_sources,
    remix_file as remix_file,
    score_pair as score_pair,
    score_runs as score_runs,
    score_task as score_task,
    separate_file as separate_file,
)
from .report import read_report as read_report
from .separation import Separator as Separator, SeparatorInfo as SeparatorInfo, load_separator as load_separator
from .submission import check_submission as check_submission
from .task import (
    Pair as Pair,
    Scene as Scene,
    Segment as Segment,
    Source as Source,
    Task as Task,
    check_task as check_task,
    load_task as load_task,
    read_source as read_source,
)

__version__: str
