from ._comparing import (
    ListenerAgreement as ListenerAgreement,
    PairwiseTest as PairwiseTest,
    Place as Place,
    RunComparison as RunComparison,
    compare_runs as compare_runs,
    comparison_csv as comparison_csv,
    ranking_json as ranking_json,
)
from ._interval_estimates import (
    Estimate as Estimate,
    clustered_mean as clustered_mean,
    paired_difference as paired_difference,
)
from ._listening import Listening as Listening, choose_pairs as choose_pairs, listening_examples as listening_examples
from ._network_comparison import network_lines as network_lines
from ._ordering_tables import ordering_lines as ordering_lines, system_lines as system_lines
from ._orderings import Ordering as Ordering, OrderingResult as OrderingResult, compare_systems as compare_systems
from ._page import render_page as render_page, write_page as write_page
from ._ranking_tables import (
    agreement_table as agreement_table,
    differences_table as differences_table,
    ranking_table as ranking_table,
)
from ._reports import Report as Report, make_report as make_report, read_report as read_report
from ._scored_runs import (
    ScoredRun as ScoredRun,
    annotated as annotated,
    common_pairs as common_pairs,
    read_score_files as read_score_files,
    read_scored_runs as read_scored_runs,
)
from ._separation_tables import (
    separation_group_table as separation_group_table,
    separation_means_table as separation_means_table,
)
from ._summary import Summary as Summary, summarise as summarise
from ._supervision_tables import (
    SCORE_ORDERINGS as SCORE_ORDERINGS,
    note_lines as note_lines,
    score_ordering_lines as score_ordering_lines,
    separation_lines as separation_lines,
    write_score_tables as write_score_tables,
)
from ._terminal import group_table as group_table, scores_table as scores_table, terminal_tables as terminal_tables
from ._texts import (
    difference_text as difference_text,
    estimate_text as estimate_text,
    markdown_lines as markdown_lines,
    number_text as number_text,
    p_value_text as p_value_text,
    signed_text as signed_text,
)
