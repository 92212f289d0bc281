"""Tokens differ, are kept as hashes, and match only themselves."""

from __future__ import annotations

from rebalance.web.leaderboard import hash_token, new_token, token_matches


def test_no_two_tokens_are_equal() -> None:
    assert len({new_token() for _ in range(100)}) == 100


def test_what_is_kept_does_not_hold_the_token() -> None:
    token = new_token()
    assert token not in hash_token(token)


def test_a_token_matches_its_own_hash_and_no_other() -> None:
    token = new_token()
    assert token_matches(token, hash_token(token))
    for other in (new_token(), "", token + "x", token[:-1], "ü", "\ud800"):
        assert not token_matches(other, hash_token(token))


def test_a_hash_is_not_a_token() -> None:
    kept = hash_token(new_token())
    assert not token_matches(kept, kept)
    assert not token_matches("", "")
