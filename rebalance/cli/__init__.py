"""The command line: parse, call, print. Heavy imports happen inside the commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rebalance._base.semantics import VERSION
from rebalance.cli._activity import activity
from rebalance.cli._audiogram import audiogram
from rebalance.cli._board import board
from rebalance.cli._boundary import run
from rebalance.cli._causality import causality
from rebalance.cli._check import check
from rebalance.cli._check_separator import check_separator
from rebalance.cli._check_submission import check_submission
from rebalance.cli._compare import compare
from rebalance.cli._demo import demo
from rebalance.cli._enhance import enhance
from rebalance.cli._evaluate_separation import evaluate_separation
from rebalance.cli._listen import listen
from rebalance.cli._listening_test import listening_test
from rebalance.cli._options import expanding, telling_as_asked
from rebalance.cli._pack import pack
from rebalance.cli._prepare import prepare
from rebalance.cli._prescribe import prescribe
from rebalance.cli._remix import remix
from rebalance.cli._render import render
from rebalance.cli._report import report
from rebalance.cli._scenes import evaluation_task, scenes
from rebalance.cli._score import score
from rebalance.cli._separate import separate
from rebalance.cli._separators import separators
from rebalance.cli._serve import serve
from rebalance.cli._submit import submit
from rebalance.cli._train import train
from rebalance.cli._transcribe import transcribe

__all__ = ["app", "main"]

app = typer.Typer(
    name="rebalance",
    help="Rebalance classical music for listeners with hearing loss: separate, remix, amplify, score.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (
    demo,
    check,
    enhance,
    score,
    report,
    compare,
    separate,
    remix,
    transcribe,
    activity,
    audiogram,
    separators,
    listen,
    listening_test,
    prescribe,
    pack,
    check_submission,
    submit,
    serve,
    causality,
    check_separator,
    prepare,
    scenes,
    render,
    evaluation_task,
    train,
    evaluate_separation,
):
    app.command()(telling_as_asked(expanding(_command)))

app.add_typer(board)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"rebalance {VERSION}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Take what may stand before a command."""


def main() -> None:
    """Run the command line; whatever goes wrong ends in one line."""
    sys.exit(run(lambda: app(prog_name="rebalance", standalone_mode=False)))
