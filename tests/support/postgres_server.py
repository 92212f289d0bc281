"""A PostgreSQL server of a test's own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"  # Debian's; the server refuses to run as root
_MAX_STARTS, _PAUSE_S = 40, 0.25


def postgres_folder() -> Path | None:
    """Return the folder of initdb and pg_ctl; None where PostgreSQL is not installed."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parents[1].name))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """A server with an empty database that can be killed and started again.

    Parameters
    ----------
    binaries
        From `postgres_folder`.
    folder
        Holds everything of it.
    """

    def __init__(self, binaries: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._folder, self._binaries = folder, binaries
        self._as_owner: list[str] = []
        if os.getuid() == 0:
            shutil.chown(folder, OWNER)
            self._as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups"]
        user = OWNER if self._as_owner else getpass.getuser()
        self.address = f"postgresql://{user}@127.0.0.1:{port}/postgres"
        self._options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        self._run("initdb", "-D", str(folder / "data"), "--auth=trust", "--no-sync")

    def start(self) -> None:
        """Start it, after a kill too: what is left of the old server may need a moment to end."""
        for _ in range(_MAX_STARTS):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._run(*self._control, "--options", self._options, "--log", str(self._folder / "log"), "start")
                return
            time.sleep(_PAUSE_S)
        raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """End its first process with no warning; the others notice."""
        number = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)

    def stop(self) -> None:
        """Stop it at once."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run(*self._control, "--mode", "immediate", "stop")

    @property
    def _control(self) -> tuple[str, ...]:
        return ("pg_ctl", "--pgdata", str(self._folder / "data"), "--wait", "--silent")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_owner, str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def killable_postgres(binaries: Path) -> Iterator[PostgresServer]:
    """Give a server, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="rebalance-postgres-"))
    try:
        server = PostgresServer(binaries, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres_server(binaries: Path) -> Iterator[str]:
    """Give the address of a server with an empty database, stopped and removed at the end."""
    with killable_postgres(binaries) as server:
        yield server.address
