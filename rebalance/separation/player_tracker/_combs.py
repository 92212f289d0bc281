"""Harmonic combs: where in the spectrum the sound of a pitch lies, and for how long it lingers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rebalance.separation import WINDOW_SIZE

_MAX_HZ = 16_000.0
_PEAK = 2  # pitches to either side of the likeliest that belong to it
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class CombSettings:
    """How pitches become masks.

    Parameters
    ----------
    width_bins
        Half width of a harmonic in bins of the transform; 2 is the main lobe of its window.
    n_harmonics
        At most so many harmonics.
    release
        What is left of a pitch one frame after it ended, after two, and so on: room and release.
    floor
        What every player gets everywhere, relative to the fundamental.
    envelopes
        Amplitude of harmonics 1, 2, .. by instrument; 1, 1/2, 1/3, .. where there is none.

    Examples
    --------
    >>> from rebalance.separation.player_tracker import CombSettings
    >>> dry = CombSettings(release=(), envelopes={"Clarinet": (1.0, 0.05, 0.6, 0.05, 0.3)})
    >>> dry.release, dry.n_harmonics
    ((), 60)
    """

    width_bins: float = 2.0
    n_harmonics: int = 60
    release: tuple[float, ...] = (0.3, 0.3, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    floor: float = 1e-3
    envelopes: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))


PLAIN_COMBS = CombSettings()


def released(pitched: NDArray[np.float32], release: Sequence[float]) -> NDArray[np.float32]:
    """Return shares of pitches ``(..., n_frames, n_pitches)`` that linger as the release says.

    Parameters
    ----------
    pitched
        Shape ``(..., n_frames, n_pitches)``, from 0 to 1; stays as it is.
    release
        Share that is left of a pitch one frame after it ended, after two, and so on.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import released
    >>> one_pitch = np.array([[1.0], [0.0], [0.0], [0.0]], dtype=np.float32)  # sounds in the first of four frames
    >>> released(one_pitch, (0.5, 0.25))[:, 0].tolist()
    [1.0, 0.5, 0.25, 0.0]
    """
    lingering = pitched.copy()
    for delay, share in enumerate(release[: max(pitched.shape[-2] - 1, 0)], start=1):
        later, earlier = lingering[..., delay:, :], pitched[..., :-delay, :]
        np.maximum(later, np.float32(share) * earlier, out=later)
    return lingering


def finer_pitches(pitched: NDArray[np.float32], n_steps: int) -> NDArray[np.float32]:
    """Return shares on a grid so many times as fine, the likeliest pitch of every frame at the mean of what is near it.

    Parameters
    ----------
    pitched
        Shares of pitches, shape ``(..., n_pitches)``, from 0 to 1; stays as it is.
    n_steps
        Of the new grid for each pitch.

    Returns
    -------
    NDArray
        Shape ``(..., n_pitches * n_steps)``; pitch ``i`` lies at ``i * n_steps``. The sums stay.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import finer_pitches
    >>> finer_pitches(np.array([0.0, 0.25, 0.5, 0.0, 0.0], dtype=np.float32), 3).nonzero()[0].tolist()
    [5]
    """
    n_pitches = pitched.shape[-1]
    peak = pitched.argmax(axis=-1)[..., None]
    places = peak + np.arange(-_PEAK, _PEAK + 1)
    within = (places >= 0) & (places < n_pitches)
    places = places.clip(0, n_pitches - 1)
    near = np.take_along_axis(pitched, places, axis=-1) * within
    mass = near.sum(axis=-1, keepdims=True)
    mean = (near * places).sum(axis=-1, keepdims=True) / np.maximum(mass, _TINY)
    rest = pitched.copy()
    np.put_along_axis(rest, places, np.float32(0.0), axis=-1)
    finer = np.zeros((*pitched.shape[:-1], n_pitches * n_steps), dtype=np.float32)
    finer[..., ::n_steps] = rest
    index = np.where(mass > 0, np.rint(n_steps * mean), 0).astype(np.int64).clip(0, n_pitches * n_steps - 1)
    np.put_along_axis(finer, index, np.take_along_axis(finer, index, axis=-1) + mass.astype(np.float32), axis=-1)
    return finer


def finer_shares(shares: NDArray[np.float32], n_steps: int) -> NDArray[np.float32]:
    """Return shares of pitches and silence, the last state, on a grid so many times as fine; see `finer_pitches`.

    Parameters
    ----------
    shares
        Shape ``(..., n_pitches + 1)``; stays as it is.
    n_steps
        Of the new grid for each pitch.

    Returns
    -------
    NDArray
        Shape ``(..., n_pitches * n_steps + 1)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import finer_shares
    >>> finer_shares(np.array([0.0, 0.75, 0.25], dtype=np.float32), 2).tolist()
    [0.0, 0.0, 0.75, 0.0, 0.25]
    """
    return np.concatenate([finer_pitches(shares[..., :-1], n_steps), shares[..., -1:]], axis=-1)


def harmonic_combs(
    frequencies_hz: NDArray[np.float64],
    sample_rate: int,
    combs: CombSettings,
    envelope: Sequence[float] | None = None,
    *,
    window: int = WINDOW_SIZE,
) -> NDArray[np.float32]:
    """Return the amplitudes of harmonic sounds in the bins of the transform.

    Parameters
    ----------
    frequencies_hz
        Of the fundamentals, shape ``(n_pitches,)``.
    sample_rate
        In Hz.
    combs
        Width and number of the harmonics.
    envelope
        Amplitudes of harmonics 1, 2, ..; 1/h when None and beyond its end.
    window
        Of the transform, in samples.

    Returns
    -------
    NDArray
        Shape ``(n_pitches, n_bins)``, the first harmonic having about 1.
    """
    spacing_hz = sample_rate / window
    n_bins = window // 2 + 1
    harmonics = np.arange(1, combs.n_harmonics + 1)
    amplitudes = 1.0 / harmonics
    if envelope is not None:
        given = np.asarray(envelope, dtype=np.float64)[: combs.n_harmonics]
        amplitudes[: len(given)] = given
    places = np.multiply.outer(frequencies_hz, harmonics) / spacing_hz
    audible = places * spacing_hz < min(_MAX_HZ, sample_rate / 2)
    bins = np.ceil(places - combs.width_bins)[..., None] + np.arange(int(2 * combs.width_bins) + 1)
    distances = np.abs(bins - places[..., None])
    lobes = amplitudes[:, None] * (0.5 + 0.5 * np.cos(np.pi * distances / combs.width_bins))
    counted = audible[..., None] & (distances <= combs.width_bins) & (bins >= 0) & (bins < n_bins)
    pitches = np.broadcast_to(np.arange(len(frequencies_hz))[:, None, None], bins.shape)
    shapes = np.zeros((len(frequencies_hz), n_bins), dtype=np.float32)
    np.maximum.at(shapes, (pitches[counted], bins[counted].astype(np.int64)), lobes[counted].astype(np.float32))
    return shapes
