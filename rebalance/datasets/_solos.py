"""Solos: solo performances on video, by identifier, with the stretches that may be used and the players' skeletons.

As downloaded and sorted: ``solos_ids.json`` (identifiers by class), ``solos_timestamps.json`` (stretches by class and
identifier, ``[[first frame, last frame], ...]`` at 25 frames per second), ``videos/<class>/<identifier>.mp4``, and
where there are any ``audio/<class>/<identifier>.wav`` and ``skeletons/<class>/<identifier>.npy``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import open_audio, read_audio, resample
from rebalance.datasets._corpus import CorpusInfo
from rebalance.task import read_json
from rebalance.video import VIDEO_SUFFIXES, read_frames, read_sound, video_facts

SOLOS_INFO = CorpusInfo(
    name="Solos",
    title="755 solo performances of thirteen instruments on video, found by their identifiers",
    licence="lists and code MIT; the recordings belong to those who made them",
    citation=(
        "J. F. Montesinos, O. Slizovskaia and G. Haro (2020), Solos: a dataset for audio-visual music analysis, IEEE"
        " International Workshop on Multimedia Signal Processing"
    ),
    origin="GitHub, JuanFMontesinos/Solos",
)

SOLOS_FRAME_RATE = 25
"""Frames per second of the time stamps, and so of the videos."""

SKELETON_SHAPE = (3, 47)

_CLASSES: Mapping[str, str] = MappingProxyType({"DoubleBass": "Bass", "Saxophone": "Sax"})
_KNOWN = frozenset(
    {
        *("Violin", "Viola", "Cello", "DoubleBass", "Flute", "Oboe", "Clarinet"),
        *("Bassoon", "Saxophone", "Trumpet", "Horn", "Trombone", "Tuba"),
    }
)
_RATE_TOLERANCE = 0.01
_IDENTIFIER_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solo:
    """One recording of one player.

    Parameters
    ----------
    instrument
        As the project spells it: ``"Bass"`` and ``"Sax"``.
    identifier
        Identifier of the recording.
    stretches_s
        When there is music, each first and last second.
    video
        Path of the video file.
    sound, skeleton
        Files beside it; None where there is none, the sound then being that of the video.
    """

    instrument: str
    identifier: str
    stretches_s: tuple[tuple[float, float], ...]
    video: Path
    sound: Path | None = None
    skeleton: Path | None = None


def read_solos(root: StrPath, *, instruments: Sequence[str] | None = None) -> tuple[Solo, ...]:
    """Return the recordings of Solos that have a video, by class and identifier.

    Parameters
    ----------
    root
        Folder of the lists, videos, audio and skeletons.
    instruments
        Only these; all when None.

    Raises
    ------
    MetadataError
        If a list is missing or damaged, a class or an identifier is unknown to one of them, a stretch is empty or
        ends before it begins, a video has another frame rate than the time stamps or no pictures, or none is there.

    Examples
    --------
    >>> from rebalance.datasets import read_solos
    >>> read_solos("nowhere")
    Traceback (most recent call last):
        ...
    rebalance.task._strict_json.JsonError: nowhere/solos_ids.json: no such file
    """
    root = expanded(root)
    identifiers = _read_object(root / "solos_ids.json")
    stamps = _read_object(root / "solos_timestamps.json")
    if unknown := sorted({*identifiers, *stamps} - _KNOWN):
        raise MetadataError(f"unknown classes {unknown}, expected some of {sorted(_KNOWN)}", where=root)
    listed = [
        (name, str(identifier))
        for name in sorted(identifiers)
        for identifier in sorted(_listed(root, name, identifiers))
    ]
    asked = [pair for pair in listed if instruments is None or _CLASSES.get(pair[0], pair[0]) in instruments]
    found = tuple(solo for name, identifier in asked if (solo := _solo(root, name, identifier, stamps)) is not None)
    if not found:
        raise MetadataError(where=root / "videos", expected="a video of one of the listed recordings", found="none")
    return found


def solo_sound(solo: Solo, stretch_s: tuple[float, float], *, sample_rate: int) -> NDArray[np.float32]:
    """Return a stretch of a recording, the mean of its channels.

    Parameters
    ----------
    solo
        From `read_solos`.
    stretch_s
        Begin and end, in seconds of the recording.
    sample_rate
        To return it at, in Hz.

    Returns
    -------
    NDArray
        Shape ``(n_samples,)`` at the asked rate in Hz.

    Raises
    ------
    AudioError, MetadataError
        If the sound cannot be read, is not finite, or ends before the stretch.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Solo, solo_sound
    >>> solo = Solo(instrument="Tuba", identifier="none", stretches_s=((0.0, 1.0),), video=Path("none.mp4"))
    >>> solo_sound(solo, (0.0, 1.0), sample_rate=11_025)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: none.mp4: no such file
    """
    where = solo.sound or solo.video
    recording = read_sound(solo.video) if solo.sound is None else read_audio(solo.sound)
    rate = recording.sample_rate
    first, last = (round(time_s * rate) for time_s in stretch_s)
    mono = recording.samples.mean(axis=0)
    if last > len(mono) + rate // SOLOS_FRAME_RATE:
        raise AudioError(where=where, expected=f"sound up to {stretch_s[1]:.2f} s", got=f"{len(mono) / rate:.2f} s")
    if not np.isfinite(mono).all():
        raise AudioError(where=where, expected="finite samples", found="NaN or infinity")
    return np.asarray(resample(mono[None, first:last], rate, sample_rate)[0], dtype=np.float32)


def solo_frames(solo: Solo, times_s: Sequence[float]) -> NDArray[np.uint8]:
    """Return the frames of a recording at some times, shape ``(n_times, height, width, 3)``.

    Parameters
    ----------
    solo
        From `read_solos`.
    times_s
        From the start of the video, in seconds, in any order.

    Raises
    ------
    MetadataError
        As `rebalance.video.read_frames`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.datasets import Solo, solo_frames
    >>> solo_frames(Solo(instrument="Tuba", identifier="none", stretches_s=(), video=Path("none.mp4")), [0.0])
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: none.mp4: no such file
    """
    return read_frames(solo.video, times_s)


def read_skeletons(path: StrPath) -> NDArray[np.float32]:
    """Return the joints of a player in every frame, those not found interpolated over time.

    Returns
    -------
    NDArray
        Shape ``(n_frames, 3, 47)``: across, down, confidence of every joint.

    Raises
    ------
    MetadataError
        If the file is no such array, or holds NaN.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.datasets import read_skeletons
    >>> joints = np.ones((3, 3, 47), np.float32) * np.array([1, 0, 3], np.float32)[:, None, None]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "player.npy"), joints)
    ...     read_skeletons(Path(folder, "player.npy"))[:, 0, 0].tolist()
    [1.0, 2.0, 3.0]

    A coordinate of 0 stands for a joint that was not found. One that is never found stays 0.
    """
    path = expanded(path)
    try:
        joints = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise MetadataError(f"cannot be read as an array: {error}", where=path) from error
    if not isinstance(joints, np.ndarray) or joints.dtype != np.float32 or joints.shape[1:] != SKELETON_SHAPE:
        raise MetadataError(
            where=path, expected="float32 (n_frames, 3, 47)", got=f"{getattr(joints, 'dtype', '')} {np.shape(joints)}"
        )
    if not np.isfinite(joints).all():
        raise MetadataError(where=path, expected="finite coordinates", found="NaN or infinity")
    return _interpolated(joints)


def _interpolated(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return joints whose zero coordinates are filled in over time."""
    filled = joints.copy()
    times = np.arange(len(joints))
    for axis in range(2):
        for joint in range(joints.shape[2]):
            known = joints[:, axis, joint] != 0
            if known.any() and not known.all():
                filled[:, axis, joint] = np.interp(times, times[known], joints[known, axis, joint])
    return filled


def _read_object(path: Path) -> Mapping[str, Any]:
    """Return what a list holds by class."""
    content = read_json(path)
    if not isinstance(content, Mapping):
        raise MetadataError(where=path, expected="an object by class", got=type(content).__name__)
    return content


def _listed(root: Path, name: str, identifiers: Mapping[str, Any]) -> Sequence[str]:
    """Return the identifiers of a class, none of which leads out of its folder."""
    listed = identifiers[name]
    safe = isinstance(listed, list) and all(
        isinstance(each, str) and each and set(each) <= _IDENTIFIER_CHARACTERS for each in listed
    )
    if not safe:
        raise MetadataError(
            where=f"{root / 'solos_ids.json'}: {name}", expected="a list of identifiers of letters, digits, - and _"
        )
    return listed  # type: ignore[no-any-return]


def _solo(root: Path, name: str, identifier: str, stamps: Mapping[str, Any]) -> Solo | None:
    """Return a listed recording; None where it has no video."""
    files = (root / "videos" / name / f"{identifier}{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
    video = next((file for file in files if file.is_file()), None)
    if video is None:
        return None
    rate = video_facts(video).frame_rate
    if abs(rate - SOLOS_FRAME_RATE) > _RATE_TOLERANCE * SOLOS_FRAME_RATE:
        raise MetadataError(
            where=video, expected=f"{SOLOS_FRAME_RATE} frames per second, as the time stamps count", found=f"{rate:g}"
        )
    sound, skeleton = root / "audio" / name / f"{identifier}.wav", root / "skeletons" / name / f"{identifier}.npy"
    return Solo(
        instrument=_CLASSES.get(name, name),
        identifier=identifier,
        stretches_s=_stretches_s(root, name, identifier, stamps),
        video=video,
        sound=_sounding(sound) if sound.is_file() else None,
        skeleton=skeleton if skeleton.is_file() else None,
    )


def _sounding(path: Path) -> Path:
    """Return the path of a sound file once its header could be read."""
    open_audio(path)
    return path


def _stretches_s(root: Path, name: str, identifier: str, stamps: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Return the stretches of a recording in seconds; a last frame is taken whole."""
    where = f"{root / 'solos_timestamps.json'}: {name} {identifier}"
    of_class = stamps.get(name)
    listed = of_class.get(identifier) if isinstance(of_class, Mapping) else None
    pairs = isinstance(listed, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in listed)
    if not listed or not pairs:
        raise MetadataError(where=where, expected="one or more pairs of a first and a last frame", got=str(listed))
    for pair in listed:
        whole = all(isinstance(frame, int) and not isinstance(frame, bool) for frame in pair)
        if not whole or not 0 <= pair[0] < pair[1]:
            raise MetadataError(where=where, expected="a first frame from 0 and a later last one", got=str(pair))
    return tuple((first / SOLOS_FRAME_RATE, (last + 1) / SOLOS_FRAME_RATE) for first, last in listed)
