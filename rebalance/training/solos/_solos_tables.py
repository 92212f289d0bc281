"""The comparison of Solos as Markdown: means and deviations, orderings with intervals, what sight alone can tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rebalance._base.bootstrap import Estimate, paired_difference
from rebalance._base.errors import MetadataError
from rebalance.training.solos._solos_systems import SYSTEMS

_MEASURES = ("sdr", "sir", "sar")
_KEYS = ["piece", "segment", "instrument"]
_ORDER = (
    ("pixels-other-corpus", "pixels-scratch", "other corpus < from scratch"),
    ("pixels-scratch", "pixels-fine-tuned", "from scratch <= fine-tuned"),
    ("pixels-fine-tuned", "multi-head-u-net", "fine-tuned < multi-head U-Net"),
)


def system_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of all systems: mean and standard deviation over all sources of all segments, in dB.

    Parameters
    ----------
    scores
        Columns ``system``, ``seed``, and those of `SCORE_COLUMNS`.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import system_lines
    >>> facts = {"system": "mixture", "seed": 0, "piece": "duet", "segment": 0, "n_sources": 2}
    >>> sources = {"instrument": ["Tuba", "Horn"], "sdr": [1.0, 3.0], "sir": 0.0, "sar": 9.0}
    >>> scores = pd.DataFrame(sources).assign(**facts)
    >>> print(*system_lines(scores), sep=chr(10))
    | system | SDR | SIR | SAR | 2 sources, SDR | segments |
    |---|---|---|---|---|---|
    | the mixture as every estimate | 2.00 ± 1.00 | 0.00 ± 0.00 | 9.00 ± 0.00 | 2.00 | 1 |
    """
    sizes = sorted(int(size) for size in scores["n_sources"].unique())
    header = ["system", "SDR", "SIR", "SAR", *(f"{size} sources, SDR" for size in sizes), "segments"]
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for name, title in SYSTEMS.items():
        own = scores[scores["system"] == name]
        if own.empty:
            continue
        whole = [f"{_signed(own[measure].mean())} ± {own[measure].std(ddof=0):.2f}" for measure in _MEASURES]
        by_size = [_signed(own.loc[own["n_sources"] == size, "sdr"].mean()) for size in sizes]
        n_segments = len(own[["seed", "piece", "segment"]].drop_duplicates())
        yield f"| {title} | {' | '.join([*whole, *by_size])} | {n_segments} |"


def ordering_lines(scores: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of the orderings that the paper claims, paired, with 95 % intervals over pieces.

    A pair is the same source of the same segment under the same seed, where both systems have a score.

    Raises
    ------
    MetadataError
        If two systems share no source.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import ordering_lines
    >>> facts = {"seed": 0, "segment": 0, "n_sources": 2, "instrument": "Tuba", "sir": 0.0, "sar": 0.0}
    >>> names = ("pixels-other-corpus", "pixels-scratch", "pixels-fine-tuned", "multi-head-u-net")
    >>> tables = [pd.DataFrame({"piece": list("ab"), "sdr": [level, level]}).assign(system=name, **facts)
    ...     for level, name in enumerate(names)]
    >>> print(*ordering_lines(pd.concat(tables)), sep=chr(10))
    | ordering | SDR difference | SIR difference | SAR difference | by seed, SDR | pairs | SDR comes out |
    |---|---|---|---|---|---|---|
    | other corpus < from scratch | +1.00 [+1.00, +1.00] | +0.00 [+0.00, +0.00] | ... | +1.00 | 2 | yes |
    ...
    """
    columns = [*(f"{measure.upper()} difference" for measure in _MEASURES), "by seed, SDR", "pairs", "SDR comes out"]
    header = ["ordering", *columns]
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for first, second, title in _ORDER:
        pairs = _pairs(scores, first, second)
        found = [_difference(pairs, measure) for measure in _MEASURES]
        by_seed = [_signed((own["sdr_2"] - own["sdr_1"]).mean(), plus=True) for _, own in pairs.groupby("seed")]
        cells = [*(_text(estimate) for estimate in found), ", ".join(by_seed), str(len(pairs))]
        yield f"| {title} | {' | '.join(cells)} | {_verdict(found[0], strict='<=' not in title)} |"


def sight_lines(cells: pd.DataFrame) -> Iterator[str]:
    """Return a Markdown table of the cells: size, steps, minutes, and how many held-out players sight alone names.

    Examples
    --------
    >>> import pandas as pd
    >>> from rebalance.training.solos import sight_lines
    >>> facts = {"steps": 10, "minutes": 0.5, "n_parameters": 1234, "validation_loss": 0.5, "stages": 1}
    >>> cells = pd.DataFrame([{"system": "pixels-scratch", "seed": 0, **facts, "sight_accuracy": 0.95}])
    >>> print(*sight_lines(cells), sep=chr(10))
    | system | seed | parameters | steps | minutes | validation loss | stages | named by sight |
    |---|---|---|---|---|---|---|---|
    | Sound of Pixels, from scratch | 0 | 1,234 | 10 | 0.5 | 0.5 | 1 | 95 % |
    """
    header = ["system", "seed", "parameters", "steps", "minutes", "validation loss", "stages", "named by sight"]
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    titles = {str(name): title for name, title in SYSTEMS.items()}
    for row in cells[cells["steps"].notna()].to_dict("records"):
        named = f"{100 * row['sight_accuracy']:.0f} %" if pd.notna(row["sight_accuracy"]) else "–"
        numbers = [f"{int(row['n_parameters']):,}", f"{int(row['steps'])}", f"{row['minutes']:g}"]
        last = [f"{row['validation_loss']:g}", f"{int(row['stages'])}", named]
        yield f"| {titles[str(row['system'])]} | {row['seed']} | {' | '.join([*numbers, *last])} |"


def _pairs(scores: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the sources that both systems have scores of."""
    one, other = (scores[scores["system"] == name] for name in (first, second))
    pairs = one.merge(other, on=["seed", *_KEYS], suffixes=("_1", "_2"))
    if pairs.empty:
        raise MetadataError(where="scores", expected=f"sources scored for {first} and {second}", found="none")
    return pairs


def _difference(pairs: pd.DataFrame, measure: str) -> Estimate:
    """Return the mean difference of second and first with its interval over pieces."""
    one, other = pairs[f"{measure}_1"], pairs[f"{measure}_2"]
    clusters = pairs["piece"].astype(str).tolist()
    return paired_difference(one, other, clusters, rng=np.random.default_rng(0)).estimate


def _verdict(estimate: Estimate, *, strict: bool) -> str:
    """Say whether an ordering comes out: yes or no where the interval leaves no doubt."""
    if estimate.interval is None:
        return "one piece tells nothing"
    if estimate.interval.low > 0:
        return "yes"
    if estimate.interval.high < 0:
        return "no, the other way round"
    return "not resolved" if strict else "not contradicted"


def _text(estimate: Estimate) -> str:
    """Return a difference with its interval."""
    mean = _signed(estimate.mean, plus=True)
    if estimate.interval is None:
        return mean
    return f"{mean} [{_signed(estimate.interval.low, plus=True)}, {_signed(estimate.interval.high, plus=True)}]"


def _signed(value: float, *, plus: bool = False) -> str:
    """Return two decimals with a proper minus sign."""
    return (f"{value:+.2f}" if plus else f"{value:.2f}").replace("-", "−")
