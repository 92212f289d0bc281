"""Dry mono stems on disk, held as 16-bit integers: what mixtures are made of."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, replacing, write_json

SAMPLE_RATE = CAD2_TASK2.mixture_sample_rate
INT16_SCALE = 32_768.0
_ACTIVITY_FRAME = 4096
_ACTIVE_RATIO = 1e-4  # frames more than 40 dB below the loudest are silent
_MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StemEntry:
    """One stem of a library.

    Parameters
    ----------
    rendition
        What it belongs to; stems of one rendition were played together and are of one length.
    label
        Name of the player within it: ``"Violin_1"``.
    instrument
        As the challenge spells it.
    family
        Which recordings it was synthesised from (a font) or was recorded in.
    mean_pitch
        Mean MIDI pitch of the part; decides which of two voices is the first.
    file
        NumPy file of shape ``(n_samples,)``, 16-bit integers, relative to the library.
    sample_rate
        In Hz.
    """

    rendition: str
    label: str
    instrument: str
    family: str
    mean_pitch: float
    file: str
    sample_rate: int = SAMPLE_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """A stem ready for cropping.

    Parameters
    ----------
    entry
        Name, instrument and file of the stem.
    samples
        Shape ``(n_samples,)``, 16-bit integers.
    active_frames
        Starts, in samples, of the frames of 93 ms in which it sounds.
    loudest_rms
        Of the loudest of these frames, the samples in [-1, 1].
    notes
        What is played, by onset, shape ``(n_notes, 3)``: onset and end in samples, MIDI pitch; None where unknown.
    """

    entry: StemEntry
    samples: NDArray[np.int16]
    active_frames: NDArray[np.int64]
    loudest_rms: float
    notes: NDArray[np.float32] | None = None

    def crop(self, start: int, length: int) -> NDArray[np.float32]:
        """Return samples in [-1, 1], shape ``(length,)``, silent beyond the ends."""
        window = np.zeros(length, dtype=np.float32)
        first, last = max(start, 0), min(start + length, len(self.samples))
        if last > first:
            window[first - start : last - start] = self.samples[first:last].astype(np.float32) / np.float32(INT16_SCALE)
        return window

    def activity(self, start: int, length: int) -> float:
        """Return the share of a crop in which the stem sounds, in [0, 1]."""
        low, high = np.searchsorted(self.active_frames, [start, start + length])
        return min(1.0, float(high - low) * _ACTIVITY_FRAME / length)


@dataclass(frozen=True, slots=True, kw_only=True)
class StemLibrary:
    """All stems of one or several folders, by instrument and by rendition.

    Parameters
    ----------
    stems
        In the order of their folders.
    by_instrument, by_rendition
        Numbers of the stems, by name.
    """

    stems: tuple[Stem, ...]
    by_instrument: Mapping[str, tuple[int, ...]]
    by_rendition: Mapping[str, tuple[int, ...]]


def open_library(
    folders: Sequence[StrPath], *, any_instrument: bool = False, sample_rate: int = SAMPLE_RATE
) -> StemLibrary:
    """Open folders of stems; the samples stay on disk until they are read.

    What has one name in two folders is two renditions, the second of them with a number: ``"piece (2)"``.

    Parameters
    ----------
    folders
        Each with a manifest ``stems.json``.
    any_instrument
        Take stems of instruments outside the challenge too.
    sample_rate
        That the stems must have, in Hz.

    Raises
    ------
    MetadataError
        If a manifest or a file is missing or wrong, or nothing is left.
    ConfigError
        If the stems have another sample rate.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.training.data import open_library, write_tones
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     library = open_library([Path(folder)])
    >>> library.by_instrument, library.by_rendition
    ({'Cello': (1,), 'Flute': (0,)}, {'duet': (0, 1)})
    """
    stems: list[Stem] = []
    by_instrument: dict[str, list[int]] = defaultdict(list)
    by_rendition: dict[str, list[int]] = defaultdict(list)
    for folder in map(expanded, folders):
        own_names: dict[str, str] = {}
        for entry in read_manifest(folder, any_instrument=any_instrument):
            if entry.sample_rate != sample_rate:
                got = f"{entry.sample_rate} Hz"
                raise ConfigError(where=folder / entry.file, expected=f"stems at {sample_rate} Hz", got=got)
            stem = _opened(folder, entry)
            if stem.active_frames.size:
                by_instrument[entry.instrument].append(len(stems))
                name = own_names.setdefault(entry.rendition, _unused(entry.rendition, by_rendition))
                by_rendition[name].append(len(stems))
            stems.append(stem)
    if not by_instrument:
        raise MetadataError(
            where="stems", expected=f"at least one that sounds in {', '.join(map(str, folders))}", found="none"
        )
    return StemLibrary(
        stems=tuple(stems),
        by_instrument={name: tuple(indices) for name, indices in sorted(by_instrument.items())},
        by_rendition={name: tuple(indices) for name, indices in sorted(by_rendition.items())},
    )


def _unused(name: str, used: Mapping[str, object]) -> str:
    """Return a name, with the first free number from 2 on where it is taken."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in used)


def write_stem(folder: Path, entry: StemEntry, samples: NDArray[np.floating]) -> None:
    """Write the samples of one stem, shape ``(n_samples,)`` within [-1, 1], rounded to 16 bits."""
    scaled = np.clip(np.rint(samples * INT16_SCALE), -INT16_SCALE, INT16_SCALE - 1).astype(np.int16)
    with replacing(folder / entry.file) as temporary, temporary.open("wb") as stream:
        np.save(stream, scaled)


def write_notes(folder: Path, entry: StemEntry, notes: NDArray[np.floating]) -> None:
    """Write what is played in one stem, see `Stem`."""
    with replacing(folder / _notes_file(entry)) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.asarray(notes, dtype=np.float32).reshape(-1, 3))


def write_manifest(folder: Path, entries: Sequence[StemEntry]) -> None:
    """Write which stems a folder holds."""
    write_json(folder / "stems.json", {"version": _MANIFEST_VERSION, "stems": [asdict(entry) for entry in entries]})


def read_manifest(folder: Path, *, any_instrument: bool = False) -> tuple[StemEntry, ...]:
    """Read which stems a folder holds.

    Raises
    ------
    MetadataError
        If there is no manifest of this version, or an instrument is not of the challenge and any was not asked for.
    """
    path = folder / "stems.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version, entries = content["version"], tuple(StemEntry(**row) for row in content["stems"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MetadataError(where=path, expected="the manifest of a stem library", more=f": {error}") from error
    if version != _MANIFEST_VERSION:
        raise MetadataError(where=path, expected=f"version {_MANIFEST_VERSION}", got=repr(version))
    for entry in entries:
        if not any_instrument and entry.instrument not in CAD2_TASK2.instruments:
            raise MetadataError(f"{entry.file}: {entry.instrument!r} is no instrument of the challenge", where=path)
    return entries


def _opened(folder: Path, entry: StemEntry) -> Stem:
    """Open one stem without reading all of it into memory."""
    path = folder / entry.file
    try:
        samples = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MetadataError(where=path, expected="a NumPy file of samples", more=f": {error}") from error
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise MetadataError(
            where=path, expected="16-bit integers of shape (n_samples,)", got=f"{samples.dtype} {samples.shape}"
        )
    powers = _frame_powers(samples)
    return Stem(
        entry=entry,
        samples=samples,
        active_frames=_active_frames(powers),
        loudest_rms=float(np.sqrt(powers.max(initial=0.0) / _ACTIVITY_FRAME)) / INT16_SCALE,
        notes=_notes(folder, entry),
    )


def _notes_file(entry: StemEntry) -> Path:
    """Return where the notes of a stem are kept, relative to the library."""
    return Path(entry.file).with_suffix(".notes.npy")


def _notes(folder: Path, entry: StemEntry) -> NDArray[np.float32] | None:
    """Return the notes of a stem, None where nobody wrote them down."""
    path = folder / _notes_file(entry)
    if not path.exists():
        return None
    try:
        notes = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MetadataError(where=path, expected="a NumPy file of notes", more=f": {error}") from error
    if notes.ndim != 2 or notes.shape[1] != 3:
        raise MetadataError(where=path, expected="notes of shape (n_notes, 3)", got=str(notes.shape))
    return np.asarray(notes, dtype=np.float32)


def _frame_powers(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the energy of consecutive frames of a stem."""
    n_frames = len(samples) // _ACTIVITY_FRAME
    frames = np.asarray(samples[: n_frames * _ACTIVITY_FRAME], dtype=np.float32).reshape(n_frames, _ACTIVITY_FRAME)
    return np.asarray(np.einsum("ij,ij->i", frames, frames))


def _active_frames(powers: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the starts of the frames in which a stem sounds."""
    loudest = float(powers.max(initial=0.0))
    active: NDArray[np.int64] = np.flatnonzero((powers > _ACTIVE_RATIO * loudest) & (powers > 0)) * _ACTIVITY_FRAME
    return active
