"""A PostgreSQL server of a test's own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"  # Debian's; the server refuses to run as root


def postgres_folder() -> Path | None:
    """Return the folder of initdb and pg_ctl; None where PostgreSQL is not installed."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parents[1].name))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextlib.contextmanager
def postgres_server(binaries: Path) -> Iterator[str]:
    """Give the address of a server with an empty database, stopped and removed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="rebalance-postgres-"))
    as_owner: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, OWNER)
        as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups"]
    user = OWNER if as_owner else getpass.getuser()
    control = [*as_owner, str(binaries / "pg_ctl"), "--pgdata", str(folder / "data"), "--wait", "--silent"]
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
    try:
        initialise = [*as_owner, str(binaries / "initdb"), "-D", str(folder / "data"), "--auth=trust", "--no-sync"]
        subprocess.run(initialise, check=True, capture_output=True, cwd=folder)
        start = [*control, "--options", options, "--log", str(folder / "log"), "start"]
        subprocess.run(start, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "--mode", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
