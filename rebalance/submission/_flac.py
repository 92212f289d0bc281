"""Submitted FLAC files, judged by their header and decoded in memory, never beyond what is expected of them.

Source: RFC 9639 (FLAC), sections 6 and 8.2, for the stream marker and STREAMINFO. The header is read here because
libsndfile does not hand out the MD5 of the samples, and the library that does, mutagen, is under the GPL.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import SubmissionError
from rebalance.audio import Recording

SUBMISSION_BITS = 16
INT16_SCALE = 32_768.0

_MARKER = b"fLaC"
_STREAMINFO_START, _STREAMINFO_BYTES = 8, 34
_NO_MD5 = bytes(16)
_SLACK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FlacHeader:
    """What a FLAC file says of itself.

    Parameters
    ----------
    sample_rate
        In Hz.
    n_channels, bits_per_sample, n_samples
        As declared; `n_samples` is 0 where the file does not say.
    md5
        Of the decoded samples; 16 zero bytes where the file does not say.
    """

    sample_rate: int
    n_channels: int
    bits_per_sample: int
    n_samples: int
    md5: bytes


def most_bytes(n_samples: int) -> int:
    """Return how large a file may be: twice its samples uncompressed, and some room for tags."""
    return 2 * n_samples * CAD2_TASK2.n_channels * SUBMISSION_BITS // 8 + _SLACK_BYTES


def expected_samples(start_s: float, duration_s: float) -> int:
    """Return how many samples at 32 kHz a segment must have.

    Source: the official evaluator cuts at ``int(t * 44100)``; soxr rounds the resampled length to nearest.
    """
    rate, new_rate = CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.remix_sample_rate
    n_samples = int((start_s + duration_s) * rate) - int(start_s * rate)
    return (2 * n_samples * new_rate + rate) // (2 * rate)


def read_header(content: bytes) -> FlacHeader:
    """Read the first metadata block of a FLAC file.

    Raises
    ------
    SubmissionError
        If it is no FLAC file.
    """
    block = content[_STREAMINFO_START : _STREAMINFO_START + _STREAMINFO_BYTES]
    is_streaminfo = content[4:8] in (b"\x00\x00\x00\x22", b"\x80\x00\x00\x22")
    if not content.startswith(_MARKER) or not is_streaminfo or len(block) < _STREAMINFO_BYTES:
        raise SubmissionError(expected=f"a FLAC file, it starts with {content[:4]!r}")
    packed = int.from_bytes(block[10:18], "big")
    return FlacHeader(
        sample_rate=packed >> 44,
        n_channels=(packed >> 41 & 0x7) + 1,
        bits_per_sample=(packed >> 36 & 0x1F) + 1,
        n_samples=packed & (1 << 36) - 1,
        md5=block[18:34],
    )


def decode(content: bytes, *, limit_samples: int) -> NDArray[np.int16]:
    """Decode a 16-bit FLAC file held in memory.

    Parameters
    ----------
    content
        The file.
    limit_samples
        A file that declares more is not decoded at all.

    Returns
    -------
    NDArray
        Shape ``(n_channels, n_samples)``.

    Raises
    ------
    SubmissionError
        If it is no FLAC file, is damaged, or holds another number of samples or other samples than
        its header says.
    """
    header = read_header(content)
    if not 0 < header.n_samples <= limit_samples:
        raise SubmissionError(f"declares {header.n_samples} samples, expected 1 to {limit_samples}")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples: NDArray[np.int16] = file.read(header.n_samples, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, OSError, ValueError) as error:
        raise SubmissionError(f"{' '.join(str(error).split())}", where="cannot decode") from error
    if len(samples) != header.n_samples:
        raise SubmissionError(f"declares {header.n_samples} samples, holds {len(samples)}")
    if header.bits_per_sample == SUBMISSION_BITS and header.md5 not in (_NO_MD5, audio_md5(samples.T)):
        raise SubmissionError("its samples have another MD5 than its header says", where="damaged")
    return samples.T


def verified_md5(header: FlacHeader, samples: NDArray[np.int16]) -> bytes:
    """Return the MD5 of decoded samples, which `decode` has held against the header where that has one."""
    is_known = header.bits_per_sample == SUBMISSION_BITS and header.md5 != _NO_MD5
    return header.md5 if is_known else audio_md5(samples)


def audio_md5(samples: NDArray[np.int16]) -> bytes:
    """Return the MD5 of samples of shape ``(n_channels, n_samples)`` as FLAC defines it."""
    return hashlib.md5(samples.T.astype("<i2").tobytes(), usedforsecurity=False).digest()


def as_recording(content: bytes, *, limit_samples: int) -> Recording:
    """Decode a submitted file for scoring; see `decode` for what is refused."""
    samples = decode(content, limit_samples=limit_samples).astype(np.float32) / np.float32(INT16_SCALE)
    return Recording(samples=samples, sample_rate=read_header(content).sample_rate)
