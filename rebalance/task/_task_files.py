"""Which files a task is read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rebalance._base.challenge import SPLITS, Split
from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance._base.names import suggestion

_RUN_RECORD = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFiles:
    """The files of one split.

    Parameters
    ----------
    gains, music, scenes, scene_listeners, listeners, compressor_params
        The metadata files.
    music_dir
        Folder the tracks are relative to.
    root
        Folder no track may lie outside of; `music_dir` when None.

    Examples
    --------
    >>> from rebalance.task import TaskFiles
    >>> files = TaskFiles.of("metadata/demo", "valid")
    >>> files.scenes.as_posix(), files.music_dir.as_posix()
    ('metadata/demo/metadata/scenes.valid.json', 'metadata/demo/audio')
    """

    gains: Path
    music: Path
    scenes: Path
    scene_listeners: Path
    listeners: Path
    compressor_params: Path
    music_dir: Path
    root: Path | None = None

    @classmethod
    def of(cls, root: StrPath, split: Split) -> TaskFiles:
        """Return where the challenge keeps the files of a split.

        The scenes may be called ``scene.<split>.json``, as the official description has it, where no
        ``scenes.<split>.json`` is.

        Parameters
        ----------
        root
            Folder of the task, with ``metadata`` and ``audio``.
        split
            Split of the task.
        """
        root = expanded(root)
        root = Path(root)
        metadata = root / "metadata"
        return cls(
            gains=metadata / "gains.json",
            music=metadata / f"music.{split}.json",
            scenes=_scenes_file(metadata, split),
            scene_listeners=metadata / f"scene_listeners.{split}.json",
            listeners=metadata / f"listeners.{split}.json",
            compressor_params=metadata / f"compressor_params.{split}.json",
            music_dir=root / "audio",
            root=root,
        )

    @property
    def boundary(self) -> Path:
        """The folder no track may lie outside of."""
        return self.music_dir if self.root is None else self.root


def available_splits(root: StrPath) -> tuple[Split, ...]:
    """Return the splits whose scenes are in a folder, in the order train, valid, test.

    Raises
    ------
    MetadataError
        If the folder or its ``metadata`` is missing.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import available_splits
    >>> available_splits(demo_folder())
    ('valid',)
    """
    root = expanded(root)
    metadata = metadata_dir(root)
    return tuple(split for split in SPLITS if _scenes_file(metadata, split).is_file())


def splits_to_check(root: StrPath, asked: str | None = None) -> tuple[Split, ...]:
    """Return the split asked for, else those that have scenes, else those any metadata file is named after.

    Parameters
    ----------
    root
        Folder of the task.
    asked
        Name of one split; all that are there when None.

    Raises
    ------
    MetadataError
        If there is none, or none of the split asked for, or the folder or its ``metadata`` is missing.
    ConfigError
        If what is asked for is no split.

    Examples
    --------
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.task import splits_to_check
    >>> splits_to_check(demo_folder())
    ('valid',)
    """
    root = expanded(root)
    metadata = metadata_dir(root)
    named = tuple(split for split in SPLITS if any(metadata.glob(f"[!.]*.{split}.json")))
    if not named:
        expected = "scenes.valid.json" if asked is None else f"scenes.{checked_split(asked)}.json"
        raise MetadataError(where=metadata, expected=f"files such as {expected!r}", got="none of any split")
    if asked is None:
        return available_splits(root) or named
    split = checked_split(asked)
    if split not in named:
        got = f"those of {', '.join(named)}"
        raise MetadataError(where=metadata, expected=f"files of split {split!r} such as 'scenes.{split}.json'", got=got)
    return (split,)


def metadata_dir(root: Path | str) -> Path:
    """Return the metadata folder of a task.

    Raises
    ------
    MetadataError
        If it or the root is missing.
    """
    root = Path(root)
    if not root.is_dir():
        raise MetadataError(where=root, expected="the root folder of a task", got="no folder")
    if not (root / "metadata").is_dir():
        swapped = "; it is the folder of a run, and the task comes before it" if (root / _RUN_RECORD).is_file() else ""
        raise MetadataError(
            where=root, expected="a folder 'metadata' in the root folder of a task", got="none", more=swapped
        )
    return root / "metadata"


def checked_split(name: str) -> Split:
    """Return a split by name.

    Raises
    ------
    ConfigError
        If there is no such split.

    Examples
    --------
    >>> from rebalance.task import checked_split
    >>> checked_split("valid")
    'valid'
    >>> checked_split("validation")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: split: expected one of train, valid, test, got 'validation'; did ...
    """
    for split in SPLITS:
        if split == name:
            return split
    raise ConfigError(
        where="split", expected=f"one of {', '.join(SPLITS)}", got=repr(name), more=suggestion(name, SPLITS)
    )


def _scenes_file(metadata: Path, split: Split) -> Path:
    proper, misnamed = metadata / f"scenes.{split}.json", metadata / f"scene.{split}.json"
    return misnamed if misnamed.is_file() and not proper.is_file() else proper
