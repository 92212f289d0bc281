"""The normalising gain and the three ways to remix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.audio import changes_of, normalising_gain_db, official_remix, quantise_int16, remix, remix_as_edit

GAINS = st.sampled_from([-10.0, -6.0, -3.0, 0.0, 3.0, 6.0, 10.0])
GAIN_LISTS = st.lists(GAINS, min_size=2, max_size=5)


def some_sources(n_sources: int, seed: int = 0, n_samples: int = 500) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"source_{i + 1}": rng.normal(0, 0.05, (2, n_samples)).astype(np.float32) for i in range(n_sources)}


def named(gains: list[float]) -> dict[str, float]:
    return {f"source_{i + 1}": gain for i, gain in enumerate(gains)}


def test_normalising_gain_of_the_equation_worked_by_hand() -> None:
    assert normalising_gain_db([10.0, 0.0]) == pytest.approx(-10 * np.log10((10 + 1) / 2))
    assert normalising_gain_db({"a": -10.0, "b": 0.0, "c": 0.0}) == pytest.approx(-10 * np.log10(2.1 / 3))


@given(GAIN_LISTS)
def test_normalising_gain_keeps_the_mean_power_at_one(gains: list[float]) -> None:
    total = normalising_gain_db(gains)
    assert np.mean([10 ** ((gain + total) / 10) for gain in gains]) == pytest.approx(1.0)


@given(GAIN_LISTS, st.floats(-40, 40))
def test_normalising_gain_undoes_a_common_gain(gains: list[float], common: float) -> None:
    shifted = [gain + common for gain in gains]
    assert normalising_gain_db(shifted) == pytest.approx(normalising_gain_db(gains) - common, abs=1e-9)


@pytest.mark.parametrize("gains", [[], [np.nan, 0.0], [np.inf]])
def test_normalising_gain_rejects_what_has_none(gains: list[float]) -> None:
    with pytest.raises(MetadataError, match="finite"):
        normalising_gain_db(gains)


@given(GAIN_LISTS, st.integers(0, 1000))
def test_edit_with_the_true_sources_equals_the_sum(gains: list[float], seed: int) -> None:
    sources = some_sources(len(gains), seed)
    mixture = np.sum(list(sources.values()), axis=0, dtype=np.float64)
    np.testing.assert_allclose(
        remix_as_edit(mixture, sources, named(gains)), remix(sources, named(gains)), atol=1e-12, rtol=1e-9
    )


@given(GAINS, st.integers(2, 5), st.integers(0, 1000))
def test_equal_gains_return_the_mixture_bit_for_bit(gain: float, n_sources: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixture = (rng.integers(-32768, 32768, (2, 300)) / 32768).astype(np.float32)
    wrong_estimates = some_sources(n_sources, seed, n_samples=300)
    edited = remix_as_edit(mixture, wrong_estimates, named([gain] * n_sources))
    np.testing.assert_array_equal(quantise_int16(edited), (mixture * 32768).astype(np.int16))


@given(GAIN_LISTS)
def test_no_trust_returns_the_mixture(gains: list[float]) -> None:
    sources = some_sources(len(gains))
    mixture = sources["source_1"] * 3
    np.testing.assert_array_equal(remix_as_edit(mixture, sources, named(gains), shrinkage=0.0), mixture)


def test_trust_may_differ_between_sources() -> None:
    sources = some_sources(2)
    mixture = sources["source_1"] + sources["source_2"]
    gains = named([6.0, 0.0])
    only_first = remix_as_edit(mixture, sources, gains, shrinkage={"source_1": 1.0, "source_2": 0.0})
    change = 10 ** ((6.0 + normalising_gain_db(gains)) / 20) - 1
    np.testing.assert_allclose(only_first, mixture + change * sources["source_1"], atol=1e-8)


@pytest.mark.parametrize(("n_sources", "expected"), [(1, 1.0), (2, 1.0), (3, 0.5), (4, 0.25), (6, 0.25)])
def test_a_tuple_trusts_by_the_number_of_sources(n_sources: int, expected: float) -> None:
    signals = np.random.default_rng(2).standard_normal((n_sources, 2, 50))
    sources = {f"source_{number + 1}": signal for number, signal in enumerate(signals)}
    gains = named([6.0, *[0.0] * (n_sources - 1)])
    by_number = remix_as_edit(signals.sum(axis=0), sources, gains, shrinkage=(1.0, 0.5, 0.25))
    np.testing.assert_array_equal(by_number, remix_as_edit(signals.sum(axis=0), sources, gains, shrinkage=expected))


@pytest.mark.parametrize("shrinkage", [-0.1, 1.1, np.nan, (), (0.5, 7.0)])
def test_edit_rejects_trust_outside_its_range(shrinkage: float | tuple[float, ...]) -> None:
    sources = some_sources(2)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        remix_as_edit(sources["source_1"], sources, named([6.0, 0.0]), shrinkage=shrinkage)


def test_remix_rejects_a_gain_for_an_absent_source() -> None:
    with pytest.raises(MetadataError, match="source_3"):
        remix(some_sources(2), named([0.0, 3.0, 6.0]))


def test_remix_rejects_sources_of_different_lengths() -> None:
    sources = some_sources(2) | {"source_2": np.zeros((2, 400))}
    with pytest.raises(AudioError, match="one shape"):
        remix(sources, named([0.0, 3.0]))


def test_edit_rejects_an_estimate_of_another_length() -> None:
    with pytest.raises(AudioError, match="source_1"):
        remix_as_edit(np.zeros((2, 400)), some_sources(2), named([0.0, 3.0]))


@given(GAIN_LISTS)
def test_remixing_leaves_its_input_alone(gains: list[float]) -> None:
    sources = some_sources(len(gains))
    before = {name: signal.copy() for name, signal in sources.items()}
    mixture = np.sum(list(sources.values()), axis=0)
    mixture_before = mixture.copy()
    remix(sources, named(gains))
    remix_as_edit(mixture, sources, named(gains))
    official_remix(sources, named(gains), dict.fromkeys(sources, "Violin"))
    np.testing.assert_array_equal(mixture, mixture_before)
    for name, signal in sources.items():
        np.testing.assert_array_equal(signal, before[name])


PAIRS = [
    ["Violin", "Violin", "Viola", "Cello"],
    ["Flute", "Flute", "Violin", "Violin", "Bassoon"],
    ["Flute", "Oboe", "Clarinet"],
]


@pytest.mark.parametrize("instruments", PAIRS, ids="-".join)
def test_official_remix_equals_pyclarity(instruments: list[str]) -> None:
    import warnings

    from recipes.cad2.task2.baseline.evaluate import adjust_level, apply_gains, remix_stems

    sources = some_sources(len(instruments), seed=3, n_samples=44_100)
    by_name = dict(zip(sources, instruments, strict=True))
    gains = named([-10.0, 6.0, 3.0, 0.0, -3.0][: len(instruments)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stems = apply_gains({n: s.T for n, s in sources.items()}, 44_100, _pooled(gains, by_name))
    expected = adjust_level(remix_stems(stems), gains).T
    np.testing.assert_allclose(official_remix(sources, gains, by_name), expected, atol=1e-6)


def _pooled(gains: dict[str, float], instruments: dict[str, str]) -> dict[str, float]:
    """Average in dB over all repeated instruments, as the recipe's check_repeated_source does."""
    counts = list(instruments.values())
    repeated = [name for name, instrument in instruments.items() if counts.count(instrument) > 1]
    mean = float(np.mean([gains[name] for name in repeated])) if repeated else 0.0
    return {name: mean if name in repeated else gain for name, gain in gains.items()}


@given(GAINS, st.integers(1, 5), st.floats(0.0, 1.0))
def test_equal_gains_return_every_bit_of_a_float_mixture(gain: float, n_sources: int, trust: float) -> None:
    mixture = np.random.default_rng(n_sources).normal(0, 0.3, (2, 300)) * np.geomspace(1e-9, 1.0, 300)
    for signal in (mixture, mixture.astype(np.float32)):
        edited = remix_as_edit(
            signal, some_sources(n_sources, n_samples=300), named([gain] * n_sources), shrinkage=trust
        )
        assert edited.astype(signal.dtype).tobytes() == signal.tobytes()
        assert not np.shares_memory(edited, signal)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([[0.1, 0.2], [0.3, 0.4]], None),
        (np.array([[0.1, np.nan], [0.3, 0.4]]), "Flute: expected an array of finite numbers, got NaN or infinity"),
        (np.array([[0.1, np.inf], [0.3, 0.4]]), "Flute: expected an array of finite numbers, got NaN or infinity"),
        (["loud", "soft"], "Flute: expected an array of numbers, got list"),
        (None, "Flute: expected an array of finite numbers, got NoneType"),
        (0.5, "Flute: expected an array of finite numbers, got float"),
    ],
)
def test_what_is_no_signal_is_told_by_its_source(source: object, message: str | None) -> None:
    other = np.array([[0.1, 0.2], [0.3, 0.4]])
    sources: dict = {"Flute": source, "Cello": other}
    gains_db = {"Flute": 3.0, "Cello": 0.0}
    instruments = {"Flute": "Flute", "Cello": "Cello"}
    ways = (
        lambda: remix(sources, gains_db),
        lambda: remix_as_edit(other, sources, gains_db),
        lambda: official_remix(sources, gains_db, instruments),
    )
    for way in ways:
        if message is None:
            assert way().shape == (2, 2)
            continue
        with pytest.raises(AudioError, match=message):
            way()


def test_names_that_do_not_match_are_told_by_side() -> None:
    sources = {"Flute": np.zeros((2, 3)), "Cello": np.zeros((2, 3))}
    with pytest.raises(MetadataError, match=r"got none for \['Cello'\]"):
        remix(sources, {"Flute": 0.0})
    with pytest.raises(MetadataError, match=r"names of the sources, \['Cello', 'Flute'\], got \['Viola'\]"):
        remix(sources, {"Flute": 0.0, "Cello": 0.0, "Viola": 0.0})


@pytest.mark.parametrize("gain", ["3", None, float("nan"), [3.0]])
def test_gains_that_are_no_numbers_are_told(gain: object) -> None:
    with pytest.raises(MetadataError, match="gains: expected one or more finite numbers in dB, got"):
        normalising_gain_db([0.0, gain])  # type: ignore[list-item]


def test_changes_are_those_of_the_equation_and_equal_gains_change_nothing() -> None:
    assert changes_of({"a": 3.0, "b": 3.0}) == {"a": 0.0, "b": 0.0}
    g0 = np.sqrt((10 ** (6.0 / 10) + 1.0) / 2)
    expected = {"a": 10 ** (6.0 / 20) / g0 - 1.0, "b": 1.0 / g0 - 1.0}
    assert changes_of({"a": 6.0, "b": 0.0}) == pytest.approx(expected)
    half = changes_of({"a": 6.0, "b": 0.0}, shrinkage=0.5)
    assert half == pytest.approx({name: change / 2 for name, change in expected.items()})


def test_strength_multiplies_the_changes_and_takes_away_no_more_than_there_is() -> None:
    gains_db = {"a": 20.0, "b": -60.0}
    assert changes_of(gains_db, strength=0.0) == {"a": 0.0, "b": 0.0}
    assert changes_of(gains_db, shrinkage=0.5, strength=1.5) == pytest.approx(
        {name: 1.5 * change for name, change in changes_of(gains_db, shrinkage=0.5).items()}
    )
    assert changes_of(gains_db, strength=1.5)["b"] == -1.0
    mixture, sources = np.zeros((1, 2)), {"a": np.ones((1, 2)), "b": np.zeros((1, 2))}
    edited = remix_as_edit(mixture, sources, gains_db, shrinkage=0.5, strength=1.5)
    assert edited == pytest.approx(np.full((1, 2), changes_of(gains_db, shrinkage=0.5, strength=1.5)["a"]))
    for strength in (-0.1, 1.51):
        with pytest.raises(ConfigError, match=r"strength: expected 0 to 1\.5"):
            changes_of(gains_db, strength=strength)


def test_remixes_are_in_double_precision_whatever_the_sources_are() -> None:
    sources = {"a": np.full((1, 4), 1 / 3, dtype=np.float32), "b": np.full((1, 4), 7, dtype=np.int16)}
    gains_db = {"a": 3.0, "b": 0.0}
    double = {name: source.astype(np.float64) for name, source in sources.items()}
    np.testing.assert_array_equal(remix(sources, gains_db), remix(double, gains_db))
    edited = remix_as_edit(sources["a"], sources, gains_db)
    assert edited.dtype == np.float64
    np.testing.assert_array_equal(edited, remix_as_edit(double["a"], double, gains_db))


def test_the_official_remix_leaves_gains_alone_where_no_instrument_is_repeated() -> None:
    sources = some_sources(2)
    gains_db = {"source_1": 6.0, "source_2": -3.0}
    instruments = {"source_1": "Flute", "source_2": "Cello"}
    np.testing.assert_allclose(official_remix(sources, gains_db, instruments), remix(sources, gains_db), rtol=1e-12)
