"""What holds for every separator there is."""

from collections import Counter

import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import SEPARATORS, Separator, load_separator, source_names

TRIO = ("Violin", "Violin", "Cello")


@pytest.fixture(params=[*sorted(SEPARATORS), "network", "causal network", "tracker"])
def separator(request, convtasnet_folder, network_checkpoint, causal_checkpoint, tracker_checkpoint):
    name = request.param
    checkpoints = {
        "network": network_checkpoint,
        "causal network": causal_checkpoint,
        "tracker": tracker_checkpoint,
    }
    if name.startswith("convtasnet"):
        return load_separator(f"{name}:{convtasnet_folder}", device="cpu")
    return load_separator(checkpoints.get(name, name), device="cpu")


def separate(separator, mixture, instruments, sources=None):
    """Call a separator; oracles first learn the given sources, or equal parts of the mixture."""
    if separator.needs_sources:
        names = source_names(instruments)
        parts = dict.fromkeys(names, mixture / np.float32(len(names)))
        separator = separator.informed_by(sources or parts)
    return separator(mixture, instruments)


def test_it_is_a_separator_at_the_challenge_rate(separator):
    assert isinstance(separator, Separator)
    assert separator.sample_rate == 44_100
    assert 0.0 <= np.min(separator.shrinkage) <= np.max(separator.shrinkage) <= 1.0


def test_estimates_are_named_after_the_instruments_in_their_order(separator, scene):
    sources, mixture = scene
    estimates = separate(separator, mixture, TRIO, sources)
    assert tuple(estimates) == ("Violin_1", "Violin_2", "Cello")
    assert all(estimate.dtype == np.float32 and estimate.shape == mixture.shape for estimate in estimates.values())
    assert all(np.isfinite(estimate).all() for estimate in estimates.values())


def test_the_order_of_the_instruments_changes_nothing_but_the_order(separator, scene):
    sources, mixture = scene
    forward = separate(separator, mixture, TRIO, sources)
    other = separate(separator, mixture, ("Cello", "Violin", "Violin"), sources)
    assert tuple(other) == ("Cello", "Violin_1", "Violin_2")
    for name, estimate in forward.items():
        np.testing.assert_allclose(other[name], estimate, atol=1e-6)


def test_estimates_sum_to_the_mixture_where_that_is_claimed(separator, scene):
    sources, mixture = scene
    estimates = separate(separator, mixture, TRIO, sources)
    if separator.mixture_consistent:
        np.testing.assert_allclose(sum(estimates.values()), mixture, atol=1e-5)


def test_two_voices_together_are_no_more_than_one(separator, scene, rng):
    """The pair's estimates sum to what one voice alone would get, never to twice that."""
    _, mixture = scene
    if separator.needs_sources:
        pytest.skip("an oracle knows each voice")
    one = separate(separator, mixture, ("Violin", "Cello"))
    two = separate(separator, mixture, TRIO)
    pair = two["Violin_1"] + two["Violin_2"]
    assert np.sum(pair**2) < 2.0 * np.sum(one["Violin"] ** 2)


def test_a_voice_of_a_pair_never_carries_the_whole_pair(separator, scene):
    sources, mixture = scene
    estimates = separate(separator, mixture, TRIO, sources)
    pair = estimates["Violin_1"] + estimates["Violin_2"]
    assert all(np.sum(estimates[name] ** 2) < 0.9 * np.sum(pair**2) for name in ("Violin_1", "Violin_2"))


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("n_samples", [1, 2, 19, 21, 1023, 4097])
def test_any_length_and_mono_are_accepted(separator, rng, n_channels, n_samples):
    mixture = (0.1 * rng.standard_normal((n_channels, n_samples))).astype(np.float32)
    estimates = separate(separator, mixture, ("Flute", "Oboe"))
    assert [estimate.shape for estimate in estimates.values()] == [mixture.shape] * 2


def test_mono_and_the_same_in_stereo_agree(separator, rng):
    mono = (0.1 * rng.standard_normal((1, 3000))).astype(np.float32)
    once = separate(separator, mono, ("Flute", "Oboe"))
    twice = separate(separator, np.repeat(mono, 2, axis=0), ("Flute", "Oboe"))
    for name, estimate in once.items():
        np.testing.assert_allclose(twice[name].mean(axis=0, keepdims=True), estimate, atol=1e-6)


def test_silence_stays_silent(separator):
    estimates = separate(separator, np.zeros((2, 5000), dtype=np.float32), TRIO)
    assert not any(estimate.any() for estimate in estimates.values())


def test_the_input_is_left_alone_and_not_handed_back(separator, scene):
    sources, mixture = scene
    before = mixture.copy()
    estimates = separate(separator, mixture, TRIO, sources)
    for estimate in estimates.values():
        np.add(estimate, 1.0, out=estimate)
    assert np.array_equal(mixture, before)


def test_sources_of_an_oracle_are_not_handed_out(separator, scene):
    sources, mixture = scene
    before = {name: source.copy() for name, source in sources.items()}
    for estimate in separate(separator, mixture, TRIO, sources).values():
        np.add(estimate, 1.0, out=estimate)
    assert all(np.array_equal(sources[name], before[name]) for name in sources)


def test_the_same_input_gives_the_same_numbers(separator, scene):
    sources, mixture = scene
    first, second = (separate(separator, mixture, TRIO, sources) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_double_precision_is_accepted(separator, scene):
    sources, mixture = scene
    single = separate(separator, mixture, TRIO, sources)
    double = separate(separator, mixture.astype(np.float64), TRIO, sources)
    assert all(np.array_equal(single[name], double[name]) for name in single)


@pytest.mark.parametrize("n_sources", [1, 2, 5])
def test_one_to_five_sources_are_accepted(separator, rng, n_sources):
    instruments = ("Violin", "Violin", "Viola", "Cello", "Flute")[:n_sources]
    mixture = (0.1 * rng.standard_normal((2, 2000))).astype(np.float32)
    assert Counter(separate(separator, mixture, instruments).keys()) == Counter(source_names(instruments))


def test_an_unknown_instrument_is_named_with_the_closest_known_one(separator, scene):
    with pytest.raises(ConfigError, match=r"'Violine'.*did you mean 'Violin'"):
        separator(scene[1], ("Violine", "Cello"))


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_a_mixture_that_is_not_finite_is_refused(separator, scene, spoilt):
    mixture = scene[1].copy()
    mixture[1, 7] = spoilt
    with pytest.raises(AudioError, match="finite"):
        separator(mixture, TRIO)


@pytest.mark.parametrize("shape", [(2, 0), (100,), (3, 100), (0, 100)])
def test_an_empty_or_misshapen_mixture_is_refused(separator, shape):
    with pytest.raises(AudioError, match="expected"):
        separator(np.zeros(shape, dtype=np.float32), TRIO)


def test_integer_samples_are_refused(separator):
    with pytest.raises(AudioError, match="int16"):
        separator(np.zeros((2, 100), dtype=np.int16), TRIO)
