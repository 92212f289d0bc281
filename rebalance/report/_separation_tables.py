"""Figures of separation as tables for a terminal."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.table import Column, Table
from rich.text import Text

from rebalance._base.bootstrap import clustered_mean
from rebalance.pipeline import metric_columns
from rebalance.report._texts import estimate_text

_TITLES = {
    "sdr": "SDR",
    "si_sdr": "SI-SDR",
    "frame_sdr": "SDR, median of 1 s",
    "bss_sdr": "BSS SDR",
    "bss_sir": "SIR",
    "bss_sar": "SAR",
}


def separation_means_table(rows: pd.DataFrame, names: tuple[str, ...]) -> Table:
    """Tabulate every metric of every separator, means over sources with intervals over pieces, in dB.

    Parameters
    ----------
    rows
        One line for every source of every separator, with a column ``separator`` and one of each metric in dB.
    names
        Separators, in the order of the lines.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import separation_means_table
    >>> rows = pd.DataFrame({"separator": ["fast", "fast"], "piece": ["haydn", "mozart"], "sdr": [7.0, 9.0]})
    >>> table = separation_means_table(rows, ("fast",))
    >>> table.title, [str(next(iter(column.cells))) for column in table.columns][0]
    ('Separation, dB', 'fast')
    """
    metrics = metric_columns(rows)
    table = Table("separator", *(_TITLES[metric] for metric in metrics), title="Separation, dB")
    for name in names:
        its = rows[rows["separator"] == name]
        table.add_row(Text(name), *(_mean_text(its, metric) for metric in metrics))
    return table


def separation_group_table(rows: pd.DataFrame, names: tuple[str, ...], column: str) -> Table:
    """Tabulate the SDR of every separator by groups, in dB.

    Parameters
    ----------
    rows
        One line for every source of every separator, with a column ``separator`` and ``sdr`` in dB.
    names
        Separators, in the order of the columns.
    column
        What to group by: ``"instrument"``, ``"n_sources"`` or ``"ensemble"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import separation_group_table
    >>> rows = pd.DataFrame(
    ...     {
    ...         "separator": ["fast", "fast"],
    ...         "piece": ["haydn", "mozart"],
    ...         "instrument": ["Cello", "Oboe"],
    ...         "sdr": [7.0, 9.0],
    ...     }
    ... )
    >>> table = separation_group_table(rows, ("fast",), "instrument")
    >>> table.title, [str(cell) for cell in table.columns[0].cells]
    ('SDR by instrument, dB', ['Cello', 'Oboe'])
    """
    title = {"instrument": "instrument", "n_sources": "number of sources", "ensemble": "ensemble"}[column]
    table = Table(title, *(Column(Text(name)) for name in names), title=f"SDR by {title}, dB")
    for group, its in rows.groupby(column):
        table.add_row(Text(str(group)), *(_mean_text(its[its["separator"] == name], "sdr") for name in names))
    return table


def _mean_text(rows: pd.DataFrame, metric: str) -> str:
    """Return a mean with its interval, ``5.1 [4.2, 6.0]``."""
    if rows.empty:
        return "–"
    estimate = clustered_mean(rows[metric].to_numpy(), rows["piece"].tolist(), rng=np.random.default_rng(0))
    return estimate_text(estimate, places=1)
