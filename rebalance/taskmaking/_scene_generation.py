"""Scenes of a task: which gains for which segment, and who listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded, write_json
from rebalance._base.seeding import stream
from rebalance.task import Findings, SchemaName, TaskFiles, read_document
from rebalance.taskmaking._gain_patterns import GainPattern, GainTable, draw_gain_patterns

DEFAULT_GAINS_PER_SEGMENT = 4
DEFAULT_LISTENERS_PER_SCENE = 2

# First and last number of the scenes of a split.
_SCENE_NUMBERS: dict[Split, tuple[int, int]] = {
    "train": (10_001, 49_999),
    "valid": (50_001, 59_999),
    "test": (60_001, 99_999),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSet:
    """The scenes of a split.

    Parameters
    ----------
    gains
        Every pattern the task has a name for, those of other splits included.
    scenes
        Scene to its segment (``music``) and the name of its gains (``gain``).
    listeners
        Scene to the names of those who hear it.
    """

    gains: GainTable
    scenes: Mapping[str, Mapping[str, str]]
    listeners: Mapping[str, Sequence[str]]

    @property
    def n_pairs(self) -> int:
        """Number of scenes times listeners."""
        return sum(map(len, self.listeners.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedScenes:
    """Scenes made for a task that was there already.

    Parameters
    ----------
    scene_set
        The scenes.
    left_out
        Names of segments with a number of sources the challenge has no gains for.
    """

    scene_set: SceneSet
    left_out: tuple[str, ...]


def make_scenes(
    n_sources: Mapping[str, int],
    listeners: Sequence[str],
    split: Split,
    *,
    seed: int,
    known_gains: GainTable,
    gains_per_segment: int = DEFAULT_GAINS_PER_SEGMENT,
    listeners_per_scene: int | None = DEFAULT_LISTENERS_PER_SCENE,
) -> SceneSet:
    """Draw different gain patterns for every segment, number the scenes and let listeners hear them.

    What is drawn for a segment or scene depends on the seed and its name only.

    Parameters
    ----------
    n_sources
        Segment to its number of sources.
    listeners
        Names to draw from; nobody hears a scene twice.
    split
        Scenes count from S10001 for training, S50001 for validation, S60001 for evaluation.
    seed
        Same seed, same scenes.
    known_gains
        Patterns that have a name already.
    gains_per_segment
        Scenes per segment.
    listeners_per_scene
        All of them when None.

    Raises
    ------
    ConfigError
        If more gains, listeners or scenes are wanted than there are.
    """
    if gains_per_segment < 1:
        raise ConfigError(where="gains per segment", expected="at least 1", got=str(gains_per_segment))
    drawn = {
        segment: draw_gain_patterns(number, gains_per_segment, stream(seed, "gains", segment))
        for segment, number in n_sources.items()
    }
    table = known_gains.with_patterns(pattern for patterns in drawn.values() for pattern in patterns)
    scenes = _numbered(drawn, table, split)
    return SceneSet(
        gains=table, scenes=scenes, listeners=_assigned(list(scenes), listeners, listeners_per_scene, seed=seed)
    )


def generate_scenes(
    root: StrPath,
    split: Split,
    *,
    seed: int,
    gains_per_segment: int = DEFAULT_GAINS_PER_SEGMENT,
    listeners_per_scene: int | None = DEFAULT_LISTENERS_PER_SCENE,
    replace: bool = False,
) -> GeneratedScenes:
    """Make and write new scenes for a task whose music and listeners are there already.

    Gains are drawn from all patterns of the challenge's rule; those without a name yet are added to
    ``gains.json`` and ``gains_meta.json``. A segment of more than five sources, or of one, has no gains by
    that rule and is left out.

    Parameters
    ----------
    root
        Folder that holds ``metadata``.
    split
        Split of the task.
    seed, gains_per_segment, listeners_per_scene
        As for `make_scenes`.
    replace
        Whether scenes that are there already may be replaced.

    Raises
    ------
    MetadataError
        If music, listeners or gains are missing or cannot be read.
    ConfigError
        If there are scenes already and they are not to be replaced, or more is wanted than there is.

    Examples
    --------
    >>> import shutil
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.taskmaking import generate_scenes
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = shutil.copytree("metadata/demo/metadata", Path(root, "metadata"))
    ...     made = generate_scenes(Path(root), "valid", seed=1, gains_per_segment=3, replace=True)
    >>> len(made.scene_set.scenes), made.left_out
    (6, ())

    Source: ``generate_train_scenes.py`` of the official recipe, which draws one listener twice at times
    and cuts the number of sources to five.
    """
    root = expanded(root)
    metadata = root / "metadata"
    if TaskFiles.of(root, split).scenes.exists() and not replace:
        raise ConfigError(f"there are scenes for {split!r} already; say that they are to be replaced", where=metadata)
    music = _entries(metadata / f"music.{split}.json", "music")
    listeners = _entries(metadata / f"listeners.{split}.json", "listeners")
    n_sources = {name: len(entry) - 1 for name, entry in music.items()}
    usable = {name: number for name, number in n_sources.items() if number in CAD2_TASK2.n_sources}
    if not usable:
        raise ConfigError(
            where=metadata, expected="segments of two to five sources", got=f"{sorted(set(n_sources.values()))}"
        )
    scene_set = make_scenes(
        usable,
        list(listeners),
        split,
        seed=seed,
        known_gains=read_gain_table(metadata),
        gains_per_segment=gains_per_segment,
        listeners_per_scene=listeners_per_scene,
    )
    write_scenes(metadata, split, scene_set)
    return GeneratedScenes(scene_set=scene_set, left_out=tuple(name for name in n_sources if name not in usable))


def read_gain_table(metadata: Path) -> GainTable:
    """Return the gain patterns a task has already, none where there is no ``gains.json``.

    Raises
    ------
    MetadataError
        If the file cannot be read.
    """
    path = metadata / "gains.json"
    return GainTable(gains_db=_entries(path, "gains") if path.exists() else {})


def write_scenes(metadata: Path, split: Split, scene_set: SceneSet) -> None:
    """Write the gains, who hears what, and last the scenes."""
    write_json(metadata / "gains.json", _gains_json(scene_set.gains.gains_db))
    groups = scene_set.gains.by_n_sources
    write_json(metadata / "gains_meta.json", {str(number): _gains_json(groups[number]) for number in groups})
    write_json(metadata / f"scene_listeners.{split}.json", scene_set.listeners)
    write_json(metadata / f"scenes.{split}.json", scene_set.scenes)


def _numbered(drawn: Mapping[str, Sequence[GainPattern]], table: GainTable, split: Split) -> dict[str, dict[str, str]]:
    """Return the scenes by their numbers, in the order of the segments."""
    first, last = _SCENE_NUMBERS[split]
    names = table.names
    wanted = [(segment, names[pattern]) for segment, patterns in drawn.items() for pattern in patterns]
    if len(wanted) > last - first + 1:
        raise ConfigError(
            where="scenes", expected=f"at most {last - first + 1} in split {split!r}", got=f"{len(wanted)}"
        )
    return {f"S{number}": {"music": segment, "gain": gain} for number, (segment, gain) in enumerate(wanted, first)}


def _assigned(
    scenes: Sequence[str], listeners: Sequence[str], per_scene: int | None, *, seed: int
) -> dict[str, list[str]]:
    """Return who hears each scene, nobody twice."""
    if per_scene is None:
        return {scene: list(listeners) for scene in scenes}
    if not 1 <= per_scene <= len(listeners):
        raise ConfigError(where="listeners per scene", expected=f"1 to {len(listeners)}", got=str(per_scene))
    return {
        scene: [str(name) for name in stream(seed, "listeners", scene).choice(listeners, per_scene, replace=False)]
        for scene in scenes
    }


def _entries(path: Path, name: SchemaName) -> Mapping[str, Any]:
    """Return the entries of a metadata file, all of them sound."""
    findings = Findings()
    document = read_document(path, name, findings)
    findings.raise_errors()
    return document.entries


def _gains_json(gains_db: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return gains as the challenge writes them: -10, not -10.0."""
    return {
        name: {source: int(gain) if float(gain).is_integer() else gain for source, gain in pattern.items()}
        for name, pattern in gains_db.items()
    }
