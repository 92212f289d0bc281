"""The scores of a submission as arrays beside its summary: those of one listener are there without reading a table."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance._base.files import replacing


def write_pair_scores(path: Path, scores: pd.Series[float]) -> None:
    """Write scores that are indexed by scene and listener."""
    scenes, listeners = (scores.index.get_level_values(level).to_numpy(dtype=str) for level in ("scene", "listener"))
    with replacing(path) as temporary, temporary.open("wb") as opened:
        np.savez(opened, scenes=scenes, listeners=listeners, values=scores.to_numpy(np.float64))


def read_listener_scores(path: Path, listener: str) -> pd.Series[float] | None:
    """Return the scores of a listener, indexed by scene; None where there is no file that can be read."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            is_heard = kept["listeners"] == listener
            return pd.Series(kept["values"][is_heard], index=pd.Index(kept["scenes"][is_heard], name="scene"))
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
        return None
