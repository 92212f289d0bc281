"""Listeners and the settings of their hearing aids, from JSON."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener, looks_like_khz
from rebalance.task._problems import Findings, listed
from rebalance.task._schemas import SchemaName, checked_document
from rebalance.task._strict_json import JsonError, read_json

# What the air-conduction range of an audiometer can tell (IEC 60645-1, type 1).
AUDIOMETER_RANGE_DB_HL = (-10.0, 120.0)
_EAR_NAMES = {"l": "left", "r": "right"}


def read_listeners(path: StrPath) -> dict[str, Listener]:
    """Read listeners by name.

    Parameters
    ----------
    path
        ``listeners.<split>.json`` of the challenge, or a file with the audiograms of one person: an
        object with ``audiogram_cfs``, ``audiogram_levels_l`` and ``audiogram_levels_r`` and no key
        around it, named by its ``name`` or else by its file. A threshold of null is interpolated
        over log frequency, with a `MetadataWarning`.

    Raises
    ------
    MetadataError
        If the file is missing, no strict JSON, empty, or anything in it is not as described.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import read_listeners
    >>> read_listeners(demo_folder() / "metadata/listeners.valid.json")["L0001"]
    Listener('L0001', left: mild loss, right: moderate loss, by the code)
    """
    path = expanded(path)
    findings = Findings()
    listeners = listeners_in(_entries_by_name(path, "listeners", "audiogram_", findings), path, findings)
    findings.raise_errors()
    if not listeners:
        raise MetadataError(where=path, expected="at least one listener", got="none")
    return listeners


def read_fittings(path: StrPath) -> dict[str, Fitting]:
    """Read the compressor settings of listeners by name.

    Parameters
    ----------
    path
        ``compressor_params.<split>.json`` of the challenge, or a file with the settings of one person:
        an object with ``cr_l``, ``gain_l``, ``cr_r`` and ``gain_r`` and no key around it, named by its
        ``name`` or else by its file.

    Raises
    ------
    MetadataError
        If the file is missing, no strict JSON, empty, or anything in it is not as described.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import read_fittings
    >>> len(read_fittings(demo_folder() / "metadata/compressor_params.valid.json")["L0001"].left.gains_db)
    6
    """
    path = expanded(path)
    findings = Findings()
    fittings = fittings_in(_entries_by_name(path, "compressor_params", "cr_", findings), path, findings)
    findings.raise_errors()
    if not fittings:
        raise MetadataError(where=path, expected="the settings of at least one listener", got="none")
    return fittings


def listeners_in(entries: Mapping[str, Any], path: Path, findings: Findings) -> dict[str, Listener]:
    """Build the listeners whose entries are sound; the others become findings."""
    listeners: dict[str, Listener] = {}
    for name, entry in entries.items():
        if entry.get("name", name) != name:
            findings.warning(path, f"{name}.name", expected=repr(name), got=repr(entry["name"]))
        left, right = (_audiogram(name, ear, entry, path, findings) for ear in "lr")
        if left is not None and right is not None:
            listeners[name] = Listener(name=name, left=left, right=right)
    return listeners


def fittings_in(entries: Mapping[str, Any], path: Path, findings: Findings) -> dict[str, Fitting]:
    """Build the fittings of sound entries; what is unusual about them becomes a finding."""
    limit = CAD2_TASK2.compressor_ratio_limit
    for name, entry in entries.items():
        for key in ("cr_l", "cr_r"):
            if max(entry[key]) > limit:
                findings.warning(path, f"{name}.{key}", expected=f"ratios up to {limit:g}", got=f"{max(entry[key]):g}")
    return {
        name: Fitting(
            left=EarFitting(ratios=entry["cr_l"], gains_db=entry["gain_l"]),
            right=EarFitting(ratios=entry["cr_r"], gains_db=entry["gain_r"]),
        )
        for name, entry in entries.items()
    }


def _entries_by_name(path: Path, name: SchemaName, mark: str, findings: Findings) -> Mapping[str, Any]:
    """Read a file of one or many people; one person's keys begin with the mark."""
    try:
        document = read_json(path)
    except JsonError as fault:
        raise MetadataError(str(fault)) from None
    if isinstance(document, dict) and any(key.startswith(mark) for key in document):
        person = document.get("name", path.stem)
        document = {person if isinstance(person, str) else path.stem: document}
    return checked_document(document, path, name, findings).entries


def _audiogram(name: str, ear: str, entry: Mapping[str, Any], path: Path, findings: Findings) -> Audiogram | None:
    """Build one ear's audiogram, None where it is unsound."""
    key = f"audiogram_levels_{ear}"
    frequencies_hz: Sequence[float] = entry["audiogram_cfs"]
    levels: Sequence[float | None] = entry[key]
    where = f"listener {name}, {_EAR_NAMES[ear]} ear"
    if any(high <= low for low, high in itertools.pairwise(frequencies_hz)):
        got = _listed_numbers(frequencies_hz)
        message = f"listener {name}: audiogram frequencies must increase, got {got}"
        findings.error(path, f"{name}.audiogram_cfs", expected="increasing frequencies", got=got, message=message)
        return None
    if looks_like_khz(frequencies_hz):
        got = _listed_numbers(frequencies_hz)
        message = f"listener {name}: audiogram frequencies must be in Hz, {got} looks like kHz"
        findings.error(path, f"{name}.audiogram_cfs", expected="frequencies in Hz", got=got, message=message)
        return None
    if len(levels) != len(frequencies_hz):
        message = f"{where}: {len(levels)} thresholds for {len(frequencies_hz)} frequencies"
        expected = f"{len(frequencies_hz)} thresholds, one per frequency"
        findings.error(path, f"{name}.{key}", expected=expected, got=str(len(levels)), message=message)
        return None
    return _completed(where, f"{name}.{key}", frequencies_hz, levels, path, findings)


def _completed(
    where: str,
    key: str,
    frequencies_hz: Sequence[float],
    levels: Sequence[float | None],
    path: Path,
    findings: Findings,
) -> Audiogram | None:
    """Build an audiogram, thresholds that were not measured interpolated; None where none was."""
    measured = {hz: level for hz, level in zip(frequencies_hz, levels, strict=True) if level is not None}
    if not measured:
        findings.error(path, key, expected="thresholds", got="null only", message=f"{where}: every threshold is null")
        return None
    low, high = AUDIOMETER_RANGE_DB_HL
    if odd := [level for level in measured.values() if not low <= level <= high]:
        findings.warning(path, key, expected=f"thresholds from {low:g} to {high:g} dB HL", got=_listed_numbers(odd))
    audiogram = Audiogram(frequencies_hz=tuple(measured), thresholds_db_hl=tuple(measured.values()))
    if len(measured) == len(levels):
        return audiogram
    absent = [hz for hz in frequencies_hz if hz not in measured]
    message = f"{where}: no threshold at {_listed_numbers(absent)} Hz; interpolated"
    findings.warning(path, key, expected="a threshold per frequency", got="null", message=message)
    return audiogram.at(frequencies_hz)


def _listed_numbers(numbers: Sequence[float]) -> str:
    """Write numbers one after another."""
    return listed([f"{number:g}" for number in numbers])
