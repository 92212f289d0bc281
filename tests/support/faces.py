"""Where the public names of the library are."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import FunctionType

import rebalance

BARE = ("rebalance.cli",)  # commands


def faces() -> list[str]:
    """Return the names of the packages that have public names."""
    found = [info.name for info in pkgutil.walk_packages(rebalance.__path__, "rebalance.") if info.ispkg]
    return ["rebalance", *(name for name in found if "._" not in name and name not in BARE)]


def classes_of(face: str) -> list[tuple[str, type]]:
    """Return the public classes of a face that are the library's own."""
    module = importlib.import_module(face)
    found = [(name, getattr(module, name)) for name in module.__all__]
    return [
        (name, value) for name, value in found if inspect.isclass(value) and value.__module__.startswith("rebalance")
    ]


def methods_of(kind: type) -> list[tuple[str, FunctionType]]:
    """Return the public methods that a class defines itself."""
    members = ((key, getattr(member, "__func__", member)) for key, member in vars(kind).items())
    return [(key, member) for key, member in members if inspect.isfunction(member) and not key.startswith("_")]


def functions_of(face: str) -> list[tuple[str, FunctionType]]:
    """Return the public functions of a face, and the public methods of its classes."""
    module = importlib.import_module(face)
    found = [(name, getattr(module, name)) for name in module.__all__]
    own = [(name, value) for name, value in found if inspect.isfunction(value)]
    return own + [(f"{name}.{key}", method) for name, kind in classes_of(face) for key, method in methods_of(kind)]
