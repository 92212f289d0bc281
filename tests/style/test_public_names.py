"""What the packages offer is what they say they offer."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest
from faces import faces, functions_of

import rebalance

FACES = faces()


@pytest.mark.parametrize("face", FACES)
def test_all_lists_exactly_the_public_names(face: str) -> None:
    module = importlib.import_module(face)
    offered = {name for name in module.__all__ if getattr(module, name) is not None}
    public = {name for name, value in vars(module).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert len(module.__all__) == len(offered)
    assert public - {"annotations"} <= offered


def test_the_names_of_the_contract_are_there() -> None:
    expected = {"Audiogram", "Listener", "load_task", "normalising_gain_db"}
    assert expected <= set(rebalance.__all__)


@pytest.mark.parametrize("face", FACES)
def test_every_public_name_is_described(face: str) -> None:
    module = importlib.import_module(face)
    undescribed = [
        name
        for name in module.__all__
        if (inspect.isfunction(value := getattr(module, name)) or inspect.isclass(value)) and not inspect.getdoc(value)
    ]
    assert not undescribed


@pytest.mark.parametrize("face", [*FACES, "rebalance.assets"])
def test_every_public_function_takes_a_path_as_text(face: str) -> None:
    strict = [
        f"{name}({parameter})"
        for name, function in functions_of(face)
        for parameter, annotation in function.__annotations__.items()
        if parameter != "return" and re.search(r"(?<!\w)Path\b", str(annotation))
    ]
    assert not strict
