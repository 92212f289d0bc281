"""From a task to its submission files: separate once per segment, remix once per scene, amplify per listener."""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError, MetadataError, RebalanceError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance._base.running import Failure, one_line, run_items
from rebalance._base.semantics import SEMANTICS, VERSION
from rebalance.audio import Audio, Rounding, official_remix, remix_as_edit, resample, write_flac
from rebalance.hearing import CHALLENGE_AID, AidSettings, Fitting, amplify
from rebalance.pipeline._run_timing import Timing, record_timing
from rebalance.pipeline._runs import RunRecord, claim_run, clear_run, count_finished, enhanced_path
from rebalance.separation import (
    OfficialTargets,
    Oracle,
    Separator,
    Sighted,
    checked_estimates,
    info_of,
    load_separator,
    separate_at_rate,
    source_digest,
    source_names,
)
from rebalance.task import Pair, Scene, Segment, Task, read_source

_LOG = logging.getLogger(__name__)
RemixMode: TypeAlias = Literal["edit", "official"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnhanceOptions:
    """How a task is enhanced.

    Parameters
    ----------
    separator
        Registry name or path of the separator.
    remix
        ``"edit"`` edits the mixture; ``"official"`` reproduces the official baseline, its doubled
        voices, pooled gains and truncation to 16 bit included (separator ``convtasnet`` only).
    device
        Where networks run: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    aid
        What all hearing aids have in common.
    soft_clip
        Limit the amplified signal by its hyperbolic tangent, as the official option does.
    accompaniment_share
        How much of the accompaniment the official remix leaves in every target.

    Examples
    --------
    >>> from rebalance.pipeline import EnhanceOptions
    >>> EnhanceOptions(separator="fast").rounding, EnhanceOptions(separator="convtasnet", remix="official").rounding
    ('nearest', 'truncate')
    """

    separator: str
    remix: RemixMode = "edit"
    device: str = "auto"
    aid: AidSettings = CHALLENGE_AID
    soft_clip: bool = False
    accompaniment_share: float = 0.1

    @property
    def rounding(self) -> Rounding:
        """How samples become 16 bit."""
        return "truncate" if self.remix == "official" else "nearest"


def estimate_sources(
    separator: Separator, task: Task, segment: Segment, *, mixture: Audio | None = None
) -> dict[str, Audio]:
    """Separate one segment; estimates of shape ``(2, n_samples)`` by the segment's source names.

    Parameters
    ----------
    separator
        Anything that keeps the contract of `rebalance.separation.Separator`; an oracle is told the true sources.
    task
        Where the audio lies.
    segment
        One of the task's.
    mixture
        The segment's as `read_source` gives it, where that is at hand; read from its file if left out.

    Raises
    ------
    ConfigError
        If the release does not say which instruments play and the separator has to know, or the separator names
        other sources than `source_names` does.
    AudioError
        If an estimate is not a finite signal of the mixture's shape.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import estimate_sources
    >>> from rebalance.separation import load_separator
    >>> task = load_task("metadata/demo", "valid")
    >>> segment = task.scenes["S50001"].segment
    >>> estimates = estimate_sources(load_separator("mixture"), task, segment)
    >>> list(estimates) == [source.name for source in segment.sources]
    True
    """
    if not segment.sources:
        if np.any(info_of(separator).shrinkage):
            raise ConfigError(
                f"the release names no instruments; separator {separator.name!r} needs them",
                where=f"segment {segment.name!r}",
            )
        return {}
    if isinstance(separator, Oracle):
        truth = [read_source(task, source) for source in segment.sources]
        separator = separator.informed_by(dict(zip(source_names(segment.instruments), truth, strict=True)))
    if mixture is None:
        mixture = read_source(task, segment.mixture)
    rate = CAD2_TASK2.mixture_sample_rate
    made = separate_at_rate(separator, mixture, segment.instruments, sample_rate=rate)
    return _by_metadata_name(made, segment, mixture)


def amplify_for_submission(signal: Audio, fitting: Fitting, *, aid: AidSettings = CHALLENGE_AID) -> Audio:
    """Amplify a stereo remix at 44.1 kHz for a listener; the result at the submission's 32 kHz.

    Parameters
    ----------
    signal
        Shape ``(2, n_samples)``, 44.1 kHz, full scale 1.
    fitting
        The listener's, of both ears.
    aid
        What all listeners' aids have in common.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import load_task
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.pipeline import amplify_for_submission
    >>> task = load_task(demo_folder(), "valid")
    >>> amplify_for_submission(np.zeros((2, 44_100)), task.fittings["L0001"]).shape
    (2, 32000)
    """
    amplified = amplify(signal, fitting, settings=aid)
    return resample(amplified, CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.remix_sample_rate)


def enhance_task(
    task: Task,
    run: StrPath,
    options: EnhanceOptions,
    *,
    fresh: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> tuple[Failure, ...]:
    """Write the submission file of every pair that has none yet.

    Can be interrupted at any moment and started again: finished pairs are kept, and so are the
    estimates of a segment until all its pairs are finished.

    Parameters
    ----------
    task
        Its scenes and listeners are the pairs to enhance.
    run
        Folder to write to.
    options
        How to do it.
    fresh
        Remove what a run has left in the folder, whatever made it, and start anew; see `clear_run`.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Returns
    -------
    tuple of Failure
        The pairs that could not be done, and why.

    Raises
    ------
    ConfigError
        If the folder holds the run of another system, other weights, source or settings, or the separator cannot be
        had or has to be shown a video.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance import load_task
    >>> from rebalance.pipeline import EnhanceOptions, enhance_task
    >>> task = load_task("metadata/demo", "valid")
    >>> with tempfile.TemporaryDirectory() as run:
    ...     enhance_task(task.subset([]), Path(run), EnhanceOptions(separator="mixture"), jobs=1)
    ()
    """
    run = expanded(run)
    separator = _separator(options)
    if isinstance(separator, Sighted):
        expected = "one that needs no video: a task has none"
        raise ConfigError(where=f"separator {separator.name!r}", expected=expected, got="one that looks at the players")
    if options.remix == "official":
        _require_official(separator)
    record = _record(task, options, separator)
    if fresh:
        clear_run(run)
    claim_run(run, record)
    _LOG.info("%s: %d of %d pairs are there", run, count_finished(task, run), len(task.pairs))
    done: list[_EnhancedSegment] = []
    try:
        failures = run_items(
            _unfinished_by_segment(task, run),
            functools.partial(_enhance_segment, run=run, options=options),
            title=f"enhance {task.split} with {options.separator}",
            jobs=jobs,
            executor=executor,
            describe=lambda part: f"segment {next(iter(part.segments))}",
            on_result=lambda _, enhanced: done.append(enhanced),
        )
    finally:
        record_timing(run, sum((enhanced.timing for enhanced in done), Timing()))
    return (*(failure for enhanced in done for failure in enhanced.failures), *failures)


def _record(task: Task, options: EnhanceOptions, separator: Separator) -> RunRecord:
    """Return what identifies a run, and what a submission has to declare of it."""
    info = info_of(separator)
    return RunRecord(
        n_parameters=info.n_parameters,
        lookahead_ms=info.finite_lookahead_ms,
        external_training_data=info.external_training_data,
        version=VERSION,
        semantics=SEMANTICS,
        separator=options.separator,
        weights=info.weights,
        source=source_digest(options.separator),
        shrinkage=tuple(np.atleast_1d(np.asarray(info.shrinkage, dtype=np.float64)).tolist()),
        soft_clip=options.soft_clip,
        accompaniment_share=options.accompaniment_share,
        aid=dataclasses.asdict(options.aid),
        remix=options.remix,
        rounding=options.rounding,
        data=str(task.music_dir.parent.resolve()),
        split=task.split,
    )


def _unfinished_by_segment(task: Task, run: Path) -> list[Task]:
    """Return one small task per segment with the pairs that have no file yet."""
    waiting: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in task.pairs:
        if not enhanced_path(run, task.split, pair).exists():
            waiting[task.scenes[pair.scene].segment.name].append(pair)
    return [task.subset(pairs) for pairs in waiting.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _EnhancedSegment:
    """What became of a segment: the pairs that failed, and how long the separation took."""

    failures: tuple[Failure, ...]
    timing: Timing


def _enhance_segment(part: Task, *, run: Path, options: EnhanceOptions) -> _EnhancedSegment:
    """Write the files of one segment's pairs; a pair that fails leaves the others alone."""
    (segment,) = part.segments.values()
    separator = _separator(options)
    mixture = read_source(part, segment.mixture)
    estimates, timing = _kept_estimates(run, part, segment, mixture, separator, options)
    failures: list[Failure] = []
    for name, listeners in part.scene_listeners.items():
        remixed = _remix_scene(mixture, estimates, part.scenes[name], separator, options)
        for pair in (Pair(scene=name, listener=listener) for listener in listeners):
            try:
                _write_pair(remixed, part, pair, run, options)
            except RebalanceError as error:
                failures.append(Failure(item=f"scene {pair.scene}, listener {pair.listener}", reason=one_line(error)))
    if not failures:
        _estimates_path(run, segment).unlink(missing_ok=True)
    return _EnhancedSegment(failures=tuple(failures), timing=timing)


def _remix_scene(
    mixture: Audio, estimates: Mapping[str, Audio], scene: Scene, separator: Separator, options: EnhanceOptions
) -> Audio:
    """Apply a scene's gains; shape of the mixture, unamplified."""
    if options.remix == "official":
        instruments = {source.name: source.instrument for source in scene.segment.sources}
        return official_remix(estimates, scene.gains_db, instruments)
    if not estimates:
        return mixture
    return remix_as_edit(mixture, estimates, scene.gains_db, shrinkage=info_of(separator).shrinkage)


def _write_pair(remixed: Audio, part: Task, pair: Pair, run: Path, options: EnhanceOptions) -> None:
    """Amplify one scene's remix for one listener and write it."""
    if pair.listener not in part.fittings:
        raise MetadataError(where=f"listener {pair.listener}", expected="compressor parameters", found="none")
    amplified = amplify_for_submission(remixed, part.fittings[pair.listener], aid=options.aid)
    limited = np.tanh(amplified) if options.soft_clip else amplified
    path = enhanced_path(run, part.split, pair)
    write_flac(path, limited, CAD2_TASK2.remix_sample_rate, rounding=options.rounding)


def _kept_estimates(
    run: Path, part: Task, segment: Segment, mixture: Audio, separator: Separator, options: EnhanceOptions
) -> tuple[dict[str, Audio], Timing]:
    """Return the estimates an interrupted run left behind, or make them and keep them, with the time that took."""
    path = _estimates_path(run, segment)
    names = [source.name for source in segment.sources]
    kept = _read_estimates(path)
    if kept is not None and kept.keys() == set(names):
        return kept, Timing()
    given = mixture.copy()  # the remix needs the mixture as it was, whatever a separator does to what it is given
    start_s = time.perf_counter()
    if options.remix == "official":
        estimates = _official_targets(separator, given, segment, options.accompaniment_share)
    else:
        estimates = estimate_sources(separator, part, segment, mixture=given)
    timing = Timing(separation_s=time.perf_counter() - start_s, music_s=_duration_s(estimates))
    if np.any(info_of(separator).shrinkage) and estimates:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, names=np.array(names), estimates=np.stack([estimates[name] for name in names]))
    return estimates, timing


def _duration_s(estimates: Mapping[str, Audio]) -> float:
    """Return how long estimates are; 0 where there is none."""
    return max((estimate.shape[1] for estimate in estimates.values()), default=0) / CAD2_TASK2.mixture_sample_rate


def _read_estimates(path: Path) -> dict[str, Audio] | None:
    """Return kept estimates by name; None where there are none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return dict(zip(kept["names"].tolist(), kept["estimates"], strict=True))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _require_official(separator: Separator) -> OfficialTargets:
    """Return a separator that estimates what the official remix needs.

    Raises
    ------
    ConfigError
        If it is another.
    """
    if not isinstance(separator, OfficialTargets):
        raise ConfigError(
            where="the official remix (--official)", expected="separator 'convtasnet'", got=repr(separator.name)
        )
    return separator


def _official_targets(separator: Separator, mixture: Audio, segment: Segment, share: float) -> dict[str, Audio]:
    """Return what the official baseline estimates for every source of a segment."""
    targets = _require_official(separator).targets(mixture, segment.instruments, accompaniment_share=share)
    return _by_metadata_name(targets, segment, mixture)


def _by_metadata_name(made: Mapping[str, object], segment: Segment, mixture: Audio) -> dict[str, Audio]:
    """Return what a separator calls ``Violin_2`` under the name the metadata has for it, in their order."""
    names = source_names(segment.instruments)
    checked = checked_estimates(made, names, mixture.shape)
    return {source.name: checked[name] for source, name in zip(segment.sources, names, strict=True)}


def _estimates_path(run: Path, segment: Segment) -> Path:
    """Return where the estimates of an unfinished segment are kept."""
    return run / "unfinished" / f"{segment.name}.npz"


@functools.lru_cache(maxsize=1)
def _separator(options: EnhanceOptions) -> Separator:
    """Load the separator once per process."""
    return load_separator(options.separator, device=options.device)
