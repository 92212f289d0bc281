"""Render what the tracker is trained with: `python render_stems.py [key=value ...]`; finished pieces are kept."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rebalance import RebalanceError
from rebalance.synthesis.composition import composed_pieces
from rebalance.synthesis.notation import select_pieces
from rebalance.training import read_settings
from rebalance.training.data import Library, Material, prepare_material

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What differs from the material of the default recipe; see `rebalance.training.data.Material`.

    The list of pieces ``composed`` has as many composed pieces of every texture as `composed` says.
    """

    out: Path
    pieces: dict[str, tuple[str, ...]]
    composed: int
    libraries: dict[str, Library]
    halls: dict[str, tuple[int, int]]


def pieces_matching(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the curated pieces of the training split that match any of the patterns."""
    return tuple(piece.name for piece in select_pieces(patterns, "train"))


def main(overrides: list[str]) -> None:
    """Render every library of stems.yaml from the pieces of the default recipe, and simulate its halls."""
    try:
        pieces = read_settings(HERE.parent / "default" / "stems.yaml", Material).pieces
        own = read_settings(HERE / "stems.yaml", Own, tuple(overrides))
        chosen = {name: pieces_matching(patterns) for name, patterns in own.pieces.items()}
        chosen["composed"] = composed_pieces(own.composed)
        material = Material(out=own.out, pieces=pieces | chosen, libraries=own.libraries, halls=own.halls)
        failures = prepare_material(material)
    except RebalanceError as error:
        sys.exit(f"render_stems.py: {error}")
    for failure in failures:
        sys.stderr.write(f"failed {failure.item}: {failure.reason}\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
