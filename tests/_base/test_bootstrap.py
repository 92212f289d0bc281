from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebalance._base.bootstrap import sign_flip_p_value
from rebalance._base.errors import ConfigError
from rebalance.report import clustered_mean, paired_difference

VALUES = st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcde")), min_size=1, max_size=30)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def scores_of_pieces(n_pieces: int, n_per_piece: int, *, between: float, within: float, seed: int = 0):
    draw = np.random.default_rng(seed)
    pieces = np.repeat([f"piece{number}" for number in range(n_pieces)], n_per_piece)
    values = np.repeat(draw.normal(0.5, between, n_pieces), n_per_piece) + draw.normal(0, within, len(pieces))
    return values, list(pieces)


@given(data=VALUES)
def test_the_mean_counts_every_value_the_same_and_lies_in_its_interval(data):
    values, clusters = zip(*data, strict=True)
    estimate = clustered_mean(values, clusters, rng=rng(), n_resamples=200)
    assert estimate.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert estimate.n_values == len(values)
    assert estimate.n_clusters == len(set(clusters))
    if estimate.interval is not None:
        assert min(values) - 1e-12 <= estimate.interval.low <= estimate.interval.high <= max(values) + 1e-12


@given(data=VALUES, seed=st.integers(0, 1000))
def test_the_order_of_values_changes_no_digit(data, seed):
    shuffled = [data[place] for place in np.random.default_rng(seed).permutation(len(data))]
    assert clustered_mean(*zip(*data, strict=True), rng=rng(), n_resamples=50) == clustered_mean(
        *zip(*shuffled, strict=True), rng=rng(), n_resamples=50
    )


def test_a_single_cluster_has_no_interval():
    assert clustered_mean([0.1, 0.9], ["a", "a"], rng=rng()).interval is None


def test_the_interval_of_independent_values_is_that_of_the_normal_distribution():
    values, _ = scores_of_pieces(400, 1, between=0.1, within=0.0)
    interval = clustered_mean(values, [str(number) for number in range(400)], rng=rng()).interval
    half_width = 1.96 * np.std(values) / np.sqrt(400)
    assert interval.low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert interval.high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_scores_that_agree_within_a_piece_count_as_little_more_than_one():
    values, pieces = scores_of_pieces(40, 20, between=0.1, within=0.01)
    clustered = clustered_mean(values, pieces, rng=rng()).interval
    naive = clustered_mean(values, [str(number) for number in range(len(values))], rng=rng()).interval
    assert clustered.high - clustered.low > 3.5 * (naive.high - naive.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(300):
        values, pieces = scores_of_pieces(25, 4, between=0.1, within=0.05, seed=seed)
        interval = clustered_mean(values, pieces, rng=rng(), n_resamples=400).interval
        covered += interval.low <= 0.5 <= interval.high
    assert 0.88 <= covered / 300 <= 0.98


def test_a_difference_is_paired():
    first, pieces = scores_of_pieces(20, 3, between=0.2, within=0.1)
    improved = first + 0.01
    difference = paired_difference(first, improved, pieces, rng=rng())
    assert difference.estimate.mean == pytest.approx(0.01)
    assert difference.estimate.interval.low == pytest.approx(0.01)
    assert difference.p_value < 0.001


def test_a_difference_changes_sign_with_the_order_of_the_runs_and_keeps_its_p_value():
    first, pieces = scores_of_pieces(9, 3, between=0.2, within=0.1)
    second, _ = scores_of_pieces(9, 3, between=0.2, within=0.1, seed=1)
    forth = paired_difference(first, second, pieces, rng=rng())
    back = paired_difference(second, first, pieces, rng=rng())
    assert forth.estimate.mean == pytest.approx(-back.estimate.mean)
    assert forth.p_value == back.p_value


def test_the_sign_flip_test_by_hand():
    # Sums 3, 2, -1: of 8 flips, those of magnitude 4 or more are +++: 4, ++-: 6, and their mirror images.
    differences = [1.0, 2.0, 2.0, -1.0]
    assert sign_flip_p_value(differences, ["a", "a", "b", "c"], rng=rng()) == 4 / 8


def test_no_difference_at_all_is_never_significant():
    assert sign_flip_p_value(np.zeros(30), [str(number) for number in range(30)], rng=rng()) == 1.0


def test_random_flips_agree_with_all_flips():
    draw = np.random.default_rng(3)
    differences = draw.normal(0.3, 1.0, 12)
    clusters = [str(number) for number in range(12)]
    exact = sign_flip_p_value(differences, clusters, rng=rng())
    padded = sign_flip_p_value(np.append(differences, 0.0), [*clusters, "zero"], rng=rng(), n_flips=20_000)
    assert padded == pytest.approx(exact, abs=0.02)


def test_p_values_are_uniform_without_a_difference():
    p_values = [
        sign_flip_p_value(np.random.default_rng(seed).normal(0, 1, 10), list("abcdefghij"), rng=rng())
        for seed in range(300)
    ]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


@pytest.mark.parametrize(
    ("values", "clusters"), [([], []), ([0.1, float("nan")], ["a", "b"]), ([0.1, 0.2], ["a"]), ([[0.1]], ["a"])]
)
def test_unusable_values_are_refused(values, clusters):
    with pytest.raises(ConfigError, match="expected"):
        clustered_mean(values, clusters, rng=rng())


@pytest.mark.parametrize("n_flips", [9, 99])
def test_random_flips_count_the_observed_sample_among_them(n_flips):
    # Of 2**40 flips only two are as extreme as differences of one sign: what was observed is the only one found.
    clusters = [str(number) for number in range(40)]
    assert sign_flip_p_value(np.ones(40), clusters, rng=rng(), n_flips=n_flips) == 1 / (n_flips + 1)
