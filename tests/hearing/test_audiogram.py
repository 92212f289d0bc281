"""Audiograms: the degree of a loss at the very borders of its definitions."""

from __future__ import annotations

import math

import pytest

from rebalance.hearing import Audiogram, Listener, Severity

FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)


def flat(threshold_db_hl: float) -> Audiogram:
    return Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(threshold_db_hl,) * 8)


@pytest.mark.parametrize(
    ("border_db_hl", "below", "at"),
    [
        (20.0, "none", "mild"),
        (35.0, "mild", "moderate"),
        (50.0, "moderate", "moderately severe"),
        (65.0, "moderately severe", "severe"),
    ],
)
def test_a_border_of_the_site_belongs_to_the_greater_loss(border_db_hl: float, below: Severity, at: Severity) -> None:
    assert flat(border_db_hl).severity("site") == at
    assert flat(math.nextafter(border_db_hl, 0.0)).severity("site") == below


@pytest.mark.parametrize(
    ("border_db_hl", "at", "above"),
    [(15.0, "none", "mild"), (35.0, "mild", "moderate"), (56.0, "moderate", "severe")],
)
def test_a_border_of_pyclarity_belongs_to_the_smaller_loss(border_db_hl: float, at: Severity, above: Severity) -> None:
    assert flat(border_db_hl).severity("code") == at
    assert flat(math.nextafter(border_db_hl, 100.0)).severity("code") == above


def test_each_definition_averages_its_own_frequencies_both_ends_included() -> None:
    # Mean at 0.5, 1, 2 and 4 kHz: (80 + 0 + 0 + 0) / 4 = 20. Mean from 2 to 8 kHz: (60 + 0 + 0 + 0 + 20) / 5 = 16.
    low = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(0, 80, 0, 0, 0, 0, 0, 0))
    assert (low.severity("site"), low.severity("code")) == ("mild", "none")
    high = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(0, 0, 0, 60, 0, 0, 0, 20))
    assert (high.severity("site"), high.severity("code")) == ("none", "mild")


def test_the_severity_of_a_listener_is_that_of_the_better_ear() -> None:
    for left, right in ((20.0, 65.0), (65.0, 20.0)):
        assert Listener(name="me", left=flat(left), right=flat(right)).severity("site") == "mild"
