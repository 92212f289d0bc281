"""Put on the card of weights that ship how much of the gains they promise is made, and what they cost.

    python write_figures.py NAME TASK [SEGMENTS]

TASK holds music and sounds nobody trained on, with its sources. The card is part of the weights' file, so that its
sha256 changes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError, load_task
from rebalance.separation import TRACKER_FORMAT, WEIGHTS_FOLDER, checkpoint_header, load_separator, measure_cost
from rebalance.training import stamp, stamp_tracker
from rebalance.training.calibration import measure_reliability

QUARTET = ("Violin", "Violin", "Viola", "Cello")


def main(name: str, folder: Path, n_segments: int | None) -> None:
    """Measure both and write them."""
    path = WEIGHTS_FOLDER / f"{name}.safetensors"
    try:
        task = load_task(folder, "valid", require_sources=True)
        found = measure_reliability(task, name, n_segments=n_segments, jobs=1)
        seconds = measure_cost(load_separator(name, device="cpu"), QUARTET)
        measured = found.rows["segment"].nunique()
        training = {
            "Gains measured on": f"{measured} segments of {folder.name}, one player after the other 6 dB up and down",
            "Cost": f"{seconds:.2f} s of one core for a second of a stereo quartet",
        }
        header = checkpoint_header(path)
        stamping = stamp_tracker if header is not None and header["format"] == TRACKER_FORMAT else stamp
        stamping(path, reliability=found.by_sources, training=training)
    except RebalanceError as error:
        sys.exit(f"write_figures.py: {error}")
    sys.stdout.write(f"{name}: {found.by_sources}, {training['Cost']}\n")


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit("usage: python write_figures.py NAME TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
