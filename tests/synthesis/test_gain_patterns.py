from collections import Counter

import numpy as np
import pytest

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.taskmaking._gain_patterns import GainTable, draw_gain_patterns, gain_patterns, source_gains

ALTERED_DB = {-10, -6, -3, 3, 6, 10}


@pytest.mark.parametrize(("n_sources", "count"), [(2, 12), (3, 126), (4, 1104), (5, 9030)])
def test_there_are_as_many_patterns_as_the_rule_allows(n_sources, count):
    patterns = gain_patterns(n_sources)
    assert len(patterns) == len(set(patterns)) == count == 7**n_sources - 1 - 6**n_sources


@pytest.mark.parametrize("n_sources", [2, 3, 4, 5])
def test_one_to_all_but_one_sources_are_altered_by_one_of_six_values(n_sources):
    for pattern in gain_patterns(n_sources):
        altered = [gain for gain in pattern if gain != 0]
        assert len(pattern) == n_sources
        assert 1 <= len(altered) <= n_sources - 1
        assert set(altered) <= ALTERED_DB


@pytest.mark.parametrize("n_sources", [0, 1, 6])
def test_ensembles_the_challenge_does_not_have_are_refused(n_sources):
    with pytest.raises(ConfigError, match=rf"expected 2 to 5 sources, got {n_sources}"):
        gain_patterns(n_sources)


def test_every_pattern_is_drawn_about_equally_often():
    rng = np.random.default_rng(1)
    drawn = Counter(pattern for _ in range(3000) for pattern in draw_gain_patterns(3, 4, rng))
    assert len(drawn) == 126
    expected = 3000 * 4 / 126
    chi_square = sum((count - expected) ** 2 / expected for count in drawn.values())
    assert chi_square < 180  # the 99.9 % quantile for 125 degrees of freedom is 179


def test_patterns_of_one_draw_differ_and_depend_on_the_seed_only():
    first = draw_gain_patterns(2, 12, np.random.default_rng(5))
    assert set(first) == set(gain_patterns(2))
    assert first == draw_gain_patterns(2, 12, np.random.default_rng(5))
    assert first != draw_gain_patterns(2, 12, np.random.default_rng(6))


def test_more_patterns_than_there_are_cannot_be_drawn():
    with pytest.raises(ConfigError, match="expected 0 to 12 for 2 sources, got 13"):
        draw_gain_patterns(2, 13, np.random.default_rng(0))


def test_names_do_not_depend_on_the_order_in_which_patterns_arrive():
    patterns = [gain_patterns(2)[3], gain_patterns(4)[700], gain_patterns(5)[-1]]
    forwards = GainTable(gains_db={}).with_patterns(patterns)
    one_by_one = GainTable(gains_db={})
    for pattern in reversed(patterns):
        one_by_one = one_by_one.with_patterns([pattern])
    assert forwards == one_by_one
    assert list(forwards.gains_db) == ["gain_0004", "gain_0839", "gain_10272"]


def test_patterns_that_have_a_name_keep_it_and_a_taken_name_is_never_given_again():
    official = GainTable(gains_db={"gain_0001": source_gains(gain_patterns(3)[5])})
    table = official.with_patterns([gain_patterns(3)[5], gain_patterns(2)[0]])
    assert table.gains_db["gain_0001"] == source_gains(gain_patterns(3)[5])
    assert table.names[gain_patterns(3)[5]] == "gain_0001"
    assert table.names[gain_patterns(2)[0]] == "gain_10273"
    assert len(table.gains_db) == 2


def test_a_table_groups_its_patterns_by_number_of_sources():
    table = GainTable(gains_db={}).with_patterns([gain_patterns(4)[0], gain_patterns(2)[0], gain_patterns(4)[9]])
    groups = table.by_n_sources
    assert list(groups) == [2, 4]
    assert {name for group in groups.values() for name in group} == set(table.gains_db)
    assert all(len(gains) == n for n, group in groups.items() for gains in group.values())


def test_gains_are_the_same_pattern_in_any_order_of_their_keys():
    table = GainTable(gains_db={"gain_7": {"source_2": 0.0, "source_1": -10.0}})
    assert table.with_patterns([(-10.0, 0.0)]) == table


def test_gains_that_do_not_number_their_sources_are_an_error():
    with pytest.raises(MetadataError, match=r"expected source_1 to source_2, got \['source_1', 'source_3'\]"):
        _ = GainTable(gains_db={"gain_0001": {"source_1": 0.0, "source_3": 3.0}}).names
