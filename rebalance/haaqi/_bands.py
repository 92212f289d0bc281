"""The auditory bands: where they lie, how broad their gammatone filters are, how long these delay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import group_delay

SAMPLE_RATE = 24_000
N_BANDS = 32
MIN_CENTRE_HZ = 80.0
MAX_CENTRE_HZ = 8000.0

# Moore and Glasberg (1983) in the form of Slaney (1993): width = centre / EAR_Q + NARROWEST_HZ.
EAR_Q = 9.26449
NARROWEST_HZ = 24.7
# Width of a fourth-order gammatone filter over the equivalent rectangular one.
GAMMATONE_WIDTH = 1.019


@lru_cache(maxsize=1)
def centre_frequencies_hz() -> NDArray[np.float64]:
    """Return the 32 centre frequencies from 80 to 8000 Hz, evenly spaced in equivalent rectangular bandwidths.

    Source: Slaney (1993); ``center_frequency`` of pyclarity.

    Returns
    -------
    NDArray
        Shape ``(32,)``, rising; read-only.

    Examples
    --------
    >>> from rebalance.haaqi import centre_frequencies_hz
    >>> centre_frequencies_hz()[[0, -1]].round().tolist()
    [80.0, 8000.0]
    """
    corner = EAR_Q * NARROWEST_HZ
    steps = np.arange(1, N_BANDS) * (-np.log(MAX_CENTRE_HZ + corner) + np.log(MIN_CENTRE_HZ + corner))
    descending = -corner + np.exp(steps / (N_BANDS - 1)) * (MAX_CENTRE_HZ + corner)
    centres = np.flip(np.insert(descending, 0, MAX_CENTRE_HZ))
    centres.setflags(write=False)
    return centres


def filter_widths_hz() -> NDArray[np.float64]:
    """Return the widths of the fourth-order gammatone filters of a normal ear at the centre frequencies.

    Source: Moore and Glasberg (1983); the width of a filter is 1.019 times its equivalent rectangular bandwidth.

    Returns
    -------
    NDArray
        Shape ``(32,)``, in Hz.

    Examples
    --------
    >>> from rebalance.haaqi import filter_widths_hz
    >>> filter_widths_hz()[[0, -1]].round().tolist()
    [34.0, 905.0]
    """
    return GAMMATONE_WIDTH * _rectangular_widths_hz()


def _rectangular_widths_hz() -> NDArray[np.float64]:
    """Return the equivalent rectangular bandwidths at the centre frequencies."""
    return NARROWEST_HZ + centre_frequencies_hz() / EAR_Q


@dataclass(frozen=True, slots=True, kw_only=True)
class Gammatone:
    """Fourth-order gammatone filters, one per band, acting on the signal shifted down by its centre frequency.

    Parameters
    ----------
    poles
        The fourfold real pole, shape ``(n_bands,)``.
    gains
        Gain that makes the pass band flat, shape ``(n_bands,)``.
    """

    poles: NDArray[np.float64]
    gains: NDArray[np.float64]


def gammatone(bandwidth: NDArray[np.float64]) -> Gammatone:
    """Design the filters for widths relative to a normal ear, shape ``(n_bands,)``.

    Source: Cooke (1993), impulse-invariant; ``gammatone_basilar_membrane`` of pyclarity.
    """
    a = np.exp(-(bandwidth * (2 * np.pi / SAMPLE_RATE) * _rectangular_widths_hz() * GAMMATONE_WIDTH))
    _, denominator = _polynomials(a)
    gains = 2.0 * denominator.sum(axis=1) / (1.0 + 4.0 * a + 4.0 * a * a)
    return Gammatone(poles=a, gains=gains)


def delays_to_align(filters: Gammatone) -> NDArray[np.intp]:
    """Return the samples each band must wait so that all bands lag as the slowest does, shape ``(n_bands,)``.

    Source: ``group_delay_compensate`` of pyclarity, which takes the group delay at the band's centre.
    """
    numerators, denominators = _polynomials(filters.poles)
    at_centre = [group_delay(filter_, w=np.zeros(1))[1][0] for filter_ in zip(numerators, denominators, strict=True)]
    delays = np.rint(at_centre).astype(np.intp)
    return np.asarray(delays.max() - delays)


def _polynomials(a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the transfer functions' numerators, shape ``(n_bands, 3)``, and denominators, ``(n_bands, 5)``."""
    one = np.ones_like(a)
    numerators = np.stack((one, 4.0 * a, 4.0 * a * a), axis=1)
    denominators = np.stack((one, -4.0 * a, 6.0 * a * a, -4.0 * a * a * a, a * a * a * a), axis=1)
    return numerators, denominators
