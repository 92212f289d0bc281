"""Recordings of the room: checked, decoded once, kept as raw samples in a temporary folder."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.audio import Recording, probe_audio, read_audio
from rebalance.web.listening_room._limits import UploadLimits

_ID_LENGTH = 20
_HASHED_AT_ONCE = 2**20
_READ_IN_STRETCHES = ("FLAC", "WAV")
_STRETCH_S = 60
_MIN_PEAK = 10.0 ** (-80.0 / 20.0)
_NUMBER_WORDS = {"quartet": 4, "trio": 3, "duo": 2, "duet": 2, "quintet": 5}
_STRINGS_BY_NUMBER = {
    2: ("Violin", "Cello"),
    3: ("Violin", "Viola", "Cello"),
    4: ("Violin", "Violin", "Viola", "Cello"),
    5: ("Violin", "Violin", "Viola", "Viola", "Cello"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording:
    """A recording that was checked and decoded.

    Parameters
    ----------
    identity
        The beginning of the sha256 of its file: the same file is the same recording.
    name
        What the person called the file.
    sample_rate
        In Hz.
    samples
        Shape ``(n_channels, n_samples)``, float32, on disk.
    remarks
        What was wrong with the file though it could be read.
    suggested
        Instruments that its name speaks of.
    """

    identity: str
    name: str
    sample_rate: int
    samples: NDArray[np.float32]
    remarks: tuple[str, ...]
    suggested: tuple[str, ...]

    @property
    def n_channels(self) -> int:
        """One or two."""
        return int(self.samples.shape[0])

    @property
    def n_samples(self) -> int:
        """Length."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate

    def recording(self) -> Recording:
        """Return it as every other part of the package takes it."""
        return Recording(samples=self.samples, sample_rate=self.sample_rate, remarks=self.remarks)


def store_recording(
    path: Path, name: str, folder: Path, limits: UploadLimits, *, instruments: tuple[str, ...] = ()
) -> StoredRecording:
    """Check and decode a file.

    Parameters
    ----------
    path
        The file.
    name
        What the person calls it; the messages do, too.
    folder
        Where its samples are kept.
    limits
        Size and duration that a recording may have.
    instruments
        Who plays, where that is known; otherwise the name is searched for instruments.

    Raises
    ------
    AudioError
        If it is no audio file, damaged, too long or short, silent or too quiet, or has more than two channels.
    """
    try:
        _check_header(path, limits)
        identity = digest(path)
        kept = folder / f"{identity}.f32"
        with _removed_on_failure(kept):
            decoded = _decoded(path, kept)
            _check_samples(path, decoded, limits)
    except AudioError as error:
        raise AudioError(str(error).replace(str(path), name)) from error
    return StoredRecording(
        identity=identity,
        name=name,
        sample_rate=decoded.sample_rate,
        samples=decoded.samples,
        remarks=decoded.remarks,
        suggested=instruments or instruments_in_name(name),
    )


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """Remove a file if the block does not come to its end."""
    try:
        yield
    except Exception:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def _check_samples(path: Path, decoded: Recording, limits: UploadLimits) -> None:
    """Raise unless what was decoded is music one can separate."""
    duration_s = decoded.samples.shape[1] / decoded.sample_rate
    if not limits.shortest_s <= duration_s <= limits.longest_s:
        expected = f"{limits.shortest_s:g} s to {limits.longest_s / 60:g} min of music"
        raise AudioError(where=path, expected=f"{expected}", got=f"{duration_s:.2f} s")
    peak = max(float(np.max(decoded.samples)), -float(np.min(decoded.samples)))
    if not peak:
        raise AudioError(where=path, expected="music", found="silence")
    if peak < _MIN_PEAK:
        raise AudioError(
            f"too quiet, expected a peak above -80 dB re full scale, got {20 * np.log10(peak):.0f} dB", where=path
        )


def _decoded(path: Path, kept: Path) -> Recording:
    """Decode a file to raw samples on disk, stretch by stretch where its format can be read so."""
    header = probe_audio(path)
    if header.format not in _READ_IN_STRETCHES or header.duration_s <= _STRETCH_S:
        whole = read_audio(path)
        return replace(whole, samples=_on_disk(kept, whole.samples.shape, [whole.samples]))
    stretches = (
        read_audio(path, start_s=start_s, duration_s=_STRETCH_S if start_s + _STRETCH_S <= header.duration_s else None)
        for start_s in range(0, math.ceil(header.duration_s), _STRETCH_S)
    )
    shape = (header.n_channels, header.n_samples)
    samples = _on_disk(kept, shape, (stretch.samples for stretch in stretches))
    return Recording(samples=samples, sample_rate=header.sample_rate)


def _on_disk(path: Path, shape: tuple[int, ...], stretches: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Write stretches one after another to a raw file and return the whole as a view of it."""
    written = np.memmap(path, dtype=np.float32, mode="w+", shape=shape)
    start = 0
    for samples in stretches:
        written[:, start : start + samples.shape[1]] = samples
        start += samples.shape[1]
    written.flush()
    return np.memmap(path, dtype=np.float32, mode="c", shape=shape)  # torch wants writable memory


def digest(path: Path) -> str:
    """Return the beginning of the sha256 of a file."""
    summed = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_HASHED_AT_ONCE):
            summed.update(part)
    return summed.hexdigest()[:_ID_LENGTH]


def instruments_in_name(name: str) -> tuple[str, ...]:
    """Return the instruments that the name of a file speaks of, in the order of the challenge.

    A word such as "string quartet" stands for its players; a plural for two of an instrument.
    """
    words = re.findall(r"[a-z]+", name.casefold().replace("saxophone", "sax"))
    if "string" in words or "strings" in words:
        for word, number in _NUMBER_WORDS.items():
            if word in words:
                return _STRINGS_BY_NUMBER[number]
    found: list[str] = []
    for instrument in CAD2_TASK2.instruments:
        folded = instrument.casefold()
        n_players = max(words.count(folded), 2 if f"{folded}s" in words else 0)
        found += [instrument] * n_players
    return tuple(found)


def _check_header(path: Path, limits: UploadLimits) -> None:
    """Raise unless what a file says of itself is acceptable, before it is decoded."""
    header = probe_audio(path)
    if header.n_channels > CAD2_TASK2.n_channels:
        raise AudioError(where=path, expected="a mono or stereo recording", got=f"{header.n_channels} channels")
    low, high = limits.lowest_sample_rate, limits.highest_sample_rate
    if not low <= header.sample_rate <= high:
        raise AudioError(where=path, expected=f"a rate from {low} to {high} Hz", got=f"{header.sample_rate} Hz")
    if header.duration_s > limits.longest_s:
        raise AudioError(
            where=path,
            expected=f"at most {limits.longest_s / 60:g} min of music",
            got=f"{header.duration_s / 60:.0f} min",
        )
