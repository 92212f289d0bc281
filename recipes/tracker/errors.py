"""Where a tracker goes wrong, by how loud a player is: `python errors.py TRACKER TASK [SEGMENTS]`.

Every frame in which a player sounds is *right* (its pitch within half a semitone), has the pitch of *another* player,
is *silent*, an *octave* or a *twelfth* off, or is *elsewhere*. The level is that of the player in the mixture, over
93 ms. The segments are spread evenly over the task; every frame counts the same. The last column is the share of the
frames that lie within 0.1 s of a change of the player's pitch; the last row has the frames that are elsewhere.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance import RebalanceError
from rebalance.task import Segment, Task, load_task, read_source, spread_segments
from rebalance.training import source_pitches
from rebalance.transcription import FRAME_KINDS, Posteriors, Tracker, frame_kinds, load_tracker

Frame = tuple[float, str, bool]  # level, kind, near a change

LEVELS_DB = (-3.0, -8.0, -14.0, -20.0, -40.0)
_TOLERANCE = 0.5  # semitones
_WINDOW = 4096
_CHANGE_S = 0.1
_TINY = 1e-12


def levels_db(sources: NDArray[np.float32], posteriors: Posteriors, sample_rate: int) -> NDArray[np.float64]:
    """Return the level of every source in the mixture of all at every frame, ``(n_sources, n_frames)``."""
    starts = np.round(posteriors.frame_times_s * sample_rate).astype(int)
    powers = []
    for source in sources:
        power = np.square(source, dtype=np.float64).mean(axis=0)
        total = np.concatenate([np.zeros(1), np.cumsum(power)])
        ends = [np.clip(starts + side * _WINDOW // 2, 0, len(power)) for side in (-1, 1)]
        powers.append(total[ends[1]] - total[ends[0]] + _TINY)
    levels: NDArray[np.float64] = 10 * np.log10(np.stack(powers) / np.sum(powers, axis=0))
    return levels


def near_changes(pitches: NDArray[np.float64], reach: int) -> NDArray[np.bool_]:
    """Return which frames of a player lie within so many frames of a change of pitch."""
    off = ~(np.abs(np.diff(pitches)) <= _TOLERANCE)  # silence is a change, too
    changes = np.concatenate([[False], off & ~(np.isnan(pitches[1:]) & np.isnan(pitches[:-1]))])
    near: NDArray[np.bool_] = np.convolve(changes, np.ones(2 * reach + 1), mode="same") > 0
    return near


def level_of(value_db: float) -> float:
    """Return the lowest level in dB of the row a frame belongs to."""
    return next((limit for limit in LEVELS_DB if value_db > limit), -np.inf)


def count(task: Task, tracker: Tracker, segment: Segment, counts: Counter[Frame]) -> None:
    """Add the frames of a segment."""
    posteriors = tracker(read_source(task, segment.mixture).astype(np.float32), segment.instruments)
    found = np.append(posteriors.pitches_midi, np.nan)[posteriors.values.argmax(axis=-1)]
    sources = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    true = source_pitches(tracker.network, sources, segment.instruments)
    levels = levels_db(sources, posteriors, tracker.sample_rate)
    reach = round(_CHANGE_S / float(np.diff(posteriors.frame_times_s).mean()))
    for player in range(len(true)):
        near = near_changes(true[player], reach)
        frames = zip(levels[player], frame_kinds(found, true, player), near, ~np.isnan(true[player]), strict=True)
        for level, kind, changes, sounds in frames:
            if sounds:
                counts[level_of(float(level)), str(kind), bool(changes)] += 1


def row_of(counts: Counter[Frame], name: str, limits: Sequence[float], kinds: Sequence[str] = FRAME_KINDS) -> str:
    """Return a row of the table: shares of the kinds, how many frames there are, and how many lie near a change."""
    chosen = {frame: n for frame, n in counts.items() if frame[0] in limits and frame[1] in kinds}
    n_frames = max(sum(chosen.values()), 1)
    n_by_kind = [sum(n for (_, kind, _), n in chosen.items() if kind == wanted) for wanted in FRAME_KINDS]
    n_near = sum(n for (_, _, near), n in chosen.items() if near)
    cells = [f"{100 * n / n_frames:.0f} %" for n in (*n_by_kind, n_near)]
    return f"| {name} | {' | '.join(cells[:-1])} | {n_frames:,} | {cells[-1]} |\n"


def main(name: str, root: Path, n_segments: int | None) -> None:
    """Print a table by level."""
    counts: Counter[Frame] = Counter()
    try:
        tracker = load_tracker(name, device="cpu")
        task = load_task(root, "valid", require_sources=True)
        for segment in spread_segments(task.segments.values(), n_segments):
            count(task, tracker, segment, counts)
    except RebalanceError as error:
        sys.exit(f"errors.py: {error}")
    every = (*LEVELS_DB, -np.inf)
    sys.stdout.write(
        f"| level in the mixture | {' | '.join(FRAME_KINDS)} | frames | near a change |\n"
        f"|---|{'---|' * (len(FRAME_KINDS) + 2)}\n"
    )
    sys.stdout.write(row_of(counts, "all", every))
    for limit in LEVELS_DB:
        sys.stdout.write(row_of(counts, f"above {limit:.0f} dB", (limit,)))
    sys.stdout.write(row_of(counts, "below", (-np.inf,)))
    sys.stdout.write(row_of(counts, "elsewhere", every, ("elsewhere",)))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python errors.py TRACKER TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
