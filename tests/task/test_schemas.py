from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from rebalance.task import SchemaName
from rebalance.task._schemas import schema

PUBLISHED = Path(__file__).parents[2] / "metadata" / "schema"
NAMES: tuple[SchemaName, ...] = get_args(SchemaName)

SOURCE = {"source_dataset": "EnsembleSet", "instrument": "Cello", "track": "a/Cello.flac", "start": 46, "duration": 15}
MIXTURE = {**SOURCE, "instrument": "Mixture", "track": "a/mix.flac"}
EXAMPLES: dict[SchemaName, dict[str, Any]] = {
    "compressor_params": {
        "L0001": {
            "frequencies": [250, 500, 1000, 2000, 4000, 8000],
            "cr_l": [2.1, 1.5, 1.3, 1.5, 2.4, 3.7],
            "gain_l": [9.6, 11.9, 12.9, 16.4, 19.0, 28.0],
            "cr_r": [1, 1, 1, 1, 1, 6],
            "gain_r": [0, 0, 0, 0, 0, -1],
        }
    },
    "gains": {"gain_0001": {"source_1": -10, "source_2": 0}},
    "gains_meta": {"2": {"gain_0001": {"source_1": -10, "source_2": 0}}, "3": {}},
    "listeners": {
        "L0001": {
            "name": "L0001",
            "audiogram_cfs": [250, 500],
            "audiogram_levels_l": [45, None],
            "audiogram_levels_r": [40, 40.5],
        }
    },
    "music": {"anitrasdance_001": {"source_1": SOURCE, "mixture": MIXTURE}, "only_000": {"mixture": MIXTURE}},
    "music_to_generate": {"anitrasdance_001": {"source_1": SOURCE, "mixture_target": {"track": "valid/a/mix.flac"}}},
    "music_tracks": {"a": {"dataset": "EnsembleSet", "stems_path": ["a/Cello.flac"], "mixture_path": "a/mix.flac"}},
    "scene_listeners": {"S10001": ["L0051", "L0001"]},
    "scenes": {"S50001": {"music": "anitrasdance_000", "gain": "gain_0645"}},
}
# A path into the example and what to put there (... removes it).
SPOILT: list[tuple[SchemaName, tuple[str | int, ...], Any]] = [
    ("compressor_params", ("L0001", "cr_l", 0), 0.99),
    ("compressor_params", ("L0001", "cr_l"), [1] * 5),
    ("compressor_params", ("L0001", "gain_r"), [1] * 7),
    ("compressor_params", ("L0001", "gain_r"), ...),
    ("compressor_params", ("L0001", "frequencies"), [250, 500, 1000, 2000, 4000, 6000]),
    ("compressor_params", ("../L0001",), {}),
    ("gains", ("gain_0001", "source_1"), "6"),
    ("gains", ("gain_0001", "source_0"), 6),
    ("gains", ("gain_0001", "Cello"), 6),
    ("gains", ("gain_0001",), {}),
    ("gains_meta", ("two",), {}),
    ("gains_meta", ("2", "gain_0001", "source_1"), None),
    ("listeners", ("L0001", "audiogram_cfs"), []),
    ("listeners", ("L0001", "audiogram_cfs", 0), 0),
    ("listeners", ("L0001", "audiogram_levels_l"), ...),
    ("listeners", ("L0001", "audiogram_levels_l", 0), True),
    ("listeners", ("L0001", "audiogram_levels_l", 0), 1000),
    ("music", ("anitrasdance_001", "mixture"), ...),
    ("music", ("anitrasdance_001", "mixture", "start"), -1),
    ("music", ("anitrasdance_001", "source_1", "duration"), 0),
    ("music", ("anitrasdance_001", "source_1", "track"), ""),
    ("music", ("anitrasdance_001", "source_x"), SOURCE),
    ("music_to_generate", ("anitrasdance_001", "mixture_target"), ...),
    ("music_to_generate", ("anitrasdance_001", "mixture_target", "track"), ...),
    ("music_tracks", ("a", "stems_path"), "a/Cello.flac"),
    ("music_tracks", ("a", "dataset"), ...),
    ("scene_listeners", ("S10001",), "L0051"),
    ("scene_listeners", ("10001",), []),
    ("scenes", ("S50001", "gain"), ...),
    ("scenes", ("scene_1",), {"music": "a", "gain": "b"}),
]


def spoilt(example: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(example)
    container: Any = document
    for key in path[:-1]:
        container = container[key]
    if value is ...:
        del container[path[-1]]
    else:
        container[path[-1]] = value
    return document


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_valid_draft_2020_12_and_describes_its_file(name: SchemaName) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema(name)["description"]


def test_no_schema_is_published_that_the_package_does_not_use() -> None:
    rendered = {"annotations.schema.json"}  # what `rebalance render` writes beside the audio; tests/synthesis holds it
    assert {path.name for path in PUBLISHED.iterdir()} == {f"{name}.schema.json" for name in NAMES} | rendered


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_example_is_valid(name: SchemaName) -> None:
    Draft202012Validator(schema(name)).validate(EXAMPLES[name])


@pytest.mark.parametrize(("name", "path", "value"), SPOILT)
def test_one_spoilt_entry_is_refused(name: SchemaName, path: tuple[str | int, ...], value: Any) -> None:
    assert not Draft202012Validator(schema(name)).is_valid(spoilt(EXAMPLES[name], path, value))
