from ._audiogram_tables import (
    Thresholds as Thresholds,
    listener_of as listener_of,
    parse_thresholds as parse_thresholds,
    read_audiogram_table as read_audiogram_table,
)
from ._choosing import chosen_pairs as chosen_pairs, spread_segments as spread_segments
from ._people import (
    fittings_json as fittings_json,
    listeners_json as listeners_json,
    read_fittings as read_fittings,
    read_listeners as read_listeners,
    write_listeners as write_listeners,
)
from ._problems import (
    CheckReport as CheckReport,
    Findings as Findings,
    MetadataWarning as MetadataWarning,
    Problem as Problem,
)
from ._schemas import SchemaName as SchemaName, read_document as read_document
from ._sources import length_fault as length_fault, read_source as read_source
from ._strict_json import read_json as read_json
from ._task_files import (
    TaskFiles as TaskFiles,
    available_splits as available_splits,
    checked_split as checked_split,
    splits_to_check as splits_to_check,
)
from ._tasks import check_task as check_task, load_task as load_task, load_task_files as load_task_files
from ._values import Pair as Pair, Scene as Scene, Segment as Segment, Source as Source, Task as Task
