"""The slots of a network: every instrument has several, one for each voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from rebalance._base.errors import ConfigError


def slots_of(instruments: Sequence[str], known: Sequence[str], n_voices: int) -> Tensor:
    """Return the slot of every source, shape ``(n_sources,)``.

    Parameters
    ----------
    instruments
        Of every source.
    known
        Instruments of the network, in the order of its slots.
    n_voices
        Slots of each.

    Raises
    ------
    ConfigError
        If an instrument is not one of the network's, or has more voices than slots.
    """
    heard: Counter[str] = Counter()
    slots: list[int] = []
    for instrument in instruments:
        if instrument not in known:
            raise ConfigError(f"this network separates {', '.join(known)}", where=f"instrument {instrument!r}")
        if heard[instrument] == n_voices:
            raise ConfigError(where=f"instrument {instrument!r}", expected=f"at most {n_voices} voices", got="more")
        slots.append(known.index(instrument) * n_voices + heard[instrument])
        heard[instrument] += 1
    return torch.tensor(slots)
