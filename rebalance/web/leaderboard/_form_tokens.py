"""Against forged forms: a hidden field that only a page of this server can know (HMAC of the sign-in cookie)."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from rebalance._base.errors import RebalanceError

COOKIE = "rebalance-board"
FIELD = "form_token"
_KEY_BYTES = 32
_KEY_FILE = "form-key"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FormTokens:
    """Makes and checks the hidden field of forms.

    The cookie is to be set with ``httponly``, ``samesite="strict"``, and ``secure`` where the address is https.

    Parameters
    ----------
    key
        32 random bytes that stay on the server.

    Examples
    --------
    >>> from rebalance.web.leaderboard import FormTokens
    >>> forms = FormTokens(key=bytes(32))
    >>> forms.accepts("cookie", forms.token_for("cookie")), forms.accepts("another", forms.token_for("cookie"))
    (True, False)
    """

    key: bytes

    def token_for(self, cookie: str) -> str:
        """Return the hidden field for whoever has this cookie."""
        return hmac.new(self.key, cookie.encode("utf-8", errors="surrogatepass"), hashlib.sha256).hexdigest()

    def accepts(self, cookie: str, given: str) -> bool:
        """Tell in constant time whether a form came from a page of this server.

        Parameters
        ----------
        cookie
            Of the sign-in.
        given
            What the form brought back.
        """
        return bool(cookie) and hmac.compare_digest(
            self.token_for(cookie).encode(), given.encode("utf-8", errors="surrogatepass")
        )


def form_tokens(data: Path) -> FormTokens:
    """Return the form tokens of a board; the key is made when missing, for its owner alone to read.

    Raises
    ------
    RebalanceError
        If the key cannot be kept.
    """
    path = data / _KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(_KEY_BYTES))
    except FileExistsError:
        pass
    except OSError as error:
        raise RebalanceError(f"cannot be made: {error.strerror or error}", where=path) from error
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise RebalanceError(where=path, expected=f"{_KEY_BYTES} bytes", got=str(len(key)))
    return FormTokens(key=key)
