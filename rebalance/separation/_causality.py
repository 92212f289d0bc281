"""How far ahead a system looks: change its input from some sample on and find the first output that changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio

System = Callable[[NDArray[np.float64]], Audio]

TOLERANCE_DB = -100.0
_LOUDER = 4.0
_END = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAhead:
    """What was found at the position where a system looks furthest ahead.

    Parameters
    ----------
    samples
        The output at `output_sample` depends on the input up to this many samples later; negative where
        it lags behind.
    output_sample
        Where in the output.
    sample_rate
        Of input and output, in Hz.
    to_the_end
        Whether it saw the last hundredth of the input: the true look-ahead may be longer than the signal.

    Examples
    --------
    >>> from rebalance.separation import LookAhead
    >>> found = LookAhead(samples=219, output_sample=5500, sample_rate=44_100, to_the_end=False)
    >>> round(found.ms, 2), found.within(5.0)
    (4.97, True)
    """

    samples: int
    output_sample: int
    sample_rate: int
    to_the_end: bool

    @property
    def ms(self) -> float:
        """Look-ahead in milliseconds."""
        return 1000.0 * self.samples / self.sample_rate

    def within(self, limit_ms: float) -> bool:
        """Return whether no output depends on an input more than so many milliseconds later."""
        return not self.to_the_end and self.ms <= limit_ms


def measure_look_ahead(
    system: System,
    signal: Audio,
    sample_rate: int,
    *,
    n_positions: int = 3,
    tolerance_db: float = TOLERANCE_DB,
    seed: int = 0,
) -> LookAhead:
    """Measure how far into the future of its input a system's output depends.

    From each of several positions on, the input is replaced by louder noise and by silence; the first output
    sample that changes is found, then, by doubling and bisecting, the last input sample it still depends on.
    A system that works in blocks looks furthest ahead at the first sample of a block, and that is the
    sample this finds.

    Parameters
    ----------
    system
        Takes a signal of any shape ``(..., n_samples)`` and returns one with as many samples.
    signal
        What to feed it; it should sound throughout.
    sample_rate
        In Hz.
    n_positions
        How many positions to try, spread over the signal.
    tolerance_db
        A change of the output below this, relative to its peak, is rounding.
    seed
        Seed of the noise.

    Raises
    ------
    AudioError
        If the output has another length, is silent, or never follows the input.
    ConfigError
        If there is no position to try.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import measure_look_ahead
    >>> signal = np.random.default_rng(0).standard_normal((1, 2000))
    >>> measure_look_ahead(lambda heard: np.roll(heard, -8, axis=-1), signal, 8_000).ms
    1.0

    Source: the rule of CAD2-T2 that a causal output at t may use no input after t + 5 ms, in normalisation too.
    """
    if n_positions < 1 or signal.shape[-1] <= n_positions:
        raise ConfigError(expected="at least one position and more samples", got=f"{n_positions} in {signal.shape}")
    probe = _Probe.of(system, signal.astype(np.float64), tolerance_db, seed)
    n_samples = signal.shape[-1]
    positions = [n_samples * (index + 1) // (n_positions + 1) for index in range(n_positions)]
    found = [probe.look_ahead_near(position, sample_rate) for position in positions]
    measured = [look_ahead for look_ahead in found if look_ahead is not None]
    if not measured:
        raise AudioError("the output never changed with the input; there is no look-ahead to measure")
    return max(measured, key=lambda look_ahead: (look_ahead.to_the_end, look_ahead.samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    """A system, what it makes of the unchanged signal, and what the signal's future is replaced by."""

    system: System
    signal: NDArray[np.float64]
    output: Audio
    futures: tuple[NDArray[np.float64], ...]
    tolerance: float

    @classmethod
    def of(cls, system: System, signal: NDArray[np.float64], tolerance_db: float, seed: int) -> _Probe:
        output = np.array(system(signal.copy()))
        if output.shape[-1] != signal.shape[-1]:
            raise AudioError(expected=f"an output of {signal.shape[-1]} samples", got=str(output.shape[-1]))
        peak = float(np.max(np.abs(output)))
        if not 0.0 < peak < np.inf:
            raise AudioError(expected="an output that sounds", got=f"a peak of {peak}")
        noise = np.random.default_rng(seed).standard_normal(signal.shape)
        louder = _LOUDER * np.sqrt(np.mean(np.square(signal))) * noise
        tolerance = peak * 10.0 ** (tolerance_db / 20.0)
        return cls(
            system=system, signal=signal, output=output, futures=(louder, np.zeros_like(signal)), tolerance=tolerance
        )

    def look_ahead_near(self, position: int, sample_rate: int) -> LookAhead | None:
        """Return the look-ahead of the first output sample that the input from a position on can change."""
        n_samples = self.signal.shape[-1]
        first = self.first_change(position)
        if first is None:
            return None
        step, last = 1, position
        while last + step < n_samples and self.reaches(last + step, first):
            last, step = last + step, 2 * step
        beyond = min(last + step, n_samples)
        while beyond - last > 1:
            middle = (last + beyond) // 2
            last, beyond = (middle, beyond) if self.reaches(middle, first) else (last, middle)
        return LookAhead(
            samples=last - first,
            output_sample=first,
            sample_rate=sample_rate,
            to_the_end=last >= (1.0 - _END) * n_samples,
        )

    def reaches(self, position: int, output_sample: int) -> bool:
        """Return whether changing the input from a position on changes the output at or before a sample."""
        first = self.first_change(position)
        return first is not None and first <= output_sample

    def first_change(self, position: int) -> int | None:
        """Return the first output sample that differs when the input differs from a position on."""
        firsts = []
        for future in self.futures:
            changed = self.signal.copy()
            changed[..., position:] = future[..., position:]
            difference = np.abs(np.asarray(self.system(changed)) - self.output)
            differs = difference.reshape(-1, difference.shape[-1]).max(axis=0) > self.tolerance
            if differs.any():
                firsts.append(int(np.argmax(differs)))
        return min(firsts, default=None)
