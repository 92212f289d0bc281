"""Listeners from tables of thresholds, and back into files: for people who type their audiogram."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rebalance._base.challenge import CAD2_TASK2, EARS, Ear
from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.hearing import Audiogram, Listener
from rebalance.task._people import AUDIOMETER_RANGE_DB_HL

Thresholds: TypeAlias = Mapping[float, float]
"""Thresholds in dB HL by frequency in Hz."""

_NAMES = ("name", "listener", "person", "id")
_SIDES = ("ear", "side")
_FREQUENCIES = ("frequency_hz", "frequency", "frequencies", "hz", "freq")
_LEVELS = ("threshold_db_hl", "threshold", "thresholds", "db hl", "db_hl", "hl", "level")
_EAR_OF: Mapping[str, tuple[Ear, ...]] = {
    "l": ("left",),
    "left": ("left",),
    "r": ("right",),
    "right": ("right",),
    "both": ("left", "right"),
    "lr": ("left", "right"),
}
_NOT_MEASURED = ("", "-", "–", "na", "nan", "null", "none", "nr")
_DELIMITERS = ",;\t"


def listener_of(name: str, ears: Mapping[Ear, Thresholds]) -> Listener:
    """Return a listener from the thresholds of one ear or both; an ear that is not given is taken to have no loss.

    Parameters
    ----------
    name
        What to call the person.
    ears
        Thresholds in dB HL by frequency in Hz, of the ears that were measured.

    Raises
    ------
    MetadataError
        If no ear is given, or its thresholds make no audiogram.

    Examples
    --------
    >>> from rebalance.task import listener_of
    >>> listener_of("me", {"left": {500: 30, 2000: 50}}).right.thresholds_db_hl
    (0.0, 0.0)
    """
    if not any(ears.values()):
        raise MetadataError(where=f"listener {name}", expected="the thresholds of one ear or both", got="none")
    given = {ear: _audiogram(name, ear, thresholds) for ear, thresholds in ears.items() if thresholds}
    other = next(iter(given.values()))
    without_loss = Audiogram(frequencies_hz=other.frequencies_hz, thresholds_db_hl=(0.0,) * len(other.frequencies_hz))
    return Listener(name=name, left=given.get("left", without_loss), right=given.get("right", without_loss))


def parse_thresholds(text: str, frequencies_hz: Sequence[float] = CAD2_TASK2.audiogram_frequencies_hz) -> Thresholds:
    """Return thresholds from text: one for each frequency, or pairs of both.

    Parameters
    ----------
    text
        ``"20,25,30"`` or ``"500:20,1000:25,4000:30"``, in dB HL; nothing between two commas where none was measured.
    frequencies_hz
        Of the first form, in Hz.

    Raises
    ------
    MetadataError
        If something is no number, or there are not as many thresholds as frequencies.

    Examples
    --------
    >>> from rebalance.task import parse_thresholds
    >>> parse_thresholds("20,,35", (500, 1000, 2000)), parse_thresholds("500:20, 4000:35")
    ({500.0: 20.0, 2000.0: 35.0}, {500.0: 20.0, 4000.0: 35.0})
    """
    cells = [cell.strip() for cell in text.split(",")]
    if any(":" in cell for cell in cells):
        pairs = [tuple(part.strip() for part in cell.split(":")) for cell in cells]
        if wrong := next((cell for cell, pair in zip(cells, pairs, strict=True) if len(pair) != 2), None):
            raise MetadataError(where=f"thresholds {text!r}", expected="pairs such as 500:20", got=repr(wrong))
    else:
        if len(cells) != len(frequencies_hz):
            listed = ", ".join(f"{frequency:g}" for frequency in frequencies_hz)
            raise MetadataError(
                where=f"thresholds {text!r}",
                expected=f"{len(frequencies_hz)}, one for each of {listed} Hz",
                got=f"{len(cells)}; pairs such as 500:20,1000:25 name other frequencies",
            )
        pairs = [(str(frequency), cell) for frequency, cell in zip(frequencies_hz, cells, strict=True)]
    where = f"thresholds {text!r}"
    found = [(_number(where, frequency), cell) for frequency, cell in pairs if cell.casefold() not in _NOT_MEASURED]
    if len(dict(found)) != len(found):
        raise MetadataError(where=where, expected="every frequency once")
    thresholds = {frequency: _number(where, cell) for frequency, cell in found}
    low, high = AUDIOMETER_RANGE_DB_HL
    if odd := [value for value in thresholds.values() if not low <= value <= high]:
        raise MetadataError(
            where=where, expected=f"{low:g} to {high:g} dB HL, a loss being positive", got=f"{odd[0]:g}"
        )
    return thresholds


def read_audiogram_table(path: StrPath) -> dict[str, Listener]:
    r"""Read listeners from a CSV table, by name.

    Parameters
    ----------
    path
        A line for each ear with a column for each frequency in Hz (``name, ear, 250, 500, ...``), or a line for each
        threshold (``name, ear, frequency_hz, threshold_db_hl``), separated by commas, semicolons or tabs. ``name`` may
        be left out for one person, who is called after the file. The ear is ``left``, ``right`` or ``both``. An empty
        cell was not measured; an ear without a line is taken to have no loss.

    Raises
    ------
    MetadataError
        If the file cannot be read, or is no such table: with the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.task import read_audiogram_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "family.csv")
    ...     _ = table.write_text("name,ear,500,2000\nMum,left,20,40\nMum,right,15,30\n")
    ...     read_audiogram_table(table)
    {'Mum': Listener('Mum', left: moderate loss, right: mild loss, by the code)}
    """
    path = expanded(path)
    people: dict[str, dict[Ear, dict[float, float]]] = defaultdict(lambda: {ear: {} for ear in EARS})
    for place, name, ears, thresholds in _lines(path):
        for ear in ears:
            if twice := sorted(people[name][ear].keys() & thresholds.keys()):
                raise MetadataError(
                    where=f"{place}: {name}, {ear} ear", expected="every frequency once", got=f"{twice[0]:g} Hz again"
                )
            people[name][ear].update(thresholds)
    if not people:
        raise MetadataError(where=path, expected="a line for each ear below the names of the columns", got="none")
    try:
        return {name: listener_of(name, ears) for name, ears in people.items()}
    except MetadataError as error:
        raise MetadataError(error, where=path) from error


def _audiogram(name: str, ear: Ear, thresholds: Thresholds) -> Audiogram:
    """Return the audiogram of an ear."""
    ordered = sorted(thresholds.items())
    try:
        return Audiogram(
            frequencies_hz=tuple(frequency for frequency, _ in ordered),
            thresholds_db_hl=tuple(threshold for _, threshold in ordered),
        )
    except MetadataError as error:
        raise MetadataError(error, where=f"listener {name}, {ear} ear") from error


def _lines(path: Path) -> Iterable[tuple[str, str, tuple[Ear, ...], dict[float, float]]]:
    """Yield place, name, ears and thresholds of every line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MetadataError(f"cannot read a table: {reason}", where=path) from error
    first, _, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns = [cell.strip().casefold() for cell in next(reader, [])]
    frequencies = {place: _frequency(cell) for place, cell in enumerate(columns)}
    wide = {place: frequency for place, frequency in frequencies.items() if frequency is not None}
    name_at, ear_at = _column(columns, _NAMES), _column(columns, _SIDES)
    frequency_at, level_at = _column(columns, _FREQUENCIES), _column(columns, _LEVELS)
    if ear_at is None or not (wide or (frequency_at is not None and level_at is not None)):
        raise MetadataError(
            where=path,
            expected=(
                "the columns name, ear and one for each frequency in Hz, or name, ear, frequency_hz and"
                f" threshold_db_hl; found {', '.join(columns) or 'none'}"
            ),
        )
    for number, cells in enumerate(reader, 2):
        if not any(cell.strip() for cell in cells):
            continue
        place = f"{path}, line {number}"
        if len(cells) != len(columns):
            raise MetadataError(where=place, expected=f"{len(columns)} cells", got=f"{len(cells)}")
        row = [cell.strip().replace(",", ".") if delimiter != "," else cell.strip() for cell in cells]
        name = cells[name_at].strip() if name_at is not None else path.stem
        ears = _EAR_OF.get(row[ear_at].casefold())
        if ears is None:
            raise MetadataError(where=place, expected="left, right or both as the ear", got=repr(row[ear_at]))
        if not name:
            raise MetadataError(where=place, expected="a name", got="an empty cell")
        if wide:
            measured = {frequency: row[at] for at, frequency in wide.items()}
        elif frequency_at is not None and level_at is not None:
            measured = {_number(place, row[frequency_at]): row[level_at]}
        found = {frequency: cell for frequency, cell in measured.items() if cell.casefold() not in _NOT_MEASURED}
        yield place, name, ears, {frequency: _number(place, cell) for frequency, cell in found.items()}


def _column(columns: Sequence[str], spellings: Sequence[str]) -> int | None:
    """Return where the column of one of some names is."""
    return next((columns.index(name) for name in spellings if name in columns), None)


def _frequency(cell: str) -> float | None:
    """Return the frequency a column is named by, in Hz: ``500`` or ``500 Hz``."""
    try:
        frequency = float(cell.removesuffix("hz").strip())
    except ValueError:
        return None
    return frequency if math.isfinite(frequency) else None


def _number(where: str, cell: str) -> float:
    """Return the number in a cell."""
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MetadataError(where=where, expected="a number", got=repr(cell))
    return number
