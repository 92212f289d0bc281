"""Trained networks side by side, compared on the same held-out mixtures, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import paired_difference
from rebalance.report._texts import difference_text, markdown_lines, signed_text

FIGURES: Mapping[str, str] = MappingProxyType(
    {"improvement_db": "SDR, dB", "remix_db": "remix, dB", "haaqi_gain": "HAAQI"}
)


def network_lines(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Return a Markdown table of networks: means, and differences to the first with 95 % intervals over mixtures.

    Parameters
    ----------
    tables
        By the name of the network, the figures of the same mixtures, see
        `rebalance.training.held_out_figures`: improvement of the signal-to-distortion ratio, mean over
        sources; error of a remix against leaving the mixture alone; HAAQI of that remix less the mixture's.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.report import network_lines
    >>> def figures(improvements_db):
    ...     others = {"sounds": "strings", "remix_db": -1.0, "haaqi_gain": 0.02}
    ...     return pd.DataFrame({"improvement_db": improvements_db}).assign(**others)
    >>> print(*network_lines({"small": figures([5.0, 6.0, 7.0])}), sep=chr(10))
    |  | sounds | SDR, dB | remix, dB | HAAQI |
    |---|---|---|---|---|
    | small | strings | +6.000 | −1.000 | +0.020 |
    """
    return markdown_lines(["", "sounds", *FIGURES.values()], _rows(tables))


def _rows(tables: Mapping[str, pd.DataFrame]) -> Iterator[list[str]]:
    """Give the rows of the table."""
    first = next(iter(tables.values()))
    for name, table in tables.items():
        for sounds, own in table.groupby("sounds", sort=False):
            reference = None if table is first else first[first["sounds"] == sounds]
            cells = (_cell(own[figure], None if reference is None else reference[figure]) for figure in FIGURES)
            yield [name, str(sounds), *cells]


def _cell(values: pd.Series[float], reference: pd.Series[float] | None) -> str:
    """Return a mean, and where there is something to compare with the difference of what could be measured in both."""
    if reference is None:
        return signed_text(values.mean())
    heard = (reference.notna() & values.notna()).to_numpy()
    mixtures = [str(number) for number in np.flatnonzero(heard)]
    difference = paired_difference(reference[heard], values[heard], mixtures, rng=np.random.default_rng(0)).estimate
    return f"{signed_text(values[heard].mean())}, {difference_text(difference)}"
