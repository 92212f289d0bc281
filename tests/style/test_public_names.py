"""What the package offers is what it says it offers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import rebalance

ROOMS = ["rebalance", "rebalance.haaqi", "rebalance.hearing_aid", "rebalance.separation"]


@pytest.mark.parametrize("room", ROOMS)
def test_all_lists_exactly_the_public_names(room: str) -> None:
    module = importlib.import_module(room)
    submodules = {info.name for info in pkgutil.iter_modules(module.__path__)}
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not (inspect.ismodule(value) or (name in submodules and name not in module.__all__))
    }
    assert sorted(module.__all__) == sorted(set(module.__all__))
    assert set(module.__all__) == public - {"annotations"}


def test_the_names_of_the_contract_are_there() -> None:
    expected = {"Audiogram", "Listener", "load_task", "normalising_gain_db"}
    assert expected <= set(rebalance.__all__)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_described(room: str) -> None:
    module = importlib.import_module(room)
    undescribed = [
        name
        for name in module.__all__
        if (inspect.isfunction(value := getattr(module, name)) or inspect.isclass(value)) and not inspect.getdoc(value)
    ]
    assert not undescribed
