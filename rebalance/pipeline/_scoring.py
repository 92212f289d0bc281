"""From enhanced signals to scores: the true remix once per scene, its ear response once per listener and ear."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyloudnorm
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS, Ear, Split
from rebalance._base.errors import AudioError, ConfigError, MetadataError, RebalanceError
from rebalance._base.files import StrPath, checksum_of, expanded, replacing, write_json
from rebalance._base.running import Failure, one_line, run_items
from rebalance._base.semantics import SEMANTICS, VERSION
from rebalance.audio import Audio, Recording, db_from_amplitude, read_audio, remix, resample, rms
from rebalance.haaqi import BinauralScore, EarReference, HaaqiScore, SceneNoise, binaural_scores
from rebalance.hearing import CHALLENGE_AID, AidSettings, Listener, amplify
from rebalance.pipeline._runs import enhanced_path, record_of_signals
from rebalance.task import Pair, Scene, Task, length_fault, read_source

_FULL_SCALE_16_BIT = 32_767 / 32_768
_LOG = logging.getLogger(__name__)
_LOUDNESS_BLOCK_S = 0.4
_NOISE = "exact"  # in records: pyclarity's, number for number; scores kept under another noise are made again


class EnhancedSignals(Protocol):
    """Where processed signals come from: a folder or an archive. Must pickle."""

    def read(self, pair: Pair) -> Recording:
        """Return the processed signal of a pair.

        Raises
        ------
        AudioError
            If there is none, or it cannot be decoded.
        """

    def fingerprint(self, pair: Pair) -> str:
        """Return a text that changes when the signal of a pair does; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSignals:
    """The processed signals in the folder of a run.

    Parameters
    ----------
    run
        Folder of the run.
    split
        Split of the task whose signals they are.
    """

    run: Path
    split: Split

    def read(self, pair: Pair) -> Recording:
        """Return the processed signal of a pair; see `EnhancedSignals`."""
        return read_audio(enhanced_path(self.run, self.split, pair))

    def fingerprint(self, pair: Pair) -> str:
        """Return size and checksum of the file, as an archive of the run holds them; see `EnhancedSignals`."""
        path = enhanced_path(self.run, self.split, pair)
        return checksum_of(path) if path.is_file() else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One set of processed signals and where its scores go.

    Parameters
    ----------
    signals
        The processed signals to score.
    scores
        Folder the scores are written to.
    description
        What made the signals; kept in the score file.
    scores_name
        Name of the score file without its suffix.
    """

    signals: EnhancedSignals
    scores: Path
    description: Mapping[str, Any]
    scores_name: str = "scores"


def system_of_run(run: StrPath, split: Split, *, scores_name: str = "scores") -> System:
    """Return the system whose signals lie in a folder and whose scores go there too.

    The folder is that of a run, or of any other system that writes ``enhanced_signals/SPLIT`` as the challenge asks.

    Parameters
    ----------
    run
        The folder.
    split
        Split of the task whose signals are scored.
    scores_name
        Name of the tables of scores, without its ending.

    Raises
    ------
    ConfigError
        If the folder holds no signals, or those of another split.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, system_of_run
    >>> nothing = load_task("metadata/demo", "valid").subset([])
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(nothing, Path(run), EnhanceOptions(separator="mixture"))
    ...     print(system_of_run(Path(run), "valid").description["separator"])
    ...     try:
    ...         system_of_run(Path(run), "test")
    ...     except ValueError as error:
    ...         print(str(error).removeprefix(f"{run}: "))
    mixture
    expected signals of split 'test', it holds 'valid'
    """
    run = expanded(run)
    record = record_of_signals(run, split)
    if record.split != split:
        raise ConfigError(where=run, expected=f"signals of split {split!r}, it holds {record.split!r}")
    description = {"separator": record.separator, "configuration": dataclasses.asdict(record)}
    signals = FolderSignals(run=run, split=split)
    return System(signals=signals, scores=run, description=description, scores_name=scores_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What to know of a signal beside its score.

    Parameters
    ----------
    clipped_samples
        Samples of both channels at 16-bit full scale.
    peak
        Largest magnitude, full scale 1.
    output_lufs, reference_lufs, input_lufs
        Loudness of the processed signal, of its reference, and of the untouched mixture; None where there
        is none (silence, less than 0.4 s).
    """

    clipped_samples: int
    peak: float
    output_lufs: float | None
    reference_lufs: float | None
    input_lufs: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """The score of one scene for one listener, everything that led to it kept."""

    scene: str
    song: str
    listener: str
    left: HaaqiScore
    right: HaaqiScore
    diagnostics: Diagnostics

    def row(self) -> dict[str, str | float | int | None]:
        """Return the line of ``scores.csv``."""
        components = {
            f"{ear}_{name}": value
            for ear, score in (("left", self.left), ("right", self.right))
            for name, value in dataclasses.asdict(score).items()
            if name != "value"
        }
        return {
            "scene": self.scene,
            "song": self.song,
            "listener": self.listener,
            "left_haaqi": self.left.value,
            "right_haaqi": self.right.value,
            "avg_haaqi": float(np.mean([self.left.value, self.right.value])),
            **components,
            **dataclasses.asdict(self.diagnostics),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the signals of a scene are compared with.

    Parameters
    ----------
    remix
        The true remix: unamplified, shape ``(2, n_samples)``, 44.1 kHz.
    input_lufs
        Loudness of the mixture; None where it was not measured, or cannot be.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.pipeline import Reference
    >>> round(Reference(remix=np.full((2, 44_100), 0.1)).level_db_spl("left"))
    85
    """

    remix: NDArray[np.float64]
    input_lufs: float | None = None

    def level_db_spl(self, ear: Ear) -> float:
        """Return the level in dB SPL at which HAAQI presents a signal whose RMS is 1.

        Source: ``65 - 20 log10(RMS)`` of the unamplified, normalised reference, the official evaluator.

        Raises
        ------
        AudioError
            If the channel is silent.

        Examples
        --------
        >>> import numpy as np
        >>> from rebalance.pipeline import Reference
        >>> Reference(remix=np.ones((2, 44_100))).level_db_spl("right")
        65.0
        """
        level = rms(self.remix[EARS.index(ear)])
        if not level:
            raise AudioError("nothing to score against", where=f"the {ear} channel of the true remix is silent")
        return CAD2_TASK2.reference_level_db_spl - db_from_amplitude(level)


def true_remix(task: Task, scene: Scene) -> Reference:
    """Remix a scene from its true sources, cut to the segment (semantics of pyclarity V0.6.3).

    Parameters
    ----------
    task
        Where the audio lies.
    scene
        One of the task's.

    Raises
    ------
    MetadataError
        If the release holds no sources, or they differ in length; see `rebalance.task.length_fault`.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.pipeline import true_remix
    >>> task = load_task(demo_folder(), "valid")
    >>> true_remix(task, task.scenes["S50001"]).remix.shape
    (2, 661500)
    """
    if not scene.segment.sources or any(source.track is None for source in scene.segment.sources):
        raise MetadataError(
            where=f"scene {scene.name}", expected="true sources to score against, this release holds none"
        )
    if fault := length_fault(scene.segment):
        raise MetadataError(f"{fault}", where=f"scene {scene.name}")
    sources = {source.name: read_source(task, source) for source in scene.segment.sources}
    mixture = read_source(task, scene.segment.mixture)
    return Reference(
        remix=remix(sources, scene.gains_db), input_lufs=_loudness(mixture, CAD2_TASK2.mixture_sample_rate)
    )


def score_task(
    task: Task,
    systems: Sequence[System],
    *,
    aid: AidSettings = CHALLENGE_AID,
    only: Collection[Pair] | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[Failure, ...]:
    """Score every pair of every system and write ``scores.csv`` and ``scores.json`` for each.

    The reference of a pair is computed once for all systems. Pairs already scored are kept as long as
    their signal is unchanged, so that an interrupted run goes on where it was.

    Parameters
    ----------
    task
        What to score, with its true sources.
    systems
        What to score of it.
    aid
        What the hearing aids of all references have in common.
    only
        Which pairs to score now; all when None. The score files hold every pair that has been scored.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Returns
    -------
    tuple of Failure
        The pairs that could not be scored, and why. They have no line in the score file.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance import Pair, load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, score_task, system_of_run
    >>> def first_second(source):
    ...     return replace(source, start_s=2.0, duration_s=1.0)
    >>> task = load_task("metadata/demo", "valid")
    >>> scene = task.scenes["S50001"]
    >>> music = replace(
    ...     scene.segment,
    ...     mixture=first_second(scene.segment.mixture),
    ...     sources=tuple(map(first_second, scene.segment.sources)),
    ... )
    >>> scene, pair = replace(scene, segment=music), Pair(scene="S50001", listener="L0003")
    >>> short = replace(task.subset([pair]), scenes={scene.name: scene}, segments={music.name: music})
    >>> with tempfile.TemporaryDirectory() as run, ThreadPoolExecutor(1) as executor:
    ...     _ = enhance_task(short, Path(run), EnhanceOptions(separator="mixture"), executor=executor)
    ...     failures = score_task(short, [system_of_run(Path(run), "valid")], executor=executor)
    ...     scores = pd.read_csv(Path(run, "scores.csv"))
    >>> len(failures), list(scores.columns[:6])
    (0, ['scene', 'song', 'listener', 'left_haaqi', 'right_haaqi', 'avg_haaqi'])
    """
    part = task if only is None else task.subset(only)
    kept = _kept_pairs(part, systems)
    for system, known in zip(systems, kept, strict=True):
        _LOG.info("%s: %d of %d pairs are scored", system.scores, len(known), len(part.pairs))
    failures: list[Failure] = []
    failures += run_items(
        [task.subset(pairs) for pairs in _unscored_by_scene(part, kept)],
        functools.partial(score_scene, systems=tuple(systems), aid=aid),
        title=f"score {task.split} by HAAQI",
        jobs=jobs,
        executor=executor,
        describe=lambda part: f"scene {next(iter(part.scenes))}",
        on_result=lambda _, failed: failures.extend(failed),
    )
    for system, known in zip(systems, kept, strict=True):
        _write_scores(task, system, known)
    return tuple(failures)


def score_scene(part: Task, *, systems: Sequence[System], aid: AidSettings = CHALLENGE_AID) -> tuple[Failure, ...]:
    """Score the pairs of one scene for every system; a pair that fails leaves the others alone.

    Parameters
    ----------
    part
        A task of a single scene.
    systems
        Whose signals are scored; pairs that have a score already are passed over.
    aid
        What all listeners' aids have in common.

    Examples
    --------
    >>> import tempfile
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> from rebalance import Pair, load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task, score_scene, system_of_run
    >>> def first_second(source):
    ...     return replace(source, start_s=2.0, duration_s=1.0)
    >>> task = load_task("metadata/demo", "valid")
    >>> scene = task.scenes["S50001"]
    >>> music = replace(
    ...     scene.segment,
    ...     mixture=first_second(scene.segment.mixture),
    ...     sources=tuple(map(first_second, scene.segment.sources)),
    ... )
    >>> scene, pair = replace(scene, segment=music), Pair(scene="S50001", listener="L0003")
    >>> short = replace(task.subset([pair]), scenes={scene.name: scene}, segments={music.name: music})
    >>> with tempfile.TemporaryDirectory() as run:
    ...     _ = enhance_task(short.subset([]), Path(run), EnhanceOptions(separator="mixture"))
    ...     (failure,) = score_scene(short, systems=[system_of_run(Path(run), "valid")])
    >>> failure.item.rpartition(", ")[0]
    'scene S50001, listener L0003'
    """
    (scene,) = part.scenes.values()
    reference = true_remix(part, scene)
    noise = SceneNoise(scene=scene.name)
    failures: list[Failure] = []
    for listener in part.scene_listeners[scene.name]:
        pair = Pair(scene=scene.name, listener=listener)
        waiting = [system for system in systems if not _is_scored(system, pair)]
        try:
            failures += _score_systems(waiting, part, pair, reference, noise, aid)
        except RebalanceError as error:
            failures.append(Failure(item=f"scene {pair.scene}, listener {listener}", reason=one_line(error)))
    return tuple(failures)


def score_pair(task: Task, pair: Pair, processed: Recording) -> PairScore:
    """Score one processed signal: load the sources, remix, amplify, listen with both ears.

    Parameters
    ----------
    task
        What the pair belongs to, with its true sources.
    pair
        Scene and listener.
    processed
        Stereo at 32 kHz, as long as the segment.

    Raises
    ------
    AudioError
        If rate, channels or length are not the submission's, or there is nothing to score.
    MetadataError
        If the release holds no sources.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from rebalance import Pair, load_task
    >>> from rebalance.audio import Recording
    >>> from rebalance.pipeline import amplify_for_submission, score_pair, true_remix
    >>> def first_second(source):
    ...     return replace(source, start_s=2.0, duration_s=1.0)
    >>> task = load_task("metadata/demo", "valid")
    >>> scene = task.scenes["S50001"]
    >>> music = replace(
    ...     scene.segment,
    ...     mixture=first_second(scene.segment.mixture),
    ...     sources=tuple(map(first_second, scene.segment.sources)),
    ... )
    >>> scene, pair = replace(scene, segment=music), Pair(scene="S50001", listener="L0003")
    >>> short = replace(task.subset([pair]), scenes={scene.name: scene}, segments={music.name: music})
    >>> perfect = amplify_for_submission(true_remix(short, scene).remix, task.fittings["L0003"])
    >>> score = score_pair(short, pair, Recording(samples=perfect.astype("float32"), sample_rate=32_000))
    >>> round(score.left.value, 1), round(score.right.value, 1)
    (1.0, 1.0)
    """
    scene = task.scenes[pair.scene]
    reference = true_remix(task, scene)
    amplified = amplify(reference.remix, task.fittings[pair.listener])
    _require_submission_form(processed, amplified.shape[1])
    noise = SceneNoise(scene=scene.name)
    (ears,) = score_signals(task.listeners[pair.listener], reference, amplified, [processed.samples], noise=noise)
    if isinstance(ears, AudioError):
        raise ears
    return _pair_score(task, pair, ears, processed, amplified, reference)


def _score_systems(
    systems: Sequence[System], part: Task, pair: Pair, reference: Reference, noise: SceneNoise, aid: AidSettings
) -> list[Failure]:
    """Score every system's signal of one pair and keep the results."""
    amplified = amplify(reference.remix, part.fittings[pair.listener], settings=aid)
    readable: list[tuple[System, Recording]] = []
    failures: list[Failure] = []
    for system in systems:
        try:
            processed = system.signals.read(pair)
            _require_submission_form(processed, amplified.shape[1])
            readable.append((system, processed))
        except RebalanceError as error:
            failures.append(_failure(pair, system, error))
    signals = [processed.samples for _, processed in readable]
    scores = score_signals(part.listeners[pair.listener], reference, amplified, signals, noise=noise)
    for (system, processed), ears in zip(readable, scores, strict=True):
        if isinstance(ears, AudioError):
            failures.append(_failure(pair, system, ears))
        else:
            _keep(system, pair, _pair_score(part, pair, ears, processed, amplified, reference))
    return failures


def score_signals(
    listener: Listener, reference: Reference, amplified: Audio, processed: Sequence[Audio], *, noise: SceneNoise
) -> list[BinauralScore | AudioError]:
    """Score any number of processed signals with both ears of a listener.

    Parameters
    ----------
    listener
        Who listens.
    reference
        The true remix, whose level says how loud it is presented.
    amplified
        The true remix amplified for the listener, shape ``(2, n_samples)``, 44.1 kHz.
    processed
        Signals of shape ``(2, n_samples)`` at 32 kHz, as `amplify_for_submission` gives them.
    noise
        Of the scene.

    Returns
    -------
    list
        For every signal the scores of its two ears, or why it has none.

    Raises
    ------
    AudioError
        If the reference cannot be scored against.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Listener, amplify, amplify_for_submission, prescribe
    >>> from rebalance.haaqi import SceneNoise
    >>> from rebalance.pipeline import Reference, score_signals
    >>> me = Listener.of("me", left=[20] * 8, right=[30] * 8)
    >>> music = 0.05 * np.random.default_rng(1).standard_normal((2, 22_050))
    >>> target, same = amplify(music, prescribe(me)), amplify_for_submission(music, prescribe(me))
    >>> (ears,) = score_signals(me, Reference(remix=music), target, [same], noise=SceneNoise(scene="S50001"))
    >>> [round(ear.value, 2) for ear in ears]
    [1.0, 1.0]
    """
    rate = CAD2_TASK2.haaqi_sample_rate
    left, right = (
        EarReference(
            signal=signal,
            audiogram=listener.audiogram(ear),
            full_scale_db_spl=reference.level_db_spl(ear),
        )
        for ear, signal in zip(EARS, resample(amplified, CAD2_TASK2.mixture_sample_rate, rate), strict=True)
    )
    signals = [resample(signal, CAD2_TASK2.remix_sample_rate, rate) for signal in processed]
    return binaural_scores(left, right, signals, noise=noise)


def _pair_score(
    task: Task, pair: Pair, ears: BinauralScore, processed: Recording, amplified: Audio, reference: Reference
) -> PairScore:
    """Put the scores of two ears together with what explains them."""
    left, right = ears
    diagnostics = Diagnostics(
        clipped_samples=int(np.count_nonzero(np.abs(processed.samples) >= _FULL_SCALE_16_BIT)),
        peak=float(np.max(np.abs(processed.samples))),
        output_lufs=_loudness(processed.samples, processed.sample_rate),
        reference_lufs=_loudness(amplified, CAD2_TASK2.mixture_sample_rate),
        input_lufs=reference.input_lufs,
    )
    song = task.scenes[pair.scene].segment.name
    return PairScore(
        scene=pair.scene, song=song, listener=pair.listener, left=left, right=right, diagnostics=diagnostics
    )


def _failure(pair: Pair, system: System, error: RebalanceError) -> Failure:
    """Name a system's pair that has no score."""
    return Failure(item=f"scene {pair.scene}, listener {pair.listener}, {system.scores}", reason=one_line(error))


def _keep(system: System, pair: Pair, score: PairScore) -> None:
    """Write a score down so that an interrupted run need not repeat it."""
    record = {"fingerprint": system.signals.fingerprint(pair), "mode": _NOISE, "version": VERSION, "row": score.row()}
    write_json(_record_path(system, pair), record)


def _kept_pairs(task: Task, systems: Sequence[System]) -> list[set[Pair]]:
    """Return, system by system, the pairs whose score holds; their signals are read for it."""
    return [{pair for pair in task.pairs if _is_scored(system, pair)} for system in systems]


def _unscored_by_scene(task: Task, kept: Sequence[Collection[Pair]]) -> list[list[Pair]]:
    """Return, scene by scene, the pairs that lack a score in any system; `kept` are those that each has."""
    by_scene: dict[str, list[Pair]] = {}
    for pair in task.pairs:
        if not all(pair in scored for scored in kept):
            by_scene.setdefault(pair.scene, []).append(pair)
    return list(by_scene.values())


def _is_scored(system: System, pair: Pair) -> bool:
    """Tell whether the kept score of a pair still holds: same signal, same noise, same version."""
    record = _read_record(system, pair)
    if record is None or (record.get("mode"), record.get("version")) != (_NOISE, VERSION):
        return False
    return bool(record.get("fingerprint") == system.signals.fingerprint(pair))  # last: it reads the whole file


def _read_record(system: System, pair: Pair) -> dict[str, Any] | None:
    """Return the kept record of a pair, None when there is none that can be read."""
    try:
        record = json.loads(_record_path(system, pair).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _record_path(system: System, pair: Pair) -> Path:
    """Return where the score of a pair is kept."""
    return system.scores / "scores" / f"{pair.scene}_{pair.listener}.json"


def _write_scores(task: Task, system: System, kept: Collection[Pair]) -> None:
    """Join the scores into ``scores.csv``, in the order of the metadata, and say how they were made.

    The signals of `kept` pairs have been held against their scores already and are not read again.
    """
    records = [_read_record(system, pair) for pair in task.pairs if pair in kept or _is_scored(system, pair)]
    rows = [record["row"] for record in records if record is not None]
    if not rows:
        return
    with replacing(system.scores / f"{system.scores_name}.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
    summary = {
        "version": VERSION,
        "semantics": SEMANTICS,
        "haaqi": _NOISE,
        "data": str(task.music_dir.parent.resolve()),
        "split": task.split,
        "n_pairs": len(task.pairs),
        "n_scored": len(rows),
        "mean_haaqi": float(np.mean([row["avg_haaqi"] for row in rows])),
    }
    write_json(system.scores / f"{system.scores_name}.json", {**summary, **system.description})


def _require_submission_form(processed: Recording, reference_length: int) -> None:
    """Raise unless a processed signal has the rate, channels and length of a submission."""
    if processed.sample_rate != CAD2_TASK2.remix_sample_rate:
        raise AudioError(expected=f"{CAD2_TASK2.remix_sample_rate} Hz", got=f"{processed.sample_rate} Hz")
    n_channels, n_samples = processed.samples.shape
    if n_channels != CAD2_TASK2.n_channels:
        raise AudioError(expected=f"{CAD2_TASK2.n_channels} channels", got=str(n_channels))
    expected = reference_length * CAD2_TASK2.remix_sample_rate / CAD2_TASK2.mixture_sample_rate
    if abs(n_samples - expected) > 1:
        raise AudioError(expected=f"{round(expected)} samples at {processed.sample_rate} Hz", got=str(n_samples))


def _loudness(samples: Audio, sample_rate: int) -> float | None:
    """Return the integrated loudness in LUFS; None for silence or less than one block (0.4 s).

    It is measured in the precision of the samples; `rebalance.audio.loudness_lufs` takes double, and differs by 1e-7.
    """
    if samples.shape[1] < _LOUDNESS_BLOCK_S * sample_rate:
        return None
    loudness = float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples.T))
    return loudness if np.isfinite(loudness) else None
