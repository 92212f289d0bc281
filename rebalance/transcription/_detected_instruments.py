"""When instruments play, as networks that know them find it, in stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio, resample
from rebalance.separation import ActivityDetector, known_instruments
from rebalance.transcription._activity import Stretch, runs_of


def detect_instruments(
    mixture: Audio, instruments: Sequence[str], detector: ActivityDetector, *, sample_rate: int
) -> dict[str, tuple[Stretch, ...]]:
    """Return the stretches in which different instruments of a recording sound, by time.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    instruments
        Which; an instrument named twice counts once.
    detector
        See `rebalance.separation.load_activity_detector`.
    sample_rate
        Of the mixture in Hz.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape.
    ConfigError
        If an instrument is unknown to the detector.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import InstrumentActivity
    >>> from rebalance.transcription import detect_instruments
    >>> class FirstHalf:
    ...     sample_rate, detected_instruments = 8_000, ("Flute",)
    ...     def activity(self, mixture, instruments):
    ...         shares = np.array([[0.9, 0.9, 0.2, 0.1]])
    ...         times = np.arange(4) * 0.1
    ...         return InstrumentActivity(
    ...             instruments=("Flute",), probabilities=shares, active=shares > 0.5, frame_times_s=times
    ...         )
    >>> (stretch,) = detect_instruments(np.zeros((1, 3_200)), ["flute"], FirstHalf(), sample_rate=8_000)["Flute"]
    >>> stretch.start_s, round(stretch.end_s, 2), round(stretch.confidence, 2)
    (0.0, 0.15, 0.9)
    """
    different = tuple(dict.fromkeys(known_instruments(instruments, also=detector.detected_instruments)))
    found = detector.activity(resample(mixture, sample_rate, detector.sample_rate), different)
    end_s = mixture.shape[-1] / sample_rate
    return {
        name: tuple(_stretches(active, probabilities, found.frame_times_s, end_s))
        for name, active, probabilities in zip(found.instruments, found.active, found.probabilities, strict=True)
    }


def _stretches(
    active: NDArray[np.bool_], probabilities: NDArray[np.float64], times_s: NDArray[np.float64], end_s: float
) -> Iterator[Stretch]:
    """Give the stretches of one instrument: from half a frame before the first to half a frame after the last."""
    half_s = float(times_s[1] - times_s[0]) / 2 if len(times_s) > 1 else end_s
    for first, last in runs_of(active):
        start_s, stop_s = max(float(times_s[first]) - half_s, 0.0), min(float(times_s[last - 1]) + half_s, end_s)
        if stop_s > start_s:
            yield Stretch(start_s=start_s, end_s=stop_s, confidence=float(probabilities[first:last].mean()))
