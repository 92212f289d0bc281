"""What the page is told to simulate a loss of hearing."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import scipy.signal

from rebalance import ConfigError
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram, live_loss_filters

NONE = Audiogram(frequencies_hz=(500.0, 4000.0), thresholds_db_hl=(0.0, 0.0))


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("name", ["N1", "N3", "N5"])
def test_filters_lie_below_half_the_rate_and_have_a_gain_of_one(rate: int, name: str) -> None:
    filters = live_loss_filters(STANDARD_AUDIOGRAMS[name], sample_rate=rate, full_scale_db_spl=90.0)
    peaks = []
    for each in filters.filters:
        sections = np.insert(np.array(each.sections), 3, 1.0, axis=1)
        frequencies_hz, response = scipy.signal.sosfreqz(sections, 2**14, fs=rate)
        peaks.append(float(frequencies_hz[np.argmax(np.abs(response))]))
        assert 1.0 - 1e-3 < np.abs(response).max() < 1.2  # 1 at the centre, which the high-pass may shift
        assert len(each.envelope) % 2 == 1
        assert each.envelope == pytest.approx(each.envelope[::-1], abs=1e-6)
        assert sum(each.envelope) == pytest.approx(10 ** (-0.5 / 20), abs=1e-3)  # the ripple of two passes
    assert peaks == sorted(peaks)
    assert peaks[-1] < rate / 2


def test_without_a_loss_nothing_is_smeared_or_expanded() -> None:
    filters = live_loss_filters(NONE, sample_rate=44_100, full_scale_db_spl=90.0)
    assert all(each.exponent == 0.0 for each in filters.filters)
    both = [into[1][0] * back[1][0] for into, back in zip(filters.smearing, filters.restoring, strict=True)]
    assert [row[0] for row in filters.smearing] == list(range(256))
    assert both[:190] == pytest.approx([1.0] * 190, rel=1e-4)  # the spectrum comes back as it was
    assert filters.restoring[-1] == (0, (0.0,))  # but what lies above 18 kHz


def test_a_louder_full_scale_is_expanded_less() -> None:
    soft, loud = (
        live_loss_filters(STANDARD_AUDIOGRAMS["N3"], sample_rate=44_100, full_scale_db_spl=level)
        for level in (85.0, 105.0)
    )
    assert soft.largest_envelope == pytest.approx(10.0)
    assert loud.largest_envelope == pytest.approx(1.0)


def test_it_can_be_sent_as_json() -> None:
    text = json.dumps(asdict(live_loss_filters(NONE, sample_rate=48_000, full_scale_db_spl=90.0)), allow_nan=False)
    assert len(text) < 500_000


@pytest.mark.parametrize("rate", [8000, 384_000, float("nan")])
def test_a_rate_out_of_range_is_told(rate: float) -> None:
    with pytest.raises(ConfigError, match="expected a sample rate of 16000 to 192000 Hz, got"):
        live_loss_filters(NONE, sample_rate=rate, full_scale_db_spl=90.0)
