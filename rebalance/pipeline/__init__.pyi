from ._balance import (
    Balance as Balance,
    estimate_balance as estimate_balance,
    measured_reliability as measured_reliability,
)
from ._block_separation import stem_pieces as stem_pieces
from ._enhancing import (
    EnhanceOptions as EnhanceOptions,
    amplify_for_submission as amplify_for_submission,
    enhance_task as enhance_task,
    estimate_sources as estimate_sources,
)
from ._heard_metrics import (
    HeardSignals as HeardSignals,
    Metric as Metric,
    check_metric as check_metric,
    list_metrics as list_metrics,
    load_metric as load_metric,
)
from ._levelling import (
    LevelledMix as LevelledMix,
    LoudnessTarget as LoudnessTarget,
    OutputLevel as OutputLevel,
    common_attenuation_db as common_attenuation_db,
)
from ._metric_scores import score_metrics as score_metrics
from ._official_options import read_options as read_options
from ._own_files import (
    RemixedFile as RemixedFile,
    SeparatedFile as SeparatedFile,
    remix_file as remix_file,
    separate_file as separate_file,
)
from ._pair_scores import (
    Reference as Reference,
    score_pair as score_pair,
    score_signals as score_signals,
    true_remix as true_remix,
)
from ._personal import (
    PersonalMix as PersonalMix,
    StreamedMix as StreamedMix,
    rebalance_recording as rebalance_recording,
    rebalance_stems as rebalance_stems,
    remix_of_stems as remix_of_stems,
    remix_stream as remix_stream,
    separate_recording as separate_recording,
)
from ._remix_requests import RemixRequest as RemixRequest, gains_by_source as gains_by_source
from ._runs import (
    RunRecord as RunRecord,
    clear_run as clear_run,
    count_finished as count_finished,
    enhanced_path as enhanced_path,
    read_run as read_run,
    record_causality as record_causality,
    record_of_signals as record_of_signals,
)
from ._score_tables import Scores as Scores, collect_scores as collect_scores, score_runs as score_runs
from ._scored_systems import (
    EnhancedSignals as EnhancedSignals,
    FolderSignals as FolderSignals,
    System as System,
    system_of_run as system_of_run,
)
from ._scoring import score_scene as score_scene, score_task as score_task
from ._separation_quality import (
    EvaluationOptions as EvaluationOptions,
    evaluate_separation as evaluate_separation,
    metric_columns as metric_columns,
)
