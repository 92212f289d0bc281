"""Have a tracker ask a second one, too: `python join.py CHECKPOINT SECOND`.

Both are checkpoints in one folder, such as `default.safetensors` and `fast.safetensors`; the weights of the second stay
in its own file. What the tracker finds is then the geometric mean of the posteriors of both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rebalance import ConfigError, RebalanceError
from rebalance.training import stamp_tracker


def main(path: Path, second: Path) -> None:
    """Write the name of the second, and the digest of its weights, into the header of the first."""
    try:
        if second.resolve().parent != path.resolve().parent:
            raise ConfigError(where=second, expected=f"a file beside {path}")
        stamp_tracker(path, second=second.name)
    except RebalanceError as error:
        sys.exit(f"join.py: {error}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python join.py CHECKPOINT SECOND")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
