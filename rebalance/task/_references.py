"""Cross references between the files of a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.challenge import CAD2_TASK2, Split
from rebalance.hearing import Fitting, Listener
from rebalance.task._music import TrackFolder, gains_in, segments_in, source_names
from rebalance.task._people import fittings_in, listeners_in
from rebalance.task._problems import Findings, listed
from rebalance.task._schemas import Document, read_document
from rebalance.task._task_files import TaskFiles
from rebalance.task._values import Scene, Segment, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    """The files of a split as read, and the values that do not depend on another file."""

    split: Split
    gains: Document
    music: Document
    scenes: Document
    scene_listeners: Document
    people: Document
    params: Document
    gains_db: Mapping[str, Mapping[str, float]]
    segments: Mapping[str, Segment]
    listeners: Mapping[str, Listener]
    fittings: Mapping[str, Fitting]


def resolve_task(files: TaskFiles, split: Split, findings: Findings) -> Task:
    """Read the metadata of a split and follow every reference.

    Returns
    -------
    Task
        The task as far as it is sound; whatever is left out of it is among the findings.
    """
    metadata = _read(files, split, findings)
    scenes = {
        name: scene
        for name, entry in metadata.scenes.entries.items()
        if (scene := _scene(name, entry, metadata, findings)) is not None
    }
    heard_by = {
        name: _scene_listeners(name, listeners, metadata, findings)
        for name, listeners in metadata.scene_listeners.entries.items()
    }
    _check_silent_scenes(metadata, findings)
    _check_fittings(heard_by, metadata, findings)
    return Task(
        music_dir=files.music_dir,
        split=split,
        segments=metadata.segments,
        scenes=scenes,
        listeners=metadata.listeners,
        fittings=metadata.fittings,
        scene_listeners={name: listeners for name, listeners in heard_by.items() if name in scenes},
    )


def _read(files: TaskFiles, split: Split, findings: Findings) -> _Metadata:
    gains = read_document(files.gains, "gains", findings)
    music = read_document(files.music, "music", findings)
    people = read_document(files.listeners, "listeners", findings)
    params = read_document(files.compressor_params, "compressor_params", findings)
    return _Metadata(
        split=split,
        gains=gains,
        music=music,
        scenes=read_document(files.scenes, "scenes", findings),
        scene_listeners=read_document(files.scene_listeners, "scene_listeners", findings),
        people=people,
        params=params,
        gains_db=gains_in(gains.entries, gains.path, findings),
        segments=segments_in(music.entries, music.path, TrackFolder.of(files, split), findings),
        listeners=listeners_in(people.entries, people.path, findings),
        fittings=fittings_in(params.entries, params.path, findings),
    )


def _scene(name: str, entry: Mapping[str, str], metadata: _Metadata, findings: Findings) -> Scene | None:
    """Build a scene, None where a reference of it leads nowhere."""
    path = metadata.scenes.path
    if (belongs_to := CAD2_TASK2.split_of(name)) != metadata.split:
        message = f"scene {name}: its number belongs to split {belongs_to!r}, the file to {metadata.split!r}"
        findings.error(path, name, expected=_numbers_of(metadata.split), got=name, message=message)
    for key, document in (("music", metadata.music), ("gain", metadata.gains)):
        _check_reference(f"scene {name}: {key}", f"{name}.{key}", entry[key], path, document, findings)
    gains_fit = _gains_fit(name, entry, metadata, findings)
    segment, gains_db = metadata.segments.get(entry["music"]), metadata.gains_db.get(entry["gain"])
    if segment is None or gains_db is None or not gains_fit:
        return None
    return Scene(name=name, segment=segment, gain_name=entry["gain"], gains_db=gains_db)


def _gains_fit(scene: str, entry: Mapping[str, str], metadata: _Metadata, findings: Findings) -> bool:
    """Find fault with a gain pattern that is not about exactly the sources of a segment."""
    music, gain = entry["music"], entry["gain"]
    sources = source_names(metadata.music.entries.get(music, {}))
    named = list(metadata.gains_db.get(gain, {}))
    if not sources or not named or set(named) == set(sources):
        return True
    if len(named) == len(sources):
        names, has = listed(named), listed(sources)
    else:
        names, has = f"{len(named)} source{'s' if len(named) > 1 else ''}", str(len(sources))
    findings.error(
        metadata.scenes.path,
        f"{scene}.gain",
        expected=f"gains for {listed(sources)}",
        got=f"gains for {listed(named)}",
        message=f"scene {scene}: gain {gain!r} names {names}, segment {music!r} has {has}",
    )
    return False


def _scene_listeners(scene: str, listeners: Sequence[str], metadata: _Metadata, findings: Findings) -> tuple[str, ...]:
    """Return the listeners of a scene that exist, each once."""
    path = metadata.scene_listeners.path
    _check_reference("scene", scene, scene, path, metadata.scenes, findings)
    for index, listener in enumerate(listeners):
        _check_reference(f"scene {scene}: listener", f"{scene}[{index}]", listener, path, metadata.people, findings)
    for listener, times in Counter(listeners).items():
        if times > 1:
            # The official generator draws the listeners of a training scene with replacement.
            find = findings.warning if metadata.split == "train" else findings.error
            message = f"scene {scene}: listener {listener!r} is listed {times} times"
            find(path, scene, expected="every listener once", got=f"{listener} {times} times", message=message)
    return tuple(dict.fromkeys(listener for listener in listeners if listener in metadata.listeners))


def _check_reference(what: str, key: str, name: str, path: Path, document: Document, findings: Findings) -> None:
    """Find fault with a name that the file it should stand in is known to lack."""
    if document.names is None or name in document.names:
        return
    findings.error(
        path,
        key,
        expected=f"an entry of {document.path.name}",
        got=repr(name),
        message=f"{what} {name!r} is not in {document.path.name}",
        suggestion=document.close_spelling(name),
    )


def _check_silent_scenes(metadata: _Metadata, findings: Findings) -> None:
    """Warn of scenes that nobody hears."""
    document = metadata.scene_listeners
    if document.names is None:
        return
    for scene in metadata.scenes.names or ():
        if scene not in document.names or document.entries.get(scene) == []:
            message = f"scene {scene}: nobody hears it"
            findings.warning(document.path, scene, expected="listeners", got="none", message=message)


def _check_fittings(heard_by: Mapping[str, Sequence[str]], metadata: _Metadata, findings: Findings) -> None:
    """Find fault with listeners without compressor settings; one that hears no scene can do without."""
    document = metadata.params
    if document.names is None:
        return
    first_scene = {listener: scene for scene, listeners in reversed(list(heard_by.items())) for listener in listeners}
    for listener in _missing(metadata.people.names or (), document):
        scene = first_scene.get(listener)
        find = findings.warning if scene is None else findings.error
        where = "" if scene is None else f" of scene {scene}"
        find(
            document.path,
            listener,
            expected=f"an entry for {listener!r}",
            got="none",
            message=f"listener {listener!r}{where} has no compressor parameters",
            suggestion=document.close_spelling(listener),
        )


def _missing(names: Sequence[str], document: Document) -> Iterator[str]:
    return (name for name in names if name not in (document.names or ()))


def _numbers_of(split: Split) -> str:
    return {"train": "S1 to S49999", "valid": "S50000 to S59999", "test": "S60000 or above"}[split]
