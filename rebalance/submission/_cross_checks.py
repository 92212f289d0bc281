"""The files of a submission against each other and against the levels they should have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from rebalance._base.challenge import EARS
from rebalance.submission._fingerprints import Levels, amplified, mean_levels, overall_level_db
from rebalance.submission._inspecting import InspectedFile, InspectedSegment
from rebalance.submission._mix_ups import MIN_FRAMES, channels_swapped, exchanged, other_origin, similarities
from rebalance.submission._verdict import Problem
from rebalance.task import Pair, Task

_SUSPICIOUS_LEVEL_DB, _WRONG_LEVEL_DB = 10.0, 20.0
_UNRELATED = 0.2
_MIN_MOVEMENT_DB = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Heard:
    """A file with its levels and what they should be."""

    file: InspectedFile
    levels: Levels
    expected: Levels

    @property
    def pair(self) -> Pair:
        """Whose it is."""
        return self.file.pair


def cross_check(inspected: Sequence[InspectedSegment], task: Task) -> list[Problem]:
    """Find duplicates, exchanged files, swapped channels and wrong levels."""
    problems = duplicates([file for segment in inspected for file in segment.files], task)
    mixtures = {segment.segment: segment.mixture for segment in inspected if segment.mixture is not None}
    for segment in inspected:
        if segment.mixture is not None:
            heard = _heard(segment, segment.mixture, task)
            misplaced = _foreign(heard, segment.segment, mixtures)
            problems += misplaced
            foreign = {problem.file for problem in misplaced}
            own = [signal for signal in heard if signal.file.name not in foreign]
            misdirected = _exchanged_listeners(own, segment.mixture, task)
            named = {problem.file for problem in misdirected}
            problems += misdirected
            problems += _exchanged_scenes([signal for signal in own if signal.file.name not in named], segment, task)
            for signal in own:
                problems += _channel_problems(signal, segment.mixture)
                problems += _level_problems(signal)
    return problems


def duplicates(files: Iterable[InspectedFile], task: Task) -> list[Problem]:
    """Find audio that stands under two names without reason.

    Two names of one segment may share their audio if gains and hearing aid are the same, or with one
    warning if the system ignores the gains, or the listener, throughout.
    """
    decoded = [file for file in files if file.audio_md5]
    blind = {kind: _ignores(kind, decoded, task) for kind in ("gain", "listener")}
    first: dict[bytes, InspectedFile] = {}
    problems = [
        Problem(
            kind="duplicate",
            severity="warning",
            file="",
            expected=f"audio that depends on the {kind}",
            got="the same whatever it is, all else being equal",
        )
        for kind, is_ignored in blind.items()
        if is_ignored
    ]
    for file in decoded:
        original = first.setdefault(file.audio_md5, file)
        differing = _differences(original.pair, file.pair, task) if original is not file else []
        if not all(blind.get(kind, False) for kind in differing):
            expected = f"audio of its own, having another {' and '.join(differing)}"
            got = f"that of {original.name}"
            problems.append(Problem(kind="duplicate", file=file.name, expected=expected, got=got))
    return problems


def _differences(first: Pair, second: Pair, task: Task) -> list[str]:
    """Return in which respects two pairs call for different audio."""
    one, other = task.scenes[first.scene], task.scenes[second.scene]
    if one.segment.name != other.segment.name:
        return ["segment"]
    differing = ["gain"] if dict(one.gains_db) != dict(other.gains_db) else []
    fittings = task.fittings[first.listener], task.fittings[second.listener]
    return differing + (["listener"] if fittings[0] != fittings[1] else [])


def _ignores(kind: str, files: Sequence[InspectedFile], task: Task) -> bool:
    """Tell whether audio never depends on the gains, or never on the listener, all else being equal."""

    def fixed(file: InspectedFile) -> Hashable:
        scene = task.scenes[file.pair.scene]
        return (scene.segment.name, file.pair.listener) if kind == "gain" else scene.name

    groups: defaultdict[Hashable, list[InspectedFile]] = defaultdict(list)
    for file in files:
        groups[fixed(file)].append(file)
    telling = [
        {file.audio_md5 for file in group}
        for group in groups.values()
        if any(kind in _differences(group[0].pair, file.pair, task) for file in group)
    ]
    return bool(telling) and all(len(audio) == 1 for audio in telling)


def _heard(segment: InspectedSegment, mixture: Levels, task: Task) -> list[_Heard]:
    """Return the files that can be compared with what they should be."""
    return [
        _Heard(
            file=file,
            levels=file.levels.astype(np.float32),
            expected=amplified(segment.remixes.get(file.pair.scene, mixture), task.fittings[file.pair.listener]),
        )
        for file in segment.files
        if file.levels is not None and file.levels.shape == mixture.shape and mixture.shape[-1]
    ]


def _foreign(heard: Sequence[_Heard], segment: str, mixtures: Mapping[str, Levels]) -> list[Problem]:
    """Find files that move like the mixture of another segment, or like none."""
    mixture = mixtures[segment]
    if mixture.shape[-1] < MIN_FRAMES or mixture.std(axis=-1).mean() < _MIN_MOVEMENT_DB:
        return []
    names = list(mixtures)
    own = names.index(segment)
    problems = []
    for signal, row in zip(heard, similarities([signal.levels for signal in heard], mixtures), strict=True):
        other = other_origin(row, own)
        if other is None and row[own] >= _UNRELATED:
            continue
        found = "another sound" if other is None else f"that of segment {names[other]!r} ({row[other]:.2f})"
        problems.append(
            Problem(
                kind="swapped",
                severity="error" if other is not None else "warning",
                file=signal.file.name,
                expected=f"a sound that follows segment {segment!r} (it does by {row[own]:.2f} of 1)",
                got=found,
            )
        )
    return problems


def _exchanged_listeners(heard: Sequence[_Heard], mixture: Levels, task: Task) -> list[Problem]:
    """Find files of one scene that are amplified for each other's listener."""
    if mixture.shape[-1] < MIN_FRAMES:
        return []
    problems = []
    for _, group in groupby(heard, key=lambda signal: signal.pair.scene):
        signals = list(group)
        observed = np.stack([mean_levels(signal.levels) for signal in signals])
        expected = np.stack([mean_levels(signal.expected) for signal in signals])
        problems += [
            _exchange(signals[one], f"amplification for {signals[other].pair.listener}")
            for one, other in exchanged(observed, expected).items()
            if task.fittings[signals[one].pair.listener] != task.fittings[signals[other].pair.listener]
        ]
    return problems


def _exchanged_scenes(heard: Sequence[_Heard], segment: InspectedSegment, task: Task) -> list[Problem]:
    """Find files of one segment that carry each other's gains, whoever listens; the sources must be known."""
    signals = [signal for signal in heard if signal.pair.scene in segment.remixes]
    if not signals or signals[0].levels.shape[-1] < MIN_FRAMES:
        return []
    observed = np.stack([signal.levels.ravel() for signal in signals])
    expected = np.stack([signal.expected.ravel() for signal in signals])
    return [
        _exchange(signals[one], f"those of {signals[other].pair.scene} for {signals[other].pair.listener}")
        for one, other in exchanged(observed, expected).items()
        if _differences(signals[one].pair, signals[other].pair, task)
    ]


def _exchange(signal: _Heard, got: str) -> Problem:
    pair = signal.pair
    expected = f"the gains of {pair.scene} and amplification for {pair.listener}"
    return Problem(kind="swapped", file=signal.file.name, expected=expected, got=got)


def _channel_problems(signal: _Heard, mixture: Levels) -> list[Problem]:
    """Report a file whose left channel is the right one of the mixture."""
    if not channels_swapped(signal.levels, mixture):
        return []
    left, right = EARS
    expected = f"the {left} channel of the mixture in the {left} one"
    return [Problem(kind="channels", file=signal.file.name, expected=expected, got=f"it in the {right} one")]


def _level_problems(signal: _Heard) -> list[Problem]:
    """Report a file far louder or softer than its listener's compressors would make it."""
    expected_db, found_db = overall_level_db(signal.expected), overall_level_db(signal.levels)
    if abs(found_db - expected_db) < _SUSPICIOUS_LEVEL_DB:
        return []
    return [
        Problem(
            kind="level",
            severity="error" if abs(found_db - expected_db) > _WRONG_LEVEL_DB else "warning",
            file=signal.file.name,
            expected=f"about {expected_db:.0f} dB re full scale",
            got=f"{found_db:.0f}",
        )
    ]
