"""Put the scores of weights that ship on their card: `python write_scores.py NAME TASK MIXTURE_RUN RUN`.

Both runs are scored ones of TASK, see `remix_table.py`; RUN was made with `--separator NAME`. The card is part of the
weights' file, so that its sha256 changes: this is the last step.
"""

from __future__ import annotations

import sys
from pathlib import Path

from remix_table import difference, groups, scored_tables

from rebalance import RebalanceError
from rebalance.report import difference_text, signed_text
from rebalance.separation import WEIGHTS_FOLDER
from rebalance.training import stamp


def main(name: str, task: Path, mixture_run: Path, run: Path) -> None:
    """Compare the runs and write what came out."""
    try:
        first, table = scored_tables(task, [mixture_run, run]).values()
        parts = [
            f"{group} {signed_text(difference(first[members], table[members]).mean)}"
            for group, members in groups(first)
            if group.endswith("sources") and members.any()
        ]
        text = (
            f"{table['avg_haaqi'].mean():.3f} against {first['avg_haaqi'].mean():.3f} of the mixture, difference"
            f" {difference_text(difference(first, table))} over {len(table)} scenes; {', '.join(parts)}"
        )
        stamp(WEIGHTS_FOLDER / f"{name}.safetensors", training={f"HAAQI on {task.name}": text})
    except RebalanceError as error:
        sys.exit(f"write_scores.py: {error}")
    sys.stdout.write(f"{name}: {text}\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: python write_scores.py NAME TASK MIXTURE_RUN RUN")
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:]))
