"""How fast a run separated: the time it took and the music it was for, added up over interruptions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.files import write_json
from rebalance.pipeline._runs import RUN_FILE, read_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the separation of how much music took, both in seconds."""

    separation_s: float = 0.0
    music_s: float = 0.0

    def __add__(self, other: Timing) -> Timing:
        return Timing(separation_s=self.separation_s + other.separation_s, music_s=self.music_s + other.music_s)


def record_timing(run: Path, timing: Timing) -> None:
    """Add what was measured to the record of a run."""
    if not timing.music_s:
        return
    record = read_run(run)
    whole = timing + Timing(**record.timing or {})
    rounded = {name: round(seconds, 3) for name, seconds in dataclasses.asdict(whole).items()}
    write_json(run / RUN_FILE, dataclasses.asdict(dataclasses.replace(record, timing=rounded)))
