"""Random streams that depend on what they are for, not on the order in which they are used."""

from __future__ import annotations

import hashlib

import numpy as np

_WORD_BYTES = 4


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return a generator for one purpose under one seed: ``stream(7, "haydn", "Violin_1", "tuning")``.

    Two different purposes give independent streams; the same one gives the same numbers, whatever else
    was drawn before and in whichever process.
    """
    digest = hashlib.sha256("\x1f".join(purpose).encode()).digest()
    words = [int.from_bytes(digest[at : at + _WORD_BYTES], "little") for at in range(0, len(digest), _WORD_BYTES)]
    return np.random.default_rng([seed, *words])
