"""What to install is named by one table."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance._base.extras import EXTRA_OF
from rebalance._base.running import executor_for
from rebalance.separation.convtasnet import published_checkpoint
from rebalance.synthesis.notation import read_score
from rebalance.synthesis.sound import draw_hall, simulate_response
from rebalance.training import Experiment, read_settings

ROOT = Path(__file__).parents[2]


def connect(_: Path) -> None:
    with executor_for("tcp://127.0.0.1:1"):
        pass


def simulated(_: Path) -> object:
    return simulate_response(draw_hall(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("package", "use", "place", "extra"),
    [
        ("distributed", connect, "--scheduler", "cluster"),
        ("huggingface_hub", lambda _: published_checkpoint("Cello", causal=False), "ConvTasNet_Cello_Non", "hub"),
        ("music21", read_score, "a score in this format", "render"),
        ("omegaconf", lambda path: read_settings(path, Experiment), "", "train"),
        (
            "pyroomacoustics",
            simulated,
            "simulated halls",
            "render",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_extra_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, use: Callable[[Path], object], place: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    score = tmp_path / "score.musicxml"
    score.write_text("<score-partwise/>")
    with pytest.raises(ConfigError, match=rf"this needs {package}.*pip install 'rebalance-music\[{extra}\]'") as told:
        use(score)
    assert place in told.value.where


def test_every_extra_that_is_named_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRA_OF.values()) <= project["optional-dependencies"].keys()
