"""The official recipe's option names, read into our values: every key used, what the task fixes held to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.names import one_of
from rebalance.hearing import AidSettings, looks_like_khz
from rebalance.pipeline._enhancing import EnhanceOptions
from rebalance.task import Pair, Task, TaskFiles, load_task_files, read_json

_SMALL_TEST_STEP = 400
_FIXED = {
    "input_sample_rate": CAD2_TASK2.mixture_sample_rate,
    "remix_sample_rate": CAD2_TASK2.remix_sample_rate,
    "HAAQI_sample_rate": CAD2_TASK2.haaqi_sample_rate,
    "separator.separation.number_sources": 2,
    "separator.separation.segment": 6.0,
    "separator.separation.overlap": 0.1,
    "separator.separation.sample_rate": CAD2_TASK2.mixture_sample_rate,
    "evaluate.set_random_seed": True,
}
_SEPARATORS = {"noncausal": "convtasnet", "causal": "convtasnet-causal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialOptions:
    """What an official command line asks for.

    Parameters
    ----------
    task
        The task, cut down to the batch.
    run
        Folder of signals and scores.
    enhance
        Separator, remix and hearing aid.
    scores_name
        Name of the score file without its suffix.
    redownload
        Whether to ask the hub for the published checkpoints again.
    jobs
        Number of processes; all cores when None.
    """

    task: Task
    run: Path
    enhance: EnhanceOptions
    scores_name: str
    redownload: bool
    jobs: int | None


def read_options(config: Mapping[str, Any], *, require_sources: bool) -> OfficialOptions:
    """Read the options of ``baseline/config.yaml``.

    Parameters
    ----------
    config
        Nested mapping with every key of that file and no other, interpolations resolved.
    require_sources
        Whether the true sources must be there (to score).

    Raises
    ------
    ConfigError
        If a key is missing or unknown, or a value is not what the task fixes.
    MetadataError
        If the metadata is wrong.

    Examples
    --------
    >>> from omegaconf import OmegaConf
    >>> from rebalance.pipeline import read_options
    >>> config = OmegaConf.load("baseline/config.yaml")
    >>> del config["hydra"]
    >>> config.path.root, config.separator.name, config.separator.official = "metadata/demo", "fast", False
    >>> options = read_options(OmegaConf.to_container(config, resolve=True), require_sources=True)
    >>> len(options.task.pairs), options.enhance.separator, options.run.as_posix()
    (12, 'fast', 'exp')
    """
    values = dict(_flattened(config))
    options = _Reader(values)
    for key, expected in _FIXED.items():
        if (got := options.take(key)) != expected:
            raise ConfigError(f"the task fixes {expected!r}, got {got!r}", where=key)
    task = _batch(_task(options, require_sources=require_sources), options)
    read = OfficialOptions(
        task=task,
        run=Path(options.take("path.exp_folder")),
        enhance=_enhance_options(options),
        scores_name=_scores_name(values),
        redownload=bool(options.take("separator.force_redownload")),
        jobs=options.take("evaluate.jobs"),
    )
    options.take("evaluate.haaqi")  # of older command lines: HAAQI has one noise now
    options.require_all_read()
    return read


class _Reader:
    """Hands out values by dotted key and knows which were never asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def take(self, key: str) -> Any:  # noqa: ANN401 - whatever the file holds
        """Return a value, once."""
        if key not in self._values:
            raise ConfigError(where=key, expected="in the configuration", found="nothing")
        return self._values.pop(key)

    def require_all_read(self) -> None:
        """Raise if a key is left over."""
        if self._values:
            raise ConfigError(f"{', '.join(sorted(self._values))}", where="unknown options")


def _flattened(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every leaf with its dotted key."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _task(options: _Reader, *, require_sources: bool) -> Task:
    """Load the task from the files named, its split read off the scene ids."""
    root = Path(options.take("path.root"))
    options.take("path.metadata_dir")
    files = TaskFiles(
        gains=Path(options.take("path.gains_file")),
        music=Path(options.take("path.music_file")),
        scenes=Path(options.take("path.scenes_file")),
        scene_listeners=Path(options.take("path.scene_listeners_file")),
        listeners=Path(options.take("path.listeners_file")),
        compressor_params=Path(options.take("path.enhancer_params_file")),
        music_dir=Path(options.take("path.music_dir")),
        root=root,
    )
    scenes = read_json(files.scenes)
    if not isinstance(scenes, dict) or not scenes:
        raise ConfigError(where=files.scenes, expected="scenes by their ids", found="none")
    return load_task_files(files, CAD2_TASK2.split_of(next(iter(scenes))), require_sources=require_sources)


def _batch(task: Task, options: _Reader) -> Task:
    """Keep the pairs of one batch: every n-th, and of a small test every 400th before that."""
    pairs: Sequence[Pair] = task.pairs
    if options.take("evaluate.small_test"):
        pairs = pairs[::_SMALL_TEST_STEP]
    batch, n_batches = options.take("evaluate.batch"), options.take("evaluate.batch_size")
    if not 0 <= batch < n_batches:
        raise ConfigError(
            where="evaluate.batch", expected=f"0 to {n_batches - 1} (evaluate.batch_size - 1)", got=str(batch)
        )
    return task.subset(pairs[batch::n_batches])


def _enhance_options(options: _Reader) -> EnhanceOptions:
    """Return how to enhance."""
    causality = options.take("separator.causality")
    one_of("separator.causality", causality, tuple(_SEPARATORS))
    crossovers_hz = tuple(options.take("enhancer.crossover_frequencies"))
    if looks_like_khz(crossovers_hz):
        raise ConfigError(where="enhancer.crossover_frequencies", expected=f"Hz, {list(crossovers_hz)} looks like kHz")
    return EnhanceOptions(
        separator=options.take("separator.name") or _SEPARATORS[causality],
        remix="official" if options.take("separator.official") else "edit",
        device=_device(options.take("separator.device")),
        accompaniment_share=float(options.take("separator.add_residual")),
        soft_clip=bool(options.take("soft_clip")),
        aid=AidSettings(
            crossover_frequencies_hz=crossovers_hz,
            thresholds_db=tuple(options.take("enhancer.threshold")),
            attacks_ms=tuple(options.take("enhancer.attack")),
            releases_ms=tuple(options.take("enhancer.release")),
        ),
    )


def _device(name: str | None) -> str:
    """Return our name of a device: the recipe says ``gpu0`` for ``cuda:0`` and nothing for the best there is."""
    if name is None:
        return "auto"
    return f"cuda:{name.removeprefix('gpu')}" if name.startswith("gpu") else name


def _scores_name(values: Mapping[str, Any]) -> str:
    """Return the name of the score file: that of its batch where there are several."""
    batch, n_batches = values["evaluate.batch"], values["evaluate.batch_size"]
    return "scores" if n_batches == 1 else f"scores_{batch + 1}-{n_batches}"
