"""What tells when instruments play, as a feature any separator can be weighed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError
from rebalance.audio import Audio


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentActivity:
    """When instruments play.

    Parameters
    ----------
    instruments
        Instruments in the order of the rows.
    probabilities
        Of each playing, in [0, 1], shape ``(n_instruments, n_frames)``.
    active
        Whether it is taken to play, of the same shape.
    frame_times_s
        Middles of the frames, from the start of the recording, shape ``(n_frames,)``.

    Raises
    ------
    AudioError
        If the shapes do not fit, or a probability is none.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import InstrumentActivity
    >>> shares = np.array([[0.9, 0.2]])
    >>> activity = InstrumentActivity(
    ...     instruments=("Flute",), probabilities=shares, active=shares > 0.5, frame_times_s=np.array([0.0, 0.02])
    ... )
    >>> float(activity.active.mean())
    0.5
    """

    instruments: tuple[str, ...]
    probabilities: NDArray[np.float64]
    active: NDArray[np.bool_]
    frame_times_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.instruments), len(self.frame_times_s))
        if self.probabilities.shape != shape or self.active.shape != shape:
            raise AudioError(where="activity", expected=f"shape {shape}", got=str(self.probabilities.shape))
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise AudioError(where="activity", expected="probabilities from 0 to 1", found="others")


@runtime_checkable
class ActivityDetector(Protocol):
    """A separator that can also tell when the instruments play."""

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""

    @property
    def detected_instruments(self) -> tuple[str, ...]:
        """The instruments it knows."""

    def activity(self, mixture: Audio, instruments: Sequence[str]) -> InstrumentActivity:
        """Return when different instruments play in a mixture ``(n_channels, n_samples)``.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``.
        instruments
            Each named once.

        Raises
        ------
        AudioError
            If the mixture is empty, not finite, or of another shape.
        ConfigError
            If an instrument is unknown to it.
        """
