"""The sounds of a test: cut, equally loud, never clipped, all of a trial as long as each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, checksum_of, expanded
from rebalance.audio import Audio, read_audio, sample_span, write_audio
from rebalance.pipeline import amplify_for_submission, enhanced_path, true_remix
from rebalance.task import Pair
from rebalance.web.listening_test._listening_plans import IDEAL, REFERENCE, anchor_name
from rebalance.web.listening_test._matched_sounds import faded, lowpass, matched
from rebalance.web.listening_test._settled_tests import SettledTest

RATE_HZ = CAD2_TASK2.remix_sample_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimuli:
    """Where the sounds of a test lie.

    Parameters
    ----------
    folder
        Holds a WAV file for every scene, listener and system.
    names
        Name of the file by scene, listener and system; it tells nothing of them.
    """

    folder: Path
    names: Mapping[tuple[str, str, str], str]

    def path(self, pair: Pair, system: str) -> Path:
        """Return the file of a system's signal.

        Parameters
        ----------
        pair
            Scene and listener.
        system
            A run, an anchor or the reference, by the name the test gives it.

        Raises
        ------
        KeyError
            If the test has no such signal.
        """
        return self.folder / self.names[pair.scene, pair.listener, system]


def make_stimuli(test: SettledTest, folder: StrPath) -> Stimuli:
    """Write the sounds of a test that are not there yet.

    A file is called by what it was made of, so that a change of a run or of the plan makes new ones.

    Parameters
    ----------
    test
        Plan and task.
    folder
        Where to; 16-bit WAV files at 32 kHz, all of a trial of the same size.

    Raises
    ------
    ConfigError
        If a run is missing or lacks a scene.
    AudioError
        If a signal cannot be read, is silent, or ends before the stretch that is played.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import ListeningPlan, make_stimuli, settle_test
    >>> runs = {"fast": Path("nowhere")}
    >>> plan = ListeningPlan(title="Demo", kind="mushra", task=Path("metadata/demo"), runs=runs, scenes=("S50001",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_stimuli(settle_test(plan), folder)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: nowhere: expected the signal of scene S50001 ..., found no such run
    """
    folder = expanded(folder)
    names: dict[tuple[str, str, str], str] = {}
    for pair in test.pairs:
        sources = _signal_files(test, pair)
        made_of = _made_of(test, pair, sources)
        for system in _needed(test):
            digest = hashlib.sha256(f"{made_of}\x1f{system}".encode()).hexdigest()
            names[pair.scene, pair.listener, system] = f"{digest[:32]}.wav"
    stimuli = Stimuli(folder=folder, names=names)
    for pair in test.pairs:
        if not all(stimuli.path(pair, system).is_file() for system in _needed(test)):
            _write(test, pair, stimuli)
    return stimuli


def _write(test: SettledTest, pair: Pair, stimuli: Stimuli) -> None:
    """Make and write all sounds of a scene and listener."""
    signals = _signals(test, pair)
    try:
        ready = matched(signals, RATE_HZ, level_lufs=test.plan.loudness_lufs)
    except AudioError as error:
        raise AudioError(str(error), where=f"scene {pair.scene}, listener {pair.listener}") from error
    for system, signal in ready.items():
        write_audio(stimuli.path(pair, system), signal, RATE_HZ)


def _signals(test: SettledTest, pair: Pair) -> dict[str, NDArray[np.float64]]:
    """Return the signals of a scene and listener by system, cut and faded."""
    cuts = {system: _cut(test, path) for system, path in _signal_files(test, pair).items()}
    if REFERENCE not in cuts and test.plan.has_reference:
        remix = true_remix(test.task, test.task.scenes[pair.scene]).remix
        amplified = amplify_for_submission(remix, test.task.fittings[pair.listener])
        cuts[REFERENCE] = _stretch(test, amplified, f"scene {pair.scene}: the reference")
    for cutoff_hz in test.plan.cutoffs_hz:
        cuts[anchor_name(cutoff_hz)] = lowpass(cuts[REFERENCE], RATE_HZ, cutoff_hz=cutoff_hz)
    return {system: faded(signal, RATE_HZ) for system, signal in cuts.items()}


def _signal_files(test: SettledTest, pair: Pair) -> dict[str, Path]:
    """Return the file of every system that comes from a run."""
    runs = dict(test.plan.runs)
    if test.plan.has_reference and test.plan.reference != IDEAL:
        runs[REFERENCE] = Path(test.plan.reference)
    files = {system: enhanced_path(run, test.task.split, pair) for system, run in runs.items()}
    for system, path in files.items():
        if not path.is_file():
            found = "none" if runs[system].is_dir() else "no such run"
            wanted = f"the signal of scene {pair.scene} for listener {pair.listener}"
            raise ConfigError(where=runs[system], expected=wanted, found=found)
    return files


def _made_of(test: SettledTest, pair: Pair, files: Mapping[str, Path]) -> str:
    """Return a text that changes when anything does that the sounds of a scene and listener are made of."""
    plan = test.plan
    settings = [pair.scene, pair.listener, plan.reference == IDEAL, plan.cutoffs_hz, plan.loudness_lufs, plan.start_s]
    checksums = {system: checksum_of(path) for system, path in sorted(files.items())}
    return json.dumps([*settings, plan.duration_s, checksums])


def _needed(test: SettledTest) -> tuple[str, ...]:
    """Return the systems whose sounds a test plays."""
    plan = test.plan
    return tuple(dict.fromkeys((*([REFERENCE] if plan.has_reference else []), *plan.systems)))


def _cut(test: SettledTest, path: Path) -> NDArray[np.float64]:
    recording = read_audio(path, expected_sample_rate=RATE_HZ, expected_channels=2)
    return _stretch(test, recording.samples, str(path))


def _stretch(test: SettledTest, samples: Audio, where: str) -> NDArray[np.float64]:
    """Return the stretch of a signal that is played."""
    n_samples = samples.shape[1]
    first, last = sample_span(test.plan.start_s, test.plan.duration_s or 0.0, RATE_HZ)
    last = n_samples if test.plan.duration_s is None else last
    if not first < last <= n_samples:
        played = f"{test.plan.start_s:g} s to {last / RATE_HZ:g} s"
        raise AudioError(where=where, expected=f"a sound from {played}", got=f"{n_samples / RATE_HZ:g} s")
    return np.asarray(samples[:, first:last], dtype=np.float64)
