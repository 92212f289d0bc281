"""Which system of a study is better than which: means of every system, and the orderings its paper claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import PairedDifference, clustered_mean, paired_difference
from rebalance._base.errors import MetadataError

UNTRAINED_SEED = -1
_KEYS = ["piece", "seed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A claim: a figure of one system is higher, or lower, than that of another.

    Parameters
    ----------
    system, than
        Names of the two.
    figure
        Column of the figure.
    expected
        Which of both the claim says.
    targets
        On which targets, each by itself; on all when empty.
    contrast
        Instead: that the difference between both systems is higher, or lower, on the first target than on the second.

    Examples
    --------
    >>> from rebalance.report import Ordering
    >>> Ordering(system="iass", than="input", figure="sdr_db").text
    'iass > input (sdr_db)'
    """

    system: str
    than: str
    figure: str
    expected: Literal["higher", "lower"] = "higher"
    targets: tuple[str, ...] = ()
    contrast: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """The claim in one line."""
        return f"{self.system} {'>' if self.expected == 'higher' else '<'} {self.than} ({self.figure})"


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
        Behind the point.

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
    yield f"| {' | '.join(['target', 'system', *figures.values()])} |"
    yield "|---" * (len(figures) + 2) + "|"
    for (target, system), own in rows.groupby(["target", "system"], sort=False):
        cells = [_mean_text(own.dropna(subset=[figure]), figure, places) for figure in figures]
        yield f"| {target} | {system} | {' | '.join(cells)} |"


def ordering_lines(rows: pd.DataFrame, orderings: Sequence[Ordering], *, places: int = 2) -> Iterator[str]:
    """Return a Markdown table of claims: the difference pair by pair, its interval over pieces, and what comes of it.

    Pairs are of one piece and seed; a system that was not trained is paired with every seed. A claim holds where the
    whole interval lies on its side, fails where it lies on the other, and is open where it holds 0.

    Parameters
    ----------
    rows
        See `system_lines`.
    orderings
        Claims; those whose systems are not in the rows are left out.
    places
        Behind the point.

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
    | target | claim | difference | pairs | p | |
    |---|---|---|---|---|---|
    | Flute | iass > input (sdr_db) | +2.50 [+2.00, +3.00] | 2 | 0.5 | holds |
    """
    yield "| target | claim | difference | pairs | p | |"
    yield "|---|---|---|---|---|---|"
    for ordering in orderings:
        for target, differences in _differences(rows, ordering):
            if not differences.empty:
                yield _claim_line(target, ordering, differences, places)


def _differences(rows: pd.DataFrame, ordering: Ordering) -> Iterator[tuple[str, pd.Series[float]]]:
    """Give for every target, or for the contrast of two, the differences by piece and seed."""
    if missing := {"system", "target", *_KEYS, ordering.figure} - set(rows.columns):
        raise MetadataError(where="rows of a study", expected="more columns", got=f"none of {sorted(missing)}")
    if ordering.contrast is not None:
        first, second = (_difference(rows, ordering, target) for target in ordering.contrast)
        yield f"{ordering.contrast[0]} less {ordering.contrast[1]}", (first - second).dropna()
        return
    for target in ordering.targets or tuple(dict.fromkeys(rows["target"])):
        yield target, _difference(rows, ordering, target)


def _difference(rows: pd.DataFrame, ordering: Ordering, target: str) -> pd.Series[float]:
    """Return the figure of one system less that of the other on a target, by piece and seed."""
    own = rows[rows["target"] == target].dropna(subset=[ordering.figure])
    first, second = (own[own["system"] == name][[*_KEYS, ordering.figure]] for name in (ordering.system, ordering.than))
    pairs = first.merge(second, on="piece", suffixes=("", "_than"))
    same = (pairs["seed"] == pairs["seed_than"]) | (pairs[["seed", "seed_than"]] == UNTRAINED_SEED).any(axis=1)
    paired = pairs[same].assign(seed=pairs[["seed", "seed_than"]].max(axis=1)).set_index(_KEYS)
    return paired[ordering.figure] - paired[f"{ordering.figure}_than"]


def _claim_line(target: str, ordering: Ordering, differences: pd.Series[float], places: int) -> str:
    """Return the row of one claim."""
    pieces = [str(piece) for piece in differences.index.get_level_values("piece")]
    found = paired_difference(np.zeros(len(differences)), differences, pieces, rng=np.random.default_rng(0))
    cells = [target, ordering.text, _difference_text(found, places), str(len(differences)), f"{found.p_value:.2g}"]
    return f"| {' | '.join(cells)} | {_verdict(found, ordering)} |"


def _verdict(found: PairedDifference, ordering: Ordering) -> str:
    """Return what comes of a claim: ``"holds"``, ``"fails"`` or ``"open"``."""
    interval = found.estimate.interval
    if interval is None:
        return "open"
    low, high = (interval.low, interval.high) if ordering.expected == "higher" else (-interval.high, -interval.low)
    return "holds" if low > 0 else "fails" if high < 0 else "open"


def _difference_text(found: PairedDifference, places: int) -> str:
    """Return a difference with its interval."""
    interval = found.estimate.interval
    ends = f" [{interval.low:+.{places}f}, {interval.high:+.{places}f}]" if interval else ""
    return f"{found.estimate.mean:+.{places}f}{ends}".replace("-", "−")


def _mean_text(rows: pd.DataFrame, figure: str, places: int) -> str:
    """Return a mean with its interval over pieces; a dash where there is none."""
    if rows.empty:
        return "–"
    pieces = [str(piece) for piece in rows["piece"]]
    estimate = clustered_mean(rows[figure].to_numpy(), pieces, rng=np.random.default_rng(0))
    interval = estimate.interval
    ends = f" [{interval.low:.{places}f}, {interval.high:.{places}f}]" if interval else ""
    return f"{estimate.mean:.{places}f}{ends}".replace("-", "−")
