"""The smallest library of stems there is, to try a training with."""

from __future__ import annotations

import numpy as np

from rebalance._base.files import StrPath, expanded
from rebalance.training.data._stem_library import StemEntry, write_manifest, write_stem

_SAMPLE_RATE, _DURATION_S, _AMPLITUDE = 44_100, 2, 0.1
_TONES_HZ = {"Flute": 880.0, "Cello": 220.0}


def write_tones(folder: StrPath) -> None:
    """Write a library of one duet, two steady tones of 2 s for flute and cello.

    Parameters
    ----------
    folder
        Folder the library is written to.

    Raises
    ------
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.training.data import open_library, write_tones
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tones(folder)
    ...     print(open_library([folder]).by_instrument)
    {'Cello': (1,), 'Flute': (0,)}
    """
    times_s = np.arange(_DURATION_S * _SAMPLE_RATE) / _SAMPLE_RATE
    entries = [
        StemEntry(rendition="duet", label=name, instrument=name, family="tones", mean_pitch=60.0, file=f"{name}.npy")
        for name in _TONES_HZ
    ]
    for entry, pitch_hz in zip(entries, _TONES_HZ.values(), strict=True):
        write_stem(expanded(folder), entry, _AMPLITUDE * np.sin(2 * np.pi * pitch_hz * times_s))
    write_manifest(expanded(folder), entries)
