"""Whatever the files hold, a task is loaded or refused with one line, and checking it never fails."""

from __future__ import annotations

import copy
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rebalance._base.errors import MetadataError
from rebalance.task import MetadataWarning, check_task, load_task, read_fittings, read_listeners

NAMES = ("gains", "music.valid", "scenes.valid", "scene_listeners.valid", "listeners.valid", "compressor_params.valid")
KEYS = st.sampled_from(
    ["S50001", "beach_000", "gain_0007", "L0001", "source_1", "mixture", "track", "start", "duration", "instrument",
     "music", "gain", "name", "audiogram_cfs", "audiogram_levels_l", "audiogram_levels_r", "cr_l", "gain_l"]
) | st.text(max_size=4)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, -(10**30), 1e308, -1e308, 5e-324, "../x", "/", "Violin_2", "L0001", "beach_000"])
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=10
)


@pytest.fixture(scope="module")
def scratch(tiny_task_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scratch")
    shutil.copytree(tiny_task_root / "metadata", root / "metadata")
    (root / "audio").mkdir()
    return root


@pytest.fixture(scope="module")
def originals(tiny_task_root: Path) -> dict[str, Any]:
    return {name: json.loads((tiny_task_root / "metadata" / f"{name}.json").read_text()) for name in NAMES}


def is_refused(read: Callable[[], object]) -> bool:
    """Whether a reader refuses, in one line; any exception but a `MetadataError` passes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadataWarning)
        try:
            read()
        except MetadataError as error:
            message = str(error)
        else:
            return False
    assert "\n" not in message
    return True


def write(root: Path, name: str, content: object) -> None:
    text = json.dumps(content)
    (root / "metadata" / f"{name}.json").write_text(text, encoding="utf-8")


@given(value=VALUES)
def test_any_json_in_place_of_a_file_of_people_is_read_or_refused(scratch: Path, value: object) -> None:
    path = scratch / "person.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    refused = is_refused(lambda: read_listeners(path)), is_refused(lambda: read_fittings(path))
    assert isinstance(value, dict) or all(refused)


@given(name=st.sampled_from(NAMES), value=VALUES)
def test_any_json_in_place_of_a_file_is_refused_or_loads(
    scratch: Path, originals: dict[str, Any], name: str, value: object
) -> None:
    write(scratch, name, value)
    try:
        refused = is_refused(lambda: load_task(scratch, "valid"))
        assert refused == bool(check_task(scratch, "valid", audio=False).errors)
    finally:
        write(scratch, name, originals[name])


def places(value: object, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(deeper for key, child in children for deeper in places(child, (*place, key)))]


@given(data=st.data(), name=st.sampled_from(NAMES), value=VALUES)
def test_one_value_replaced_anywhere_is_refused_exactly_where_the_check_finds_an_error(
    scratch: Path, originals: dict[str, Any], data: st.DataObject, name: str, value: object
) -> None:
    content = copy.deepcopy(originals[name])
    place = data.draw(st.sampled_from([place for place in places(content) if place]))
    container = content
    for key in place[:-1]:
        container = container[key]
    container[place[-1]] = value
    write(scratch, name, content)
    try:
        refused = is_refused(lambda: load_task(scratch, "valid"))
        assert refused == bool(check_task(scratch, "valid", audio=False).errors)
        check_task(scratch, "valid")
    finally:
        write(scratch, name, originals[name])
