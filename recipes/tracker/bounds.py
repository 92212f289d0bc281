"""What limits a separator, the pitches or the masks: `python bounds.py SEPARATOR TASK [SEGMENTS]`.

The separator as it is, without the refiner of its masks, and if it knew the pitches, to a third of a semitone or
exactly; masks of combs alone at the exact pitches; ideal ratio masks; and if it knew the pitches of only those
frames that it has wrong in one way, see `rebalance.transcription.frame_kinds`. Two tables by number of players, means
with intervals over pieces: SDR in dB, over sources; HAAQI of the first scene's remix less that of the mixture, for one
typical ear, over segments. The segments are spread evenly over the task.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalance import RebalanceError
from rebalance.audio import remix_as_edit
from rebalance.report import clustered_mean, estimate_text, markdown_lines
from rebalance.separation import informed, is_silent, load_separator, sdr_db, source_names
from rebalance.task import Segment, Task, load_task, read_source, spread_segments
from rebalance.training import haaqi_gain, source_pitches
from rebalance.transcription import (
    FRAME_KINDS,
    PitchSeparator,
    Posteriors,
    by_pitch,
    frame_kinds,
    separate_by_pitch,
)

_TRUTH = "truth"

Row = dict[str, object]


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


def estimates_of(
    separator: PitchSeparator, task: Task, segment: Segment, mixture: NDArray[np.float32]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return the estimates of a segment by what is known of the pitches, and the true sources last."""
    sources = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
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
    return {
        "as it is": separator(mixture, segment.instruments),
        **{
            row: separate_by_pitch(mixture, pitches, sample_rate=rate, refiner=refiner)
            for row, pitches in mended.items()
        },
        "without refiner": separate_by_pitch(mixture, found, sample_rate=rate),
        "true pitches": separate_by_pitch(mixture, near, sample_rate=rate, refiner=refiner),
        "exact pitches": separate_by_pitch(mixture, exact, sample_rate=rate, refiner=refiner),
        "exact pitches, combs alone": separate_by_pitch(mixture, exact, sample_rate=rate),
        "ideal ratio masks": oracle(mixture, segment.instruments),
        _TRUTH: dict(zip(names, sources, strict=True)),
    }


def sdr_rows(segment: Segment, estimates: Mapping[str, Mapping[str, NDArray[np.float32]]]) -> Iterator[Row]:
    """Give a row for every source of a segment that sounds: the SDR of every estimate."""
    for name, source in estimates[_TRUTH].items():
        if not is_silent(source):
            figures = {row: sdr_db(source, made[name]) for row, made in estimates.items() if row != _TRUTH}
            yield {"players": len(estimates[_TRUTH]), "piece": segment.piece, **figures}


def haaqi_rows(
    task: Task,
    segment: Segment,
    mixture: NDArray[np.float32],
    estimates: Mapping[str, Mapping[str, NDArray[np.float32]]],
) -> Iterator[Row]:
    """Give a row for a segment, HAAQI of every remix over that of the mixture, unless nothing can be heard of it."""
    scene = next(scene for scene in task.scenes.values() if scene.segment.name == segment.name)
    gains_db = dict(zip(estimates[_TRUTH], (scene.gains_db[source.name] for source in segment.sources), strict=True))
    edits = {row: remix_as_edit(mixture, made, gains_db) - mixture for row, made in estimates.items()}
    figures = {row: haaqi_gain(mixture, edits[_TRUTH], edit) for row, edit in edits.items() if row != _TRUTH}
    if None not in figures.values():
        yield {"players": len(estimates[_TRUTH]), "piece": segment.piece, **figures}


def table_of(rows: pd.DataFrame, title: str, places: int) -> Iterator[str]:
    """Give the lines of a table, a column for each number of players."""
    groups = [("all", rows), *((f"{n_players} players", group) for n_players, group in rows.groupby("players"))]
    yield from markdown_lines(
        [title, *(name for name, _ in groups)],
        ([row, *(cell(group, row, places) for _, group in groups)] for row in rows.columns[2:]),
    )


def cell(group: pd.DataFrame, row: str, places: int) -> str:
    """Return a mean with its interval over pieces and the number of its values."""
    mean = clustered_mean(group[row].tolist(), group["piece"].tolist(), rng=np.random.default_rng(0))
    return f"{estimate_text(mean, places=places)} ({mean.n_values})"


def main(name: str, root: Path, n_segments: int | None) -> None:
    """Print the tables."""
    sdr: list[Row] = []
    haaqi: list[Row] = []
    try:
        separator = by_pitch(load_separator(name, device="cpu"))
        task = load_task(root, "valid", require_sources=True)
        for segment in spread_segments(task.segments.values(), n_segments):
            mixture = read_source(task, segment.mixture).astype(np.float32)
            estimates = estimates_of(separator, task, segment, mixture)
            sdr.extend(sdr_rows(segment, estimates))
            haaqi.extend(haaqi_rows(task, segment, mixture, estimates))
    except RebalanceError as error:
        sys.exit(f"bounds.py: {error}")
    for rows, title, places in ((sdr, "SDR, dB", 1), (haaqi, "HAAQI", 3)):
        sys.stdout.write("\n".join(table_of(pd.DataFrame(rows), title, places)) + "\n\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python bounds.py SEPARATOR TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
