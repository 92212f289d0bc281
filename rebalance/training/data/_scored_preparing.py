"""Pieces of a corpus, and renditions of a stem library, made into tracks with scores at the rate of a network."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.running import Failure, run_items
from rebalance.audio import read_audio, resample
from rebalance.datasets import Part, Piece, read_notes
from rebalance.separation.score_supervised import LOWEST_NOTE, N_NOTES
from rebalance.training.data._scored_tracks import ScoredTrack, write_scored_track
from rebalance.training.data._stem_library import INT16_SCALE, SAMPLE_RATE, Stem, open_library

_SILENT_PEAK = 1e-4
_PEAK = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackInstruments:
    """Which parts of a piece belong to which instrument of a network.

    Parameters
    ----------
    programs
        General MIDI programs by the name of the instrument, in the order of the network.
    sample_rate
        Of the tracks, in Hz.

    Raises
    ------
    ConfigError
        If there is no instrument, or a program belongs to two.

    Examples
    --------
    >>> from rebalance.training.data import TrackInstruments
    >>> TrackInstruments(programs={"Piano": (0, 1), "Guitar": (30,)}).names
    ('Piano', 'Guitar')
    """

    programs: Mapping[str, tuple[int, ...]]
    sample_rate: int = 16_000

    def __post_init__(self) -> None:
        listed = [program for members in self.programs.values() for program in members]
        if not listed or len(set(listed)) != len(listed):
            raise ConfigError(where="programs", expected="each in one instrument", got=str(dict(self.programs)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the instruments."""
        return tuple(self.programs)

    def place_of(self, part: Part) -> int | None:
        """Return the place of a part's instrument in the network, None where it has none."""
        found = [place for place, members in enumerate(self.programs.values()) if part.program in members]
        return found[0] if found else None


def scored_track(piece: Piece, instruments: TrackInstruments) -> ScoredTrack:
    """Read a piece with its notes; parts of other instruments are left out.

    Parameters
    ----------
    piece
        With stems and notes.
    instruments
        Which parts are read, and as what.

    Raises
    ------
    MetadataError
        If a stem has no MIDI file beside it, sounds where its MIDI file holds no note at all, has notes that no piano
        has, or the stems differ in length; or if the piece has none of the instruments.
    AudioError
        If a stem cannot be read or holds NaN.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece
    >>> from rebalance.training.data import TrackInstruments, scored_track
    >>> organ = Part(label="Organ", instrument="Organ", stem=Path("S00.flac"), program=16)
    >>> piece = Piece(corpus="Slakh2100", name="Track00001", parts=(organ,))
    >>> scored_track(piece, TrackInstruments(programs={"Piano": (0,)}))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: Track00001: expected a part of Piano, found none
    """
    played = [(place, part) for part in piece.parts if (place := instruments.place_of(part)) is not None]
    if not played:
        raise MetadataError(where=piece.name, expected=f"a part of {', '.join(instruments.names)}", found="none")
    rate = instruments.sample_rate
    stems = [_stem(part, rate) for _, part in played]
    if len({len(stem) for stem in stems}) > 1:
        raise MetadataError(where=piece.name, expected="stems of one length", got=str([len(stem) for stem in stems]))
    summed = np.zeros((len(instruments.names), len(stems[0])))
    tables: list[list[NDArray[np.float32]]] = [[] for _ in instruments.names]
    for (place, part), stem in zip(played, stems, strict=True):
        summed[place] += stem
        tables[place].append(_notes(part, stem, rate))
    return _track(piece.name, instruments.names, rate, summed, tables)


def prepare_scored_tracks(
    pieces: Sequence[Piece], instruments: TrackInstruments, folder: StrPath, *, jobs: int | None = None
) -> tuple[Failure, ...]:
    """Write the tracks of pieces to a folder; what is there is kept, what cannot be read is told.

    Parameters
    ----------
    pieces
        Of a corpus.
    instruments
        Of the network.
    folder
        Folder the tracks are written to.
    jobs
        Processes; one per core when None.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.datasets import Part, Piece
    >>> from rebalance.training.data import TrackInstruments, prepare_scored_tracks
    >>> piano = Part(label="Piano", instrument="Piano", stem=Path("S00.flac"), program=0)
    >>> piece = Piece(corpus="Slakh2100", name="Track00001", parts=(piano,))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     failures = prepare_scored_tracks([piece], TrackInstruments(programs={"Piano": (0,)}), folder, jobs=1)
    >>> failures[0].item
    'Track00001'
    """
    folder = expanded(folder)
    missing = [piece for piece in pieces if not _file(folder, piece).exists()]
    if not missing:
        return ()
    work = functools.partial(_prepare, instruments, folder)
    return run_items(missing, work, title="preparing tracks", jobs=jobs, describe=_name)


def prepare_library_tracks(
    library: Sequence[StrPath], instruments: Sequence[str], folder: StrPath, *, sample_rate: int = 16_000
) -> tuple[str, ...]:
    """Write the renditions of a stem library as tracks; what is there is kept. Return their names.

    Parameters
    ----------
    library
        Folders of stems with their notes; see `open_library`.
    instruments
        Of the network; voices of one instrument are summed.
    folder
        Folder the tracks are written to.
    sample_rate
        Of the tracks, in Hz.

    Raises
    ------
    MetadataError
        If a stem has no notes, or an instrument is not of the network.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.training.data import prepare_library_tracks
    >>> from rebalance.training.data._stem_library import StemEntry, write_manifest, write_notes, write_stem
    >>> facts = {"rendition": "tones/solo", "family": "tones", "mean_pitch": 81.0}
    >>> entry = StemEntry(label="Flute", instrument="Flute", file="Flute.npy", **facts)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_stem(Path(folder), entry, 0.1 * np.sin(0.125 * np.arange(88_200.0)))
    ...     write_notes(Path(folder), entry, np.array([[0.0, 88_200.0, 81.0]]))
    ...     write_manifest(Path(folder), [entry])
    ...     prepare_library_tracks([folder], ("Flute",), f"{folder}/tracks")
    ('tones-solo',)
    """
    opened = open_library(library)
    places = {name: place for place, name in enumerate(instruments)}
    names = []
    for rendition, members in opened.by_rendition.items():
        names.append(rendition.replace("/", "-"))
        path = expanded(folder) / f"{names[-1]}.npz"
        if not path.exists():
            stems = [opened.stems[index] for index in members]
            write_scored_track(path, _library_track(names[-1], stems, places, sample_rate))
    return tuple(names)


def _library_track(name: str, stems: Sequence[Stem], places: Mapping[str, int], rate: int) -> ScoredTrack:
    """Return the track of stems that were played together."""
    n_samples = max(len(stem.samples) for stem in stems)
    summed: NDArray[np.float64] | None = None
    tables: list[list[NDArray[np.float32]]] = [[] for _ in places]
    for stem in stems:
        if stem.notes is None:
            raise MetadataError("has no notes beside it; render it anew", where=f"{name}: {stem.entry.label}")
        if stem.entry.instrument not in places:
            raise MetadataError(where=name, expected=f"one of {', '.join(places)}", got=stem.entry.instrument)
        sound = resample(stem.crop(0, n_samples)[None], SAMPLE_RATE, rate)[0]
        summed = np.zeros((len(places), len(sound))) if summed is None else summed
        summed[places[stem.entry.instrument]] += sound
        scaled = stem.notes * np.array([rate / SAMPLE_RATE, rate / SAMPLE_RATE, 1.0], np.float32)
        tables[places[stem.entry.instrument]].append(_on_keys(scaled, f"{name}: {stem.entry.label}"))
    assert summed is not None
    return _track(name, tuple(places), rate, summed, tables)


def _track(
    name: str,
    names: tuple[str, ...],
    rate: int,
    summed: NDArray[np.float64],
    tables: Sequence[Sequence[NDArray[np.float32]]],
) -> ScoredTrack:
    """Return the track of summed stems; where they would clip, all are made softer alike."""
    loudest = max(float(np.abs(summed).max(initial=0.0)), float(np.abs(summed.sum(axis=0)).max(initial=0.0)))
    scaled = summed * (min(1.0, _PEAK / loudest) if loudest else 1.0)
    return ScoredTrack(
        name=name,
        instruments=names,
        sample_rate=rate,
        samples=np.rint(scaled * INT16_SCALE).astype(np.int16),
        notes=tuple(_merged(played) for played in tables),
    )


def _merged(tables: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the notes of several parts by onset."""
    if not tables:
        return np.zeros((0, 3), np.float32)
    merged = np.concatenate(tables)
    return merged[np.lexsort((merged[:, 2], merged[:, 0]))]


def _name(piece: Piece) -> str:
    return piece.name


def _prepare(instruments: TrackInstruments, folder: Path, piece: Piece) -> None:
    """Write one track."""
    write_scored_track(_file(folder, piece), scored_track(piece, instruments))


def _file(folder: Path, piece: Piece) -> Path:
    """Return where the track of a piece is kept."""
    return folder / f"{piece.name}.npz"


def _stem(part: Part, rate: int) -> NDArray[np.float64]:
    """Return the mono sound of a part at a rate."""
    recording = read_audio(part.stem)
    mono = recording.samples.mean(axis=0, keepdims=True)
    return np.asarray(resample(mono, recording.sample_rate, rate)[0], dtype=np.float64)


def _notes(part: Part, stem: NDArray[np.float64], rate: int) -> NDArray[np.float32]:
    """Return the notes of a part in samples."""
    notes = read_notes(part)
    if not len(notes) and np.abs(stem).max(initial=0.0) > _SILENT_PEAK:
        assert part.notes is not None
        raise MetadataError(where=part.notes.path, expected="notes of a stem that sounds", found="none")
    table = np.stack([notes.onset_s * rate, (notes.onset_s + notes.duration_s) * rate, notes.pitch], axis=1)
    return _on_keys(table.astype(np.float32), str(part.stem))


def _on_keys(table: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    """Return notes if all of them are on the keys of a piano."""
    last = LOWEST_NOTE + N_NOTES - 1
    keys = np.rint(table[:, 2])
    if (odd := table[(keys < LOWEST_NOTE) | (keys > last), 2]).size:
        raise MetadataError(where=where, expected=f"MIDI pitches from {LOWEST_NOTE} to {last}", got=f"{odd[0]:g}")
    return table
