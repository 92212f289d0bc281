"""What limits a separator, the pitches or the masks: `python bounds.py SEPARATOR TASK [SEGMENTS]`.

SDR in dB of the separator, without the refiner of its masks, and if it knew the pitches, to a third of a semitone or
exactly; of masks of combs alone at the exact pitches; of ideal ratio masks; and if it knew the pitches of only those
frames that it has wrong in one way, see `rebalance.transcription.frame_kinds`. Means over sources with intervals over
pieces, by number of players. The segments are spread evenly over the task.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance import RebalanceError
from rebalance.report import clustered_mean, estimate_text
from rebalance.separation import informed, is_silent, load_separator, sdr_db, source_names
from rebalance.task import Segment, Task, load_task, read_source, spread_segments
from rebalance.training import source_pitches
from rebalance.transcription import (
    FRAME_KINDS,
    PitchSeparator,
    Posteriors,
    by_pitch,
    frame_kinds,
    separate_by_pitch,
)

_SHARPNESS = 2.0  # as in the separator
_N_STEPS = 4  # combs for each pitch where pitches are exact


def sure_of(found: Posteriors, pitches_midi: NDArray[np.float64], *, exact: bool) -> Posteriors:
    """Return posteriors that are sure of pitches ``(n_players, n_frames)``, not a number where a player is silent."""
    step = float(found.pitches_midi[1] - found.pitches_midi[0])
    silent = np.isnan(pitches_midi)
    places = np.where(silent, 0.0, (pitches_midi - found.pitches_midi[0]) / step)
    places = places if exact else np.rint(places)
    lower = np.clip(np.floor(places), 0, len(found.pitches_midi) - 2).astype(int)
    part = np.clip(places - lower, 0.0, 1.0)
    values = np.zeros_like(found.values)
    for offset, share in ((0, 1 - part), (1, part)):
        np.put_along_axis(values, (lower + offset)[..., None], np.where(silent, 0.0, share)[..., None], axis=2)
    values[..., -1] = silent
    return replace(found, values=values)


def rows_of(task: Task, separator: PitchSeparator, segment: Segment) -> Iterator[dict[str, object]]:
    """Give a row for every source of a segment that sounds: the SDR of every estimate."""
    sources = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    mixture = read_source(task, segment.mixture).astype(np.float32)
    rate, refiner = separator.sample_rate, separator.refiner
    found = separator.tracker(mixture, segment.instruments)
    true = source_pitches(separator.tracker.network, sources, segment.instruments)
    near, exact = (sure_of(found, true, exact=exactly) for exactly in (False, True))
    names = source_names(segment.instruments)
    oracle = informed(load_separator("ideal-ratio-mask"), dict(zip(names, sources, strict=True)))
    pitches_midi = np.append(found.pitches_midi, np.nan)[np.argmax(found.values, axis=-1)]
    kinds = np.stack([frame_kinds(pitches_midi, true, player) for player in range(len(true))])
    mended = {
        f"true where {kind}": replace(
            found, values=np.where(((kinds == kind) & ~np.isnan(true))[..., None], near.values, found.values)
        )
        for kind in FRAME_KINDS[1:]
    }
    estimates = {
        "as it is": separator(mixture, segment.instruments),
        **{
            row: separate_by_pitch(mixture, pitches, sample_rate=rate, refiner=refiner, sharpness=_SHARPNESS)
            for row, pitches in mended.items()
        },
        "without refiner": separate_by_pitch(mixture, found, sample_rate=rate, sharpness=_SHARPNESS),
        "true pitches": separate_by_pitch(mixture, near, sample_rate=rate, refiner=refiner),
        "exact pitches": separate_by_pitch(mixture, exact, sample_rate=rate, refiner=refiner),
        "exact pitches, combs alone": separate_by_pitch(mixture, exact.finer(_N_STEPS), sample_rate=rate),
        "ideal ratio masks": oracle(mixture, segment.instruments),
    }
    for name, source in zip(names, sources, strict=True):
        if not is_silent(source):
            figures = {row: sdr_db(source, estimate[name]) for row, estimate in estimates.items()}
            yield {"players": len(sources), "piece": segment.piece, **figures}


def table_of(rows: pd.DataFrame) -> Iterator[str]:
    """Give the lines of the table, a column for each number of players."""
    groups = [("all", rows), *((f"{n_players} players", group) for n_players, group in rows.groupby("players"))]
    yield f"| | {' | '.join(name for name, _ in groups)} |"
    yield f"|---|{'---|' * len(groups)}"
    for row in rows.columns[2:]:
        means = [
            clustered_mean(group[row].tolist(), group["piece"].tolist(), rng=np.random.default_rng(0))
            for _, group in groups
        ]
        yield f"| {row} | {' | '.join(f'{estimate_text(mean, places=1)} ({mean.n_values})' for mean in means)} |"


def main(name: str, root: Path, n_segments: int | None) -> None:
    """Print the table."""
    try:
        separator = by_pitch(load_separator(name, device="cpu"))
        task = load_task(root, "valid", require_sources=True)
        rows = pd.DataFrame(
            [
                row
                for segment in spread_segments(task.segments.values(), n_segments)
                for row in rows_of(task, separator, segment)
            ]
        )
    except RebalanceError as error:
        sys.exit(f"bounds.py: {error}")
    sys.stdout.write("\n".join(table_of(rows)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python bounds.py SEPARATOR TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
