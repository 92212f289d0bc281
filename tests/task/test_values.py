"""Names of segments and pieces."""

from __future__ import annotations

import pytest

from rebalance import load_task
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


def test_values_are_short_in_print_and_tables_in_a_notebook(tiny_task_root):
    task = load_task(str(tiny_task_root), "valid")
    scene = task.scenes["S50001"]
    assert repr(task) == "Task(valid: 4 scenes of 2 segments, 3 listeners, 6 pairs)"
    assert repr(scene) == "Scene('S50001': beach_000, Violin_1 +6 dB, Viola −3 dB)"
    assert repr(scene.segment) == "Segment('beach_000': Violin_1, Violin_2, Viola, Cello; 1 s)"
    assert repr(task.listeners["L0002"]) == "Listener('L0002', left: severe loss, right: severe loss, by the code)"
    assert "valid/beach_000/Viola.flac" in repr(scene.segment.sources[2])
    table = task.table()
    assert list(table.index[:2]) == [("S50001", "L0001"), ("S50001", "L0002")]
    assert table.loc[("S50003", "L0002"), "gains"] == "Flute −10 dB"
    assert "<table" in task._repr_html_()
    assert "left ear, dB HL" in task.listeners["L0002"]._repr_html_()
