from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clarity.utils.audiogram import Listener as PyclarityListener
from hypothesis import given, strategies as st

from rebalance._base.errors import MetadataError
from rebalance.hearing import Audiogram
from rebalance.task import MetadataWarning, read_fittings, read_listeners

CFS = [250, 500, 1000, 2000, 3000, 4000, 6000, 8000]
LEFT = [45, 45, 35, 45, 60, 65, 70, 65]
RIGHT = [40, 40, 45, 45, 60, 65, 80, 80]
PERSON: dict[str, Any] = {"audiogram_cfs": CFS, "audiogram_levels_l": LEFT, "audiogram_levels_r": RIGHT}
SETTINGS: dict[str, Any] = {
    "frequencies": [250, 500, 1000, 2000, 4000, 8000],
    "cr_l": [2.1, 1.5, 1.3, 1.5, 2.4, 3.7],
    "gain_l": [9.6, 11.9, 12.9, 16.4, 19.0, 28.0],
    "cr_r": [1, 1, 1, 1, 1, 1],
    "gain_r": [0, 0, 0, 0, 0, 0],
}


def written(folder: Path, content: object, name: str = "me.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def refusal(read: Any, path: Path) -> str:
    with pytest.raises(MetadataError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_listeners_are_those_pyclarity_reads(tiny_task_root: Path) -> None:
    path = tiny_task_root / "metadata" / "listeners.valid.json"
    ours, theirs = read_listeners(path), PyclarityListener.load_listener_dict(path)
    assert list(ours) == list(theirs)
    for name, listener in ours.items():
        assert listener.name == name
        np.testing.assert_array_equal(listener.left.thresholds_db_hl, theirs[name].audiogram_left.levels)
        np.testing.assert_array_equal(listener.right.thresholds_db_hl, theirs[name].audiogram_right.levels)
        np.testing.assert_array_equal(listener.right.frequencies_hz, theirs[name].audiogram_right.frequencies)


def test_settings_keep_their_ears(tmp_path: Path) -> None:
    fitting = read_fittings(written(tmp_path, {"L0001": SETTINGS}))["L0001"]
    assert fitting.left.ratios == (2.1, 1.5, 1.3, 1.5, 2.4, 3.7)
    assert fitting.left.gains_db == (9.6, 11.9, 12.9, 16.4, 19.0, 28.0)
    assert fitting.right.ratios == (1.0,) * 6


def test_a_file_of_one_person_is_named_by_its_name_or_else_by_the_file(tmp_path: Path) -> None:
    assert list(read_listeners(written(tmp_path, PERSON))) == ["me"]
    assert list(read_listeners(written(tmp_path, {"name": "Clara", **PERSON}))) == ["Clara"]
    assert list(read_fittings(written(tmp_path, SETTINGS))) == ["me"]
    assert list(read_fittings(written(tmp_path, {"name": "Clara", **SETTINGS}))) == ["Clara"]


def test_null_thresholds_are_interpolated_over_log_frequency_with_a_warning(tmp_path: Path) -> None:
    levels = [None, 40, None, 60, 60, 60, 60, None]
    path = written(tmp_path, {"L0007": {**PERSON, "audiogram_levels_r": levels}})
    with pytest.warns(MetadataWarning, match="listener L0007, right ear: no threshold at 250, 1000, 8000 Hz"):
        listener = read_listeners(path)["L0007"]
    assert listener.right.thresholds_db_hl == pytest.approx((40, 40, 50, 60, 60, 60, 60, 60))
    assert listener.right.frequencies_hz == tuple(CFS)
    assert listener.left.thresholds_db_hl == tuple(LEFT)


def test_an_ear_of_nothing_but_null_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"L0007": {**PERSON, "audiogram_levels_l": [None] * 8}})
    assert refusal(read_listeners, path) == f"{path}: listener L0007, left ear: every threshold is null"


def test_frequencies_must_increase(tmp_path: Path) -> None:
    path = written(tmp_path, {"L0007": {**PERSON, "audiogram_cfs": [250, 500, 500, 2000, 3000, 4000, 6000, 8000]}})
    message = "listener L0007: audiogram frequencies must increase, got 250, 500, 500, 2000, 3000, 4000, 6000, 8000"
    assert refusal(read_listeners, path) == f"{path}: {message}"


def test_every_frequency_needs_a_threshold(tmp_path: Path) -> None:
    path = written(tmp_path, {"L0007": {**PERSON, "audiogram_levels_l": LEFT[:7]}})
    assert refusal(read_listeners, path) == f"{path}: listener L0007, left ear: 7 thresholds for 8 frequencies"


def test_a_misspelt_key_is_recognised(tmp_path: Path) -> None:
    content = {"audiogram_cfs": CFS, "audiogram_level_l": LEFT, "audiogram_levels_r": RIGHT}
    assert refusal(read_listeners, written(tmp_path, content)).endswith("; did you mean 'audiogram_levels_l'?")


def test_thresholds_no_audiometer_measures_are_doubted(tmp_path: Path) -> None:
    path = written(tmp_path, {**PERSON, "audiogram_levels_l": [145, *LEFT[1:]]})
    with pytest.warns(MetadataWarning, match="expected thresholds from -10 to 120 dB HL, got 145"):
        read_listeners(path)


def test_a_name_unlike_its_key_is_doubted(tmp_path: Path) -> None:
    path = written(tmp_path, {"L0007": {"name": "L0008", **PERSON}})
    with pytest.warns(MetadataWarning, match=r"L0007\.name: expected 'L0007', got 'L0008'"):
        assert list(read_listeners(path)) == ["L0007"]


@pytest.mark.parametrize("name", ["../../L0001", "a/b", "a\\b", "C:x", ".hidden", ""])
def test_a_listener_whose_name_could_not_be_part_of_a_file_name_is_refused(tmp_path: Path, name: str) -> None:
    message = refusal(read_listeners, written(tmp_path, {name: PERSON}))
    assert "expected a name that can be part of a file name" in message
    assert repr(name) in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cr_l": [1, 1, 1, 1, 1, 0.9]}, "me.cr_l[5]: expected at least 1, got 0.9"),
        ({"cr_r": [1] * 5}, "me.cr_r: expected at least 6 entries, got 5"),
        ({"gain_l": [1] * 7}, "me.gain_l: expected at most 6 entries, got 7"),
        ({"gain_l": [1, 2, 3, 4, 5, "6"]}, "me.gain_l[5]: expected a number, got '6'"),
        ({"frequencies": [1, 2, 3]}, "me.frequencies: expected [250, 500, 1000, 2000, 4000, 8000], got [1, 2, 3]"),
    ],
)
def test_settings_that_no_aid_can_use_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = written(tmp_path, {**SETTINGS, **change})
    assert refusal(read_fittings, path) == f"{path}: {message}"


def test_a_ratio_above_the_prescription_s_cap_is_doubted(tmp_path: Path) -> None:
    with pytest.warns(MetadataWarning, match="expected ratios up to 6, got 7"):
        read_fittings(written(tmp_path, {**SETTINGS, "cr_l": [7, 1, 1, 1, 1, 1]}))


@pytest.mark.parametrize("read", [read_listeners, read_fittings])
@pytest.mark.parametrize(
    ("content", "message"), [({}, "got none"), ([], "expected an object"), (3, "expected an object")]
)
def test_a_file_without_people_is_refused(tmp_path: Path, read: Any, content: object, message: str) -> None:
    assert message in refusal(read, written(tmp_path, content))


def test_all_faults_are_counted_in_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, {"L0001": {**SETTINGS, "cr_l": [0] * 6}})
    assert refusal(read_fittings, path).endswith("L0001.cr_l[0]: expected at least 1, got 0 (and 5 more problems)")


@given(
    levels=st.lists(
        st.tuples(st.floats(-10, 120), st.floats(-10, 120)).map(lambda pair: [round(level, 1) for level in pair]),
        min_size=8,
        max_size=8,
    )
)
def test_any_audiogram_survives_the_round_trip(tmp_path_factory: pytest.TempPathFactory, levels: Any) -> None:
    left, right = ([pair[ear] for pair in levels] for ear in (0, 1))
    content = {"L1": {"name": "L1", "audiogram_cfs": CFS, "audiogram_levels_l": left, "audiogram_levels_r": right}}
    listener = read_listeners(written(tmp_path_factory.getbasetemp(), content))["L1"]
    assert list(listener.left.thresholds_db_hl) == left
    assert list(listener.right.thresholds_db_hl) == right


@pytest.mark.parametrize("key", ["cr_l", "cr_r"])
def test_a_ratio_at_the_challenges_limit_is_usual_and_one_above_is_not(tmp_path: Path, key: str) -> None:
    at_limit = {**SETTINGS, key: [1, 1, 1, 1, 1, 6.0]}
    assert 6.0 in read_fittings(written(tmp_path, at_limit))["me"].ear("left" if key == "cr_l" else "right").ratios
    with pytest.warns(MetadataWarning, match=rf"me\.{key}: expected ratios up to 6, got 6\.01"):
        read_fittings(written(tmp_path, {**SETTINGS, key: [1, 1, 1, 1, 1, 6.01]}))


@pytest.mark.parametrize("frequencies", [[0.25, 0.5, 1, 2, 4, 8], [1], [0.125, 16]])
def test_frequencies_in_khz_are_refused_and_said_to_be(tmp_path, frequencies):
    path = tmp_path / "me.json"
    levels = [20] * len(frequencies)
    person = {"audiogram_cfs": frequencies, "audiogram_levels_l": levels, "audiogram_levels_r": levels}
    path.write_text(json.dumps(person), encoding="utf-8")
    with pytest.raises(MetadataError, match=r"must be in Hz, .* looks like kHz"):
        read_listeners(path)
    with pytest.raises(MetadataError, match="looks like kHz"):
        Audiogram(frequencies_hz=tuple(frequencies), thresholds_db_hl=tuple(map(float, levels)))
