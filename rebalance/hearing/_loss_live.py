"""The hearing-loss simulation for a processor that works as the sound comes: the listening room's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.hearing._audiogram import Audiogram
from rebalance.hearing._loss_filters import (
    FFT_SIZE,
    ear_response_db,
    envelope_section,
    gammatone_sections,
    smearing_matrix,
)
from rebalance.hearing._loss_simulation import CATCH_UP_DB_SPL, UPPER_CUTOFF_HZ, expansion_ratios, loss_degree
from rebalance.hearing._loss_tables import BANK_RATE

SpectrumRow: TypeAlias = tuple[int, tuple[float, ...]]

ENVELOPE_STEP = 16
MIN_LIVE_RATE = 16_000
MAX_LIVE_RATE = 192_000

# Weights of a row of the smearing matrix that are smaller than its largest by so much are left out.
_MIN_RELATIVE_WEIGHT = 1e-4
# Taps of an envelope beyond so many seconds, or smaller than the largest by so much, are left out.
_MAX_ENVELOPE_REACH_S = 0.03
_MIN_RELATIVE_TAP = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLossFilter:
    """One filter of a damaged cochlea.

    Parameters
    ----------
    sections
        Second-order sections one after the other, each ``(b0, b1, b2, a1, a2)``.
    late
        By how many samples its output is late.
    envelope
        The taps, an odd number of them and alike at both ends, that give the envelope of the rectified output, averaged
        over every `ENVELOPE_STEP` samples.
    exponent
        The output is multiplied by the envelope, relative to the largest, to this power.
    """

    sections: tuple[tuple[float, ...], ...]
    late: int
    envelope: tuple[float, ...]
    exponent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLossFilters:
    """All that one ear's simulation needs at one sample rate.

    Parameters
    ----------
    smearing
        From the sound field to the cochlea, smeared. For every bin of a spectrum of 512 points: the first bin it takes
        power from, and the weights of that one and those after it.
    filters
        Their outputs are delayed so that all are equally late, and added.
    restoring
        Back from the cochlea to the sound field, in the form of `smearing`.
    gain
        Factor of the sum.
    largest_envelope
        Envelope from which on nothing is expanded.
    """

    smearing: tuple[SpectrumRow, ...]
    filters: tuple[LiveLossFilter, ...]
    restoring: tuple[SpectrumRow, ...]
    gain: float
    largest_envelope: float


def live_loss_filters(audiogram: Audiogram, *, sample_rate: float, full_scale_db_spl: float) -> LiveLossFilters:
    """Return filters that simulate a loss of hearing as the sound comes.

    They do what `HearingLossSimulator` does, with envelopes over 30 ms on either side, and the outer and middle ear
    as weights of the spectra of short frames.

    Parameters
    ----------
    audiogram
        Of the ear.
    sample_rate
        In Hz, 16 to 192 kHz.
    full_scale_db_spl
        Level at the ear of a signal with a root mean square of 1, in dB SPL.

    Raises
    ------
    ConfigError
        If the rate is out of range.

    Examples
    --------
    >>> from rebalance.hearing import STANDARD_AUDIOGRAMS, live_loss_filters
    >>> severe = live_loss_filters(STANDARD_AUDIOGRAMS["N5"], sample_rate=44_100, full_scale_db_spl=88.0)
    >>> len(severe.filters), len(severe.smearing)
    (19, 256)
    """
    if not MIN_LIVE_RATE <= sample_rate <= MAX_LIVE_RATE:
        raise ConfigError(
            where="hearing-loss simulation",
            expected=f"a sample rate of {MIN_LIVE_RATE} to {MAX_LIVE_RATE} Hz",
            got=f"{sample_rate:g}",
        )
    degree = loss_degree(audiogram)
    bank = degree.bank
    to_cochlea = _power_response(sample_rate)
    smearing = np.eye(len(to_cochlea)) if degree.skirts is None else smearing_matrix(*degree.skirts, sample_rate)
    all_sections = gammatone_sections(bank, sample_rate)
    ratios = expansion_ratios(audiogram, bank)
    filters = []
    for index, sections in enumerate(all_sections):
        filters.append(
            LiveLossFilter(
                sections=tuple(_five(section) for section in sections),
                late=round(bank.delays[index] * sample_rate / BANK_RATE),
                envelope=_envelope_taps(bank.centres_hz[index], sample_rate),
                exponent=float(ratios[index] - 1.0),
            )
        )
    return LiveLossFilters(
        smearing=_sparse_rows(smearing * to_cochlea),
        filters=tuple(filters),
        restoring=_sparse_rows(np.diag(_kept(sample_rate) / to_cochlea)),
        gain=10 ** (-0.05 * bank.recombination_db),
        largest_envelope=10 ** (0.05 * (CATCH_UP_DB_SPL - full_scale_db_spl)),
    )


def _power_response(sample_rate: float) -> NDArray[np.float64]:
    """Return by how much more power every bin of a spectrum has in the cochlea; the lowest stands for what is near."""
    step_hz = sample_rate / FFT_SIZE
    frequencies_hz = np.array([step_hz / 2, *(np.arange(1, FFT_SIZE // 2) * step_hz)], dtype=np.float64)
    return np.asarray(10 ** (0.1 * ear_response_db(frequencies_hz)))


def _kept(sample_rate: float) -> NDArray[np.float64]:
    """Return how much power of every bin is kept: what the processing adds above 18 kHz is not."""
    frequencies_hz = np.arange(FFT_SIZE // 2) * sample_rate / FFT_SIZE
    return np.interp(frequencies_hz, (UPPER_CUTOFF_HZ - 1000.0, UPPER_CUTOFF_HZ + 1000.0), (1.0, 0.0))


def _sparse_rows(matrix: NDArray[np.float64]) -> tuple[tuple[int, tuple[float, ...]], ...]:
    """Return the first column and the weights of every row, the negligible ones at both ends left out."""
    rows: list[SpectrumRow] = []
    for row in matrix:
        (kept,) = np.nonzero(np.abs(row) > _MIN_RELATIVE_WEIGHT * np.abs(row).max())
        if not len(kept):
            rows.append((0, (0.0,)))
            continue
        rows.append((int(kept[0]), tuple(float(f"{weight:.6g}") for weight in row[kept[0] : kept[-1] + 1])))
    return tuple(rows)


def _five(section: NDArray[np.float64]) -> tuple[float, ...]:
    """Return a second-order section without the 1 in its middle."""
    return tuple(np.delete(section, 3).tolist())


def _envelope_taps(centre_hz: float, sample_rate: float) -> tuple[float, ...]:
    """Return every 16th sample of what an envelope's low-pass, applied forwards and backwards, makes of a click."""
    reach = int(_MAX_ENVELOPE_REACH_S * sample_rate / ENVELOPE_STEP) * ENVELOPE_STEP
    section = envelope_section(centre_hz, sample_rate)[0]
    click = np.zeros(8 * reach + 1)
    click[4 * reach] = 1.0
    response = scipy.signal.filtfilt(section[:3], section[3:], click, padlen=0)
    taps = response[3 * reach : 5 * reach + 1 : ENVELOPE_STEP]
    (kept,) = np.nonzero(np.abs(taps) >= _MIN_RELATIVE_TAP * np.abs(taps).max())
    centre = len(taps) // 2
    half = max(centre - int(kept[0]), int(kept[-1]) - centre)
    taps = taps[centre - half : centre + half + 1]
    return tuple((taps * response.sum() / taps.sum()).tolist())
