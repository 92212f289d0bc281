"""The files to deploy a leaderboard with: commands that there are, and nothing open to others by mistake."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from rebalance.cli import app

yaml = pytest.importorskip("yaml")

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"


def parsed(words: list[str]) -> dict[str, object]:
    """Return what a command of ours takes from words; it raises where they are not understood."""
    command, *rest = words
    context = get_command(app).commands[command].make_context(command, rest)
    return context.params


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_the_server_of_the_compose_file_starts_with_options_that_there_are(compose) -> None:
    board = compose["services"]["board"]
    options = parsed(board["command"])
    assert (options["host"], options["port"]) == ("0.0.0.0", 7372)
    assert board["ports"] == [f"127.0.0.1:{options['port']}:{options['port']}"]
    assert f":{options['port']}/health" in board["healthcheck"]["test"][-1]
    compile(board["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert (DEPLOY / board["build"]["context"] / "Dockerfile").is_file()
    assert all(extra in (DEPLOY.parents[1] / "pyproject.toml").read_text() for extra in ("web = [", "report = ["))


def test_services_and_volumes_of_the_compose_file_are_defined(compose) -> None:
    services = compose["services"]
    assert set(services["board"]["depends_on"]) <= set(services)
    named = {volume.partition(":")[0] for one in services.values() for volume in one["volumes"]}
    assert {name for name in named if "$" not in name} == set(compose["volumes"])
    assert services["database"]["environment"]["POSTGRES_USER"] == "board"
    assert "@database/board" in services["board"]["environment"]["REBALANCE_DATABASE"]


def test_no_secret_stands_in_the_compose_file(compose) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == {"BOARD_DATABASE_PASSWORD", "BOARD_TASKS"}
    assert compose["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${BOARD_DATABASE_PASSWORD:?")


def test_the_unit_of_systemd_starts_the_server_with_options_that_there_are() -> None:
    text = (DEPLOY / "rebalance-board.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(.+)$", text, flags=re.MULTILINE)
    program, *words = shlex.split(command)
    assert Path(program).name == "rebalance"
    assert parsed(words)["data"] == Path("/var/lib/rebalance-board")
