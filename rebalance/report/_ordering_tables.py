"""Which system of a study is better than which: means of every system, and the orderings its paper claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import clustered_mean
from rebalance.report._orderings import Ordering, OrderingResult, compare_systems
from rebalance.report._texts import difference_text, estimate_text, markdown_lines


def system_lines(rows: pd.DataFrame, figures: Mapping[str, str], *, places: int = 2) -> Iterator[str]:
    """Return a Markdown table of systems by target: means over pieces and seeds with 95 % intervals over pieces.

    Parameters
    ----------
    rows
        One for every system, target, piece and seed: ``system``, ``target``, ``piece``, ``seed`` and figures, of which
        some may be missing.
    figures
        Titles of the columns to tabulate, by their name.
    places
        Number of decimals.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import system_lines
    >>> rows = pd.DataFrame(
    ...     {"system": "iass", "target": "Flute", "piece": ["haydn", "mozart"], "seed": 0, "sdr_db": [1.0, 3.0]}
    ... )
    >>> print(*system_lines(rows, {"sdr_db": "SDR, dB"}), sep=chr(10))
    | target | system | SDR, dB |
    |---|---|---|
    | Flute | iass | 2.00 [1.00, 3.00] |
    """
    groups = rows.groupby(["target", "system"], sort=False)
    cells = ([*map(str, names), *(_mean_text(own, figure, places) for figure in figures)] for names, own in groups)
    return markdown_lines(["target", "system", *figures.values()], cells)


def ordering_lines(rows: pd.DataFrame, orderings: Sequence[Ordering], *, places: int = 2) -> Iterator[str]:
    """Return a Markdown table of claims: the difference pair by pair, its interval over pieces, and what comes of it.

    A claim holds where the whole interval lies on its side, fails where it lies on the other, and is open where it
    holds 0; see `compare_systems` for the pairs.

    Parameters
    ----------
    rows
        See `system_lines`.
    orderings
        Claims; those whose systems are not in the rows are left out.
    places
        Number of decimals.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import Ordering, ordering_lines
    >>> rows = pd.DataFrame(
    ...     {
    ...         "system": ["input", "input", "iass", "iass"],
    ...         "target": "Flute",
    ...         "piece": ["haydn", "mozart"] * 2,
    ...         "seed": [-1, -1, 0, 0],
    ...         "sdr_db": [0.0, 1.0, 2.0, 4.0],
    ...     }
    ... )
    >>> print(*ordering_lines(rows, [Ordering(system="iass", than="input", figure="sdr_db")]), sep=chr(10))
    | target | claim | difference | pairs | p |  |
    |---|---|---|---|---|---|
    | Flute | iass > input (sdr_db) | +2.50 [+2.00, +3.00] | 2 | 0.5 | holds |
    """
    results = (result for ordering in orderings for result in compare_systems(rows, ordering))
    header = ["target", "claim", "difference", "pairs", "p", ""]
    return markdown_lines(header, (_claim_cells(result, places) for result in results))


def _claim_cells(result: OrderingResult, places: int) -> list[str]:
    """Return the row of one claim."""
    found = result.difference
    difference = difference_text(found.estimate, places=places)
    n_pairs, p_value = str(len(result.pairs)), f"{found.p_value:.2g}"
    return [result.target, result.ordering.text, difference, n_pairs, p_value, result.verdict]


def _mean_text(rows: pd.DataFrame, figure: str, places: int) -> str:
    """Return the mean of what is known of a figure, with its interval over pieces; a dash where there is none."""
    known = rows.dropna(subset=[figure])
    if known.empty:
        return "–"
    pieces = [str(piece) for piece in known["piece"]]
    estimate = clustered_mean(known[figure].to_numpy(), pieces, rng=np.random.default_rng(0))
    return estimate_text(estimate, places=places)
