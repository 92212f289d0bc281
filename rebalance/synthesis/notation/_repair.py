"""Repairs every score goes through before it is played: one note at a time, no grace notes, within range."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from rebalance.synthesis.notation._instruments import Family, Instrument
from rebalance.synthesis.notation._scores import Note, Part, Score

_MIN_NOTE_Q = 1 / 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """What was taken out of a score, in notes and parts."""

    grace_notes: int = 0
    lower_notes_of_double_stops: int = 0
    out_of_range_notes: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A score in which every part can be played by one player, and what that cost."""

    score: Score
    report: RepairReport


def repair_score(
    score: Score,
    *,
    families: Collection[Family] | None = None,
    keep_percussion: bool = False,
    cut_to_range: bool = False,
) -> Repaired:
    """Make every part of a score playable by one orchestral player.

    Source: the preparation of SynthSOD (arXiv 2409.10995), which mends General MIDI programs and drops
    instruments outside the orchestra; splitting of double stops is ours.

    Parameters
    ----------
    score
        A score as `read_score` returns it.
    families
        Keep only parts written for these; parts of unknown instruments are then dropped as non-orchestral.
        All parts when None.
    keep_percussion
        Keep parts of the percussion channel.
    cut_to_range
        Drop notes beyond the range of the instrument a part is written for.
    """
    dropped: list[str] = []
    kept: list[Part] = []
    grace = lower = beyond = 0
    for part in score.parts:
        unwanted = families is not None and (part.instrument is None or part.instrument.family not in families)
        if unwanted or (part.percussion and not keep_percussion) or not part.notes:
            dropped.append(part.name)
            continue
        measured = remove_grace_notes(part)
        single = split_double_stops(measured)
        grace += len(part.notes) - len(measured.notes)
        lower += len(measured.notes) - len(single.notes)
        within = cut_part_to_range(single, part.instrument) if cut_to_range and part.instrument else single
        beyond += len(single.notes) - len(within.notes)
        kept.append(within)
    report = RepairReport(
        grace_notes=grace, lower_notes_of_double_stops=lower, out_of_range_notes=beyond, parts=tuple(dropped)
    )
    return Repaired(score=replace(score, parts=tuple(kept)), report=report)


def remove_grace_notes(part: Part) -> Part:
    """Drop the notes that have no duration of their own."""
    return replace(part, notes=tuple(note for note in part.notes if note.duration_q >= _MIN_NOTE_Q))


def split_double_stops(part: Part) -> Part:
    """Keep the top note of those that begin together, and end a note where the next begins."""
    top = [max(group, key=_pitch) for _, group in itertools.groupby(sorted(part.notes), key=_onset)]
    ends_q = [*(following.onset_q for following in top[1:]), math.inf]
    cut = [
        replace(note, duration_q=min(note.duration_q, end_q - note.onset_q))
        for note, end_q in zip(top, ends_q, strict=True)
    ]
    return replace(part, notes=tuple(note for note in cut if note.duration_q >= _MIN_NOTE_Q))


def cut_part_to_range(part: Part, instrument: Instrument) -> Part:
    """Drop the notes an instrument cannot play."""
    return replace(part, notes=tuple(note for note in part.notes if instrument.plays(note.pitch)))


def excerpt(score: Score, start_q: float, end_q: float) -> Score:
    """Return the notes that begin within a stretch, cut at its end and counted from its start, in quarter notes.

    Parameters
    ----------
    score
        Stays as it is.
    start_q, end_q
        The stretch in quarter notes, its end left out.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score, excerpt
    >>> notes = tuple(Note(onset_q=2.0 * at, duration_q=2.0, pitch=60 + at) for at in range(4))
    >>> part = excerpt(Score(name="scale", parts=(Part(name="Oboe", instrument=None, notes=notes),)), 2.0, 5.0).parts[0]
    >>> [(note.onset_q, note.duration_q, note.pitch) for note in part.notes]
    [(0.0, 2.0, 61), (2.0, 1.0, 62)]
    """
    before = [change.quarter_bpm for change in score.tempo_changes if change.onset_q <= start_q]
    return replace(
        score,
        parts=tuple(_excerpt_part(part, start_q, end_q) for part in score.parts),
        quarter_bpm=before[-1] if before else score.quarter_bpm,
        tempo_changes=tuple(
            replace(change, onset_q=change.onset_q - start_q)
            for change in score.tempo_changes
            if start_q < change.onset_q < end_q
        ),
    )


def _excerpt_part(part: Part, start_q: float, end_q: float) -> Part:
    """Return the stretch of one part."""
    onsets = [note.onset_q for note in part.notes]
    inside = part.notes[bisect.bisect_left(onsets, start_q) : bisect.bisect_left(onsets, end_q)]
    return replace(
        part,
        notes=tuple(
            replace(note, onset_q=note.onset_q - start_q, duration_q=min(note.duration_q, end_q - note.onset_q))
            for note in inside
        ),
    )


def _onset(note: Note) -> float:
    return note.onset_q


def _pitch(note: Note) -> int:
    return note.pitch
