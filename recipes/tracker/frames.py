"""Share of frames that are right, by instrument and number of players: `python frames.py TRACKER TASK [SEGMENTS]`.

The truth is the pitch of every clean source, from its spectrum alone (`rebalance.training._pitch_labels`); a frame is
right within half a semitone. Multi-pitch precision and recall are those of mir_eval, over all players together.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import islice
from pathlib import Path

import mir_eval
import numpy as np
import torch
from numpy.typing import NDArray

from rebalance import RebalanceError
from rebalance.task import Segment, Task, load_task, read_source
from rebalance.training import pitch_labels
from rebalance.training.data import Batch
from rebalance.transcription import PitchTrack, Tracker, decode, load_tracker

_TOLERANCE_SEMITONES = 0.5


def true_pitches(tracker: Tracker, task: Task, segment: Segment) -> NDArray[np.float64]:
    """Return the MIDI pitch of every source and frame, not a number where it is silent."""
    signals = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    slots = tracker.network.slots(segment.instruments)[None]
    batch = Batch(sources=torch.from_numpy(signals)[None], slots=slots, gains_db=torch.zeros(slots.shape))
    states = pitch_labels(tracker.network, batch)[0].cpu().numpy()
    midi = 69 + 12 * np.log2(tracker.network.config.features.centres_hz / 440)
    pitches: NDArray[np.float64] = np.append(midi, np.nan)[states]
    return pitches


def multi_pitch(true: NDArray[np.float64], tracks: tuple[PitchTrack, ...]) -> tuple[float, float]:
    """Return precision and recall of all pitches of a segment, whoever plays them."""

    def by_frame(pitches: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        return [np.unique(440 * 2 ** ((frame[np.isfinite(frame)] - 69) / 12)) for frame in pitches.T]

    times = np.maximum(tracks[0].frame_times_s, 0.0)
    order = np.flatnonzero(tracks[0].frame_times_s >= 0)
    found = np.stack([track.pitches_midi for track in tracks])
    scores = mir_eval.multipitch.metrics(
        times[order], by_frame(true[:, order]), times[order], by_frame(found[:, order])
    )
    return float(scores[0]), float(scores[1])


def main(name: str, folder: Path, n_segments: int | None) -> None:
    """Print a table of shares."""
    right: dict[str, list[float]] = defaultdict(list)
    try:
        tracker = load_tracker(name, device="cpu")
        task = load_task(folder, "valid", require_sources=True)
        segments = {scene.segment.name: scene.segment for scene in task.scenes.values()}
        for segment in islice(segments.values(), n_segments):
            true = true_pitches(tracker, task, segment)
            mixture = read_source(task, segment.mixture).astype(np.float32)
            tracks = decode(tracker(mixture, segment.instruments))
            for instrument, pitches, track in zip(segment.instruments, true, tracks, strict=True):
                sounding = np.isfinite(pitches)
                near = np.abs(track.pitches_midi - pitches)[sounding] <= _TOLERANCE_SEMITONES
                for group in ("all", f"{len(true)} players", instrument):
                    right[group].append(float(near.mean()))
                right["silence"].append(float((~track.sounding)[~sounding].mean()) if (~sounding).any() else 1.0)
            precision, recall = multi_pitch(true, tracks)
            right["pitches found that are right"].append(precision)
            right["right pitches that are found"].append(recall)
    except RebalanceError as error:
        sys.exit(f"frames.py: {error}")
    for group, shares in sorted(right.items()):
        sys.stdout.write(f"| {group} | {np.mean(shares):.3f} | {len(shares)} |\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python frames.py TRACKER TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
