"""How loud the aid makes a remix: what the page needs to compare with and without it at one loudness."""

from __future__ import annotations

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import amplitude_from_db, loudness_lufs, resample
from rebalance.hearing import Fitting, amplify
from rebalance.web.listening_room._powers import HOPS_PER_S, hop_powers, integrated_loudness_lufs, loudest_stretch
from rebalance.web.listening_room._separations import Separation

_PASSAGE_S = 10


def aided_loudness_lufs(separation: Separation, weights: list[float], fitting: Fitting) -> tuple[float, float]:
    """Return the loudness of the loudest passage before and after the aid, in LUFS.

    The sum is first brought to -40 LUFS as a whole, where the compressors are meant to work.

    Parameters
    ----------
    separation
        With something ready.
    weights
        Of the recording and of every stem.
    fitting
        Compressor settings of the listener.

    Raises
    ------
    ConfigError
        If there is not one weight per signal.
    AudioError
        If what is ready is silent.
    """
    if len(weights) != separation.n_signals:
        raise ConfigError(where="weights", expected=f"{separation.n_signals}", got=f"{len(weights)}")
    stored = separation.stored
    powers = hop_powers(separation.overview, np.array(weights))
    loudness = integrated_loudness_lufs(powers)
    if not np.isfinite(loudness):
        raise AudioError(where=stored.name, expected="music to amplify for the listener", found="silence")
    hop = stored.sample_rate // HOPS_PER_S
    start = loudest_stretch(powers, _PASSAGE_S * HOPS_PER_S) * hop
    part = slice(start, min(start + _PASSAGE_S * stored.sample_rate, separation.progress.n_ready))
    signals = np.concatenate([stored.samples[None, :, part], separation.stems()[:, :, part]])
    mix = np.einsum("s,sct->ct", np.array(weights), signals.astype(np.float64))
    stereo = np.repeat(mix, 2, axis=0) if len(mix) == 1 else mix
    levelled = stereo * amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs - loudness)
    rate = CAD2_TASK2.mixture_sample_rate
    resampled = resample(levelled, stored.sample_rate, rate)
    return loudness_lufs(resampled, rate), loudness_lufs(amplify(resampled, fitting), rate)
