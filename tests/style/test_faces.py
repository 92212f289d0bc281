"""The face of a package is its stub; a module is imported when one of its names is first asked for."""

from __future__ import annotations

import importlib
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
    assert rebalance.hearing.Audiogram is rebalance.Audiogram
