"""How right a tracker is, by instrument and number of players: `python frames.py TRACKER TASK [SEGMENTS]`.

Frames: the truth is the pitch of every clean source, from its spectrum alone (`rebalance.training.source_pitches`); a
frame is right within half a semitone. Pitches of all players together: mir_eval.multipitch. Notes of every player,
where the task was rendered here and it is known what was played: mir_eval.transcription, onsets within 50 ms; notes
shorter than 0.1 s (trills) are left out of the truth. Means over segments and players with intervals over pieces. The
segments are spread evenly over the task.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance import MetadataError, RebalanceError
from rebalance.report import clustered_mean, estimate_text
from rebalance.synthesis.rendering import read_played_piece
from rebalance.task import Segment, Source, Task, load_task, read_source, spread_segments
from rebalance.training import source_pitches
from rebalance.transcription import (
    Tracker,
    TranscribedNote,
    Transcription,
    frame_shares,
    load_tracker,
    multipitch_agreement,
    note_agreement,
    transcribe,
)

_MIN_NOTE_S = 0.1


@dataclass
class Measured:
    """Values of one quantity, and the piece each comes from."""

    values: list[float] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)


Table = dict[tuple[str, str], Measured]


def true_pitches(tracker: Tracker, task: Task, segment: Segment) -> NDArray[np.float64]:
    """Return the MIDI pitch of every source and frame, not a number where it is silent."""
    signals = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    return source_pitches(tracker.network, signals, segment.instruments)


def true_notes(root: Path, segment: Segment) -> list[tuple[TranscribedNote, ...]] | None:
    """Return the notes every source plays in a segment; None where the task does not say."""
    try:
        piece = read_played_piece(root, "valid", segment.piece)
    except MetadataError:
        return None
    by_label = {part.label: part.notes for part in piece.parts}

    def of(source: Source) -> Iterator[TranscribedNote]:
        for note in by_label[Path(str(source.track)).stem]:
            onset_s, end_s = note.onset_s - source.start_s, min(note.end_s - source.start_s, source.duration_s)
            if onset_s >= 0 and end_s - onset_s >= _MIN_NOTE_S:
                yield TranscribedNote(
                    onset_s=onset_s, end_s=end_s, pitch_midi=note.pitch, cents=note.detune_cents, confidence=1.0
                )

    return [tuple(of(source)) for source in segment.sources]


def measure(root: Path, task: Task, tracker: Tracker, segment: Segment, table: Table) -> None:
    """Add what one segment gives."""

    def add(quantity: str, value: float, *groups: str) -> None:
        for group in groups:
            if np.isfinite(value):
                table[quantity, group].values.append(value)
                table[quantity, group].pieces.append(segment.piece)

    mixture = read_source(task, segment.mixture).astype(np.float32)
    found: Transcription = transcribe(mixture, segment.instruments, tracker, sample_rate=tracker.sample_rate)
    true = true_pitches(tracker, task, segment)
    players = f"{len(true)} players"
    for instrument, pitches, track in zip(segment.instruments, true, found.tracks, strict=True):
        shares = frame_shares(pitches, track)
        add("frames", shares.pitch, "all", players, instrument)
        add("silence", shares.silence, "all", players, instrument)
    together = multipitch_agreement(true, found.tracks)
    add("multipitch", together.f_measure, "all", players)
    notes = true_notes(root, segment)
    if notes is not None:
        for instrument, written, heard in zip(segment.instruments, notes, found.notes.values(), strict=True):
            add("notes", note_agreement(written, heard).f_measure, "all", players, instrument)
            ends = note_agreement(written, heard, ends_count=True)
            add("with ends", ends.f_measure, "all", players, instrument)


def main(name: str, root: Path, n_segments: int | None) -> None:
    """Print a table of shares."""
    table: Table = defaultdict(Measured)
    try:
        tracker = load_tracker(name, device="cpu")
        task = load_task(root, "valid", require_sources=True)
        for segment in spread_segments(task.segments.values(), n_segments):
            measure(root, task, tracker, segment, table)
    except RebalanceError as error:
        sys.exit(f"frames.py: {error}")
    quantities = [
        quantity
        for quantity in ("frames", "silence", "multipitch", "notes", "with ends")
        if any(known == quantity for known, _ in table)
    ]
    sys.stdout.write(f"| | {' | '.join(quantities)} |\n|---|{'---|' * len(quantities)}\n")
    for group in sorted({group for _, group in table}, key=lambda group: (group != "all", group)):
        sys.stdout.write(f"| {group} | {' | '.join(_cell(table.get((it, group))) for it in quantities)} |\n")


def _cell(measured: Measured | None) -> str:
    """Return a mean with its interval and how many values it rests on."""
    if measured is None:
        return ""
    estimate = clustered_mean(measured.values, measured.pieces, rng=np.random.default_rng(0))
    return f"{estimate_text(estimate)} ({estimate.n_values})"


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python frames.py TRACKER TASK [SEGMENTS]")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else None)
