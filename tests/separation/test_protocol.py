import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation import source_names


def test_only_repeated_instruments_are_numbered():
    assert source_names(("Violin", "Violin", "Viola", "Cello")) == ("Violin_1", "Violin_2", "Viola", "Cello")


def test_numbers_follow_the_order_of_the_voices_wherever_they_stand():
    assert source_names(("Flute", "Cello", "Flute")) == ("Flute_1", "Cello", "Flute_2")


def test_case_does_not_matter():
    assert source_names(("violin", "VIOLIN")) == ("Violin_1", "Violin_2")


def test_no_instruments_at_all_are_refused():
    with pytest.raises(ConfigError, match="at least one"):
        source_names(())


def test_one_text_instead_of_a_sequence_is_refused():
    with pytest.raises(ConfigError, match="sequence"):
        source_names("Violin")
