"""Look for known vulnerabilities of the pinned packages: `make audit`."""

from __future__ import annotations

import subprocess
import sys

_NO_NETWORK = ("ConnectionError", "ConnectTimeout", "Max retries exceeded", "ServiceError", "HTTPError")
_UNREACHABLE = 3


def main() -> int:
    """Run pip-audit; without a network say so in one line."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode and any(word in found.stderr for word in _NO_NETWORK):
        print("audit: the database of vulnerabilities cannot be reached; nothing was looked up", file=sys.stderr)
        return _UNREACHABLE
    print(found.stdout, end="")
    print(found.stderr, end="", file=sys.stderr)
    return found.returncode


if __name__ == "__main__":
    sys.exit(main())
