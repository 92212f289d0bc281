"""The mean of the weights of trackers: `python average.py OUT CHECKPOINT CHECKPOINT ...`.

The trackers must be of one size and one must have begun with the weights of the other, so that they lie in one valley
of the loss. The refiner and the card of the first are kept; a second tracker is left out, see `join.py`. Source: model
soups, Wortsman et al. 2022.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from rebalance import ConfigError, RebalanceError
from rebalance.separation.player_tracker import load_tracker_checkpoint, save_tracker_checkpoint


def main(out: Path, paths: list[Path]) -> None:
    """Read the checkpoints and write their mean."""
    try:
        checkpoints = [load_tracker_checkpoint(path, alone=True) for path in paths]
        first = checkpoints[0]
        for path, checkpoint in zip(paths, checkpoints, strict=True):
            if checkpoint.network.config != first.network.config:
                raise ConfigError(where=path, expected=f"a tracker of the size of {paths[0]}", got="another")
        states = [checkpoint.network.state_dict() for checkpoint in checkpoints]
        mean = {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}
        first.network.load_state_dict(mean)
        save_tracker_checkpoint(out, first.network, first.card, refiner=first.refiner)
    except RebalanceError as error:
        sys.exit(f"average.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python average.py OUT CHECKPOINT CHECKPOINT ...")
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
