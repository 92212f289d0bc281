"""What a score is worth: `python score_informed.py TASK [SEGMENTS] [SEPARATOR]`, TASK rendered by `rebalance render`.

SDR of separation without and with the score the segments were played from, and with that score spoilt: another tempo
every few notes, a stretch left out, a stretch twice, another piece. Means over all sources with intervals over pieces;
the cost of a frame as its mean and from least to most. The segments are spread evenly over the task.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rebalance import RebalanceError
from rebalance.report import clustered_mean, estimate_text, paired_difference
from rebalance.separation import Separator, is_silent, load_separator, sdr_db
from rebalance.synthesis.notation import Note, Score
from rebalance.synthesis.rendering import read_played_piece
from rebalance.task import Segment, Task, load_task, read_source, spread_segments
from rebalance.transcription import MISMATCH_COST, align, by_pitch, score_informed, sharpen, track_players

_DEFAULT_BPM = 90.0
_TEMPO_EVERY_Q = 4.0
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0
_STRETCH_Q = 6.0


@dataclass
class Found:
    """What one condition gave: SDR, piece and number of sources of every source, cost of every segment."""

    sdr_db: list[float] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    n_sources: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def in_other_tempi(score: Score, rng: np.random.Generator, _middle_q: float) -> Score:
    """Return a score whose tempo changes every four quarter notes, by factors of 0.5 to 2."""
    knots = np.arange(0.0, score.end_q + 2 * _TEMPO_EVERY_Q, _TEMPO_EVERY_Q)
    factors = np.exp(rng.uniform(np.log(_MIN_SPEED), np.log(_MAX_SPEED), len(knots) - 1))
    warped = np.concatenate([[0.0], np.cumsum(np.diff(knots) * factors)])
    return _moved(score, lambda place: float(np.interp(place, knots, warped)))


def with_a_stretch_left_out(score: Score, _rng: np.random.Generator, middle_q: float) -> Score:
    """Return a score without six quarter notes around a place."""
    first, last = middle_q - _STRETCH_Q / 2, middle_q + _STRETCH_Q / 2
    return _moved(score, lambda place: place if place < first else max(first, place - (last - first)))


def with_a_stretch_twice(score: Score, _rng: np.random.Generator, middle_q: float) -> Score:
    """Return a score that plays six quarter notes before a place twice."""
    first = max(middle_q - _STRETCH_Q, 0.0)
    later = _moved(score, lambda place: place + (middle_q - first) if place >= middle_q else place)
    again = [
        [
            replace(note, onset_q=note.onset_q + middle_q - first, duration_q=min(note.end_q, middle_q) - note.onset_q)
            for note in part.notes
            if first <= note.onset_q < middle_q
        ]
        for part in score.parts
    ]
    parts = tuple(
        replace(part, notes=tuple(sorted((*part.notes, *notes))))
        for part, notes in zip(later.parts, again, strict=True)
    )
    return replace(later, parts=parts)


def _moved(score: Score, place: Callable[[float], float]) -> Score:
    """Return a score with all its notes moved; those left without a duration are gone."""

    def moved(notes: tuple[Note, ...]) -> Iterator[Note]:
        for note in notes:
            onset_q, end_q = place(note.onset_q), place(note.end_q)
            if end_q > onset_q:
                yield replace(note, onset_q=onset_q, duration_q=end_q - onset_q)

    return replace(score, parts=tuple(replace(part, notes=tuple(moved(part.notes))) for part in score.parts))


def of_another_piece(score: Score, others: list[Score], rng: np.random.Generator) -> Score | None:
    """Return another score of the task with this one's parts, each with notes of the other's; None if there is none."""
    different = [other for other in others if other.name.split("-")[:2] != score.name.split("-")[:2]]
    if not different:
        return None
    other = different[int(rng.integers(len(different)))]
    parts = tuple(
        replace(part, notes=other.parts[number % len(other.parts)].notes) for number, part in enumerate(score.parts)
    )
    return replace(other, parts=parts)


_SPOILT = {
    "score": lambda score, _rng, _middle_q: score,
    "score, other tempi": in_other_tempi,
    "score, stretch left out": with_a_stretch_left_out,
    "score, stretch twice": with_a_stretch_twice,
}


def measure(task: Task, root: Path, segment: Segment, separator: Separator, found: dict[str, Found]) -> None:
    """Add what one segment gives."""
    rng = np.random.default_rng([len(segment.name), *segment.name.encode()])
    piece = read_played_piece(root, "valid", segment.piece)
    by_label = {part.name: number for number, part in enumerate(piece.score.parts)}
    order = [by_label[Path(str(source.track)).stem] for source in segment.sources]
    middle_s = segment.mixture.start_s + segment.mixture.duration_s / 2
    middle_q = float(np.interp(middle_s, piece.tempo.seconds, piece.tempo.quarters))
    mixture = read_source(task, segment.mixture).astype(np.float32)
    sources = [read_source(task, source).astype(np.float32) for source in segment.sources]
    tracker = by_pitch(separator).tracker
    posteriors = track_players(mixture, segment.instruments, tracker, sample_rate=separator.sample_rate)

    def add(name: str, its: Separator) -> None:
        estimates = its(mixture, segment.instruments).values()
        for source, estimate in zip(sources, estimates, strict=True):
            if not is_silent(source):
                found[name].sdr_db.append(sdr_db(source, estimate))
                found[name].pieces.append(segment.piece)
                found[name].n_sources.append(len(sources))

    add("no score", score_informed(separator, posteriors))
    for name, spoil in _SPOILT.items():
        score = spoil(piece.score, rng, middle_q)
        parts = [score.parts[place] for place in order]
        alignment = align(posteriors, score, parts)
        found[name].costs.append(alignment.cost)
        add(name, score_informed(separator, sharpen(posteriors, score, parts, alignment)))
    others = [read_played_piece(root, "valid", other).score for other in sorted(_pieces(task))]
    wrong = of_another_piece(piece.score, others, rng)
    if wrong is not None:
        found["wrong score"].costs.append(align(posteriors, wrong, [wrong.parts[place] for place in order]).cost)


def _pieces(task: Task) -> set[str]:
    return {segment.piece for segment in task.segments.values()}


def _row(name: str, found: Found, base: Found) -> str:
    """Return the row of a condition."""
    rng = np.random.default_rng(0)
    costs = f"{np.mean(found.costs):.2f} ({min(found.costs):.2f} to {max(found.costs):.2f})" if found.costs else ""
    if not found.sdr_db:
        refused = np.mean(np.array(found.costs) >= MISMATCH_COST)
        return f"| {name} | refused: {refused:.0%} | | {costs} |\n"
    mean = estimate_text(clustered_mean(found.sdr_db, found.pieces, rng=rng))
    more = ""
    if found is not base:
        difference = paired_difference(base.sdr_db, found.sdr_db, found.pieces, rng=rng).estimate
        more = estimate_text(difference)
    return f"| {name} | {mean} | {more} | {costs} |\n"


def main(root: Path, n_segments: int | None, name: str) -> None:
    """Print a table."""
    found: dict[str, Found] = defaultdict(Found)
    try:
        separator = load_separator(name, device="cpu")
        task = load_task(root, "valid", require_sources=True)
        for segment in spread_segments(task.segments.values(), n_segments):
            measure(task, root, segment, separator, found)
            sys.stderr.write(f"{segment.name}\n")
    except RebalanceError as error:
        sys.exit(f"score_informed.py: {error}")
    sys.stdout.write("| | SDR, dB | more than without | cost of a frame |\n|---|---|---|---|\n")
    for condition, values in found.items():
        sys.stdout.write(_row(condition, values, found["no score"]))
    for count in sorted(set(found["no score"].n_sources)):
        of_count = [number == count for number in found["no score"].n_sources]
        cells = [np.mean(np.array(found[condition].sdr_db)[of_count]) for condition in ("no score", "score")]
        sys.stdout.write(f"{count} sources ({sum(of_count)}): {cells[0]:.1f} without, {cells[1]:.1f} with\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        sys.exit("usage: python score_informed.py TASK [SEGMENTS] [SEPARATOR]")
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else None,
        sys.argv[3] if len(sys.argv) > 3 else "default",
    )
