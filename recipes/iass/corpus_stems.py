"""Make stems to train with of a corpus: `python corpus_stems.py CORPUS ROOT OUT [SUBSET] [--valid OUT]`.

CORPUS is MUSDB18-HQ, MedleyDB, MixingSecrets or any other name of `rebalance.datasets.LOADERS`. With `--valid` some
pieces are kept from OUT and written to a second folder: of MUSDB18-HQ the 14 songs of its training subset that the
package musdb validates with, of any other corpus the last tenth by name, at least one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rebalance import MetadataError, RebalanceError
from rebalance.datasets import Corpus, load_corpus
from rebalance.training.data import write_corpus_stems

SHARE = 0.1
MUSDB_VALIDATION = (  # musdb/configs/mus.yaml, "validation_tracks"
    "ANiMAL - Rockshow",
    "Actions - One Minute Smile",
    "Alexander Ross - Goodbye Bolero",
    "Clara Berry And Wooldog - Waltz For My Victims",
    "Fergessen - Nos Palpitants",
    "James May - On The Line",
    "Johnny Lokke - Promises & Lies",
    "Leaf - Summerghost",
    "Meaxic - Take A Step",
    "Patrick Talbot - A Reason To Leave",
    "Skelpolu - Human Mistakes",
    "Traffic Experiment - Sirens",
    "Triviul - Angelsaint",
    "Young Griffo - Pennies",
)


def held_out(corpus: Corpus, names: list[str]) -> tuple[str, ...]:
    """Return which pieces validate: never all of them."""
    if corpus.info.name == "MUSDB18-HQ":
        chosen = tuple(name for name in names if name in MUSDB_VALIDATION)
    else:
        chosen = tuple(names[-max(1, round(SHARE * len(names))) :])
    if not 0 < len(chosen) < len(names):
        expected = "pieces to train with and pieces to validate with"
        raise MetadataError(where=corpus.info.name, expected=expected, found=f"{len(chosen)} of {len(names)} held out")
    return chosen


def main(asked: argparse.Namespace) -> None:
    """Write the stems and say how many."""
    corpus = load_corpus(asked.corpus, asked.root, purpose="training")
    if asked.valid is None:
        tell(asked.out, write_corpus_stems(corpus, asked.out, subset=asked.subset))
        return
    names = sorted(piece.name for piece in corpus.pieces if asked.subset in (None, piece.subset))
    valid = held_out(corpus, names)
    kept = [name for name in names if name not in valid]
    tell(asked.out, write_corpus_stems(corpus, asked.out, subset=asked.subset, pieces=kept))
    tell(asked.valid, write_corpus_stems(corpus, asked.valid, subset=asked.subset, pieces=valid))


def tell(folder: Path, n_stems: int) -> None:
    """Say what was written."""
    sys.stdout.write(f"{folder}: {n_stems} stems\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="corpus_stems.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", metavar="CORPUS")
    parser.add_argument("root", type=Path, metavar="ROOT")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("subset", nargs="?", metavar="SUBSET", help="of its makers' division, such as train")
    parser.add_argument("--valid", type=Path, metavar="OUT", help="folder for the pieces that validate")
    try:
        main(parser.parse_args())
    except RebalanceError as error:
        sys.exit(f"corpus_stems.py: {error}")
