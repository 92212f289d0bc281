"""SDR of separators on some segments of a task: `python sdr.py TASK SEGMENTS SEPARATOR ...`.

For a quick look; `rebalance evaluate-separation` has intervals and all segments. The segments are spread evenly over
the task; every source that sounds counts the same. Oracles, such as ideal-ratio-mask, are told the true sources.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from rebalance import RebalanceError, load_task
from rebalance.separation import informed, is_silent, load_separator, sdr_db, source_names
from rebalance.task import read_source, spread_segments


def main(folder: Path, n_segments: int, names: list[str]) -> None:
    """Print a table by number of sources and by instrument."""
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    try:
        separators = {name: load_separator(name, device="cpu") for name in names}
        task = load_task(folder, "valid", require_sources=True)
        for segment in spread_segments(task.segments.values(), n_segments):
            sources = [read_source(task, source).astype(np.float32) for source in segment.sources]
            mixture = read_source(task, segment.mixture).astype(np.float32)
            truth = dict(zip(source_names(segment.instruments), sources, strict=True))
            for name, separator in separators.items():
                estimates = informed(separator, truth)(mixture, segment.instruments).values()
                for source, estimate, instrument in zip(sources, estimates, segment.instruments, strict=True):
                    if is_silent(source):
                        continue
                    for group in ("all", f"{len(sources)} sources", instrument):
                        found[name][group].append(sdr_db(source, estimate))
    except RebalanceError as error:
        sys.exit(f"sdr.py: {error}")
    sys.stdout.write(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n")
    for group in sorted(found[names[0]]):
        cells = [f"{np.mean(found[name][group]):.1f} ({len(found[name][group])})" for name in names]
        sys.stdout.write(f"| {group} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python sdr.py TASK SEGMENTS SEPARATOR ...")
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
