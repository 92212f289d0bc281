"""The chain of the challenge: enhance, score, evaluate separation, and rebalance a recording of one's own."""

from __future__ import annotations

from rebalance.pipeline._enhancing import EnhanceOptions, amplify_for_submission, enhance_task, estimate_sources
from rebalance.pipeline._official_options import read_options
from rebalance.pipeline._personal import (
    PersonalMix,
    StemStretch,
    common_attenuation_db,
    gains_by_source,
    rebalance_recording,
    rebalance_stems,
    separate_in_stretches,
    separate_recording,
)
from rebalance.pipeline._runs import RunRecord, clear_run, count_finished, enhanced_path, read_run
from rebalance.pipeline._scoring import System, score_pair, score_scene, score_task, system_of_run, true_remix
from rebalance.pipeline._separation_quality import EvaluationOptions, evaluate_separation, metric_columns

__all__ = [
    "EnhanceOptions",
    "EvaluationOptions",
    "PersonalMix",
    "RunRecord",
    "StemStretch",
    "System",
    "amplify_for_submission",
    "clear_run",
    "common_attenuation_db",
    "count_finished",
    "enhance_task",
    "enhanced_path",
    "estimate_sources",
    "evaluate_separation",
    "gains_by_source",
    "metric_columns",
    "read_options",
    "read_run",
    "rebalance_recording",
    "rebalance_stems",
    "score_pair",
    "score_scene",
    "score_task",
    "separate_in_stretches",
    "separate_recording",
    "system_of_run",
    "true_remix",
]
