from ._evaluation_task import write_evaluation_task as write_evaluation_task
from ._listener_files import fittings_json as fittings_json, listeners_json as listeners_json
from ._listener_generation import generate_listeners as generate_listeners
from ._random_mixing import NoMixturesError as NoMixturesError
from ._scene_generation import generate_scenes as generate_scenes
from ._task_writing import TaskSummary as TaskSummary, write_task as write_task
