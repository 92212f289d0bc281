"""``rebalance scenes`` and ``rebalance evaluation-task``: new scenes for music that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._completion import SPLITS, among, offering
from rebalance.cli._options import DataArgument, JobsOption, SplitOption
from rebalance.cli._outputs import check_folder_to_write

if TYPE_CHECKING:
    from rebalance._base.challenge import Split
    from rebalance.hearing import Listener

GainsOption = Annotated[int, typer.Option("--gains", min=1, help="Scenes per segment, each with other gains.")]
ListenersPerSceneOption = Annotated[
    int, typer.Option("--listeners-per-scene", min=0, help="Who hears each scene, at random; 0 for everybody.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same scenes.")]


def scenes(
    data: DataArgument,
    split: SplitOption = None,
    gains: GainsOption = 4,
    listeners_per_scene: ListenersPerSceneOption = 2,
    seed: SeedOption = 2024,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the scenes that are there.")] = False,
) -> None:
    """Make scenes and scene listeners from the music and listeners of a task.

    Gains are drawn from all patterns of the challenge's rule; nobody hears a scene twice.

    Example: rebalance scenes data/cad2 --split train --gains 8 --seed 7 --replace
    """
    from rebalance.cli._reporting import say
    from rebalance.taskmaking import generate_scenes

    generated = generate_scenes(
        data,
        _split_with_music(data, split),
        seed=seed,
        gains_per_segment=gains,
        listeners_per_scene=listeners_per_scene or None,
        replace=replace,
    )
    if generated.left_out:
        say(f"{len(generated.left_out)} segments have too few or too many sources for the challenge's gains")
    n_scenes = len(generated.scene_set.scenes)
    say(f"{n_scenes} scenes, {generated.scene_set.n_pairs} pairs: {data}")


def evaluation_task(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Root folder of the task.", show_default=False)],
    corpus: Annotated[
        list[str],
        typer.Option(metavar="NAME=FOLDER", help="Dry recordings: URMP=FOLDER or BACH10=FOLDER; may be repeated."),
    ],
    room: Annotated[
        list[Path],
        typer.Option(help="First-order B-format impulse response (FuMa W X Y Z) as WAV; may be repeated."),
    ],
    split: Annotated[
        str, typer.Option(metavar=among(SPLITS[1:]), autocompletion=offering(SPLITS[1:]), help="Which split to write.")
    ] = "test",
    spacing: Annotated[float, typer.Option(help="Angle between neighbouring players in degrees.")] = 10.0,
    gains: GainsOption = 4,
    listeners: Annotated[
        Path | None, typer.Option(help="Listeners as JSON; twelve generated ones when left out.", show_default=False)
    ] = None,
    listeners_per_scene: ListenersPerSceneOption = 2,
    seed: SeedOption = 2024,
    jobs: JobsOption = None,
) -> None:
    """Make an evaluation as the organisers did: dry recordings of real players in measured rooms.

    Stereo, 15-s segments at -40 LUFS, four gains for each. What comes out is evaluation material: do not
    train on it.

    Example: rebalance evaluation-task data/eval --corpus URMP=URMP/Dataset --room hall-a.wav --room hall-b.wav
    """
    from rebalance.cli._reporting import finish, say
    from rebalance.datasets import load_corpus
    from rebalance.task import checked_split
    from rebalance.taskmaking import write_evaluation_task

    check_folder_to_write(out)
    opened = [load_corpus(name, folder, purpose="evaluation") for name, folder in map(_name_and_folder, corpus)]
    summary = write_evaluation_task(
        out,
        opened,
        room,
        seed=seed,
        split=checked_split(split),
        spacing_deg=spacing,
        gains_per_segment=gains,
        listeners=_listeners(listeners),
        listeners_per_scene=listeners_per_scene or None,
        jobs=jobs,
    )
    for line in summary.lines:
        say(line)
    if summary.failures:
        finish("", summary.failures)


def _split_with_music(data: Path, asked: str | None) -> Split:
    """Return the split asked for, or the only one whose music is there; its scenes need not be."""
    from rebalance._base.challenge import SPLITS
    from rebalance._base.errors import ConfigError
    from rebalance.task import TaskFiles, checked_split

    if asked is not None:
        return checked_split(asked)
    present = [name for name in SPLITS if TaskFiles.of(data, name).music.is_file()]
    if len(present) != 1:
        expected = "music of one split, or --split to name one"
        raise ConfigError(where=data, expected=expected, found=", ".join(present) or "none")
    return present[0]


def _name_and_folder(text: str) -> tuple[str, Path]:
    """Split ``URMP=folder``."""
    from rebalance._base.errors import ConfigError
    from rebalance._base.files import expanded

    name, equals, folder = text.partition("=")
    if not equals or not folder:
        raise ConfigError(where="--corpus", expected="NAME=FOLDER such as URMP=URMP/Dataset", got=repr(text))
    return name, expanded(folder)


def _listeners(path: Path | None) -> dict[str, Listener] | None:
    """Read the listeners of a user's file."""
    from rebalance.task import read_listeners

    return None if path is None else read_listeners(path)
