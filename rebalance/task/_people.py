"""Listeners and the settings of their hearing aids, from JSON and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, plain_number, write_json
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


def write_listeners(path: StrPath, listeners: Iterable[Listener]) -> None:
    """Write listeners in the form `read_listeners` reads: a file of one person, or of many.

    Frequencies that one ear alone was measured at are null for the other.

    Parameters
    ----------
    path
        Where to, a JSON file.
    listeners
        One or more, with different names.

    Raises
    ------
    MetadataError
        If there is nobody, two have one name, or a name cannot be part of that of a file.
    RebalanceError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance import Listener
    >>> from rebalance.task import read_listeners, write_listeners
    >>> me = Listener.of("me", left=[20] * 8, right=[30] * 8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_listeners(f"{folder}/me.json", [me])
    ...     read_listeners(f"{folder}/me.json") == {"me": me}
    True
    """
    path, people = expanded(path), list(listeners)
    names = [person.name for person in people]
    if not people:
        raise MetadataError(where=path, expected="at least one listener to write", got="none")
    if len(set(names)) != len(names):
        raise MetadataError(where=path, expected="every listener once", got=f"{', '.join(names)}")
    entries: dict[str, Any] = {person.name: _entry(person) for person in people}
    findings = Findings()
    checked_document(entries, path, "listeners", findings)
    findings.raise_errors()
    write_json(path, entries[names[0]] if len(people) == 1 else entries)


def listeners_json(listeners: Mapping[str, Listener]) -> dict[str, Any]:
    """Return listeners in the form of ``listeners.<split>.json``, both ears at the frequencies of the left one.

    The official code reads no null: a threshold that the right ear was not measured at is interpolated.

    Examples
    --------
    >>> from rebalance import Listener
    >>> from rebalance.task import listeners_json
    >>> me = Listener.of("me", left=[10, 20], right=[30, 40], frequencies_hz=[500, 2000])
    >>> listeners_json({"me": me})["me"]["audiogram_levels_r"]
    [30, 40]
    """
    return {
        name: _entry(replace(listener, name=name, right=listener.right.at(listener.left.frequencies_hz)))
        for name, listener in listeners.items()
    }


def fittings_json(fittings: Mapping[str, Fitting]) -> dict[str, Any]:
    """Return fittings in the form of ``compressor_params.<split>.json``, rounded to hundredths.

    Examples
    --------
    >>> from rebalance import Listener
    >>> from rebalance.hearing import prescribe
    >>> from rebalance.task import fittings_json
    >>> fittings_json({"me": prescribe(Listener.of("me", left=[0] * 8, right=[0] * 8))})["me"]["gain_l"]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    bands_hz = [plain_number(hz) for hz in CAD2_TASK2.compressor_band_frequencies_hz]
    return {
        name: {
            "frequencies": bands_hz,
            "cr_l": [round(value, 2) for value in fitting.left.ratios],
            "gain_l": [round(value, 2) for value in fitting.left.gains_db],
            "cr_r": [round(value, 2) for value in fitting.right.ratios],
            "gain_r": [round(value, 2) for value in fitting.right.gains_db],
        }
        for name, fitting in fittings.items()
    }


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


def _entry(listener: Listener) -> dict[str, Any]:
    """Return the entry of a listener; null where one ear was not measured."""
    frequencies_hz = sorted({*listener.left.frequencies_hz, *listener.right.frequencies_hz})
    levels: dict[str, list[float | None]] = {}
    for ear in EARS:
        audiogram = listener.audiogram(ear)
        measured = {
            hz: plain_number(level)
            for hz, level in zip(audiogram.frequencies_hz, audiogram.thresholds_db_hl, strict=True)
        }
        levels[f"audiogram_levels_{ear[0]}"] = [measured.get(frequency) for frequency in frequencies_hz]
    return {"name": listener.name, "audiogram_cfs": [plain_number(hz) for hz in frequencies_hz], **levels}


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
