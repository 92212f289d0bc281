"""HAAQI for two ears on one stream of noise, left ear first, as the challenge calls it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeAlias, TypeVar

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.names import suggestion
from rebalance.audio import Audio
from rebalance.haaqi._index import HaaqiScore
from rebalance.haaqi._metric import hear_reference
from rebalance.haaqi._threshold_noise import NoiseReader, NoiseTape
from rebalance.hearing import Audiogram

HaaqiMode: TypeAlias = Literal["exact", "fast", "pyclarity"]
HAAQI_MODES: tuple[HaaqiMode, ...] = ("exact", "fast", "pyclarity")
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
    mode
        ``"exact"``: pyclarity's noise, number for number; ``"fast"``: the library's own noise stream;
        ``"pyclarity"``: pyclarity itself.
    """

    scene: str
    mode: HaaqiMode

    @property
    def seed(self) -> int:
        """Return the seed, as the official evaluator takes it from the scene."""
        return CAD2_TASK2.scene_seed(self.scene)

    @functools.cached_property
    def tape(self) -> NoiseTape:
        """The noise, recorded as it is drawn.

        Raises
        ------
        ConfigError
            In mode ``"pyclarity"``, which draws its own.
        """
        if self.mode == "pyclarity":
            raise ConfigError("pyclarity draws its noise itself; there is no tape of it")
        exact = self.mode == "exact"
        return NoiseTape(np.random.RandomState(self.seed) if exact else np.random.default_rng(self.seed))


def chosen_mode(name: str, *, option: str) -> HaaqiMode:
    """Return the mode of HAAQI a user named with an option.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    for mode in HAAQI_MODES:
        if name == mode:
            return mode
    raise ConfigError(
        f"{option}: expected one of {', '.join(HAAQI_MODES)}, got {name!r}{suggestion(name, HAAQI_MODES)}"
    )


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
        Of the scene, and so how HAAQI is computed.

    Returns
    -------
    list
        For every signal the scores of its two ears, or why it has none.

    Raises
    ------
    AudioError
        If a reference cannot be scored against.
    ConfigError
        If pyclarity is asked for and not installed.
    """
    if noise.mode == "pyclarity":
        return [_attempted(_pyclarity_score, (left, right), signal, noise.seed) for signal in processed]
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


def _pyclarity_score(ears: tuple[EarReference, EarReference], processed: Audio, seed: int) -> BinauralScore:
    """Score both ears by pyclarity's own function; its global random state is restored afterwards."""
    if not all(np.any(channel) for channel in processed):
        raise AudioError("a channel of the processed signal is silent: nothing to score")
    before = np.random.get_state()  # noqa: NPY002 - pyclarity draws from the global state
    try:
        np.random.seed(seed)  # noqa: NPY002
        left, right = (_pyclarity_ear(ear, channel) for ear, channel in zip(ears, processed, strict=True))
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return left, right


def _pyclarity_ear(ear: EarReference, processed: Audio) -> HaaqiScore:
    """Score one ear by pyclarity's ``haaqi_v1``."""
    try:
        from clarity.evaluator.haaqi.haaqi import haaqi_v1
        from clarity.utils.audiogram import Audiogram as PeerAudiogram
    except ImportError as error:
        raise ConfigError("--haaqi pyclarity needs pyclarity: pip install --no-deps pyclarity==0.9.0") from error
    rate = CAD2_TASK2.haaqi_sample_rate
    audiogram = PeerAudiogram(
        levels=np.array(ear.audiogram.thresholds_db_hl), frequencies=np.array(ear.audiogram.frequencies_hz)
    )
    value, nonlinear, linear, raw = haaqi_v1(
        ear.signal, rate, processed, rate, audiogram, equalisation=2, level1=ear.full_scale_db_spl
    )
    cepstral, covariance, loudness, spectrum = (float(term) for term in raw)
    return HaaqiScore(
        value=float(value),
        nonlinear=float(nonlinear),
        linear=float(linear),
        cepstral_correlation=cepstral,
        membrane_covariance=covariance,
        loudness=loudness,
        spectrum=spectrum,
    )
