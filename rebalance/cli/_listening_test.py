"""``rebalance listening-test``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli._options import ForceOption
from rebalance.cli._outputs import check_folder_to_write

if TYPE_CHECKING:
    from rebalance.web.listening_test import SettledTest


def listening_test(
    plan: Annotated[Path, typer.Argument(metavar="TEST.yaml", help="What is compared, and how.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of sounds and answers; TEST-data when left out.", show_default=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Serve nothing; write what was answered to this folder.", show_default=False),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="postgresql://USER@HOST/NAME; a file in DIR when left out.", show_default=False
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own makes the page ask for a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 7371, or a free one.", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    force: ForceOption = False,
) -> None:
    """Ask people: a blind listening test of runs, or with --results what they said.

    Answers stay when the command ends (Ctrl+C); the same command goes on.

    Example: rebalance listening-test test.yaml
    """
    from rebalance.cli._reporting import say
    from rebalance.web import ServerOptions
    from rebalance.web.listening_test import read_plan, serve_test, settle_test

    folder = data or plan.with_name(f"{plan.stem}-data")
    test = settle_test(read_plan(plan))
    if results is not None:
        _write_results(test, folder, database, results, force=force)
        return
    say(f"{len(test.trials)} pages, seed {test.plan.seed}; sounds and answers in {folder}")
    options = ServerOptions(host=host, port=port, usual_port=7371, open_browser=browser)
    serve_test(
        test,
        folder,
        options,
        database=database,
        on_address=lambda address: say(f"The listening test is open at {address} (Ctrl+C closes it)"),
    )


def _write_results(test: SettledTest, folder: Path, database: str | None, out: Path, *, force: bool) -> None:
    """Write tables, model and plots, and say the verdict."""
    from rebalance._base.errors import ConfigError
    from rebalance._base.running import Failure
    from rebalance.cli._reporting import finish, say
    from rebalance.web.listening_test import (
        RESULT_FILES,
        AnswerStore,
        evaluate_answers,
        own_database,
        read_scores,
        write_results,
    )

    check_folder_to_write(out, names=RESULT_FILES, force=force)
    if database is None and not (folder / "answers.sqlite").is_file():
        raise ConfigError(where=folder, expected="the answers of a test", found="none")
    with AnswerStore(database or own_database(folder), test) as store:
        answers = store.table()
    made = evaluate_answers(test.plan, answers, read_scores(test.plan))
    write_results(made, out)
    say(made.verdict, style="bold")
    reasons = (("mixed model", made.no_model), ("relation to HAAQI", made.no_relation))
    failures = [Failure(item=item, reason=reason) for item, reason in reasons if reason]
    finish(f"written: {out}", failures)
