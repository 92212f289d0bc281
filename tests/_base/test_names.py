"""Names and counts as they are told."""

from __future__ import annotations

from rebalance._base.names import counted


def test_counts_have_separators_and_the_plural_they_need() -> None:
    assert counted(1, "error") == "1 error"
    assert counted(0, "error") == "0 errors"
    assert counted(12_345, "clipped sample") == "12,345 clipped samples"
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2_000, "entry", "entries") == "2,000 entries"
