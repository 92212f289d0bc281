"""The instrument weight for any separator: silence where an instrument is found not to play."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.audio import Audio, resample
from rebalance.separation._activity_detection import ActivityDetector
from rebalance.separation._describing import Described
from rebalance.separation._estimates import checked_estimates
from rebalance.separation._info import SeparatorInfo, info_of
from rebalance.separation._placing import placed_at
from rebalance.separation._protocol import (
    Levelled,
    Separator,
    checked_mixture,
    instruments_of,
    known_instruments,
    source_names,
)
from rebalance.separation._sighted import PlayersAt, Sighted


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WeightedSeparator(Described):
    """The estimates of a separator, silenced where a detector finds that the instrument does not play.

    Between two frames the weight goes from one to the other in a straight line. What it takes away goes to nobody: the
    estimates no longer sum to the mixture. Instruments the detector does not know keep their estimates.

    Parameters
    ----------
    name
        Registry name.
    separator
        Whose estimates are weighted.
    detector
        What tells when the instruments play.

    Raises
    ------
    ConfigError
        If the separator needs the true sources.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import InstrumentActivity, WeightedSeparator, load_separator
    >>> class SilentFromHalfASecond:
    ...     sample_rate, detected_instruments = 44_100, ("Flute",)
    ...     def activity(self, mixture, instruments):
    ...         times = np.arange(10) / 10
    ...         playing = times[None] < 0.5
    ...         return InstrumentActivity(
    ...             instruments=("Flute",), probabilities=1.0 * playing, active=playing, frame_times_s=times
    ...         )
    >>> separator = WeightedSeparator(
    ...     name="mine", separator=load_separator("mixture"), detector=SilentFromHalfASecond()
    ... )
    >>> estimates = separator(np.ones((1, 44_100), dtype=np.float32), ("Flute", "Cello"))
    >>> [float(estimate[0, -1]) for estimate in estimates.values()]
    [0.0, 0.5]

    Source: the instrument weight of Hung and Lerch 2020 (arXiv 2008.00616), applied to estimates of any origin.
    """

    name: str
    separator: Separator
    detector: ActivityDetector

    def __post_init__(self) -> None:
        if hasattr(self.separator, "informed_by"):
            raise ConfigError(
                where=f"separator {self.name!r}", expected="a separator without true sources", got=self.separator.name
            )

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.separator.sample_rate

    @property
    def separated_instruments(self) -> tuple[str, ...]:
        """Those of the separator that is weighted; none of its own where it knows the challenge's."""
        return instruments_of(self.separator)

    @property
    def info(self) -> SeparatorInfo:
        """What is known of both together."""
        own, other = info_of(self.separator), info_of(self.detector)
        digests = f"{own.weights}{other.weights}"
        return replace(
            own,
            mixture_consistent=False,
            reliability=(),
            n_parameters=_summed(own.n_parameters, other.n_parameters),
            lookahead_ms=float("inf"),
            external_training_data=_either(own.external_training_data, other.external_training_data),
            weights=hashlib.sha256(digests.encode()).hexdigest(),
        )

    def at_level(self, mean_square: float) -> Self:
        """Return the same, whose parts take this for the mean square of every mixture where they ask for one."""
        return replace(
            self,
            separator=self.separator.at_level(mean_square) if isinstance(self.separator, Levelled) else self.separator,
            detector=_at_level(self.detector, mean_square),
        )

    def beginning_at(self, start_s: float) -> Self:
        """Return the same for a block of the recording that begins at a time in seconds."""
        return replace(self, separator=placed_at(self.separator, start_s))

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `Separator`."""
        also = self.separated_instruments
        known, names = known_instruments(instruments, also=also), source_names(instruments, also=also)
        checked = checked_mixture(mixture)
        estimates = checked_estimates(self.separator(checked, instruments), names, checked.shape)
        weights = self._weights(checked, known)
        return {
            name: estimates[name] * weights[instrument] if instrument in weights else estimates[name]
            for name, instrument in zip(names, known, strict=True)
        }

    def _weights(self, mixture: NDArray[np.float32], known: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return a weight for every sample, by instrument, for those the detector knows."""
        asked = [name for name in dict.fromkeys(known) if name in self.detector.detected_instruments]
        if not asked:
            expected = f"one of {', '.join(self.detector.detected_instruments)} among the instruments"
            raise ConfigError(where=f"separator {self.name!r}", expected=expected, got=", ".join(known))
        heard = resample(mixture, self.sample_rate, self.detector.sample_rate)
        found = self.detector.activity(heard, asked)
        times_s = np.arange(mixture.shape[1]) / self.sample_rate
        return {
            name: np.interp(times_s, found.frame_times_s, row.astype(np.float64)).astype(np.float32)
            for name, row in zip(found.instruments, found.active, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WeightedSightedSeparator(WeightedSeparator):
    """A `WeightedSeparator` over one that has to be shown the players, and so has to be shown them itself.

    Parameters
    ----------
    name, separator, detector
        As those of `WeightedSeparator`; the separator is `Sighted`.
    """

    def shown(self, players_at: PlayersAt) -> Self:
        """Return the same, shown the players."""
        assert isinstance(self.separator, Sighted)
        return replace(self, separator=self.separator.shown(players_at))


def weighted_separator(name: str, separator: Separator, detector: ActivityDetector) -> WeightedSeparator:
    """Return a separator with the weight of a detector, `Sighted` where the separator is."""
    kind = WeightedSightedSeparator if isinstance(separator, Sighted) else WeightedSeparator
    return kind(name=name, separator=separator, detector=detector)


def _at_level(detector: ActivityDetector, mean_square: float) -> ActivityDetector:
    """Return a detector at a level, itself where it does not ask for one."""
    levelled = detector.at_level(mean_square) if isinstance(detector, Levelled) else detector
    assert isinstance(levelled, ActivityDetector)
    return levelled


def _summed(first: int | None, second: int | None) -> int | None:
    """Return a sum, None where a part is unknown."""
    return None if first is None or second is None else first + second


def _either(first: bool | None, second: bool | None) -> bool | None:
    """Tell whether one of two is true, None where that cannot be known."""
    return True if first or second else (None if first is None or second is None else False)
