from collections import Counter

import numpy as np
import pytest

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.files import write_json
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram, EarFitting, Fitting, Listener
from rebalance.task import read_fittings, read_listeners
from rebalance.taskmaking import fittings_json, generate_listeners, listeners_json


@pytest.fixture(scope="module")
def many():
    return list(generate_listeners(120, seed=3).values())


def thresholds(listeners, ear):
    return np.array([listener.audiogram(ear).thresholds_db_hl for listener in listeners])


@pytest.mark.parametrize(
    ("definition", "severities"),
    [
        ("site", ("mild", "moderate", "moderately severe", "severe", "none")),
        ("code", ("mild", "moderate", "severe", "none")),
    ],
)
def test_each_severity_comes_as_often_as_the_others(definition, severities):
    listeners = generate_listeners(4 * len(severities), seed=1, severities=severities, definition=definition)
    found = Counter(listener.severity(definition) for listener in listeners.values())
    assert found == dict.fromkeys(severities, 4)


def test_a_severity_its_definition_does_not_know_is_refused():
    with pytest.raises(ConfigError, match="'moderately severe': no listener has it by the 'code' definition"):
        generate_listeners(1, seed=1, severities=("moderately severe",), definition="code")


@pytest.mark.parametrize(("count", "severities"), [(0, ("mild",)), (3, ())])
def test_nobody_at_all_is_refused(count, severities):
    with pytest.raises(ConfigError, match="expected at least one"):
        generate_listeners(count, seed=1, severities=severities)


def test_the_same_seed_gives_the_same_people_whatever_their_number():
    some = generate_listeners(4, seed=9)
    more = generate_listeners(7, seed=9)
    assert some == {name: more[name] for name in some}
    assert some != generate_listeners(4, seed=10)


def test_splits_share_neither_names_nor_people():
    splits = [generate_listeners(5, seed=2, split=split) for split in ("train", "valid", "test")]
    names = [name for listeners in splits for name in listeners]
    assert len(set(names)) == 15
    assert len({listener.left for listeners in splits for listener in listeners.values()}) == 15


def test_audiograms_are_written_down_as_an_audiologist_does(many):
    for ear in ("left", "right"):
        levels = thresholds(many, ear)
        assert many[0].audiogram(ear).frequencies_hz == CAD2_TASK2.audiogram_frequencies_hz
        assert np.all(levels % 5 == 0)
        assert levels.min() >= 0
        assert levels.max() <= 110


def test_hearing_falls_towards_high_frequencies_in_most_people(many):
    levels = thresholds(many, "left")
    sloping = levels[:, 5:].mean(axis=1) - levels[:, :2].mean(axis=1)
    assert np.mean(sloping > 0) > 0.9
    assert 15 < np.mean(sloping) < 50


def test_neighbouring_frequencies_are_alike_and_people_differ(many):
    levels = thresholds(many, "left")
    assert np.median(np.abs(np.diff(levels, axis=1))) <= 10
    assert len({tuple(row) for row in levels}) > 110


def test_the_two_ears_are_alike_except_in_a_few(many):
    left, right = thresholds(many, "left"), thresholds(many, "right")
    difference = np.abs((left - right).mean(axis=1))
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.8
    assert np.median(difference) < 5
    assert 0.03 < np.mean(difference > 10) < 0.25


def test_standard_audiograms_have_the_degree_their_table_gives_them():
    degrees = {name: audiogram.severity("site") for name, audiogram in STANDARD_AUDIOGRAMS.items()}
    assert [degrees[name] for name in ("N2", "N3", "N4", "N5", "N7")] == [
        "mild",
        "moderate",
        "moderately severe",
        "severe",
        "severe",
    ]


def test_listeners_survive_a_trip_through_their_file(tmp_path):
    listeners = generate_listeners(6, seed=4)
    write_json(tmp_path / "listeners.train.json", listeners_json(listeners))
    assert read_listeners(tmp_path / "listeners.train.json") == listeners


def test_fittings_survive_a_trip_through_their_file(tmp_path):
    ear = EarFitting(ratios=(1.0, 1.5, 2.0, 2.5, 3.0, 3.7), gains_db=(0.0, 1.5, 3.0, 4.5, 6.0, 28.0))
    fittings = {"L0001": Fitting(left=ear, right=ear)}
    write_json(tmp_path / "compressor_params.train.json", fittings_json(fittings))
    assert read_fittings(tmp_path / "compressor_params.train.json") == fittings


def test_ears_measured_at_different_frequencies_are_written_at_those_of_the_left():
    listener = Listener(
        name="me",
        left=Audiogram(frequencies_hz=(500, 1000, 2000), thresholds_db_hl=(10, 20, 30)),
        right=Audiogram(frequencies_hz=(500, 2000), thresholds_db_hl=(10, 30)),
    )
    entry = listeners_json({"me": listener})["me"]
    assert entry["audiogram_levels_r"] == pytest.approx([10, 20, 30])
    assert entry["audiogram_cfs"] == [500, 1000, 2000]


def test_pyclarity_reads_the_file_and_finds_the_same_severities(tmp_path):
    from clarity.utils.audiogram import Listener as Reference

    severities = ("mild", "moderate", "severe")
    listeners = generate_listeners(9, seed=6, severities=severities, definition="code")
    write_json(tmp_path / "listeners.train.json", listeners_json(listeners))
    references = Reference.load_listener_dict(tmp_path / "listeners.train.json")
    assert set(references) == set(listeners)
    for name, listener in listeners.items():
        for ours, theirs in (
            (listener.left, references[name].audiogram_left),
            (listener.right, references[name].audiogram_right),
        ):
            assert theirs.severity == {"none": "NOTHING"}.get(ours.severity("code"), ours.severity("code").upper())
            np.testing.assert_array_equal(theirs.levels, ours.thresholds_db_hl)
