"""``rebalance render``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.names import one_of
from rebalance.cli._completion import ENGINES, HUMANISINGS, ROOMS, SPLITS, STYLES, among, annotation_modes, offering
from rebalance.cli._options import JobsOption, SchedulerOption
from rebalance.cli._outputs import check_folder_to_write
from rebalance.cli._render_orchestra import render_orchestra_data

if TYPE_CHECKING:
    from rebalance._base.running import Failure
    from rebalance.taskmaking import TaskSummary


def render(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the task to write.", show_default=False)],
    pieces: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PIECE",
            help="Score file, folder of scores, name or pattern of the music21 corpus ('haydn/*'), or a composed piece"
            " ('composed/quartet/1'; also chorale, canon); repeatable."
            " All curated pieces of the split when left out; with --style synthsod files and folders only.",
            show_default=False,
        ),
    ] = None,
    ensembles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENSEMBLE",
            help="'strings', 'winds', 'winds-sax', 'mixed', 'random' or a list as Flute,Violin,Cello; repeatable.",
            show_default="strings, winds, mixed",
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="Hours of music; every piece once when left out.", show_default=False)
    ] = None,
    valid_hours: Annotated[
        float | None,
        typer.Option(
            help="Write a validation split of so many hours too, of held-out pieces and with the held-out soundfont.",
            show_default=False,
        ),
    ] = None,
    style: Annotated[
        str,
        typer.Option(
            metavar=among(STYLES),
            autocompletion=offering(STYLES),
            help="A task of the challenge, or an orchestral data set in the layout of SynthSOD.",
        ),
    ] = "challenge",
    annotations: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            autocompletion=annotation_modes,
            help="'musical', 'published' (SynthSOD's generator), 'published-fixed-tempo', 'published-single-dynamic',"
            " 'published-one-articulation', 'written' or 'none'.",
            show_default="musical; published for synthsod",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same task.")] = 0,
    split: Annotated[
        str, typer.Option(metavar=among(SPLITS[:2]), autocompletion=offering(SPLITS[:2]), help="Which split to write.")
    ] = "train",
    font: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FONT",
            help="Soundfont by name (fluidr3, musescore, timgm) or path, folder of notes or SFZ file; repeatable.",
            show_default="fluidr3 and musescore for train, timgm for valid; all three for synthsod",
        ),
    ] = None,
    humanise: Annotated[
        str | None,
        typer.Option(
            metavar=among(HUMANISINGS),
            autocompletion=offering(HUMANISINGS),
            help="How much of a player is in it.",
            show_default="full; published for synthsod",
        ),
    ] = None,
    room: Annotated[
        str,
        typer.Option(
            metavar=among([*ROOMS, "FOLDER"]),
            autocompletion=offering(ROOMS),
            help="Simulated halls, none, or B-format WAVs.",
        ),
    ] = ("halls"),
    one_response: Annotated[bool, typer.Option(help="The players of a piece share one response.")] = False,
    spacing: Annotated[float, typer.Option(help="Degrees between neighbouring players.")] = 10.0,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar=among(ENGINES), autocompletion=offering(ENGINES), help="Best installed one when left out."
        ),
    ] = None,
    gains: Annotated[int, typer.Option(min=1, help="Gain patterns, and so scenes, for each segment.")] = 4,
    listeners: Annotated[
        Path | None,
        typer.Option(help="listeners.<split>.json to use; realistic ones are drawn when left out.", show_default=False),
    ] = None,
    listeners_per_scene: Annotated[int, typer.Option(min=1, help="Listeners for each scene.")] = 2,
    random_mixtures: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Segments mixed from strings and woodwinds of different pieces.",
            show_default="one per piece for valid, none for train",
        ),
    ] = None,
    preview: Annotated[bool, typer.Option(help="Write a page to look at beside every piece.")] = False,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Make a synthetic task: scores to annotated performances to stems in rooms, and all metadata.

    Finished pieces are kept: the same command goes on after an interruption. Train and validation may be
    written to the same folder, one after the other; they share no piece and, unless told otherwise, no soundfont.

    Example: rebalance render exp/synthetic --hours 1 --valid-hours 0.2 --ensembles strings --ensembles mixed --seed 1

    Example: rebalance render exp/orchestra --style synthsod --pieces midi
    """
    from rebalance._base.files import expanded
    from rebalance._base.running import Failure, executor_for, one_line
    from rebalance.cli._reporting import finish, say
    from rebalance.synthesis.notation import select_pieces
    from rebalance.synthesis.rendering import choose_run, render_pieces, write_previews
    from rebalance.task import read_listeners
    from rebalance.taskmaking import write_task

    if one_of("--style", style, STYLES) == "synthsod":
        of_tasks = {
            "--ensembles": ensembles,
            "--hours": hours,
            "--valid-hours": valid_hours,
            "--listeners": listeners,
            "--random-mixtures": random_mixtures,
            "--preview": preview or None,
        }
        if given := [option for option, value in of_tasks.items() if value is not None]:
            raise ConfigError(where=given[0], expected="beside --style challenge", got="--style synthsod")
        render_orchestra_data(
            out,
            pieces,
            fonts=font,
            annotations=annotations,
            humanise=humanise,
            seed=seed,
            engine=engine,
            jobs=jobs,
            scheduler=scheduler,
        )
        return
    if valid_hours is not None and split != "train":
        raise ConfigError(where="--valid-hours", expected="beside --split train", got=f"--split {split}")
    check_folder_to_write(out)
    people = read_listeners(listeners) if listeners is not None else None
    failures: list[Failure] = []
    done: list[str] = []
    wanted = [(split, hours, font)] + ([("valid", valid_hours, None)] if valid_hours is not None else [])
    with executor_for(scheduler) as executor:
        for name, length, fonts in wanted:
            run = choose_run(
                split=name,
                seed=seed,
                ensembles=ensembles,
                fonts=fonts and [str(expanded(name)) for name in fonts],
                humanise=humanise or "full",
                annotations=annotations or "musical",
                room=str(expanded(room)),
                one_response=one_response,
                spacing_deg=spacing,
                engine=engine,
            )
            chosen = select_pieces(pieces or ["*"], run.split)
            outcome = render_pieces(out, chosen, run, hours=length, jobs=jobs, executor=executor)
            failures += outcome.failures
            if not outcome.pieces and failures:
                finish(f"{out}: nothing of {run.split} could be rendered", failures)
            if preview:
                failures += write_previews(out, run.split, outcome.pieces, jobs=jobs, executor=executor)
            write = functools.partial(
                write_task,
                out,
                run.split,
                outcome.pieces,
                seed=seed,
                gains_per_segment=gains,
                listeners=people,
                listeners_per_scene=listeners_per_scene,
                jobs=jobs,
                executor=executor,
            )
            try:
                summary, lacking = written_with_mixtures(
                    write, random_mixtures, split=run.split, n_pieces=len(outcome.pieces)
                )
            except MetadataError as error:
                if not failures:
                    raise
                finish("", [*failures, Failure(item=f"the task of {run.split}", reason=one_line(error))])
            failures += lacking
            for line in summary.lines:
                say(line)
            done.append(f"{outcome.duration_s / 3600:.2f} h of {run.split}")
    finish(f"{out}: {', '.join(done)}", failures)


def written_with_mixtures(
    write: Callable[..., TaskSummary], asked: int | None, *, split: str, n_pieces: int
) -> tuple[TaskSummary, list[Failure]]:
    """Write a task with the random mixtures asked for, or one per piece for validation; without where it has none.

    What was rendered is not lost then. It is a failure only where mixtures were asked for.
    """
    from rebalance._base.running import Failure
    from rebalance.cli._reporting import say
    from rebalance.taskmaking import NoMixturesError

    count = asked if asked is not None else n_pieces if split == "valid" else 0
    try:
        return write(random_mixtures=count), []
    except NoMixturesError as error:
        summary = write(random_mixtures=0)
        reason = f"none are written: they need strings and woodwinds, the pieces have {error.got}"
        if asked is None:
            say(f"random mixtures: {reason}")
            return summary, []
        return summary, [Failure(item="random mixtures", reason=reason)]
