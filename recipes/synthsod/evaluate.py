"""The table of the evaluation: `python evaluate.py LIBRARY MODELS [FILE.csv]`, whole tracks, frames of one second."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rebalance import RebalanceError
from rebalance.separation.xumx import TargetSummary, TrackScore, load_xumx_separator, summarise
from rebalance.training import score_families


def main(library: Path, models: Path, file: Path | None) -> None:
    """Print the table; write the scores of every track to a file where one is named."""
    try:
        separator = load_xumx_separator("models", models, device="auto")
        networks = [model.network for model in separator.models]
        scores = score_families(library, networks, sample_rate=separator.sample_rate)
    except RebalanceError as error:
        sys.exit(f"evaluate.py: {error}")
    sys.stdout.write(table_of(summarise(scores)))
    if file is not None:
        write_scores(file, scores)


def table_of(cells: Sequence[TargetSummary]) -> str:
    """Return a Markdown table: rows by target and row, medians, means and counts."""
    lines = [
        "| target | row | median of medians, dB | mean of frames, dB | tracks | frames |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {cell.target} | {cell.row} | {cell.median_db:.2f} | {cell.mean_db:.2f}"
        f" | {cell.n_tracks} | {cell.n_frames:,} |"
        for cell in sorted(cells, key=_target_of)
    ]
    return "\n".join(lines) + "\n"


def write_scores(file: Path, scores: Sequence[TrackScore]) -> None:
    """Write the scores of every track."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["track", "row", "target", "median_db", "mean_db", "n_frames"])
        writer.writeheader()
        writer.writerows(asdict(score) for score in scores)


def _target_of(cell: TargetSummary) -> str:
    return cell.target


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit("usage: python evaluate.py LIBRARY MODELS [FILE.csv]")
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
