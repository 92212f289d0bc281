from ._audiogram_drawing import audiogram_plot as audiogram_plot
from ._listener_views import (
    ListenerView as ListenerView,
    SceneView as SceneView,
    SystemView as SystemView,
    view_listener as view_listener,
)
from ._ranking_exports import ranking_csv as ranking_csv, safe_cell as safe_cell, site_json as site_json
from ._ranking_plots import heat_map as heat_map, interval_plot as interval_plot
from ._rankings import (
    RankedLine as RankedLine,
    RankedSystem as RankedSystem,
    Ranking as Ranking,
    rank_systems as rank_systems,
    ranking_digest as ranking_digest,
)
from ._score_summaries import (
    HAAQI_COLUMN as HAAQI_COLUMN,
    Diagnostic as Diagnostic,
    GroupMean as GroupMean,
    GroupMeans as GroupMeans,
    ListenerMean as ListenerMean,
    ScoreSummary as ScoreSummary,
    summarise_scores as summarise_scores,
    summary_digest as summary_digest,
    task_digest as task_digest,
)
from ._summary_cache import Kept as Kept, SummaryCache as SummaryCache
