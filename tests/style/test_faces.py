"""The face of a package is its stub; a module is imported when one of its names is first asked for."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from faces import faces

import rebalance

ROOT = Path(rebalance.__file__).parents[1]
FACES = [face for face in faces() if importlib.import_module(face).__all__]


@pytest.mark.parametrize("face", FACES)
def test_a_face_lists_its_names_before_they_are_imported(face: str) -> None:
    module = importlib.import_module(face)
    assert sorted(dir(module)) == sorted(module.__all__)
    assert ROOT.joinpath(*face.split("."), "__init__.pyi").exists()


@pytest.mark.parametrize("face", FACES)
def test_an_unknown_name_is_an_attribute_error_that_names_it(face: str) -> None:
    with pytest.raises(AttributeError, match=f"{face}.* unheard_of"):
        importlib.import_module(face).unheard_of  # noqa: B018 - asking is the test


def test_a_module_is_imported_when_one_of_its_names_is_asked_for() -> None:
    code = (
        "import sys; import rebalance.audio as audio; print('rebalance.audio._levels' in sys.modules); audio.rms;"
        " print('rebalance.audio._levels' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["False", "True"]


def test_rooms_are_found_from_the_root() -> None:
    rooms = {info.name for info in pkgutil.iter_modules(rebalance.__path__) if info.ispkg} - {"_base", "cli"}
    rooms |= {f"synthesis.{info.name}" for info in pkgutil.iter_modules(rebalance.synthesis.__path__)}
    asked = "; ".join(f"rebalance.{room}" for room in sorted(rooms))
    subprocess.run([sys.executable, "-c", f"import rebalance; {asked}"], check=True)
    assert {room for room in rooms if "." not in room} <= set(rebalance.__all__)


@pytest.mark.parametrize("face", [face for face in FACES if face.count(".") == 1])
def test_a_name_of_the_root_is_that_of_its_room(face: str) -> None:
    room = importlib.import_module(face)
    shared = {name for name in rebalance.__all__ if name in room.__all__}
    assert not [name for name in shared - {"haaqi"} if getattr(rebalance, name) is not getattr(room, name)]
