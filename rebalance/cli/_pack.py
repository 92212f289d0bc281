"""``rebalance pack``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._completion import CAUSALITIES, among, offering
from rebalance.cli._options import JobsOption, RunArgument
from rebalance.cli._outputs import check_folder_to_write


def pack(
    run: RunArgument,
    team: Annotated[str, typer.Option(metavar="NAME", help="Team, as registered.", show_default=False)],
    causality: Annotated[
        str,
        typer.Option(
            metavar=among(CAUSALITIES),
            autocompletion=offering(CAUSALITIES),
            help="Which track the system enters.",
            show_default=False,
        ),
    ],
    augmented: Annotated[bool, typer.Option("--augmented", help="Mark the archive as _aug.")] = False,
    supplementary: Annotated[
        bool, typer.Option("--supplementary", help="Mark the archive as _sup: trained on data outside the list.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the archive goes; the run's folder when left out.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Root of the task, if it has moved since the run.")
    ] = None,
    part_size: Annotated[
        float | None, typer.Option(metavar="GB", min=2.0, help="Split a larger archive into parts of this size.")
    ] = None,
    jobs: JobsOption = None,
) -> None:
    """Check a run and pack it into the archive to send in; what breaks a rule is not packed.

    The same run always packs to the same bytes.

    Example: rebalance pack exp/mine --team T002 --causality noncausal
    """
    from rebalance._base.errors import ConfigError
    from rebalance._base.progress import progress_bar
    from rebalance.cli._check_submission import print_verdict
    from rebalance.cli._reporting import ERRORS, say
    from rebalance.pipeline import record_of_signals
    from rebalance.submission import (
        CAUSALITIES,
        FolderFiles,
        SubmissionName,
        check_files,
        final_name,
        unknowns,
        write_submission as write,
    )
    from rebalance.task import load_task

    chosen = next((name for name in CAUSALITIES if name == causality), None)
    if chosen is None:
        raise ConfigError(where="--causality", expected="causal or noncausal", got=repr(causality))
    if out is not None:
        check_folder_to_write(out)
    record = record_of_signals(run)
    if data is None and not record.data:
        raise ConfigError(where="--data", expected="the root of the task these signals were made for")
    wanted = SubmissionName(team=team, causality=chosen, augmented=augmented, supplementary=supplementary)
    name = final_name(wanted, record)
    if name.supplementary and not supplementary:
        ERRORS.print("the system was trained on data outside the challenge's list: the archive is marked _sup")
    verdict = check_files(FolderFiles(path=run), load_task(data or Path(record.data), record.split), jobs=jobs)
    if verdict.problems:
        print_verdict(verdict)
    if not verdict.accepted:
        raise typer.Exit(1)
    with progress_bar("pack", len(verdict.sha256)) as bar:
        part_bytes = None if part_size is None else round(part_size * 1e9)
        packed = write(
            run,
            name,
            record,
            verdict,
            folder=out or run,
            part_bytes=part_bytes,
            on_file=bar.advance,
        )
    for file in packed:
        say(f"{file.path}\n  sha256 {file.sha256}")
    for sentence in unknowns(name, record):
        ERRORS.print(f"note: {sentence}", soft_wrap=True)
