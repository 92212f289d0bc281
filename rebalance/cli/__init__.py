"""The command line: parse, call, print. Heavy imports happen inside the commands."""

from __future__ import annotations

import sys
import warnings

import typer

from rebalance.cli.causality import causality
from rebalance.cli.check import check
from rebalance.cli.check_submission import check_submission
from rebalance.cli.compare import compare
from rebalance.cli.demo import demo
from rebalance.cli.enhance import enhance
from rebalance.cli.evaluate_separation import evaluate_separation
from rebalance.cli.pack import pack
from rebalance.cli.personal import remix, separate
from rebalance.cli.prepare import prepare
from rebalance.cli.prescribe import prescribe
from rebalance.cli.render import render
from rebalance.cli.report import report
from rebalance.cli.scenes import evaluation_task, scenes
from rebalance.cli.score import score
from rebalance.cli.train import train
from rebalance.errors import RebalanceError

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
    prescribe,
    pack,
    check_submission,
    causality,
    prepare,
    scenes,
    render,
    evaluation_task,
    train,
    evaluate_separation,
):
    app.command()(_command)


def main() -> None:
    """Run the command line; bad input ends in one line and exit status 2."""
    warnings.formatwarning = lambda message, *_, **__: f"rebalance: warning: {message}\n"
    try:
        app(prog_name="rebalance")
    except RebalanceError as error:
        sys.stderr.write(f"rebalance: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("rebalance: interrupted; run the same command again to go on\n")
        sys.exit(130)
