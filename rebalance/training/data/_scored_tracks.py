"""Tracks with their scores, at the rate of a network."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.training.data._stem_library import INT16_SCALE


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTrack:
    """One piece: the sound and the notes of every instrument.

    Parameters
    ----------
    name
        Of the piece.
    instruments
        In the order of the network; one that is not in the piece is silent.
    sample_rate
        In Hz.
    samples
        Mono stems, 16-bit integers of shape ``(n_instruments, n_samples)``.
    notes
        Of every instrument, shape ``(n_notes, 3)``: onset and end in samples, MIDI pitch.

    Raises
    ------
    MetadataError
        If shapes do not fit, or a note is not of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack
    >>> silence, nothing = np.zeros((1, 32_000), np.int16), np.zeros((0, 3), np.float32)
    >>> ScoredTrack(
    ...     name="rest", instruments=("Piano",), sample_rate=16_000, samples=silence, notes=(nothing,)
    ... ).duration_s
    2.0
    """

    name: str
    instruments: tuple[str, ...]
    sample_rate: int
    samples: NDArray[np.int16]
    notes: tuple[NDArray[np.float32], ...]

    def __post_init__(self) -> None:
        n_instruments = len(self.instruments)
        if self.samples.dtype != np.int16 or self.samples.ndim != 2 or len(self.samples) != n_instruments:
            got = f"{self.samples.dtype} {self.samples.shape}"
            raise MetadataError(where=self.name, expected=f"16-bit samples of {n_instruments} instruments", got=got)
        if len(self.notes) != n_instruments or any(played.ndim != 2 or played.shape[1] != 3 for played in self.notes):
            shapes = str([played.shape for played in self.notes])
            raise MetadataError(where=self.name, expected=f"notes (n_notes, 3) of {n_instruments}", got=shapes)
        if not all(np.isfinite(played).all() for played in self.notes):
            raise MetadataError(where=self.name, expected="finite notes", found="NaN or infinity")

    @property
    def duration_s(self) -> float:
        """How long it is, in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)

    def sources(self, start: int, length: int) -> NDArray[np.float32]:
        """Return stems in [-1, 1] of a stretch, shape ``(n_instruments, length)``.

        Parameters
        ----------
        start
            In samples of the track.
        length
            In samples.
        """
        return self.samples[:, start : start + length].astype(np.float32) / np.float32(INT16_SCALE)

    def notes_within(self, start: int, length: int) -> tuple[NDArray[np.float32], ...]:
        """Return the notes that sound in a stretch, times from its start and cut at both its ends.

        Parameters
        ----------
        start
            In samples of the track.
        length
            In samples.
        """
        return tuple(_cut(played, start, length) for played in self.notes)


def _cut(played: NDArray[np.float32], start: int, length: int) -> NDArray[np.float32]:
    """Return the notes of a stretch."""
    inside = played[(played[:, 1] > start) & (played[:, 0] < start + length)].copy()
    inside[:, :2] = np.clip(inside[:, :2] - start, 0, length)
    return inside


def write_scored_track(path: StrPath, track: ScoredTrack) -> None:
    """Write a track as one file of NumPy arrays, whole or not at all; see `read_scored_tracks`.

    Parameters
    ----------
    path
        Of the file.
    track
        Waveforms and notes of the track.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack, read_scored_tracks, write_scored_track
    >>> silence, nothing = np.zeros((1, 32_000), np.int16), np.zeros((0, 3), np.float32)
    >>> track = ScoredTrack(
    ...     name="rest", instruments=("Piano",), sample_rate=16_000, samples=silence, notes=(nothing,)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_scored_track(f"{folder}/rest.npz", track)
    ...     [track.name for track in read_scored_tracks([folder], ("Piano",), 16_000)]
    ['rest']
    """
    notes = {f"notes_{place}": played for place, played in enumerate(track.notes)}
    with replacing(expanded(path)) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            instruments=np.array(track.instruments),
            sample_rate=np.array(track.sample_rate),
            samples=track.samples,
            **notes,  # type: ignore[arg-type]
        )


def read_scored_tracks(
    folders: Sequence[StrPath], instruments: Sequence[str], sample_rate: int
) -> tuple[ScoredTrack, ...]:
    """Read all tracks of some folders, by name.

    Parameters
    ----------
    folders
        With files ``<name>.npz`` that `write_scored_track` wrote.
    instruments, sample_rate
        What the tracks must have.

    Raises
    ------
    MetadataError
        If a folder holds none, a file is damaged, or it is of other instruments or another rate.

    Examples
    --------
    >>> from rebalance.training.data import read_scored_tracks
    >>> read_scored_tracks(["no-such-folder"], ("Piano",), 16_000)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: no-such-folder: expected prepared tracks (*.npz), found none
    """
    paths = list(itertools.chain.from_iterable(_files(expanded(folder)) for folder in folders))
    return tuple(_read(path, tuple(instruments), sample_rate) for path in paths)


def _files(folder: Path) -> list[Path]:
    """Return the files of one folder."""
    if not (paths := sorted(folder.glob("[!.]*.npz"))):
        raise MetadataError(where=folder, expected="prepared tracks (*.npz)", found="none")
    return paths


def _read(path: Path, instruments: tuple[str, ...], sample_rate: int) -> ScoredTrack:
    """Read one track."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = tuple(str(name) for name in stored["instruments"])
            track = ScoredTrack(
                name=path.stem,
                instruments=found,
                sample_rate=int(stored["sample_rate"]),
                samples=stored["samples"],
                notes=tuple(stored[f"notes_{place}"].astype(np.float32) for place in range(len(found))),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise MetadataError(f"cannot read the track: {error}", where=path) from error
    if (track.instruments, track.sample_rate) != (instruments, sample_rate):
        got = f"{', '.join(track.instruments)} at {track.sample_rate} Hz"
        raise MetadataError(where=path, expected=f"{', '.join(instruments)} at {sample_rate} Hz", got=got)
    return track


def frame_activity(tracks: Sequence[ScoredTrack], hop: int) -> tuple[float, ...]:
    """Return the share of frames in which each instrument has a note.

    Parameters
    ----------
    tracks
        Of the same instruments.
    hop
        Of the frames, in samples.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack, frame_activity
    >>> half = np.array([[0.0, 16_000.0, 60.0]], np.float32)
    >>> track = ScoredTrack(
    ...     name="half",
    ...     instruments=("Piano",),
    ...     sample_rate=16_000,
    ...     samples=np.zeros((1, 32_000), np.int16),
    ...     notes=(half,),
    ... )
    >>> frame_activity([track], 500)
    (0.5,)
    """
    counts = np.sum([_sounding(track, hop).sum(axis=1) for track in tracks], axis=0)
    return tuple((counts / sum(track.samples.shape[1] // hop for track in tracks)).tolist())


def clip_activity_shares(tracks: Sequence[ScoredTrack], length: int) -> tuple[float, ...]:
    """Return the share of clips in which each instrument has a note, of consecutive clips in which any has.

    Parameters
    ----------
    tracks
        Of the same instruments.
    length
        Of the clips, in samples.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack, clip_activity_shares
    >>> notes = tuple(np.array([[0.0, end, 60.0]], np.float32) for end in (8_000, 32_000))
    >>> track = ScoredTrack(
    ...     name="duo",
    ...     instruments=("Piano", "Bass"),
    ...     sample_rate=16_000,
    ...     samples=np.zeros((2, 32_000), np.int16),
    ...     notes=notes,
    ... )
    >>> clip_activity_shares([track], 16_000)
    (0.5, 1.0)
    """
    playing = [
        [len(played) > 0 for played in track.notes_within(start, length)]
        for track, start in clip_starts(tracks, length)
    ]
    return tuple(np.mean(playing, axis=0).tolist())


def clip_starts(tracks: Sequence[ScoredTrack], length: int) -> Iterator[tuple[ScoredTrack, int]]:
    """Give consecutive clips in which anything is played, each as its track and where it begins in samples.

    Parameters
    ----------
    tracks
        Of the same instruments.
    length
        Of the clips, in samples; what is left at the end of a track is passed over.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack, clip_starts
    >>> notes = np.array([[0.0, 8_000.0, 60.0], [40_000.0, 48_000.0, 60.0]], np.float32)
    >>> track = ScoredTrack(
    ...     name="twice",
    ...     instruments=("Piano",),
    ...     sample_rate=16_000,
    ...     samples=np.zeros((1, 50_000), np.int16),
    ...     notes=(notes,),
    ... )
    >>> [start for _, start in clip_starts([track], 16_000)]
    [0, 32000]
    """
    for track in tracks:
        for start in range(0, track.samples.shape[1] - length + 1, length):
            if any(len(played) for played in track.notes_within(start, length)):
                yield track, start


def _sounding(track: ScoredTrack, hop: int) -> NDArray[np.bool_]:
    """Return in which frames each instrument has a note, ``(n_instruments, n_frames)``."""
    frames = np.zeros((len(track.instruments), track.samples.shape[1] // hop), dtype=bool)
    for place, played in enumerate(track.notes):
        for onset, end, _ in played:
            frames[place, round(onset / hop) : round(end / hop)] = True
    return frames
