"""Any score as an orchestra of known tracks: General MIDI mended, everything outside the orchestra left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.midi_files import MidiNote, MidiTrack, read_midi_file
from rebalance.synthesis.notation._instruments import INSTRUMENTS, PERCUSSION_CHANNEL
from rebalance.synthesis.notation._orchestra import (
    ORCHESTRA,
    OrchestraTrack,
    is_outside_the_orchestra,
    track_named,
    track_of_program,
)
from rebalance.synthesis.notation._repair import remove_grace_notes
from rebalance.synthesis.notation._score_reading import MIDI_SUFFIXES, read_score
from rebalance.synthesis.notation._scores import Note, Part, Score

_OCTAVE = 12
_FIRST_VIOLINS, _SECOND_VIOLINS = "Violin_1", "Violin_2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRepair:
    """What was done to one part of a file.

    Parameters
    ----------
    part
        Its name in the file, or its channel.
    track
        Where its notes went; None for nowhere.
    remarks
        What was wrong with it, in words.
    """

    part: str
    track: str | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestralScore:
    """A score whose parts are named by the tracks of the orchestra, and what it took to get there.

    Parameters
    ----------
    score
        A part for every track that plays, in the order of `ORCHESTRA`. Parts may have chords.
    repairs
        One for every part of the file, in its order.
    """

    score: Score
    repairs: tuple[PartRepair, ...]

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the parts that are left out."""
        return tuple(repair.part for repair in self.repairs if repair.track is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One part of a file before it has a track."""

    name: str
    named_alone: bool
    program: int | None
    drums: bool
    notes: tuple[Note, ...]

    @property
    def shown(self) -> str:
        """What to call it in a report."""
        return self.name or ("drum channel" if self.drums else "part without a name")

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI pitch."""
        return sum(note.pitch for note in self.notes) / len(self.notes)


def read_orchestral_score(path: StrPath) -> OrchestralScore:
    """Read a score for the orchestra.

    The name of a track says who plays it, in whatever language; where it says nothing, its program does. Parts of one
    track are put together. Parts of instruments outside the orchestra, and those of which nobody knows what they are,
    are left out. Notes beyond the range of an instrument are moved by octaves; grace notes are left out.

    Parameters
    ----------
    path
        See `read_score`.

    Raises
    ------
    MetadataError
        If the file cannot be read, or no part of an orchestra is left.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.notation import Note, Part, Score, read_orchestral_score, write_note_table
    >>> notes = (Note(onset_q=0.0, duration_q=4.0, pitch=64),)
    >>> parts = tuple(Part(name=name, instrument=None, notes=notes) for name in ("Bratsche", "Klavier", "Viola 2"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_note_table(Path(folder) / "study.json", Score(name="study", parts=parts))
    ...     read = read_orchestral_score(Path(folder) / "study.json")
    >>> [part.name for part in read.score.parts], read.dropped
    (['Viola'], ('Klavier',))

    Source: SynthSOD (arXiv 2409.10995) mends its files to General MIDI and leaves instruments outside the orchestra
    out; how it does so is not public, and the rules here are ours.
    """
    path = expanded(path)
    score = read_score(path)
    lines = list(_midi_lines(path)) if path.suffix.lower() in MIDI_SUFFIXES else [_line(part) for part in score.parts]
    sounding = [line for line in lines if line.notes]
    tracks = _seated_violins(sounding, [_track_of(line) for line in sounding])
    repairs = _repairs(sounding, tracks)
    by_track: dict[str, list[Note]] = defaultdict(list)
    for line, track in zip(sounding, tracks, strict=True):
        if track is not None:
            by_track[track] += line.notes
    parts = [_part(ORCHESTRA[name], by_track[name]) for name in ORCHESTRA if name in by_track]
    playing = tuple(part for part in parts if part.notes)
    if not playing:
        names = ", ".join(repair.part for repair in repairs) or "no notes"
        raise MetadataError(where=path.name, expected="parts of instruments of the orchestra", found=names)
    return OrchestralScore(score=replace(score, parts=playing), repairs=repairs)


def _midi_lines(path: Path) -> Iterator[_Line]:
    """Give the parts of a MIDI file: one per track, channel and, where the name of the track says nothing, program."""
    for track in read_midi_file(path).tracks:
        alone = len({note.channel for note in track.notes}) == 1
        for key, notes in sorted(_grouped(track, alone).items()):
            yield _Line(
                name=track.name,
                named_alone=alone,
                program=next((note.program for note in notes if note.program is not None), None),
                drums=key[0] == PERCUSSION_CHANNEL,
                notes=tuple(_written(note) for note in notes),
            )


def _grouped(track: MidiTrack, alone: bool) -> dict[tuple[int, int], list[MidiNote]]:
    """Return the notes of a track by channel and program; by channel only where its name says who plays."""
    named = alone and (track_named(track.name) is not None or is_outside_the_orchestra(track.name))
    grouped: dict[tuple[int, int], list[MidiNote]] = defaultdict(list)
    for note in track.notes:
        apart = not named and note.channel != PERCUSSION_CHANNEL and note.program is not None
        grouped[note.channel, (note.program or 0) if apart else -1].append(note)
    return grouped


def _written(note: MidiNote) -> Note:
    return Note(onset_q=note.onset_q, duration_q=note.duration_q, pitch=note.pitch, velocity=note.velocity)


def _line(part: Part) -> _Line:
    """Return a part of a score in another format, which has no program but may know its instrument."""
    program = part.instrument.program if part.instrument is not None else None
    return _Line(name=part.name, named_alone=True, program=program, drums=part.percussion, notes=part.notes)


def _track_of(line: _Line) -> str | None:
    """Return the track that plays a line; None for none of the orchestra."""
    named = track_named(line.name) if line.named_alone else None
    if named is not None:
        return named
    if line.named_alone and is_outside_the_orchestra(line.name):
        return None
    if line.drums:
        return "untunedpercussion"
    return None if line.program is None else track_of_program(line.program, line.mean_pitch)


def _seated_violins(lines: Sequence[_Line], tracks: Sequence[str | None]) -> list[str | None]:
    """Return the tracks, the second of two unnumbered violin parts being that of the second violins."""
    firsts = [place for place, track in enumerate(tracks) if track == _FIRST_VIOLINS]
    seated = list(tracks)
    unnumbered = [place for place in firsts if not any(letter.isdigit() for letter in lines[place].name)]
    plain = [place for place in unnumbered if not lines[place].name.rstrip().upper().endswith((" I", "_I", "NI"))]
    if _SECOND_VIOLINS not in tracks and len(firsts) > 1 and firsts[-1] in plain:
        seated[firsts[-1]] = _SECOND_VIOLINS
    return seated


def _repairs(lines: Sequence[_Line], tracks: Sequence[str | None]) -> tuple[PartRepair, ...]:
    """Return what was done to every part."""
    seen: set[str] = set()
    repairs = []
    for line, track in zip(lines, tracks, strict=True):
        remarks = _remarks(line, track, again=track in seen)
        repairs.append(PartRepair(part=line.shown, track=track, remarks=tuple(remarks)))
        if track is not None:
            seen.add(track)
    return tuple(repairs)


def _remarks(line: _Line, track: str | None, *, again: bool) -> Iterator[str]:
    """Give what was wrong with a part."""
    if track is None:
        known = line.named_alone and is_outside_the_orchestra(line.name)
        yield "no instrument of the orchestra" if known else "nothing says which instrument it is"
        return
    by_program = None if line.program is None else track_of_program(line.program, line.mean_pitch)
    if line.drums != (track == "untunedpercussion"):
        yield "on the drum channel" if line.drums else "untuned percussion off the drum channel"
    elif line.program is None and not line.drums:
        yield "without a program"
    elif not line.drums and _plays_other(by_program, track):
        yield f"program {line.program} is not that of {track}"
    outside = sum(not _plays(ORCHESTRA[track], note.pitch) for note in line.notes)
    if outside:
        yield f"{outside} notes out of range, moved by octaves"
    if again:
        yield f"played together with another part of {track}"


def _plays_other(by_program: str | None, track: str) -> bool:
    """Tell whether a program is that of another instrument; both violins have one."""
    return by_program is None or ORCHESTRA[by_program].instrument != ORCHESTRA[track].instrument


def _plays(track: OrchestraTrack, pitch: int) -> bool:
    return track.lowest <= pitch <= track.highest


def _part(track: OrchestraTrack, notes: Iterable[Note]) -> Part:
    """Return the part of a track: no note twice, none out of range, none without duration."""
    longest: dict[tuple[float, int], Note] = {}
    for note in notes:
        folded = replace(note, pitch=_folded(note.pitch, track))
        key = (folded.onset_q, folded.pitch)
        if key not in longest or longest[key].duration_q < folded.duration_q:
            longest[key] = folded
    part = Part(
        name=track.name,
        instrument=INSTRUMENTS.get(track.instrument),
        notes=tuple(sorted(longest.values())),
        percussion=track.family == "percussion",
    )
    return remove_grace_notes(part)


def _folded(pitch: int, track: OrchestraTrack) -> int:
    """Return a pitch moved by the fewest octaves into a range of at least one octave."""
    if pitch < track.lowest:
        return pitch + _OCTAVE * -(-(track.lowest - pitch) // _OCTAVE)
    if pitch > track.highest:
        return pitch - _OCTAVE * -(-(pitch - track.highest) // _OCTAVE)
    return pitch
