"""The other side of the API: sends an archive, goes on after interruptions, and follows what becomes of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.files import StrPath, expanded
from rebalance.submission import parse_archive_name, whole_archive
from rebalance.web import LOOPBACK_NAMES
from rebalance.web.leaderboard._stored_files import describe_opened

_TIMEOUT_S = 150.0
_MAX_ANSWER_BYTES = 1 << 28
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.5, 10.0
_AGAIN = frozenset({408, 409, 429, 503})
ENDED_STATES = frozenset({"refused", "scored", "failed", "withdrawn"})


class BoardAnswerError(RebalanceError):
    """The server refused, with an HTTP status.

    Parameters
    ----------
    status
        HTTP status of the answer.
    problem
        Text of the answer.
    """

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionProgress:
    """What became of a submission so far.

    Parameters
    ----------
    identity, state, reason
        See `Submission`.
    has_verdict
        Whether the check has left a verdict.
    n_done, n_all
        Scenes scored, and all of them; 0 of 0 before the scoring.
    mean_haaqi, rank
        Once it is scored; a rank on a live board only.
    """

    identity: str
    state: str
    reason: str
    has_verdict: bool
    n_done: int
    n_all: int
    mean_haaqi: float | None
    rank: int | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will become of it by itself."""
        return self.state in ENDED_STATES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BoardClient:
    """Asks a board in the name of a team.

    Parameters
    ----------
    address
        Such as ``https://board.example.org``.
    token
        Of the team.
    patience_s
        How long a server that does not answer is asked again.
    insecure
        Whether the token may go over a connection that is not encrypted.

    Raises
    ------
    ConfigError
        If the address is none, or others could read the token on its way.

    Examples
    --------
    >>> from rebalance.web.leaderboard import BoardClient
    >>> try:
    ...     BoardClient(address="http://board.example.org", token="secret")
    ... except ValueError as error:
    ...     print(error)
    --to: expected an https address, the token would go unencrypted to board.example.org
    """

    address: str
    token: str
    patience_s: float = 300.0
    insecure: bool = False

    def __post_init__(self) -> None:
        url = urlsplit(self.address)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigError(where="--to", expected="an address such as https://board.example.org", got=self.address)
        if url.scheme == "http" and url.hostname not in LOOPBACK_NAMES and not self.insecure:
            raise ConfigError(
                where="--to", expected=f"an https address, the token would go unencrypted to {url.hostname}"
            )
        if not (self.token.isascii() and self.token.isprintable()) or not self.token:
            raise ConfigError(where="token", expected="one line of letters, digits, - and _")

    def open_phases(self) -> tuple[str, ...]:
        """Return the names of the phases."""
        return tuple(phase["name"] for phase in self._ask("GET", "/api/phases"))

    def send(self, archive: StrPath | Sequence[StrPath], phase: str, *, on_bytes: Callable[[int, int], None]) -> str:
        """Send an archive, or the rest of it, and return the identity of the submission.

        Parameters
        ----------
        archive
            Named as the challenge asks; or its parts, which arrive as one. See `rebalance.submission.whole_archive`.
        phase
            Which phase it is for.
        on_bytes
            Told how many bytes of how many have arrived.

        Raises
        ------
        RebalanceError
            If the file cannot be read, or the server refuses or cannot be reached for longer than is patient.
        """
        whole = whole_archive([archive] if isinstance(archive, str | os.PathLike) else archive)
        parse_archive_name(whole.name)
        with whole.opened() as opened:
            file = describe_opened(opened)
            announced = {"phase": phase, "file_name": whole.name, "sha256": file.digest, "n_bytes": file.n_bytes}
            started = self._ask("POST", "/api/uploads", announced)
            identity, offset = str(started["id"]), int(started["offset"])
            on_bytes(offset, file.n_bytes)
            while offset < file.n_bytes:
                offset = self._send_chunk(identity, offset, opened.exactly(int(started["max_chunk_bytes"]), offset))
                on_bytes(offset, file.n_bytes)
        return self._finish(identity)

    def progress(self, identity: str) -> SubmissionProgress:
        """Return what became of a submission so far."""
        found = self._ask("GET", f"/api/submissions/{quote(identity, safe='')}")
        scoring = [job for job in found["jobs"] if job["kind"] == "score"]
        return SubmissionProgress(
            identity=identity,
            state=found["state"],
            reason=found["reason"],
            has_verdict=found["has_verdict"],
            n_done=scoring[0]["n_done"] if scoring else 0,
            n_all=scoring[0]["n_all"] if scoring else 0,
            mean_haaqi=found["mean_haaqi"],
            rank=found["rank"],
        )

    def verdict(self, identity: str) -> Mapping[str, Any]:
        """Return the whole verdict of the check, as JSON."""
        found: dict[str, Any] = self._ask("GET", f"/api/submissions/{quote(identity, safe='')}/verdict")
        return found

    def _send_chunk(self, identity: str, offset: int, chunk: bytes) -> int:
        """Send a chunk and return the new offset; where the server has another, go on there."""
        headers = {"X-Chunk-SHA256": hashlib.sha256(chunk).hexdigest(), "Content-Type": "application/octet-stream"}
        try:
            answer = self._ask("PATCH", f"/api/uploads/{identity}?offset={offset}", chunk, headers)
        except BoardAnswerError:
            now_at = int(self._ask("GET", f"/api/uploads/{identity}")["offset"])
            if now_at == offset:
                raise
            return now_at
        return int(answer["offset"])

    def _finish(self, identity: str) -> str:
        """Finish an upload; where the answer was lost the submission is there already."""
        return str(self._ask("POST", f"/api/uploads/{identity}/finish")["id"])

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Ask, and ask again while nobody answers; every request may be repeated without harm."""
        pause_s, until = _FIRST_PAUSE_S, time.monotonic() + self.patience_s
        while True:
            try:
                return self._ask_once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as error:
                failed = RebalanceError(f"cannot be reached: {error or type(error).__name__}", where=self.address)
            except BoardAnswerError as error:
                if error.status not in _AGAIN:
                    raise
                failed = error
            if time.monotonic() + pause_s > until:
                raise failed
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    def _ask_once(
        self, method: str, path: str, body: Mapping[str, object] | bytes | None, headers: Mapping[str, str]
    ) -> Any:  # noqa: ANN401 - any JSON value
        url = urlsplit(self.address)
        sent = json.dumps(body).encode() if isinstance(body, Mapping) else body
        own = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        connection = _connection(url)
        try:
            connection.request(method, url.path.rstrip("/") + path, body=sent, headers=own)
            answer = connection.getresponse()
            content = _whole(answer)
        finally:
            connection.close()
        value = _json(content)
        if answer.status >= 300:
            said = value.get("error") if isinstance(value, dict) else None
            raise BoardAnswerError(answer.status, str(said or f"{self.address} answered {answer.status}"))
        if value is None:
            raise RebalanceError("expected the answer of a board, got no JSON", where=f"{self.address}{path}")
        return value


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    return kind(url.hostname or "", url.port, timeout=_TIMEOUT_S)


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """Return what an answer holds; one that breaks off, as that of a server that is killed, counts as none."""
    content = answer.read(_MAX_ANSWER_BYTES)
    if answer.length or (answer.length is None and not content):  # no length: its headers break off
        raise http.client.IncompleteRead(content, answer.length)
    return content


def _json(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(content)
    except ValueError:
        return None


def read_token(path: StrPath) -> str:
    r"""Return the token in a file, which holds nothing else.

    Raises
    ------
    ConfigError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.web.leaderboard import read_token
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "token").write_text("a-token\n")
    ...     read_token(Path(folder, "token"))
    'a-token'
    """
    path = expanded(path)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"no token can be read: {error}", where=path) from error
