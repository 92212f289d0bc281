"""The command of a study: its options, its progress, its tables, and its errors in one line."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from rebalance._base.errors import RebalanceError
from rebalance.training.studies._study_cells import LOG


def study_parser(script: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of ``--smoke``, to which a study adds what it takes beside that and ``key=value``.

    Parameters
    ----------
    script
        Name of the file of the command.
    description
        What the command does.

    Examples
    --------
    >>> from rebalance.training.studies import study_parser
    >>> study_parser("study.py", "Compare two systems.").parse_args(["--smoke"]).smoke
    True
    """
    parser = argparse.ArgumentParser(
        prog=f"python {script}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="everything in its smallest form: not the figures")
    return parser


def run_study_command(
    parser: argparse.ArgumentParser,
    work: Callable[[argparse.Namespace], Iterable[str]],
    arguments: Sequence[str] | None = None,
) -> None:
    """Do what is asked for and print the lines that come of it.

    Every cell is told on standard error as it begins; what cannot be done ends the program with one line.

    Parameters
    ----------
    parser
        See `study_parser`; after its own arguments it is given ``overrides``, texts ``key=value``.
    work
        Does what was parsed and gives the lines of the tables.
    arguments
        Of the command; those of this program when None.

    Raises
    ------
    SystemExit
        If the arguments are wrong, or something cannot be done.

    Examples
    --------
    >>> from rebalance.training.studies import run_study_command, study_parser
    >>> run_study_command(study_parser("study.py", None), lambda asked: asked.overrides, ["seeds=[0]"])
    seeds=[0]
    """
    parser.add_argument("overrides", nargs="*", type=_override, metavar="KEY=VALUE", help="other settings")
    asked = parser.parse_intermixed_args(arguments)
    try:
        with _cells_told():
            for line in work(asked):
                sys.stdout.write(f"{line}\n")
    except (RebalanceError, FileNotFoundError) as error:
        sys.exit(f"{parser.prog.removeprefix('python ')}: {error}")


@contextlib.contextmanager
def _cells_told() -> Iterator[None]:
    """Tell every cell on standard error as it begins."""
    handler, level = logging.StreamHandler(sys.stderr), LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)


def _override(text: str) -> str:
    """Return ``key=value``, or refuse it."""
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got {text!r}")
    return text
