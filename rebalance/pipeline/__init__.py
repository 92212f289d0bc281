"""The chain of the challenge: enhance, score, evaluate separation, and rebalance a recording of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.pipeline._balance import Balance, estimate_balance, measured_reliability
    from rebalance.pipeline._block_separation import stem_pieces
    from rebalance.pipeline._enhancing import EnhanceOptions, amplify_for_submission, enhance_task, estimate_sources
    from rebalance.pipeline._heard_metrics import HeardSignals, Metric, check_metric, list_metrics, load_metric
    from rebalance.pipeline._metric_scores import score_metrics
    from rebalance.pipeline._official_options import read_options
    from rebalance.pipeline._own_files import RemixedFile, SeparatedFile, remix_file, separate_file
    from rebalance.pipeline._personal import (
        LevelledMix,
        LoudnessTarget,
        OutputLevel,
        PersonalMix,
        RemixRequest,
        StreamedMix,
        common_attenuation_db,
        gains_by_source,
        rebalance_recording,
        rebalance_stems,
        remix_of_stems,
        remix_stream,
        separate_recording,
    )
    from rebalance.pipeline._runs import (
        RunRecord,
        clear_run,
        count_finished,
        enhanced_path,
        read_run,
        record_causality,
        record_of_signals,
    )
    from rebalance.pipeline._score_tables import Scores, collect_scores, score_runs
    from rebalance.pipeline._scoring import (
        EnhancedSignals,
        FolderSignals,
        System,
        score_pair,
        score_scene,
        score_task,
        system_of_run,
        true_remix,
    )
    from rebalance.pipeline._separation_quality import EvaluationOptions, evaluate_separation, metric_columns

__all__ = [
    "Balance",
    "EnhanceOptions",
    "EnhancedSignals",
    "EvaluationOptions",
    "FolderSignals",
    "HeardSignals",
    "LevelledMix",
    "LoudnessTarget",
    "Metric",
    "OutputLevel",
    "PersonalMix",
    "RemixRequest",
    "RemixedFile",
    "RunRecord",
    "Scores",
    "SeparatedFile",
    "StreamedMix",
    "System",
    "amplify_for_submission",
    "check_metric",
    "clear_run",
    "collect_scores",
    "common_attenuation_db",
    "count_finished",
    "enhance_task",
    "enhanced_path",
    "estimate_balance",
    "estimate_sources",
    "evaluate_separation",
    "gains_by_source",
    "list_metrics",
    "load_metric",
    "measured_reliability",
    "metric_columns",
    "read_options",
    "read_run",
    "rebalance_recording",
    "rebalance_stems",
    "record_causality",
    "record_of_signals",
    "remix_file",
    "remix_of_stems",
    "remix_stream",
    "score_metrics",
    "score_pair",
    "score_runs",
    "score_scene",
    "score_task",
    "separate_file",
    "separate_recording",
    "stem_pieces",
    "system_of_run",
    "true_remix",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_balance": ("Balance", "estimate_balance", "measured_reliability"),
        "_block_separation": ("stem_pieces",),
        "_enhancing": ("EnhanceOptions", "amplify_for_submission", "enhance_task", "estimate_sources"),
        "_heard_metrics": ("HeardSignals", "Metric", "check_metric", "list_metrics", "load_metric"),
        "_metric_scores": ("score_metrics",),
        "_official_options": ("read_options",),
        "_own_files": ("RemixedFile", "SeparatedFile", "remix_file", "separate_file"),
        "_personal": (
            "LevelledMix",
            "LoudnessTarget",
            "OutputLevel",
            "PersonalMix",
            "RemixRequest",
            "StreamedMix",
            "common_attenuation_db",
            "gains_by_source",
            "rebalance_recording",
            "rebalance_stems",
            "remix_of_stems",
            "remix_stream",
            "separate_recording",
        ),
        "_runs": (
            "RunRecord",
            "clear_run",
            "count_finished",
            "enhanced_path",
            "read_run",
            "record_causality",
            "record_of_signals",
        ),
        "_score_tables": ("Scores", "collect_scores", "score_runs"),
        "_scoring": (
            "EnhancedSignals",
            "FolderSignals",
            "System",
            "score_pair",
            "score_scene",
            "score_task",
            "system_of_run",
            "true_remix",
        ),
        "_separation_quality": ("EvaluationOptions", "evaluate_separation", "metric_columns"),
    },
)
