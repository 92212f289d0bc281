"""What commands say at their end."""

from __future__ import annotations

import pytest
import typer

from rebalance._base.running import Failure
from rebalance.cli._reporting import finish


@pytest.mark.parametrize(
    ("n_failed", "n_asked", "said"),
    [
        (12, 12, "12 of 12 failed for the reasons above; nothing is done"),
        (2, 12, "2 of 12 failed; 10 are done"),
        (2, None, "2 failed for the reasons above"),
    ],
)
def test_the_reason_of_every_failure_is_said_and_what_is_done(capsys, n_failed, n_asked, said) -> None:
    failures = [Failure(item=f"[{number}]", reason="division 0") for number in range(n_failed)]
    with pytest.raises(typer.Exit) as stopped:
        finish("done", failures, n_asked=n_asked)
    errors = capsys.readouterr().err
    assert stopped.value.exit_code == 1
    assert errors.count("division 0") == n_failed
    assert said in errors


def test_what_is_left_is_counted_by_itself_where_one_failure_stands_for_many(capsys) -> None:
    with pytest.raises(typer.Exit):
        finish("done", [Failure(item="segment", reason="division 0")], n_asked=12, n_left=12)
    assert "12 of 12 failed for the reasons above; nothing is done" in capsys.readouterr().err
