"""What a remix makes of the gains asked for: right for oracles, honest for those that separate badly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebalance import load_task
from rebalance._base.errors import ConfigError
from rebalance.audio import changes_of, made_gains, measure_leakage, relative_gains_db, remix_as_edit
from rebalance.pipeline import estimate_sources
from rebalance.separation import load_separator
from rebalance.task import read_source

DEMO = Path(__file__).parents[2] / "metadata" / "demo"
AVERAGE_SPECTRA = "rebalance.separation._average_spectra:average_spectra_separator"


def true_balance_db(remixed: np.ndarray, sources: list[np.ndarray], gains_db: dict[str, float]) -> dict[str, float]:
    """The gain of every true source by least squares, relative to those not asked to move."""
    stacked = np.stack([source.ravel() for source in sources]).astype(np.float64)
    found = np.linalg.solve(stacked @ stacked.T, stacked @ remixed.ravel())
    levels_db = dict(zip(gains_db, 20 * np.log10(found), strict=True))
    centre = np.mean([levels_db[name] for name, gain_db in gains_db.items() if gain_db == 0])
    return {name: level - centre for name, level in levels_db.items()}


def told_and_true(separator_name: str, segment_name: str, gain_db: float) -> list[tuple[float, float]]:
    task = load_task(DEMO, "valid", require_sources=True)
    segment = task.segments[segment_name]
    separator = load_separator(separator_name, device="cpu")
    mixture = read_source(task, segment.mixture)
    sources = [read_source(task, source) for source in segment.sources]
    estimates = estimate_sources(separator, task, segment)
    leakage = measure_leakage(mixture, estimates)
    pairs = []
    for name in estimates:
        gains_db = {other: gain_db if other == name else 0.0 for other in estimates}
        remixed = remix_as_edit(mixture, estimates, gains_db, shrinkage=separator.info.shrinkage)
        made = made_gains(leakage, changes_of(gains_db, shrinkage=separator.info.shrinkage))
        told = relative_gains_db(made, gains_db).gains_db[name]
        pairs.append((told, true_balance_db(remixed, sources, gains_db)[name]))
    return pairs


SEGMENTS = ["haydn-quartet_000", "mozart-winds_000"]


@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("gain_db", [6.0, -6.0, 3.0])
def test_an_oracle_makes_what_is_asked_and_is_told_to(segment: str, gain_db: float) -> None:
    for told, true in told_and_true("oracle", segment, gain_db):
        assert true == pytest.approx(gain_db, abs=0.01)
        assert told == pytest.approx(gain_db, abs=0.15)


@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("separator", ["ideal-ratio-mask", "ideal-binary-mask"])
def test_what_ideal_masks_make_is_told_within_half_a_decibel(segment: str, separator: str) -> None:
    for told, true in told_and_true(separator, segment, 6.0):
        assert told == pytest.approx(true, abs=0.5)
        assert true < 5.9


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_weak_separator_is_not_said_to_make_what_it_does_not(segment: str) -> None:
    pairs = told_and_true(AVERAGE_SPECTRA, segment, 6.0)
    told, true = np.array(pairs).T
    assert told.mean() == pytest.approx(true.mean(), abs=0.5)
    assert told.max() < 4
    assert np.all(np.abs(told - true) < 1.5)


@pytest.mark.parametrize("gain_db", [6.0, -6.0])
def test_no_separation_is_told_to_make_nothing(gain_db: float) -> None:
    for told, true in told_and_true("mixture", SEGMENTS[0], gain_db):
        assert told == pytest.approx(0, abs=1e-9)
        assert true == pytest.approx(0, abs=1e-9)


def test_two_voices_that_share_an_estimate_share_a_gain() -> None:
    rng = np.random.default_rng(0)
    pair, cello = rng.normal(0, 1, (2, 1, 10_000))
    estimates = {"Violin_1": pair / 2, "Violin_2": pair / 2, "Cello": cello}
    gains_db = {"Violin_1": 6.0, "Violin_2": 0.0, "Cello": 0.0}
    leakage = measure_leakage(pair + cello, estimates)
    assert leakage.likeness("Violin_1", "Violin_2") == pytest.approx(1)
    assert abs(leakage.likeness("Violin_1", "Cello")) < 0.05
    made = made_gains(leakage, changes_of(gains_db))
    assert made["Violin_1"] == pytest.approx(made["Violin_2"])
    assert made["Violin_1"] > made["Cello"]


def test_leakages_of_parts_add_up_to_that_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    estimates = {name: rng.normal(0, 1, (2, 1_000)) for name in ("Flute", "Oboe")}
    mixture = sum(estimates.values()) + rng.normal(0, 0.1, (2, 1_000))
    whole = measure_leakage(mixture, estimates)
    parts = [
        measure_leakage(mixture[:, part], {name: signal[:, part] for name, signal in estimates.items()})
        for part in (slice(0, 300), slice(300, None))
    ]
    joined = parts[0] + parts[1]
    np.testing.assert_allclose(joined.among, whole.among)
    np.testing.assert_allclose(joined.with_mixture, whole.with_mixture)
    assert joined.mixture_power == pytest.approx(whole.mixture_power)
    with pytest.raises(ConfigError, match="same sources"):
        whole + measure_leakage(mixture, {"Flute": estimates["Flute"]})


def test_a_silent_player_has_no_gain() -> None:
    tone = np.ones((1, 100))
    estimates = {"Flute": tone, "Oboe": 0 * tone}
    made = made_gains(measure_leakage(tone, estimates), changes_of({"Flute": 0.0, "Oboe": 6.0}))
    assert made["Oboe"] is None
    assert relative_gains_db(made, {"Flute": 0.0, "Oboe": 6.0}).gains_db["Oboe"] is None


def test_gains_are_relative_to_those_not_asked_to_move_or_to_all() -> None:
    some = relative_gains_db({"a": 2.0, "b": 1.0, "c": 1.0}, {"a": 6.0, "b": 0.0, "c": 0.0})
    assert some.reference == ("b", "c")
    assert some.gains_db["a"] == pytest.approx(6.0206, abs=1e-4)
    everybody = relative_gains_db({"a": 2.0, "b": 1.0}, {"a": 6.0, "b": 3.0}, reliability=0.5)
    assert everybody.reference == ("a", "b")
    assert everybody.gains_db["a"] == pytest.approx(6.0206 / 4, abs=1e-4)


@pytest.mark.parametrize("strength", [0.5, 1.0, 1.5])
def test_strength_multiplies_the_change(strength: float) -> None:
    gains_db = {"a": 6.0, "b": -3.0}
    plain = changes_of(gains_db, shrinkage=0.6)
    for name, change in changes_of(gains_db, shrinkage=0.6, strength=strength).items():
        assert change == pytest.approx(strength * plain[name])
    mixture, estimates = np.ones((1, 4)), {"a": np.full((1, 4), 0.7), "b": np.full((1, 4), 0.3)}
    edited = remix_as_edit(mixture, estimates, gains_db, shrinkage=0.6, strength=strength)
    expected = 1 + strength * (0.7 * plain["a"] + 0.3 * plain["b"])
    np.testing.assert_allclose(edited, expected)


def test_no_more_is_taken_away_than_there_is() -> None:
    assert changes_of({"a": -60.0, "b": 0.0}, strength=1.5)["a"] == -1.0


@pytest.mark.parametrize("strength", [-0.1, 1.51, float("nan")])
def test_strengths_out_of_range_are_refused(strength: float) -> None:
    with pytest.raises(ConfigError, match=r"strength: expected 0 to 1\.5"):
        changes_of({"a": 1.0, "b": 0.0}, strength=strength)
