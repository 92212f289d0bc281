"""Segments and gain patterns, from JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance.task._problems import Findings, close_spelling, listed, shortened
from rebalance.task._task_files import TaskFiles
from rebalance.task._values import Segment, Source

# Instruments outside the challenge that ensembles are written for; any other name is taken for a slip.
ORCHESTRAL_INSTRUMENTS = (
    "AltoFlute",
    "Bass",
    "BassClarinet",
    "BassFlute",
    "BassTrombone",
    "BassetHorn",
    "Celesta",
    "Contrabassoon",
    "CorAnglais",
    "Cornet",
    "DoubleBass",
    "EnglishHorn",
    "Euphonium",
    "FrenchHorn",
    "Glockenspiel",
    "Guitar",
    "Harp",
    "Harpsichord",
    "Horn",
    "Lute",
    "Marimba",
    "Organ",
    "Percussion",
    "Piano",
    "Piccolo",
    "Recorder",
    "Timpani",
    "Trombone",
    "Trumpet",
    "Tuba",
    "Vibraphone",
    "ViolaDaGamba",
    "Xylophone",
)
_LABEL = re.compile(r"(?P<instrument>.+?)(?:_(?P<voice>[1-9][0-9]?))?")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFolder:
    """Where the tracks of a split lie and which folder they must not leave."""

    music_dir: Path
    boundary: Path
    split: Split

    @classmethod
    def of(cls, files: TaskFiles, split: Split) -> TrackFolder:
        """Return the folder of a task's tracks, links resolved in its boundary."""
        return cls(music_dir=files.music_dir, boundary=files.boundary.resolve(), split=split)

    def fault(self, track: str) -> str:
        """Return what is wrong with a track, an empty text if it is a path that stays inside."""
        if "\\" in track or _DRIVE.match(track):
            return "a path with a backslash or a drive"
        if PurePosixPath(track).is_absolute():
            return "an absolute path"
        if ".." in PurePosixPath(track).parts:
            return "a path with '..'"
        try:
            inside = (self.music_dir / self.located(track)).resolve().is_relative_to(self.boundary)
        except (OSError, RuntimeError):
            return "a path that cannot be followed"
        return "" if inside else f"a link that leaves {self.boundary.name or self.boundary}"

    def located(self, track: str) -> PurePosixPath:
        """Return a track relative to the music folder, below the split's own folder where it is only there."""
        below_split = PurePosixPath(self.split) / track
        if not (self.music_dir / track).exists() and (self.music_dir / below_split).exists():
            return below_split
        return PurePosixPath(track)


def gains_in(entries: Mapping[str, Mapping[str, float]], path: Path, findings: Findings) -> dict[str, dict[str, float]]:
    """Return gain patterns in dB by name and source; what the challenge does not do becomes a finding."""
    allowed = set(CAD2_TASK2.gain_values_db)
    known = ", ".join(f"{gain:g}" for gain in CAD2_TASK2.gain_values_db)
    for name, gains_db in entries.items():
        for source, gain_db in gains_db.items():
            if gain_db not in allowed:
                findings.warning(path, f"{name}.{source}", expected=f"one of {known} dB", got=f"{gain_db:g}")
        unaltered = sum(gain_db == 0 for gain_db in gains_db.values())
        if unaltered in (0, len(gains_db)):
            got = "no source altered" if unaltered else "every source altered"
            findings.warning(path, name, expected="some sources altered and some not", got=got)
    return {name: {key: float(gain_db) for key, gain_db in gains_db.items()} for name, gains_db in entries.items()}


def segments_in(
    entries: Mapping[str, Mapping[str, Any]], path: Path, folder: TrackFolder, findings: Findings
) -> dict[str, Segment]:
    """Build segments; what is wrong with them becomes a finding.

    A track that cannot be used is left out of its source; a segment without a usable mixture is left out.
    """
    segments: dict[str, Segment] = {}
    for name, entry in entries.items():
        _check_tracks(name, entry, path, folder, findings)
        _check_durations(name, entry, path, findings)
        for key in source_names(entry):
            _check_instrument(name, key, entry[key]["instrument"], path, findings)
        segment = _segment(name, entry, folder)
        _check_number(segment, path, findings)
        if segment.mixture.track is not None:
            segments[name] = segment
    return segments


def source_names(entry: Mapping[str, Any]) -> list[str]:
    """Return the names of the sources of a segment as its entry has them."""
    return [key for key in entry if key != "mixture"]


def _segment(name: str, entry: Mapping[str, Any], folder: TrackFolder) -> Segment:
    sources = tuple(_source(key, entry[key], entry["mixture"], folder) for key in source_names(entry))
    mixture = _source("mixture", {"instrument": "Mixture", **entry["mixture"]}, entry["mixture"], folder)
    return Segment(name=name, mixture=mixture, sources=sources)


def _source(name: str, entry: Mapping[str, Any], mixture: Mapping[str, Any], folder: TrackFolder) -> Source:
    """Build a source; one without start or duration of its own has those of the mixture."""
    instrument, voice = _parsed_label(entry["instrument"])
    track = entry.get("track")
    return Source(
        name=name,
        instrument=instrument,
        voice=voice,
        dataset=entry.get("source_dataset", ""),
        track=None if track is None or folder.fault(track) else folder.located(track),
        start_s=float(entry.get("start", mixture["start"])),
        duration_s=float(entry.get("duration", mixture["duration"])),
    )


def _parsed_label(label: str) -> tuple[str, int | None]:
    """Split ``Violin_2`` into instrument and voice."""
    match = _LABEL.fullmatch(label)
    if match is None or match["voice"] is None:
        return label, None
    return match["instrument"], int(match["voice"])


def _check_tracks(name: str, entry: Mapping[str, Any], path: Path, folder: TrackFolder, findings: Findings) -> None:
    """Find fault with tracks that do not stay inside."""
    for key, source in entry.items():
        if "track" in source and (fault := folder.fault(source["track"])):
            got = f"{fault}: {shortened(repr(source['track']))}"
            findings.error(path, f"{name}.{key}.track", expected="a relative path inside the task", got=got)


def _check_durations(name: str, entry: Mapping[str, Any], path: Path, findings: Findings) -> None:
    """Find fault with sources that are not as long as the mixture, to a sample."""
    duration_s = entry["mixture"]["duration"]
    for key in source_names(entry):
        got_s = entry[key].get("duration", duration_s)
        if abs(got_s - duration_s) * CAD2_TASK2.mixture_sample_rate > 1:
            expected = f"{duration_s:g} s as the mixture"
            findings.error(path, f"{name}.{key}.duration", expected=expected, got=f"{got_s:g} s")


def _check_instrument(name: str, key: str, label: str, path: Path, findings: Findings) -> None:
    """Warn of instruments the challenge leaves out; find fault with those nobody knows."""
    instrument, _ = _parsed_label(label)
    where = f"{name}.{key}.instrument"
    known = listed(CAD2_TASK2.instruments)
    if instrument in ORCHESTRAL_INSTRUMENTS:
        findings.warning(path, where, expected=known, got=f"{instrument!r}, which the challenge leaves out")
    elif instrument not in CAD2_TASK2.instruments:
        message = f"segment {name!r}: {key}: unknown instrument {shortened(repr(instrument))}"
        likely = close_spelling(instrument, (*CAD2_TASK2.instruments, *ORCHESTRAL_INSTRUMENTS))
        findings.error(path, where, expected=known, got=repr(instrument), message=message, suggestion=likely)


def _check_number(segment: Segment, path: Path, findings: Findings) -> None:
    number, allowed = len(segment.sources), CAD2_TASK2.n_sources
    if number and number not in allowed:
        findings.warning(path, segment.name, expected=f"{min(allowed)} to {max(allowed)} sources", got=str(number))
