"""Filters of the hearing-loss simulation: outer and middle ear, smearing of the spectrum, gammatone filters."""

from __future__ import annotations

import functools

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from rebalance.hearing._loss_tables import (
    BANK_RATE,
    EAR_FREQUENCIES_HZ,
    MIDDLE_EAR_LOSS_DB,
    OUTER_EAR_DB,
    FilterBank,
)

FFT_SIZE = 512
GAMMATONE_ORDER = 4

_N_BINS = FFT_SIZE // 2
_ERB_AT_0_HZ = 24.7
_ERB_GROWTH_PER_HZ = 0.00437
_ENVELOPE_SHARE = 0.75
_MAX_ENVELOPE_ERB_HZ = 100.0
_LAST_GRID_POINT = 512


def erb_hz(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the equivalent rectangular bandwidth of a healthy ear's filters in Hz (Glasberg and Moore 1990)."""
    return _ERB_AT_0_HZ * (_ERB_GROWTH_PER_HZ * frequencies_hz + 1.0)


def ear_response_db(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much sound in front of the head is louder in the cochlea, in dB."""
    return np.interp(frequencies_hz, EAR_FREQUENCIES_HZ, np.subtract(OUTER_EAR_DB, MIDDLE_EAR_LOSS_DB))


@functools.cache
def ear_filter(*, backward: bool) -> NDArray[np.float64]:
    """Return a linear-phase filter at 44.1 kHz from the sound field to the cochlea, or backward.

    The response is sampled on a grid of 513 points, where every measured frequency takes the nearest point below: the
    filter is pyclarity's, whose ``fir2`` follows MATLAB's.
    """
    n_taps = 2 * int(BANK_RATE / 16_000 * 368 / 2) + 1
    nyquist_hz = BANK_RATE / 2
    frequencies_hz = np.array([*(each for each in EAR_FREQUENCIES_HZ if each < nyquist_hz), nyquist_hz])
    response = 10 ** (ear_response_db(frequencies_hz) * (-0.05 if backward else 0.05))
    on_grid = np.zeros(_LAST_GRID_POINT + 1)
    last_points = (frequencies_hz / nyquist_hz * len(on_grid)).astype(int) - 1
    first = 0
    for last, start, end in zip(last_points[1:], response[:-1], response[1:], strict=True):
        n_points = last - first + 1
        on_grid[first : last + 1] = np.linspace(start, end, n_points) if n_points > 1 else start
        first = max(first, last + 1)
    taps = np.fft.irfft(on_grid * np.exp(-0.5j * np.pi * (n_taps - 1) * np.linspace(0.0, 1.0, len(on_grid))))
    return taps[:n_taps] * scipy.signal.windows.kaiser(n_taps, 4.0)


@functools.cache
def smearing_matrix(lower: float, upper: float, sample_rate: float) -> NDArray[np.float64]:
    """Return what turns the power spectrum of a frame into one that excites a healthy ear as it would a damaged one.

    Source: Baer and Moore (1993), "Effects of spectral smearing on the intelligibility of sentences in noise".

    Parameters
    ----------
    lower, upper
        How many times wider the lower and the upper skirt of the filters of the damaged ear are.
    sample_rate
        In Hz.

    Returns
    -------
    NDArray
        Shape ``(256, 256)``: bins of the smeared spectrum by bins of the spectrum.
    """
    healthy = _excitation(1.0, 1.0, sample_rate)
    # Filters near the upper end are mirrored about their centres, so that the inverse is well behaved there.
    extended = np.pad(healthy, ((0, 0), (0, _N_BINS // 2)))
    for centre in range(_N_BINS // 2, _N_BINS):
        beyond = np.arange(_N_BINS, min(2 * centre - 1, 3 * _N_BINS // 2))
        extended[centre, beyond] = healthy[centre, 2 * centre - beyond]
    solution = np.linalg.lstsq(extended, _excitation(lower, upper, sample_rate), rcond=-1)[0]
    return np.asarray(solution[:_N_BINS], dtype=np.float64)


def _excitation(lower: float, upper: float, sample_rate: float) -> NDArray[np.float64]:
    """Return rounded-exponential filters, one row per centre, shape ``(256, 256)`` (Patterson and others 1982)."""
    bins = np.arange(_N_BINS)
    centres = bins[1:, None]
    centres_hz = centres * sample_rate / FFT_SIZE
    bandwidths_hz = erb_hz(centres_hz)
    slopes = 4.0 * centres_hz / (bandwidths_hz * np.where(bins < centres, lower, upper))
    distances = np.abs(centres - bins) / centres * slopes
    mean_width = (lower + upper) / 2
    weights = (1.0 + distances) * np.exp(-distances) / (bandwidths_hz * mean_width / _ERB_AT_0_HZ)
    return np.vstack([np.eye(1, _N_BINS) / mean_width, weights])


def gammatone_sections(bank: FilterBank, sample_rate: float) -> list[NDArray[np.float64]]:
    """Return every filter of a bank as second-order sections, with a gain of 1 at its centre.

    A filter is a resonator applied four times; those with a corner have a Bessel high-pass after it.

    Returns
    -------
    list
        One array of shape ``(4 or 5, 6)`` for every centre below half the sample rate.
    """
    centres_hz = np.array(bank.centres_hz)
    radii = np.exp(-2 * np.pi * bank.broadening * erb_hz(centres_hz) / sample_rate)
    angles = 2 * np.pi * centres_hz / sample_rate
    sections = []
    for radius, angle, corner_hz in zip(radii, angles, bank.corners_hz, strict=True):
        if angle >= np.pi:
            break
        turned = radius * np.cos(angle)
        resonator = _of_unit_gain(np.array([1.0, -turned, 0.0, 1.0, -2 * turned, radius**2]), angle)
        filters = [resonator] * GAMMATONE_ORDER
        if corner_hz is not None:
            filters.append(_of_unit_gain(_bessel_high_pass(corner_hz, sample_rate), angle))
        sections.append(np.array(filters))
    return sections


def envelope_section(centre_hz: float, sample_rate: float) -> NDArray[np.float64]:
    """Return the low-pass that makes an envelope of a rectified signal, shape ``(1, 6)``; it is applied twice."""
    cutoff_hz = _ENVELOPE_SHARE * min(_MAX_ENVELOPE_ERB_HZ, float(erb_hz(np.array(centre_hz))))
    return np.asarray(scipy.signal.ellip(2, 0.25, 35, cutoff_hz, fs=sample_rate, output="sos"))


def _bessel_high_pass(corner_hz: float, sample_rate: float) -> NDArray[np.float64]:
    """Return a high-pass of second order with the phase of a Bessel filter."""
    k = np.sqrt(3.0) * np.tan(np.pi * corner_hz / sample_rate)
    total = 1.0 + np.sqrt(3.0) * k + k**2
    return np.array([1.0, -2.0, 1.0, 1.0, 2.0 * (k**2 - 1.0) / total, (1.0 - np.sqrt(3.0) * k + k**2) / total])


def _of_unit_gain(section: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Return a section scaled to a gain of 1 at an angle on the unit circle."""
    _, response = scipy.signal.freqz(section[:3], section[3:], [angle])
    return np.concatenate([section[:3] / np.abs(response[0]), section[3:]])
