from ._answers_store import AnswerStore as AnswerStore
from ._choice_models import choice_worths as choice_worths, win_shares as win_shares
from ._haaqi_relation import (
    Correlation as Correlation,
    HaaqiRelation as HaaqiRelation,
    relate_to_haaqi as relate_to_haaqi,
)
from ._listening_plans import ListeningPlan as ListeningPlan
from ._matched_sounds import lowpass as lowpass, matched as matched
from ._plan_files import read_plan as read_plan
from ._rating_models import MixedModel as MixedModel, fit_mixed_model as fit_mixed_model, rating_means as rating_means
from ._result_files import RESULT_FILES as RESULT_FILES, write_results as write_results
from ._said_answers import Answer as Answer, Participant as Participant
from ._screening import screen_participants as screen_participants
from ._settled_tests import SettledTest as SettledTest, settle_test as settle_test
from ._stimuli import Stimuli as Stimuli, make_stimuli as make_stimuli
from ._test_results import (
    ListeningResults as ListeningResults,
    evaluate_answers as evaluate_answers,
    read_scores as read_scores,
)
from ._test_server import create_test_app as create_test_app
from ._test_serving import own_database as own_database, serve_test as serve_test
from ._trial_orders import (
    BlindTrial as BlindTrial,
    Trial as Trial,
    blinded as blinded,
    ordered_trials as ordered_trials,
)
