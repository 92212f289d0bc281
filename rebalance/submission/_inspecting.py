"""One segment's files, taken one by one: what is wrong with each, and its levels per ear, band and time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import RebalanceError
from rebalance._base.running import one_line
from rebalance.audio import Audio, read_audio
from rebalance.submission._fingerprints import FRAME_S, Levels, band_levels, overall_level_db, power_of_levels, remixed
from rebalance.submission._flac import (
    INT16_SCALE,
    SUBMISSION_BITS,
    FlacHeader,
    decode,
    expected_samples,
    most_bytes,
    read_header,
    verified_md5,
)
from rebalance.submission._submitted_files import SubmittedFiles
from rebalance.submission._verdict import Problem
from rebalance.task import Pair, Segment, Source, Task

_FULL_SCALE = 32_767
_MAX_CLIPPED = 0.01
_SOUNDING_DB = -70.0
_MAX_SILENCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InspectedFile:
    """What one file holds.

    Parameters
    ----------
    pair, name
        Whose it is and where it stands in the submission.
    problems
        What is wrong with it, taken alone.
    sha256
        Of the file; empty where it could not be read.
    audio_md5
        Of its samples; empty where they could not be decoded.
    n_clipped
        Samples at full scale, both channels counted.
    levels
        See `band_levels`; None where the samples cannot be compared with the mixture.
    """

    pair: Pair
    name: str
    problems: tuple[Problem, ...]
    sha256: str = ""
    audio_md5: bytes = b""
    n_clipped: int = 0
    levels: NDArray[np.float16] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InspectedSegment:
    """What the files of one segment hold, and the levels they should have.

    Parameters
    ----------
    segment
        Its name.
    mixture
        Levels of the mixture; None where it cannot be read.
    remixes
        Levels of the true remix by scene; empty where a source cannot be read.
    files
        Of all its pairs that have one.
    """

    segment: str
    mixture: Levels | None
    remixes: Mapping[str, Levels]
    files: tuple[InspectedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFiles:
    """A task cut down to one segment, and the name of the file of every pair that has one."""

    part: Task
    names: Mapping[Pair, str]


def inspect_segment(wanted: SegmentFiles, *, files: SubmittedFiles) -> InspectedSegment:
    """Inspect all files of a segment in a submission."""
    part, names = wanted.part, wanted.names
    (segment,) = part.segments.values()
    mixture = _source_levels(part, segment.mixture)
    return InspectedSegment(
        segment=segment.name,
        mixture=mixture,
        remixes=_expected_remixes(part, segment),
        files=tuple(_inspect(pair, names[pair], files, segment, mixture) for pair in names),
    )


def _source_levels(part: Task, source: Source) -> Levels | None:
    """Return the levels of a mixture or source, None where it cannot be had."""
    try:
        recording = read_audio(part.audio_path(source), start_s=source.start_s, duration_s=source.duration_s)
    except RebalanceError:
        return None
    stereo = np.broadcast_to(recording.samples, (len(EARS), recording.samples.shape[1]))
    return band_levels(stereo, recording.sample_rate)


def _expected_remixes(part: Task, segment: Segment) -> dict[str, Levels]:
    """Return the levels of the true remix of every scene; nothing where a source is withheld."""
    levels = {source.name: _source_levels(part, source) for source in segment.sources}
    known = {name: found for name, found in levels.items() if found is not None}
    if not known or len(known) < len(levels):
        return {}
    return {scene.name: remixed(known, scene.gains_db) for scene in part.scenes.values()}


def _inspect(pair: Pair, name: str, files: SubmittedFiles, segment: Segment, mixture: Levels | None) -> InspectedFile:
    """Read, decode and judge one file."""
    n_expected = expected_samples(segment.mixture.start_s, segment.mixture.duration_s)
    problems: list[Problem] = []
    sha256 = ""
    try:
        content = files.read(name, limit_bytes=most_bytes(n_expected))
        sha256 = hashlib.sha256(content).hexdigest()
        header = read_header(content)
        problems += _header_problems(name, header, n_expected)
        samples = decode(content, limit_samples=2 * n_expected)
    except RebalanceError as error:
        if not problems:
            problems.append(Problem(kind="damaged", file=name, expected="a readable FLAC file", got=one_line(error)))
        return InspectedFile(pair=pair, name=name, problems=tuple(problems), sha256=sha256)
    comparable = not any(problem.kind == "format" for problem in problems)
    signal = samples.astype(np.float32) / np.float32(INT16_SCALE)
    problems += _silence_problems(name, signal, header.sample_rate, mixture if comparable else None)
    n_clipped = int(np.count_nonzero(samples >= _FULL_SCALE) + np.count_nonzero(samples <= -_FULL_SCALE))
    problems += _clipping_problems(name, n_clipped, samples.size)
    return InspectedFile(
        pair=pair,
        name=name,
        problems=tuple(problems),
        sha256=sha256,
        audio_md5=verified_md5(header, samples),
        n_clipped=n_clipped,
        levels=band_levels(signal, header.sample_rate).astype(np.float16) if comparable else None,
    )


def _header_problems(name: str, header: FlacHeader, n_expected: int) -> list[Problem]:
    """Compare what a file says of itself with what it must be."""
    wanted = (
        ("Hz", CAD2_TASK2.remix_sample_rate, header.sample_rate),
        ("channels", CAD2_TASK2.n_channels, header.n_channels),
        ("bits per sample", SUBMISSION_BITS, header.bits_per_sample),
    )
    problems = [
        Problem(kind="format", file=name, expected=f"{expected} {unit}", got=str(got))
        for unit, expected, got in wanted
        if got != expected
    ]
    if header.n_samples != n_expected:
        got = f"{header.n_samples}" if header.n_samples else "a header that does not say"
        problems.append(Problem(kind="duration", file=name, expected=f"{n_expected} samples", got=got))
    return problems


def _silence_problems(name: str, signal: Audio, sample_rate: int, mixture: Levels | None) -> list[Problem]:
    """Find channels and stretches without any sound where the mixture has some."""
    if mixture is not None and overall_level_db(mixture) < _SOUNDING_DB:
        return []
    silent = [ear for ear, channel in zip(EARS, signal, strict=False) if not channel.any()]
    if silent:
        where = "both channels" if len(silent) == len(EARS) else f"the {silent[0]} channel"
        return [Problem(kind="silent", file=name, expected="sound in both channels", got=f"silence in {where}")]
    silence_s = _silence_s(signal, sample_rate, mixture) if mixture is not None else 0.0
    if silence_s < _MAX_SILENCE_S:
        return []
    return [
        Problem(kind="silent", file=name, expected="sound where the mixture sounds", got=f"{silence_s:.1f} s without")
    ]


def _silence_s(signal: Audio, sample_rate: int, mixture: Levels) -> float:
    """Return for how long a signal is exactly zero while the mixture sounds, in seconds."""
    n_frame = round(FRAME_S * sample_rate)
    n_frames = min(signal.shape[1] // n_frame, mixture.shape[-1])
    is_zero = ~signal[:, : n_frames * n_frame].reshape(len(signal), n_frames, n_frame).any(axis=(0, 2))
    sounds = power_of_levels(mixture[..., :n_frames]).sum(axis=(0, 1)) > 10 ** (_SOUNDING_DB / 10)
    return float(np.count_nonzero(is_zero & sounds) * FRAME_S)


def _clipping_problems(name: str, n_clipped: int, n_samples: int) -> list[Problem]:
    """Judge the samples at full scale: a few are worth a look, many are a fault."""
    if not n_clipped:
        return []
    too_many = n_clipped > _MAX_CLIPPED * n_samples
    expected = f"at most {_MAX_CLIPPED:.0%} of the samples at full scale" if too_many else "no sample at full scale"
    got = f"{n_clipped} ({n_clipped / n_samples:.2%})"
    return [Problem(kind="clipped", severity="error" if too_many else "warning", file=name, expected=expected, got=got)]
