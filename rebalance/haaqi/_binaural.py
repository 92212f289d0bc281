"""HAAQI for two ears on one stream of noise, left ear first, as the challenge calls it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeAlias, TypeVar

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance.audio import Audio
from rebalance.haaqi._index import HaaqiScore
from rebalance.haaqi._metric import hear_reference
from rebalance.haaqi._threshold_noise import NoiseReader, NoiseTape
from rebalance.hearing import Audiogram

BinauralScore: TypeAlias = tuple[HaaqiScore, HaaqiScore]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarReference:
    """What one ear is given to compare with.

    Parameters
    ----------
    signal
        Amplified true remix of one channel at 24 kHz, shape ``(n_samples,)``.
    audiogram
        Thresholds of this ear.
    full_scale_db_spl
        Level in dB SPL of a signal whose RMS is 1.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.haaqi import EarReference
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS
    >>> ear = EarReference(signal=np.zeros(24_000), audiogram=STANDARD_AUDIOGRAMS["N2"], full_scale_db_spl=105.0)
    >>> ear.audiogram.thresholds_db_hl[0]
    20.0
    """

    signal: Audio
    audiogram: Audiogram
    full_scale_db_spl: float


@dataclass(frozen=True, kw_only=True)  # no slots: the tape is cached
class SceneNoise:
    """The noise under which all listeners and all systems of a scene are compared, drawn once.

    Parameters
    ----------
    scene
        Its id, which seeds the noise.

    Examples
    --------
    >>> from rebalance.haaqi import SceneNoise
    >>> SceneNoise(scene="S50001").seed == SceneNoise(scene="S50001").seed
    True
    >>> SceneNoise(scene="S50001").seed == SceneNoise(scene="S50002").seed
    False
    """

    scene: str

    @property
    def seed(self) -> int:
        """Return the seed, as the official evaluator takes it from the scene."""
        return CAD2_TASK2.scene_seed(self.scene)

    @functools.cached_property
    def tape(self) -> NoiseTape:
        """The noise of pyclarity, number for number, recorded as it is drawn."""
        return NoiseTape(self.seed)


def binaural_scores(
    left: EarReference, right: EarReference, processed: Sequence[Audio], *, noise: SceneNoise
) -> list[BinauralScore | AudioError]:
    """Score any number of processed signals against one reference, which each ear hears only once.

    Parameters
    ----------
    left, right
        The references.
    processed
        Signals of shape ``(2, n_samples)`` at 24 kHz.
    noise
        Of the scene.

    Returns
    -------
    list
        For every signal the scores of its two ears, or why it has none.

    Raises
    ------
    AudioError
        If a reference cannot be scored against.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.haaqi import EarReference, SceneNoise, binaural_scores
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS
    >>> music = 0.05 * np.random.default_rng(1).standard_normal((2, 12_000))
    >>> listener = {"audiogram": STANDARD_AUDIOGRAMS["N2"], "full_scale_db_spl": 90.0}
    >>> ears = [EarReference(signal=channel, **listener) for channel in music]
    >>> same, silent = binaural_scores(*ears, [music, 0 * music], noise=SceneNoise(scene="S50001"))
    >>> [round(ear.value, 2) for ear in same]
    [1.0, 1.0]
    >>> print(silent)
    HAAQI: the processed signal is silent, expected sound to compare
    """
    reader = noise.tape.reader()
    lefts = _ear_scores(left, [signal[0] for signal in processed], reader)
    rights = _ear_scores(right, [signal[1] for signal in processed], reader)
    return [_both(*ears) for ears in zip(lefts, rights, strict=True)]


def _ear_scores(ear: EarReference, processed: Sequence[Audio], noise: NoiseReader) -> list[HaaqiScore | AudioError]:
    """Let one ear hear its reference, then every signal; what it remembers is let go before the other ear's turn."""
    heard = hear_reference(
        ear.signal,
        ear.audiogram,
        sample_rate=CAD2_TASK2.haaqi_sample_rate,
        full_scale_db_spl=ear.full_scale_db_spl,
        rng=noise,
    )
    return [_attempted(heard.score, signal) for signal in processed]


def _both(left: HaaqiScore | AudioError, right: HaaqiScore | AudioError) -> BinauralScore | AudioError:
    """Join two ears; there is no score without both."""
    if isinstance(left, AudioError):
        return left
    return right if isinstance(right, AudioError) else (left, right)


def _attempted(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | AudioError:
    """Return what the work returns, or the audio error it raises."""
    try:
        return work(*arguments, **options)
    except AudioError as error:
        return error
