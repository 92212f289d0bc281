"""Blind listening tests of scored runs: the plan, the sounds, the pages, the answers, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.web.listening_test._answers_store import AnswerStore
    from rebalance.web.listening_test._choice_models import choice_worths, win_shares
    from rebalance.web.listening_test._haaqi_relation import Correlation, HaaqiRelation, relate_to_haaqi
    from rebalance.web.listening_test._listening_plans import ListeningPlan
    from rebalance.web.listening_test._matched_sounds import lowpass, matched
    from rebalance.web.listening_test._plan_files import read_plan
    from rebalance.web.listening_test._rating_models import MixedModel, fit_mixed_model, rating_means
    from rebalance.web.listening_test._result_files import RESULT_FILES, write_results
    from rebalance.web.listening_test._said_answers import Answer, Participant
    from rebalance.web.listening_test._screening import screen_participants
    from rebalance.web.listening_test._settled_tests import SettledTest, settle_test
    from rebalance.web.listening_test._stimuli import Stimuli, make_stimuli
    from rebalance.web.listening_test._test_results import ListeningResults, evaluate_answers, read_scores
    from rebalance.web.listening_test._test_server import create_test_app
    from rebalance.web.listening_test._test_serving import own_database, serve_test
    from rebalance.web.listening_test._trial_orders import BlindTrial, Trial, blinded, ordered_trials

__all__ = [
    "RESULT_FILES",
    "Answer",
    "AnswerStore",
    "BlindTrial",
    "Correlation",
    "HaaqiRelation",
    "ListeningPlan",
    "ListeningResults",
    "MixedModel",
    "Participant",
    "SettledTest",
    "Stimuli",
    "Trial",
    "blinded",
    "choice_worths",
    "create_test_app",
    "evaluate_answers",
    "fit_mixed_model",
    "lowpass",
    "make_stimuli",
    "matched",
    "ordered_trials",
    "own_database",
    "rating_means",
    "read_plan",
    "read_scores",
    "relate_to_haaqi",
    "screen_participants",
    "serve_test",
    "settle_test",
    "win_shares",
    "write_results",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_answers_store": ("AnswerStore",),
        "_choice_models": ("choice_worths", "win_shares"),
        "_haaqi_relation": ("Correlation", "HaaqiRelation", "relate_to_haaqi"),
        "_listening_plans": ("ListeningPlan",),
        "_matched_sounds": ("lowpass", "matched"),
        "_plan_files": ("read_plan",),
        "_rating_models": ("MixedModel", "fit_mixed_model", "rating_means"),
        "_result_files": ("RESULT_FILES", "write_results"),
        "_said_answers": ("Answer", "Participant"),
        "_screening": ("screen_participants",),
        "_settled_tests": ("SettledTest", "settle_test"),
        "_stimuli": ("Stimuli", "make_stimuli"),
        "_test_results": ("ListeningResults", "evaluate_answers", "read_scores"),
        "_test_server": ("create_test_app",),
        "_test_serving": ("own_database", "serve_test"),
        "_trial_orders": ("BlindTrial", "Trial", "blinded", "ordered_trials"),
    },
)
