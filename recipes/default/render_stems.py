"""Render what the separators are trained with: `python render_stems.py [key=value ...]`; finished pieces are kept."""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import RebalanceError
from rebalance.training import read_settings
from rebalance.training.data import Material, prepare_material


def main(overrides: list[str]) -> None:
    """Render every library of stems.yaml and simulate its halls."""
    try:
        material = read_settings(Path(__file__).with_name("stems.yaml"), Material, tuple(overrides))
        failures = prepare_material(material)
    except RebalanceError as error:
        sys.exit(f"render_stems.py: {error}")
    for failure in failures:
        sys.stderr.write(f"failed {failure.item}: {failure.reason}\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
