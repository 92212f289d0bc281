"""Reports: tables with confidence intervals, plots, listening examples, one page."""

from rebalance._base.bootstrap import (Estimate, clustered_mean, paired_difference)
from rebalance.report._comparing import (ListenerAgreement, PairwiseTest, Place, RunComparison, compare_runs, comparison_csv, ranking_json)
from rebalance.report._listening import (Listening, choose_pairs, listening_examples)
from rebalance.report._network_comparison import (network_lines)
from rebalance.report._ordering_tables import (ordering_lines, system_lines)
from rebalance.report._orderings import (Ordering, OrderingResult, compare_systems)
from rebalance.report._page import (render_page, write_page)
from rebalance.report._ranking_tables import (agreement_table, differences_table, ranking_table)
from rebalance.report._reports import (Report, make_report, read_report)
from rebalance.report._scored_runs import (ScoredRun, annotated, common_pairs, read_score_files, read_scored_runs)
from rebalance.report._separation_tables import (separation_group_table, separation_means_table)
from rebalance.report._summary import (Summary, summarise)
from rebalance.report._supervision_tables import (SCORE_ORDERINGS, note_lines, score_ordering_lines, separation_lines, write_score_tables)
from rebalance.report._terminal import (group_table, scores_table, terminal_tables)
from rebalance.report._texts import (difference_text, estimate_text, markdown_lines, number_text, p_value_text, signed_text)

__all__ = ['Estimate', 'ListenerAgreement', 'Listening', 'Ordering', 'OrderingResult', 'PairwiseTest', 'Place', 'Report', 'RunComparison', 'SCORE_ORDERINGS', 'ScoredRun', 'Summary', 'agreement_table', 'annotated', 'choose_pairs', 'clustered_mean', 'common_pairs', 'compare_runs', 'compare_systems', 'comparison_csv', 'difference_text', 'differences_table', 'estimate_text', 'group_table', 'listening_examples', 'make_report', 'markdown_lines', 'network_lines', 'note_lines', 'number_text', 'ordering_lines', 'p_value_text', 'paired_difference', 'ranking_json', 'ranking_table', 'read_report', 'read_score_files', 'read_scored_runs', 'render_page', 'score_ordering_lines', 'scores_table', 'separation_group_table', 'separation_lines', 'separation_means_table', 'signed_text', 'summarise', 'system_lines', 'terminal_tables', 'write_page', 'write_score_tables']
