"""``rebalance prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance.cli._options import JobsOption
from rebalance.cli._outputs import check_folder_to_write


def prepare(
    archives: Annotated[
        list[Path],
        typer.Argument(
            metavar="ZIPS...",
            help="CadenzaWoodwind.zip, EnsembleSet_Mix_1.zip and metadata.zip, or the folder they are in.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Root folder of the task to be made.", show_default=False)],
    jobs: JobsOption = None,
) -> None:
    """Rearrange the official downloads into metadata/ and audio/train, audio/valid.

    Finished files are kept: the same command goes on after an interruption. Archives with anything unsafe
    in them are refused.

    Example: rebalance prepare downloads/ data/cad2
    """
    from rebalance.cli._reporting import finish, say
    from rebalance.datasets import prepare_downloads

    check_folder_to_write(out)
    done = prepare_downloads(archives, out, jobs=jobs)
    for name in done.changed_metadata:
        say(f"kept {out / 'metadata' / name}: it differs from the download")
    finish(f"{done.n_written} files written, {done.n_kept} there already: {out}", done.failures)
