"""Signals as Ogg Vorbis, small enough for pages."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from rebalance.audio._audio_files import Audio

_QUALITY = 0.6  # libsndfile's compression level: 0 is best, 1 smallest
_BLOCK = 4096  # libsndfile overflows its stack on long writes of Vorbis


def encode_vorbis(samples: Audio, sample_rate: int) -> bytes:
    """Return a signal as the content of an Ogg Vorbis file, clipped to [-1, 1].

    Parameters
    ----------
    samples
        Shape ``(n_channels, n_samples)``.
    sample_rate
        In Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import encode_vorbis
    >>> encode_vorbis(np.zeros((2, 3_200)), 32_000)[:4]
    b'OggS'
    """
    clipped = np.clip(samples, -1.0, 1.0).T
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer,
        "w",
        samplerate=sample_rate,
        channels=clipped.shape[1],
        format="OGG",
        subtype="VORBIS",
        compression_level=_QUALITY,
    ) as file:
        for start in range(0, len(clipped), _BLOCK):
            file.write(clipped[start : start + _BLOCK])
    return buffer.getvalue()
