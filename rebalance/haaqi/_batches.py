"""HAAQI of one ear, of both, or of batches of either, each number that of a single call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rebalance._base.challenge import EARS
from rebalance._base.errors import AudioError, ConfigError
from rebalance.haaqi._equalisation import ReferenceAmplification
from rebalance.haaqi._index import HaaqiScore
from rebalance.haaqi._metric import DEFAULT_FULL_SCALE_DB_SPL, HeardReference, Signal, hear_reference, score_ear
from rebalance.haaqi._threshold_noise import RngSeed
from rebalance.hearing import Audiogram, Listener

Signals: TypeAlias = Signal | Sequence[Signal]
Batch: TypeAlias = NDArray[Any] | list[NDArray[Any]]
Scores: TypeAlias = NDArray[np.float64]
_Shared: TypeAlias = tuple[tuple[int, ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class HaaqiScores:
    """HAAQI of several ears: what `HaaqiScore` says of one, as arrays.

    Parameters
    ----------
    value
        The index, shape of the batch. The last axis is the ears, left and right, where a listener was given.
    nonlinear, linear, cepstral_correlation, membrane_covariance, loudness, spectrum
        What it is made of, of the same shape; see `HaaqiScore`.
    """

    value: Scores
    nonlinear: Scores
    linear: Scores
    cepstral_correlation: Scores
    membrane_covariance: Scores
    loudness: Scores
    spectrum: Scores

    @classmethod
    def of(cls, scores: Sequence[HaaqiScore], shape: tuple[int, ...]) -> HaaqiScores:
        """Gather single scores, given in C order, into arrays of a shape.

        Parameters
        ----------
        scores
            As many as the shape holds, the last axis running fastest.
        shape
            Of every array.
        """
        return cls(**{name: np.array([getattr(score, name) for score in scores]).reshape(shape) for name in _TERMS})

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: int | tuple[int, ...]) -> HaaqiScore | HaaqiScores:
        """Return the score at a place, or the scores of a part."""
        part = {name: getattr(self, name)[index] for name in _TERMS}
        if np.ndim(part["value"]):
            return HaaqiScores(**part)
        return HaaqiScore(**{name: float(value) for name, value in part.items()})

    def __iter__(self) -> Iterator[HaaqiScore | HaaqiScores]:
        return (self[place] for place in range(len(self)))

    def table(self) -> pd.DataFrame:
        """Return a line for every ear, a column for every term, indexed by the place in the batch."""
        places = pd.MultiIndex.from_tuples(list(np.ndindex(self.value.shape)))
        index = places.get_level_values(0) if self.value.ndim == 1 else places
        return pd.DataFrame({name: getattr(self, name).ravel() for name in _TERMS}, index=index)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.value.size} scores of shape {self.value.shape}, mean {self.value.mean():.3f})"
        )

    def _repr_html_(self) -> str:
        return str(self.table().to_html(float_format="{:.3f}".format, border=0, max_rows=20))


_TERMS = tuple(field.name for field in fields(HaaqiScore))


@overload
def haaqi(
    reference: Signal,
    processed: Signal,
    audiogram: Audiogram,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: float = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HaaqiScore: ...


@overload
def haaqi(
    reference: Signals,
    processed: Sequence[Signal],
    audiogram: Audiogram,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: ArrayLike = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HaaqiScores: ...


@overload
def haaqi(
    reference: Signals,
    processed: Signals,
    audiogram: Listener,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: ArrayLike = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HaaqiScores: ...


def haaqi(
    reference: Signals,
    processed: Signals,
    audiogram: Audiogram | Listener,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: ArrayLike = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HaaqiScore | HaaqiScores:
    """Score how well processed music keeps the quality of its reference: for one ear, for both, or for batches.

    Parameters
    ----------
    reference, processed
        One ear: shape ``(n_samples,)``. A batch of ears: ``(..., n_samples)``, or a sequence of signals, which may
        differ in length. With a listener the axis before the samples is the ears, left and right: ``(2, n_samples)`` or
        ``(..., 2, n_samples)``. A reference without the first axes of the batch is that of every item; it is heard only
        once where `rng` is a seed. Of two signals the longer one is cut to the shorter. Neither is changed.
    audiogram
        Of the ear, or the listener whose both ears hear.
    sample_rate
        Of all signals in Hz. There is no default: signals at another rate than said get a number that means nothing.
    rng
        Source of the noise that stands for the threshold of hearing. A seed, or the ``RandomState`` of that seed, draws
        what pyclarity draws after ``numpy.random.seed``, number for number; a ``Generator`` draws such a seed; the
        reader of a `NoiseTape` repeats either. Every ear begins anew at a seed; a generator goes on from ear to ear.
    full_scale_db_spl
        Level of a signal with an RMS of 1: a number, or one for every ear in a shape that broadcasts to the batch.
    reference_amplification
        ``"none"`` when the reference already is as the listener should hear it, ``"nal_r"`` to amplify it by NAL-R.

    Returns
    -------
    HaaqiScore or HaaqiScores
        Of one ear a score, else arrays of the shape of the batch; every number is that of a call for the ear alone.

    Raises
    ------
    AudioError
        If a signal is not made of finite samples, empty, silent, shorter than 0.2 s of sound, if shapes do not fit, or
        if the listener cannot hear the reference. Of a batch the place is named.
    ConfigError
        If an option is out of its range, or `rng` is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Audiogram, Listener
    >>> from rebalance.haaqi import haaqi
    >>> reference = 0.1 * np.random.default_rng(1).standard_normal(24_000)
    >>> ear = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0), thresholds_db_hl=(20.0, 30.0, 50.0))
    >>> score = haaqi(reference, reference, ear, sample_rate=24_000, full_scale_db_spl=85.0, rng=2024)
    >>> round(score.value, 2)
    1.0
    >>> me = Listener(name="me", left=ear, right=ear)
    >>> stereo = np.stack([reference, reference])
    >>> haaqi(stereo, [stereo, 0.5 * stereo], me, sample_rate=24_000, full_scale_db_spl=85.0).value.shape
    (2, 2)

    Source: Kates and Arehart (2016); ``haaqi_v1`` of pyclarity 0.9.0, to within 1e-6.
    """
    ours, theirs = as_signals("reference", reference), as_signals("processed", processed)
    options: dict[str, Any] = {
        "sample_rate": sample_rate,
        "rng": rng,
        "reference_amplification": reference_amplification,
    }
    shape = _batch_shape(theirs)
    ears = list(_ears(ours, theirs, audiogram, np.asarray(full_scale_db_spl, dtype=np.float64)))
    if not shape:
        return _score(ears[0], {}, options)
    heard: dict[_Shared, HeardReference] = {}
    scores = []
    for place, ear in zip(np.ndindex(shape), ears, strict=True):
        try:
            scores.append(_score(ear, heard, options))
        except AudioError as error:
            raise AudioError(f"{error} (at {place} of the batch)") from error
    return HaaqiScores.of(scores, shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ear:
    """One ear of a batch, and what it has in common with others that hear the same reference; None if none can."""

    reference: Signal
    processed: Signal
    audiogram: Audiogram
    level_db_spl: float
    shared: _Shared | None


def _score(ear: _Ear, heard: dict[_Shared, HeardReference], options: Mapping[str, Any]) -> HaaqiScore:
    """Score one ear; a reference is heard once where that changes no number, that is where the noise has a seed."""
    own = {**options, "full_scale_db_spl": ear.level_db_spl}
    if ear.shared is None or not isinstance(options["rng"], int | np.integer):
        return score_ear(ear.reference, ear.processed, ear.audiogram, **own)
    if ear.shared not in heard:
        heard[ear.shared] = hear_reference(ear.reference, ear.audiogram, **own)
    return heard[ear.shared].score(ear.processed)


def _ears(
    reference: Batch, processed: Batch, listener: Audiogram | Listener, levels_db_spl: NDArray[np.float64]
) -> Iterator[_Ear]:
    """Yield the ears of a batch in C order.

    Raises
    ------
    AudioError
        If the shapes do not fit.
    """
    if not isinstance(listener, Audiogram | Listener):
        raise ConfigError(where="HAAQI", expected="an Audiogram or a Listener", got=type(listener).__name__)
    shape, own = _batch_shape(processed), _batch_shape(reference)
    if isinstance(listener, Listener) and shape[-1:] != (len(EARS),):
        whole = processed.shape if isinstance(processed, np.ndarray) else (*shape, "n_samples")
        raise AudioError(
            where="HAAQI",
            expected="both ears of a listener, (..., 2, n_samples)",
            got=f"processed signals of shape {whole}",
        )
    if not shape and isinstance(reference, np.ndarray) and isinstance(listener, Audiogram):
        own = ()  # what is wrong with a reference of more than one ear is said where an ear is scored
    n_shared = len(shape) - len(own)
    if n_shared < 0 or own != shape[n_shared:]:
        raise AudioError(
            where="HAAQI", expected=f"references for a batch of shape {shape}", got=f"references of shape {own}"
        )
    try:
        levels = np.broadcast_to(levels_db_spl, shape)
    except ValueError as error:
        got = levels_db_spl.shape
        raise AudioError(
            where="HAAQI", expected=f"full_scale_db_spl for a batch of shape {shape}", got=f"shape {got}"
        ) from error
    for place in np.ndindex(shape):
        level = float(levels[place])
        yield _Ear(
            reference=_signal_at(reference, place[n_shared:]),
            processed=_signal_at(processed, place),
            audiogram=listener if isinstance(listener, Audiogram) else listener.audiogram(EARS[place[-1]]),
            level_db_spl=level,
            shared=(place[n_shared:], level) if n_shared else None,
        )


def as_signals(name: str, signals: object) -> Batch:
    """Return an array of signals, or a list of arrays where they are given as a sequence; tensors become arrays.

    Raises
    ------
    AudioError
        If there are no signals, or those of a sequence differ in anything but their length.
    """
    if not isinstance(signals, list | tuple) or any(np.ndim(_as_array(signal)) == 0 for signal in signals[:1]):
        return _as_array(signals)
    arrays = [_as_array(signal) for signal in signals]
    if not arrays or len({array.shape[:-1] for array in arrays}) > 1:
        shapes = ", ".join(sorted({str(array.shape) for array in arrays})) or "none"
        raise AudioError(
            where="HAAQI", expected=f"{name} signals that differ in nothing but their length", got=str(shapes)
        )
    return arrays


def _as_array(signal: Any) -> NDArray[Any]:  # noqa: ANN401 - an array, numbers, or a tensor
    """Return an array, of a torch tensor on any device too."""
    return np.asarray(signal.detach().cpu() if hasattr(signal, "detach") else signal)


def _batch_shape(signals: Batch) -> tuple[int, ...]:
    """Return the shape of a batch, without the samples.

    Raises
    ------
    AudioError
        If there is nothing in it.
    """
    shape = signals.shape[:-1] if isinstance(signals, np.ndarray) else (len(signals), *signals[0].shape[:-1])
    if 0 in shape:
        raise AudioError(where="HAAQI", expected="signals", got=f"a batch of shape {shape}")
    return shape


def _signal_at(signals: Batch, place: tuple[int, ...]) -> NDArray[Any]:
    """Return the samples of one ear of a batch."""
    part: NDArray[Any] = signals[place] if isinstance(signals, np.ndarray) else signals[place[0]][place[1:]]
    return part
