"""Opening a listening test on this machine."""

from __future__ import annotations

from collections.abc import Callable

from rebalance._base.errors import RebalanceError
from rebalance._base.files import StrPath, expanded
from rebalance.web import ServerOptions, bound_socket, closing_in_order, run_server
from rebalance.web.listening_test._answers_store import AnswerStore
from rebalance.web.listening_test._settled_tests import SettledTest
from rebalance.web.listening_test._stimuli import make_stimuli
from rebalance.web.listening_test._test_server import create_test_app

USUAL_PORT = 7371


def serve_test(
    test: SettledTest,
    data: StrPath,
    options: ServerOptions,
    *,
    database: str | None = None,
    on_address: Callable[[str], None],
) -> None:
    """Keep a listening test open until the command is interrupted; answers and sounds stay.

    Parameters
    ----------
    test
        Plan and trials that are answered.
    data
        Folder of sounds and answers, made when missing.
    options
        Host and port.
    database
        Address of the database; a SQLite file in `data` when None.
    on_address
        Told the address of the first page.

    Raises
    ------
    ConfigError
        If a run lacks a scene or was made again since the first participant, the database cannot be reached, or the
        port is taken.
    AudioError
        If a signal cannot be used.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.web import ServerOptions
    >>> from rebalance.web.listening_test import ListeningPlan, serve_test, settle_test
    >>> runs = {"fast": Path("no-run"), "mixture": Path("no-run")}
    >>> plan = ListeningPlan(title="Demo", kind="preference", task=Path("metadata/demo"), runs=runs, scenes=1)
    >>> try:
    ...     serve_test(settle_test(plan), "no-folder", ServerOptions(port=0), on_address=print)
    ... except ValueError as error:
    ...     print(error)
    no-run: expected the signal of scene S50002 for listener L0001, found no such run
    """
    data = expanded(data)
    with closing_in_order():
        stimuli = make_stimuli(test, data / "sounds")
        address = database or own_database(data)
        with bound_socket(options) as bound, AnswerStore(address, test) as store:
            store.hold_sounds(stimuli)
            token = options.new_token()
            app = create_test_app(test, stimuli, store, token=token)
            run_server(app, bound, options, token=token, on_address=on_address)


def own_database(data: StrPath) -> str:
    """Return the address of the SQLite file in a folder, which is made when missing.

    Raises
    ------
    RebalanceError
        If the folder cannot be made.

    Examples
    --------
    >>> from rebalance.web.listening_test import own_database
    >>> own_database("metadata/demo")
    'sqlite:///metadata/demo/answers.sqlite'
    """
    data = expanded(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RebalanceError(f"cannot be made: {error.strerror or error}", where=data) from error
    return f"sqlite:///{data / 'answers.sqlite'}"
