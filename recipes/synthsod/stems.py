"""Stems of a SynthSOD folder as libraries: `python stems.py DATA OUT [MICROPHONE [SAMPLE_RATE]]`."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.datasets import load_corpus
from rebalance.training.data import write_piece_library


def main(data: Path, out: Path, microphone: str = "Tree", sample_rate: str = "44100") -> None:
    """Write one library for each subset of the lists."""
    try:
        pieces = load_corpus("SynthSOD", data, purpose="training").pieces
        for subset in sorted({piece.subset for piece in pieces if piece.subset}):
            own = [piece for piece in pieces if piece.subset == subset]
            write_piece_library(own, out / subset, microphone=microphone, sample_rate=int(sample_rate))
    except (RebalanceError, ValueError) as error:
        sys.exit(f"stems.py: {error}")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit("usage: python stems.py DATA OUT [MICROPHONE [SAMPLE_RATE]]")
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
