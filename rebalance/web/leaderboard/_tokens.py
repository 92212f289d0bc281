"""Tokens of teams: made at random, shown once, kept as a hash, compared in constant time.

A token has 256 random bits. Guessing one from its hash is out of reach without a slow hash, so SHA-256 is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_TOKEN_BYTES = 32


def new_token() -> str:
    """Return a new random token of 43 characters that are safe in a URL and in a header.

    Examples
    --------
    >>> from rebalance.web.leaderboard import new_token
    >>> len(new_token())
    43
    """
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what is kept of a token: its SHA-256, as 64 hexadecimal digits.

    Examples
    --------
    >>> from rebalance.web.leaderboard import hash_token
    >>> hash_token("a token")[:12]
    'e3316e2bafeb'
    """
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).hexdigest()


def token_matches(token: str, kept_hash: str) -> bool:
    """Tell whether a token is the one that a hash was made of, in a time that does not depend on the answer.

    Parameters
    ----------
    token
        The token that was presented.
    kept_hash
        What `hash_token` gave of the true one.

    Examples
    --------
    >>> from rebalance.web.leaderboard import hash_token, token_matches
    >>> token_matches("a token", hash_token("a token")), token_matches("another", hash_token("a token"))
    (True, False)
    """
    return hmac.compare_digest(hash_token(token).encode(), kept_hash.encode("utf-8", errors="surrogatepass"))
