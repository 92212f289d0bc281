"""Scored runs of the tiny task, made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance.audio import write_flac
from rebalance.task import Pair

TINY_PAIRS = (
    ("S50001", "L0001", "beach_000"),
    ("S50001", "L0002", "beach_000"),
    ("S50002", "L0003", "beach_000"),
    ("S50003", "L0002", "garden_002"),
    ("S50004", "L0003", "garden_002"),
    ("S50004", "L0001", "garden_002"),
)
COMPONENTS = ("nonlinear", "linear", "cepstral_correlation", "membrane_covariance", "loudness", "spectrum")

WriteRun = Callable[..., Path]


@pytest.fixture
def write_run(tmp_path: Path, tiny_task_root: Path) -> WriteRun:
    """Write a run with the given mean scores, one for each of the first pairs of the tiny task."""

    def write(
        name: str,
        scores: Mapping[tuple[str, str], float] | list[float],
        *,
        summary: Mapping[str, object] | None = None,
        audio: bool = False,
    ) -> Path:
        if isinstance(scores, list):
            scores = dict(zip([pair[:2] for pair in TINY_PAIRS], scores, strict=False))
        songs = {(scene, listener): song for scene, listener, song in TINY_PAIRS}
        rows = [_row(*pair, songs.get(pair, "beach_000"), score) for pair, score in scores.items()]
        folder = tmp_path / name
        folder.mkdir(parents=True)
        pd.DataFrame(rows).to_csv(folder / "scores.csv", index=False)
        described = {
            "version": "0.1.0",
            "semantics": "pyclarity V0.6.3",
            "haaqi": "exact",
            "separator": f"{name}-separator",
            "configuration": {},
            "data": str(tiny_task_root),
            "split": "valid",
        }
        (folder / "scores.json").write_text(json.dumps({**described, **(summary or {})}))
        if audio:
            _write_audio(folder, [Pair(scene=scene, listener=listener) for scene, listener in scores])
        return folder

    return write


def _row(scene: str, listener: str, song: str, score: float) -> dict[str, object]:
    ears = {"left_haaqi": score - 0.01, "right_haaqi": score + 0.01, "avg_haaqi": score}
    components = {f"{ear}_{name}": score for ear in ("left", "right") for name in COMPONENTS}
    diagnostics = {"clipped_samples": 3, "peak": 0.5, "output_lufs": -25.0, "input_lufs": -40.0, "reference_lufs": None}
    return {"scene": scene, "song": song, "listener": listener, **ears, **components, **diagnostics}


def _write_audio(folder: Path, pairs: list[Pair]) -> None:
    rng = np.random.default_rng(1)
    for pair in pairs:
        path = folder / "enhanced_signals" / "valid" / f"{pair.scene}_{pair.listener}_remix.flac"
        write_flac(path, 0.01 * rng.standard_normal((2, 32_000)), 32_000)
