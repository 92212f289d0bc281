"""How well two players of one instrument are told apart: `python pairs.py SEPARATOR TASK [SEGMENTS]`.

For every pair, SDR of the two estimates in dB beside that of giving each player half of their sum, and the difference;
the same against half of the true sum, which nobody can give. Means over the players with intervals over pieces. The
segments are spread evenly over those that have a pair.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance import RebalanceError
from rebalance.report import clustered_mean, estimate_text
from rebalance.separation import Separator, is_silent, load_separator, sdr_db
from rebalance.task import Segment, Task, load_task, read_source, spread_segments


def pairs_of(instruments: tuple[str, ...]) -> list[list[int]]:
    """Return the places of the players of every instrument that has two."""
    places = [[place for place, name in enumerate(instruments) if name == each] for each in dict.fromkeys(instruments)]
    return [pair for pair in places if len(pair) == 2]


def measured(
    sources: NDArray[np.float32], estimates: NDArray[np.float32], pair: list[int]
) -> Iterator[dict[str, float]]:
    """Give the figures of both players of a pair, those that sound."""
    half, true_half = estimates[pair].sum(axis=0) / 2, sources[pair].sum(axis=0) / 2
    for player in pair:
        if not is_silent(sources[player]):
            sdr, sdr_of_half, sdr_of_true_half = (
                sdr_db(sources[player], guess) for guess in (estimates[player], half, true_half)
            )
            yield {
                "SDR": sdr,
                "half": sdr_of_half,
                "more than half": sdr - sdr_of_half,
                "more than half of the truth": sdr - sdr_of_true_half,
            }


def rows_of(task: Task, separator: Separator, segment: Segment) -> Iterator[dict[str, object]]:
    """Give a row for every player of the pairs of a segment."""
    sources = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    mixture = read_source(task, segment.mixture).astype(np.float32)
    estimates = np.stack(list(separator(mixture, segment.instruments).values()))
    for pair in pairs_of(segment.instruments):
        for figures in measured(sources, estimates, pair):
            yield {"pair": segment.instruments[pair[0]], "piece": segment.piece, **figures}


def table_of(rows: pd.DataFrame) -> Iterator[str]:
    """Give the lines of a table by instrument."""
    columns = [column for column in rows.columns if column not in ("pair", "piece")]
    yield f"| | {' | '.join(columns)} | players |"
    yield f"|---|{'---|' * (len(columns) + 1)}"
    groups = [("all", rows), *rows.groupby("pair")]
    for name, group in groups:
        means = [
            clustered_mean(group[column].tolist(), group["piece"].tolist(), rng=np.random.default_rng(0))
            for column in columns
        ]
        yield f"| {name} | {' | '.join(estimate_text(mean, places=1) for mean in means)} | {len(group)} |"


def main(name: str, root: Path, n_segments: int | None) -> None:
    """Print the table."""
    try:
        separator = load_separator(name, device="cpu")
        task = load_task(root, "valid", require_sources=True)
        segments = [segment for segment in task.segments.values() if pairs_of(segment.instruments)]
        if not segments:
            sys.exit(f"pairs.py: {root}: expected segments with two players of one instrument, found none")
        rows = pd.DataFrame(
            [row for segment in spread_segments(segments, n_segments) for row in rows_of(task, separator, segment)]
        )
    except RebalanceError as error:
        sys.exit(f"pairs.py: {error}")
    sys.stdout.write("\n".join(table_of(rows)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python pairs.py SEPARATOR TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
