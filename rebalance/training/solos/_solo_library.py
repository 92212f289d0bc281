"""Solos ready to be mixed: their sound at the rate of a network, and frames as it sees them, from the videos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.progress import progress_bar
from rebalance.datasets import SOLOS_FRAME_RATE, Solo, read_solos, solo_sound
from rebalance.separation.solos import framed
from rebalance.training.solos._kept_arrays import kept_rows
from rebalance.video import stream_frames

_FRAME_PERIOD_S = 0.5
_BYTE = 255.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloClip:
    """One stretch of one recording.

    Parameters
    ----------
    instrument
        Name of the instrument.
    identifier
        Of the recording.
    samples
        Shape ``(n_samples,)``, at the rate of the library.
    frames
        Bytes ``(n_frames, 3, side, side)``, two for every second, the first at the beginning.
    """

    instrument: str
    identifier: str
    samples: NDArray[np.float32]
    frames: NDArray[np.uint8]

    def seen(self, times_s: Sequence[float]) -> NDArray[np.float32]:
        """Return the frames nearest to some times, ``(n_times, 3, side, side)`` in [0, 1]."""
        places = np.clip(np.rint(np.asarray(times_s) / _FRAME_PERIOD_S).astype(int), 0, len(self.frames) - 1)
        return np.asarray(self.frames[places] / _BYTE, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloLibrary:
    """Clips of solos.

    Parameters
    ----------
    clips
        In the order of their recordings.
    sample_rate
        Of their samples, in Hz.

    Raises
    ------
    MetadataError
        If there is no clip.
    """

    clips: tuple[SoloClip, ...]
    sample_rate: int

    def __post_init__(self) -> None:
        if not self.clips:
            raise MetadataError(where="solos", expected="one or more clips", got="none")

    @property
    def by_instrument(self) -> Mapping[str, tuple[SoloClip, ...]]:
        """The clips of every instrument."""
        names = dict.fromkeys(clip.instrument for clip in self.clips)
        return {name: tuple(clip for clip in self.clips if clip.instrument == name) for name in names}


def open_solos(root: StrPath, *, sample_rate: int, frame_size: int, keep_in: StrPath | None = None) -> SoloLibrary:
    """Read all stretches of all recordings of Solos, decoding sound and frames.

    Parameters
    ----------
    root
        See `rebalance.datasets.read_solos`.
    sample_rate
        To resample to, in Hz.
    frame_size
        Side of the frames a network sees.
    keep_in
        Folder for what was decoded, which is read from there as it is needed and not decoded again; all of it is held
        in memory when None.

    Raises
    ------
    MetadataError, AudioError
        If a recording cannot be read, ends before one of its stretches, or is silent.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.performers import SoloPlan, write_solos
    >>> from rebalance.training.solos import open_solos
    >>> plan = SoloPlan(instruments=("Tuba",), per_instrument=1, duration_s=2.0, fonts=(("timgm", 0),), side=32)
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write_solos(root, plan)
    ...     library = open_solos(root, sample_rate=11_025, frame_size=16)
    >>> library.clips[0].samples.shape, library.clips[0].frames.shape
    ((22050,), (4, 3, 16, 16))
    """
    solos, folder = read_solos(root), None if keep_in is None else expanded(keep_in)
    clips: list[SoloClip] = []
    with progress_bar("decode", len(solos)) as bar:
        for done, solo in enumerate(solos, start=1):
            clips += [_clip(solo, stretch_s, sample_rate, frame_size, folder) for stretch_s in solo.stretches_s]
            bar.reach(done, solo.identifier)
    return SoloLibrary(clips=tuple(clips), sample_rate=sample_rate)


def divided(library: SoloLibrary, *, held_out: float = 0.2) -> tuple[SoloLibrary, SoloLibrary]:
    """Divide recordings in alphabetical order, class by class: the last are held out, at least one of each.

    Parameters
    ----------
    library
        Two or more recordings of every class.
    held_out
        Share of the recordings.

    Raises
    ------
    MetadataError
        If a class has one recording alone.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.solos import SoloClip, SoloLibrary, divided
    >>> facts = {"samples": np.ones(9, np.float32), "frames": np.zeros((1, 3, 8, 8), np.uint8)}
    >>> clips = tuple(SoloClip(instrument="Tuba", identifier=name, **facts) for name in "ebadc")
    >>> kept, held = divided(SoloLibrary(clips=clips, sample_rate=11_025))
    >>> [clip.identifier for clip in kept.clips], [clip.identifier for clip in held.clips]
    (['b', 'a', 'd', 'c'], ['e'])
    """
    held: set[tuple[str, str]] = set()
    for name, clips in library.by_instrument.items():
        identifiers = sorted({clip.identifier for clip in clips})
        if len(identifiers) < 2:
            raise MetadataError(where=f"solos: {name}", expected="two or more recordings", got=str(len(identifiers)))
        n_held = max(1, round(held_out * len(identifiers)))
        held |= {(name, identifier) for identifier in identifiers[-n_held:]}
    sides = [
        tuple(clip for clip in library.clips if ((clip.instrument, clip.identifier) in held) is wanted)
        for wanted in (False, True)
    ]
    kept, out = (SoloLibrary(clips=clips, sample_rate=library.sample_rate) for clips in sides)
    return kept, out


def _clip(
    solo: Solo, stretch_s: tuple[float, float], sample_rate: int, frame_size: int, keep_in: Path | None
) -> SoloClip:
    """Read one stretch."""
    n_frames = max(1, int((stretch_s[1] - stretch_s[0]) / _FRAME_PERIOD_S))
    times_s = [stretch_s[0] + _FRAME_PERIOD_S * number for number in range(n_frames)]

    def sounds() -> Iterator[NDArray[np.float32]]:
        samples = solo_sound(solo, stretch_s, sample_rate=sample_rate)
        if not samples.any():
            raise MetadataError(where=solo.video, expected="music", found="silence")
        yield samples

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for frame in stream_frames(solo.video, times_s):
            yield np.rint(framed(frame, frame_size) * _BYTE).astype(np.uint8)

    place = "-".join(str(round(time_s * SOLOS_FRAME_RATE)) for time_s in stretch_s)
    samples = kept_rows(keep_in, solo.sound or solo.video, f"{place}-{sample_rate}-sound", 1, sounds())[0]
    seen = kept_rows(keep_in, solo.video, f"{place}-{frame_size}-frames", n_frames, pictures())
    return SoloClip(instrument=solo.instrument, identifier=solo.identifier, samples=samples, frames=seen)
