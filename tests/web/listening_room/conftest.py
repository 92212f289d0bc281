"""A short excerpt to bring to the listening room, and a real browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'web' is not installed")

from rebalance.assets import demo_folder
from rebalance.audio import read_audio, write_audio

EXCERPT_S = 10.0


@pytest.fixture(scope="session")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the embedded quartet."""
    path = tmp_path_factory.mktemp("music") / "string quartet.flac"
    music = read_audio(demo_folder() / "audio/valid/haydn-quartet/mixture.flac", duration_s=EXCERPT_S)
    write_audio(path, music.samples, music.sample_rate)
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one the tests of the page are skipped."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found
