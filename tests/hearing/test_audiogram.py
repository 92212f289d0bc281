"""Audiograms: the degree of a loss at the very borders of its definitions."""

from __future__ import annotations

import math
import sys

import pytest
from matplotlib.figure import Figure

from rebalance._base.errors import ConfigError, MetadataError
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


def test_what_is_printed_of_a_listener_names_the_definition_of_its_severity() -> None:
    listener = Listener(name="me", left=flat(40.0), right=flat(10.0))
    assert repr(listener) == "Listener('me', left: moderate loss, right: no loss, by the code)"
    assert "no loss of the better ear, by the code" in listener._repr_html_()


def test_the_severity_of_a_listener_is_that_of_the_better_ear() -> None:
    for left, right in ((20.0, 65.0), (65.0, 20.0)):
        assert Listener(name="me", left=flat(left), right=flat(right)).severity("site") == "mild"


def test_a_listener_is_made_of_thresholds_and_a_fault_names_the_ear():
    me = Listener.of("me", left=[10] * 8, right=range(10, 90, 10))
    assert me.left.frequencies_hz == (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)
    assert me.right.thresholds_db_hl[-1] == 80.0
    other = Listener.of("me", left=[1, 2], right=[3, 4], frequencies_hz=[500, 2000])
    assert other.left == Audiogram(frequencies_hz=(500.0, 2000.0), thresholds_db_hl=(1.0, 2.0))
    with pytest.raises(MetadataError, match=r"listener me, right ear.*7 thresholds"):
        Listener.of("me", left=[10] * 8, right=[10] * 7)


def test_audiograms_are_plotted_as_audiologists_draw_them():
    me = Listener.of("me", left=[10] * 8, right=[20] * 8)
    axes = me.plot(Figure().subplots())
    assert [(line.get_label(), line.get_marker(), line.get_ydata()[0]) for line in axes.lines] == [
        ("right ear", "o", 20.0),
        ("left ear", "x", 10.0),
    ]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert me.left.plot(Figure().subplots()).lines[0].get_xdata()[-1] == 8.0


def test_a_plot_without_matplotlib_is_one_line_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"needs matplotlib.*pip install 'rebalance-music\[report\]'"):
        Listener.of("me", left=[10] * 8, right=[20] * 8).plot()
