"""Make stems to train with of a corpus: `python corpus_stems.py CORPUS ROOT OUT [SUBSET]`.

CORPUS is MUSDB18-HQ, MedleyDB, MixingSecrets or any other name of `rebalance.datasets.LOADERS`.
"""

from __future__ import annotations

import sys

from rebalance import RebalanceError
from rebalance.datasets import load_corpus
from rebalance.training.data import write_corpus_stems


def main(name: str, root: str, out: str, subset: str | None = None) -> None:
    """Write the stems and say how many."""
    n_stems = write_corpus_stems(load_corpus(name, root, purpose="training"), out, subset=subset)
    sys.stdout.write(f"{out}: {n_stems} stems\n")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit("usage: python corpus_stems.py CORPUS ROOT OUT [SUBSET]")
    try:
        main(*sys.argv[1:])
    except RebalanceError as error:
        sys.exit(f"corpus_stems.py: {error}")
