"""The challenge's numbers and naming rules."""

from __future__ import annotations

import pytest

from rebalance.challenge import CAD2_TASK2
from rebalance.errors import MetadataError


@pytest.mark.parametrize(
    ("scene", "split"),
    [
        ("S10001", "train"),
        ("S49999", "train"),
        ("S50000", "valid"),
        ("S50001", "valid"),
        ("S59999", "valid"),
        ("S60000", "test"),
        ("S60001", "test"),
    ],
)
def test_the_number_of_a_scene_decides_its_split_borders_included(scene: str, split: str) -> None:
    assert CAD2_TASK2.split_of(scene) == split


@pytest.mark.parametrize("scene", ["", "S", "50001", "s50001", "S50001a", "XS50001", "S-1", "S５０００１", "S50001\n"])
def test_what_is_no_scene_id_is_in_no_split(scene: str) -> None:
    with pytest.raises(MetadataError, match="expected 'S' and digits such as 'S50001'"):
        CAD2_TASK2.split_of(scene)
