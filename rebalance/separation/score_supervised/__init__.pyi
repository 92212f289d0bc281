from ._score_checkpoints import (
    load_score_separator as load_score_separator,
    save_score_separator as save_score_separator,
)
from ._score_separator import ScoreSupervisedSeparator as ScoreSupervisedSeparator
from ._tcn import (
    LOWEST_NOTE as LOWEST_NOTE,
    N_NOTES as N_NOTES,
    Role as Role,
    ScoreTcn as ScoreTcn,
    TcnConfig as TcnConfig,
    level_of as level_of,
)
