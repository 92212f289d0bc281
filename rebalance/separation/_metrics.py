"""How close an estimated source is to the true one: SDR, SI-SDR, and BSS Eval's SDR, SIR and SAR.

Silence follows rules, never NaN. A true source that is silent cannot be scored: asked for alone it is an
error, in a set of sources it has no scores (None). A silent estimate of a sounding source has an SDR of 0 dB,
as its definition says, and the worst value of every metric that is not defined for it. No value goes beyond
`LIMIT_DB` to either side, so that perfect and hopeless estimates can be averaged with the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.names import one_of
from rebalance.audio import Audio, db_from_amplitude, rms

LIMIT_DB = 100.0
SILENCE_DB_FS = -100.0
FRAME_SILENCE_DB = -60.0
FRAME_S = 1.0
FILTER_LENGTH = 512

Metric: TypeAlias = Callable[[Audio, Audio], float]
FrameRules: TypeAlias = Literal["sounding", "museval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BssScores:
    """BSS Eval of one source: distortion, interference and artefacts, in dB."""

    sdr_db: float
    sir_db: float
    sar_db: float


def sdr_db(reference: Audio, estimate: Audio) -> float:
    """Return the ratio of the source's energy to that of the error, all channels together, in dB.

    Parameters
    ----------
    reference, estimate
        True and estimated source, both ``(n_samples,)`` or ``(n_channels, n_samples)``.

    Raises
    ------
    AudioError
        If the shapes differ, a sample is not finite, or the source is silent.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import sdr_db
    >>> tone = np.sin(np.arange(1000.0))
    >>> round(sdr_db(tone, 1.1 * tone), 1)
    20.0

    Source: the SDR of the Music Demixing Challenge 2021 (Mitsufuji et al. 2022, equation 1).
    """
    source, estimated = _checked(reference, estimate)
    return _ratio_db(np.sum(np.square(source)), np.sum(np.square(source - estimated)))


def si_sdr_db(reference: Audio, estimate: Audio) -> float:
    """Return the scale-invariant SDR in dB, one scale for all channels; the worst value for a silent estimate.

    Parameters
    ----------
    reference, estimate
        True and estimated source, both ``(n_samples,)`` or ``(n_channels, n_samples)``.

    Raises
    ------
    AudioError
        If the shapes differ, a sample is not finite, or the source is silent.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import si_sdr_db
    >>> tone, other = np.sin(np.arange(1000.0)), np.cos(np.arange(1000.0))
    >>> round(si_sdr_db(tone, 3.0 * (tone + 0.1 * other)))
    20

    Source: Le Roux et al. 2019, equation 5, without removing the mean.
    """
    source, estimated = _checked(reference, estimate)
    projected = source * (np.sum(source * estimated) / np.sum(np.square(source)))
    return _ratio_db(np.sum(np.square(projected)), np.sum(np.square(projected - estimated)))


def bss_eval(references: Audio, estimates: Audio, *, filter_length: int = FILTER_LENGTH) -> tuple[BssScores, ...]:
    """Return SDR, SIR and SAR of every source, in the given order, channels evaluated apart and averaged.

    A source takes part only in the channels in which it sounds.

    Parameters
    ----------
    references, estimates
        True and estimated sources, shape ``(n_sources, n_channels, n_samples)``.
    filter_length
        Length of the distortion filter that is forgiven, in samples.

    Raises
    ------
    AudioError
        If the shapes differ, a sample is not finite, a true source is silent in all channels, or two
        true sources are copies of each other.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import bss_eval
    >>> rng = np.random.default_rng(0)
    >>> sources = rng.standard_normal((2, 2, 4000))
    >>> noisy = sources + 0.1 * rng.standard_normal(sources.shape)
    >>> [round(score.sdr_db) for score in bss_eval(sources, noisy, filter_length=16)]
    [20, 20]

    Source: Vincent, Gribonval and Févotte 2006 (BSS Eval 3.0) in the form of Scheibler 2022, section III: the
    three ratios follow from how much of the estimate's energy its own source, and all sources, explain.
    """
    pairs = [_checked(reference, estimate) for reference, estimate in zip(references, estimates, strict=True)]
    true = np.stack([source for source, _ in pairs])
    estimated = np.stack([estimate for _, estimate in pairs])
    if true.ndim != 3 or true.shape[-1] < filter_length:
        raise AudioError(expected=f"(n_sources, n_channels, at least {filter_length} samples)", got=str(true.shape))
    by_channel = np.full((true.shape[1], 3, len(true)), np.nan)
    for channel, scores in enumerate(by_channel):
        heard = [index for index, source in enumerate(true[:, channel]) if not is_silent(source)]
        if heard:
            scores[:, heard] = _bss_eval_channel(true[heard, channel], estimated[heard, channel], filter_length)
    means = np.nanmean(by_channel, axis=0)
    return tuple(BssScores(sdr_db=float(sdr), sir_db=float(sir), sar_db=float(sar)) for sdr, sir, sar in means.T)


def frame_median_db(
    metric: Metric,
    reference: Audio,
    estimate: Audio,
    sample_rate: int,
    *,
    frame_s: float = FRAME_S,
    rules: FrameRules = "sounding",
) -> float:
    """Return the median of a metric over consecutive frames in which the source sounds, in dB.

    Parameters
    ----------
    metric
        `sdr_db`, `si_sdr_db` or another function of true and estimated source.
    reference, estimate
        Both ``(n_samples,)`` or ``(n_channels, n_samples)``.
    sample_rate
        In Hz.
    frame_s
        Length of a frame in seconds; what is left at the end counts if it is at least half as long, or
        if there is no whole frame.
    rules
        ``"sounding"`` as told here; ``"museval"`` as `museval_frames_db` does, whatever the metric is called, with the
        signal-to-distortion ratio of that package; `metric` must then be `sdr_db`.

    Raises
    ------
    AudioError
        As the metric does; by the rules of museval, if no frame counts.
    ConfigError
        If there are no such rules, or museval's are asked for another metric.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import frame_median_db, sdr_db
    >>> tone = np.sin(0.1 * np.arange(24_000.0))[None]
    >>> round(frame_median_db(sdr_db, tone, 1.1 * tone, 8_000))
    20

    Source: the frame-wise evaluation of SynthSOD (arXiv 2409.10995) and SiSEC 2018. A frame is left out when
    the source lies 60 dB below its level over the whole signal, or is silent.
    """
    one_of("rules", rules, get_args(FrameRules))
    if rules == "museval":
        if metric is not sdr_db:
            raise ConfigError(where="rules 'museval'", expected="the metric sdr_db", got=repr(metric))
        return _median(museval_frames_db(reference, estimate, sample_rate, frame_s=frame_s))
    source, estimated = _checked(reference, estimate)
    length = int(frame_s * sample_rate)
    n_samples = source.shape[-1]
    threshold = rms(source) * 10.0 ** (FRAME_SILENCE_DB / 20.0)
    n_frames = max(1, (n_samples + length // 2) // length)
    frames = [slice(index * length, (index + 1) * length) for index in range(n_frames)]
    sounding = [frame for frame in frames if rms(part := source[..., frame]) > threshold and not is_silent(part)]
    return float(np.median([metric(source[..., frame], estimated[..., frame]) for frame in sounding]))


def museval_frames_db(
    reference: Audio, estimate: Audio, sample_rate: int, *, frame_s: float = FRAME_S
) -> NDArray[np.float64]:
    """Return the SDR of every frame that counts by the rules of museval, in dB, without limits.

    Frames do not overlap and what is left at the end is dropped, unless the signal is shorter than a frame. A frame
    whose reference is exactly zero, and one whose SDR is infinite, do not count; one at -90 dB does.

    Parameters
    ----------
    reference, estimate
        True and estimated source, both ``(n_samples,)`` or ``(n_channels, n_samples)``.
    sample_rate
        In Hz.
    frame_s
        Length of a frame in seconds.

    Returns
    -------
    NDArray
        Shape ``(n_frames_that_count,)``; may be empty.

    Raises
    ------
    AudioError
        If the shapes differ, or a sample is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import museval_frames_db
    >>> source = np.concatenate([np.ones(10), np.zeros(10), np.ones(15)])
    >>> museval_frames_db(source, 0.9 * source, 10).round(6)
    array([20., 20.])

    Source: museval 0.4 (Stöter, Liutkus and Ito 2018), ``bsseval_images`` version 4: its SDR is that of the image,
    without the filter of 512 taps that is in its other three ratios. As in the variant that the publication of
    SynthSOD uses, each source is judged by its own silence, not by that of the others.
    """
    source, estimated = _comparable(reference, estimate)
    length = int(frame_s * sample_rate)
    n_frames = max(1, source.shape[-1] // length)
    values = []
    for start in range(0, n_frames * length, length):
        part = source[..., start : start + length]
        error_energy = float(np.sum(np.square(part - estimated[..., start : start + length])))
        if part.any() and error_energy > 0:
            values.append(10.0 * np.log10(float(np.sum(np.square(part))) / error_energy))
    return np.array(values, dtype=np.float64)


def _median(values_db: NDArray[np.float64]) -> float:
    """Return the median of what counts."""
    if not values_db.size:
        raise AudioError(
            "no frame counts by the rules of museval: the true source is zero or the estimate is exact everywhere"
        )
    return float(np.median(values_db))


def is_silent(signal: Audio) -> bool:
    """Return whether a signal's level is below -100 dB re full scale.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import is_silent
    >>> is_silent(np.zeros((2, 10))), is_silent(np.full((2, 10), 0.1))
    (True, False)
    """
    return db_from_amplitude(rms(np.asarray(signal, dtype=np.float64))) < SILENCE_DB_FS


def _checked(reference: Audio, estimate: Audio) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both signals in double precision once they can be compared and the source sounds."""
    compared = _comparable(reference, estimate)
    if is_silent(reference):
        raise AudioError(f"the true source is silent (below {SILENCE_DB_FS:g} dB re full scale), it cannot be scored")
    return compared


def _comparable(reference: Audio, estimate: Audio) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both signals in double precision once they are alike in shape and finite."""
    if reference.shape != estimate.shape or not reference.size:
        raise AudioError(expected="two signals of one shape", got=f"{reference.shape} and {estimate.shape}")
    if not (np.isfinite(reference).all() and np.isfinite(estimate).all()):
        raise AudioError(expected="finite samples", found="NaN or infinity")
    return reference.astype(np.float64), estimate.astype(np.float64)


def _ratio_db(signal_energy: float, error_energy: float) -> float:
    """Return a ratio of energies in dB within the limits; the worst value when there is no signal."""
    if signal_energy <= 0:
        return -LIMIT_DB
    if error_energy <= 0:
        return LIMIT_DB
    return float(np.clip(10.0 * np.log10(signal_energy / error_energy), -LIMIT_DB, LIMIT_DB))


def _bss_eval_channel(true: NDArray[np.float64], estimated: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return SDR, SIR and SAR of one channel's sources, shape ``(3, n_sources)``."""
    _require_no_copies(true)
    autocorrelations, correlations = _correlations(true, estimated, length)
    n_sources = len(true)
    everything = autocorrelations.transpose(0, 2, 1, 3).reshape(n_sources * length, n_sources * length)
    targets = correlations.reshape(n_sources * length, n_sources)
    explained_by_all = np.sum(targets * np.linalg.solve(everything, targets), axis=0)
    scores = np.empty((3, n_sources))
    for index in range(n_sources):
        own = correlations[index, :, index]
        explained = own @ np.linalg.solve(autocorrelations[index, index], own)
        energy = np.sum(np.square(estimated[index]))
        scores[:, index] = (
            _ratio_db(float(explained), energy - explained),
            _ratio_db(float(explained), explained_by_all[index] - explained),
            _ratio_db(explained_by_all[index], energy - explained_by_all[index]),
        )
    return scores


def _correlations(
    true: NDArray[np.float64], estimated: NDArray[np.float64], length: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return correlations of all delayed sources with each other and with the estimates.

    Shapes ``(n_sources, n_sources, length, length)`` and ``(n_sources, length, n_estimates)``.
    """
    n_fft = scipy.fft.next_fast_len(true.shape[-1] + length, real=True)
    spectra, estimated_spectra = scipy.fft.rfft(true, n_fft), scipy.fft.rfft(estimated, n_fft)
    among = scipy.fft.irfft(spectra[:, None].conj() * spectra[None], n_fft)
    lags = np.arange(length)
    delayed = among[:, :, lags[:, None] - lags[None, :]]
    with_estimates = scipy.fft.irfft(spectra[:, None].conj() * estimated_spectra[None], n_fft)
    return delayed, with_estimates[:, :, :length].transpose(0, 2, 1)


def _require_no_copies(true: NDArray[np.float64]) -> None:
    """Raise if two sources are the same signal at whatever level."""
    directions = true / np.linalg.norm(true, axis=-1, keepdims=True)
    likeness = np.abs(directions @ directions.T) - np.eye(len(true))
    if np.max(likeness) > 1.0 - 1e-9:
        raise AudioError("two true sources are copies of each other; they cannot be told apart")
