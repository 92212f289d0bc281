"""Names of segments and pieces."""

from __future__ import annotations

import pytest

from rebalance.task import Segment, Source


@pytest.mark.parametrize(
    ("segment", "piece"),
    [
        ("anitrasdance_003", "anitrasdance"),
        ("opus_74_no_1_012", "opus_74_no_1"),
        ("anitrasdance", "anitrasdance"),
        ("anitrasdance_slow", "anitrasdance_slow"),
        ("anitrasdance003", "anitrasdance003"),
        ("anitrasdance_", "anitrasdance_"),
        ("_003", "_003"),
        ("003", "003"),
    ],
)
def test_a_piece_is_its_segment_without_a_trailing_number(segment: str, piece: str) -> None:
    mixture = Source(name="mixture", instrument="Mixture", duration_s=15.0)
    assert Segment(name=segment, mixture=mixture, sources=()).piece == piece
