"""Multichannel Wiener filtering: magnitudes of all sources to estimates that sum to the mixture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError

_LEVEL = 10.0  # mixtures louder than this are scaled down to it, so that the regularisation keeps its meaning


def wiener(
    magnitudes: NDArray[np.floating], mixture: NDArray[np.complexfloating], *, n_iterations: int = 1
) -> NDArray[np.complex128]:
    """Return estimated spectra of all sources after some steps of expectation-maximisation.

    In mono one step shares the mixture in proportion to the squared magnitudes. Two or more channels get a spatial
    covariance for every source and bin.

    Parameters
    ----------
    magnitudes
        Of every source, shape ``(n_sources, n_channels, n_frames, n_bins)``, from 0; the mixture gives the phases.
    mixture
        Shape ``(n_channels, n_frames, n_bins)``.
    n_iterations
        Steps; 0 gives the magnitudes with the mixture's phase.

    Returns
    -------
    NDArray
        Shape of `magnitudes`.

    Raises
    ------
    AudioError
        If the shapes do not match, or a value is not finite.
    ConfigError
        If the number of steps is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import wiener
    >>> mixture = np.full((1, 2, 3), 4.0j)
    >>> estimates = wiener(np.stack([np.full((1, 2, 3), 3.0), np.full((1, 2, 3), 1.0)]), mixture)
    >>> estimates[:, 0, 0, 0].round(3)
    array([0.+3.6j, 0.+0.4j])

    Source: the scheme of norbert (MIT, Liutkus and Stöter 2019) after Duong, Vincent and Gribonval 2010 and Nugraha,
    Liutkus and Vincent 2016, without its softmask.
    """
    if magnitudes.ndim != 4 or magnitudes.shape[1:] != mixture.shape:
        raise AudioError(
            where="wiener", expected="(n_sources, n_channels, n_frames, n_bins)", got=f"{magnitudes.shape}"
        )
    if not (np.isfinite(magnitudes).all() and np.isfinite(mixture).all()):
        raise AudioError(where="wiener", expected="finite values", found="NaN or infinity")
    if n_iterations < 0:
        raise ConfigError(where="n_iterations", expected="from 0", got=str(n_iterations))
    heard = np.moveaxis(np.asarray(mixture, dtype=np.complex128), 0, -1)
    estimates = np.moveaxis(magnitudes * np.exp(1j * np.angle(mixture)), 1, -1)
    if n_iterations:
        level = max(1.0, float(np.abs(heard).max(initial=0.0)) / _LEVEL)
        heard, estimates = heard / level, estimates / level
        for _ in range(n_iterations):
            estimates = _step(estimates, heard)
        estimates = estimates * level
    return np.asarray(np.moveaxis(estimates, -1, 1), dtype=np.complex128)


def _step(estimates: NDArray[np.complex128], mixture: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return what the filters of the present estimates make of the mixture; channels are the last axis."""
    tiny = float(np.finfo(np.float64).eps)
    powers = np.mean(np.square(np.abs(estimates)), axis=-1)
    covariances = (
        np.einsum("stfc,stfd->sfcd", estimates, estimates.conj()) / (powers.sum(axis=1) + tiny)[..., None, None]
    )
    together = np.einsum("stf,sfcd->tfcd", powers, covariances) + np.sqrt(tiny) * np.eye(mixture.shape[-1])
    mono = mixture.shape[-1] == 1  # dividing is many times faster than solving
    explained = mixture / together[..., 0] if mono else np.linalg.solve(together, mixture[..., None])[..., 0]
    filtered = np.einsum("sfcd,tfd->stfc", covariances, explained)
    return np.asarray(powers[..., None] * filtered, dtype=np.complex128)
