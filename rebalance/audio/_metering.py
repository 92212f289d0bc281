"""Loudness and peak of a signal that is heard piece by piece."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pyloudnorm import IIRfilter
from scipy.signal import lfilter

from rebalance._base.errors import ConfigError
from rebalance.audio._levels import db_from_amplitude, loudness_lufs

_GATING_BLOCK_S, _HOP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_OFFSET_LUFS = -0.691


@dataclass(slots=True, kw_only=True)
class LevelMeter:
    """Measures loudness and peak of what it is fed, in as little memory as the shortest of it.

    Source: ITU-R BS.1770-4; the filters are pyloudnorm's, and so is the number that comes out.

    Parameters
    ----------
    sample_rate
        In Hz.
    n_channels
        Number of channels: one or two.
    only_peak
        Whether to leave the loudness alone, which takes most of the time.
    peak
        The highest magnitude so far.
    n_samples
        How many every channel has been given so far.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import LevelMeter, loudness_lufs
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (2, 44_100))
    >>> meter = LevelMeter(sample_rate=44_100, n_channels=2)
    >>> meter.feed(noise[:, :1000])
    >>> meter.feed(noise[:, 1000:])
    >>> bool(np.isclose(meter.loudness_lufs(), loudness_lufs(noise, 44_100)))
    True
    """

    sample_rate: int
    n_channels: int
    only_peak: bool = False
    peak: float = 0.0
    n_samples: int = 0
    _filters: tuple[IIRfilter, ...] = field(init=False, repr=False)
    _states: list[NDArray[np.float64]] = field(init=False, repr=False)
    _powers: list[float] = field(default_factory=list, repr=False)
    _tail: NDArray[np.float64] = field(init=False, repr=False)
    _tail_start: int = 0
    _beginning: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._filters = (
            IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, self.sample_rate, "high_shelf"),
            IIRfilter(0.0, 0.5, 38.0, self.sample_rate, "high_pass"),
        )
        self._states = [np.zeros((self.n_channels, 2)) for _ in self._filters]
        self._tail = np.zeros((self.n_channels, 0))
        self._beginning = np.zeros((self.n_channels, 0))

    def feed(self, piece: NDArray[np.floating]) -> None:
        """Hear the next samples, shape ``(n_channels, n)``."""
        heard = piece.astype(np.float64)
        self.peak = max(self.peak, float(np.max(np.abs(heard), initial=0.0)))
        self.n_samples += heard.shape[1]
        if self.only_peak:
            return
        n_missing = self._n_short() - self._beginning.shape[1]
        if n_missing > 0:
            self._beginning = np.concatenate([self._beginning, heard[:, :n_missing]], axis=1)
        for index, stage in enumerate(self._filters):
            heard, self._states[index] = lfilter(stage.b, stage.a, heard, axis=1, zi=self._states[index])
        self._tail = np.concatenate([self._tail, heard], axis=1)
        while self._tail_start + self._tail.shape[1] >= self._block_end(len(self._powers)):
            self._powers.append(self._power(len(self._powers)))
        n_done = self._block_start(len(self._powers)) - self._tail_start
        self._tail, self._tail_start = self._tail[:, n_done:], self._tail_start + n_done

    def loudness_lufs(self) -> float:
        """Return the integrated loudness of all that was heard, minus infinity for silence.

        Less than one gating block of 0.4 s is measured as if it went on repeating; what is quiet all through, below the
        gate, as it would be at full scale.

        Raises
        ------
        ConfigError
            If it was told to leave the loudness alone.
        """
        if self.only_peak:
            raise ConfigError("this meter was told to leave the loudness alone")
        if not self.peak:
            return -np.inf
        if self.n_samples < self._n_short():
            found = loudness_lufs(self._beginning, self.sample_rate)
            if np.isfinite(found):
                return found
            return loudness_lufs(self._beginning / self.peak, self.sample_rate) + db_from_amplitude(self.peak)
        powers = np.array(self._powers if self._n_blocks() <= len(self._powers) else [*self._powers, self._cut_power()])
        found = _gated_lufs(powers)
        return found if np.isfinite(found) else _gated_lufs(powers / self.peak**2) + db_from_amplitude(self.peak)

    def _n_short(self) -> int:
        """Return how many samples one gating block needs, as `loudness_lufs` counts them."""
        return int(np.ceil(_GATING_BLOCK_S * self.sample_rate)) + 1

    def _n_blocks(self) -> int:
        """Return how many blocks pyloudnorm would gate, the last perhaps cut."""
        duration_s = self.n_samples / self.sample_rate
        return int(np.round((duration_s - _GATING_BLOCK_S) / _HOP_S) + 1)

    def _cut_power(self) -> float:
        return self._power(len(self._powers))

    def _power(self, index: int) -> float:
        """Return the weighted power of a block, its channels added up."""
        start, stop = (bound(index) - self._tail_start for bound in (self._block_start, self._block_end))
        return float(np.sum(np.square(self._tail[:, start:stop]))) / (_GATING_BLOCK_S * self.sample_rate)

    def _block_start(self, index: int) -> int:
        return int(_GATING_BLOCK_S * (index * 0.25) * self.sample_rate)

    def _block_end(self, index: int) -> int:
        return int(_GATING_BLOCK_S * (index * 0.25 + 1) * self.sample_rate)


def _gated_lufs(powers: NDArray[np.float64]) -> float:
    """Return the loudness of blocks by their power, those below the gates left out."""
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        levels = _OFFSET_LUFS + 10.0 * np.log10(powers)
        loud = powers[levels >= _ABSOLUTE_GATE_LUFS]
        if not loud.size:
            return -np.inf
        relative_gate = _OFFSET_LUFS + 10.0 * np.log10(np.mean(loud)) + _RELATIVE_GATE_LU
        heard = powers[(levels > relative_gate) & (levels > _ABSOLUTE_GATE_LUFS)]
        return float(_OFFSET_LUFS + 10.0 * np.log10(np.mean(heard))) if heard.size else -np.inf
