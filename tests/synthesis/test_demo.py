import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rebalance import load_task
from rebalance.audio import loudness_lufs, read_audio
from rebalance.synthesis.rendering import read_plan

METADATA = Path(__file__).parents[2] / "metadata"
DEMO = METADATA / "demo"


def test_every_file_of_the_demo_has_the_checksum_on_record() -> None:
    recorded = dict(
        re.findall(r"^\| `(demo/\S+)` \| `([0-9a-f]{64})` \|$", (METADATA / "SOURCES.md").read_text(), re.M)
    )
    present = {
        path.relative_to(METADATA).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("audio", "metadata")
        for path in (DEMO / folder).rglob("*.*")
    }
    assert present == recorded


def test_the_demo_is_small_and_holds_no_encoding_of_a_score() -> None:
    files = [path for path in DEMO.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 12e6
    assert {path.suffix for path in files} == {".flac", ".json", ".py"}
    assert not list(DEMO.rglob("notes.json"))


def test_the_demo_is_a_string_quartet_and_a_wind_quartet_for_three_kinds_of_listener() -> None:
    task = load_task(DEMO, "valid")
    ensembles = {segment.piece: [source.label for source in segment.sources] for segment in task.segments.values()}
    assert ensembles == {
        "haydn-quartet": ["Violin_1", "Violin_2", "Viola", "Cello"],
        "mozart-winds": ["Flute", "Oboe", "Clarinet", "Bassoon"],
    }
    assert len(task.scenes) == 4
    assert [listener.severity("site") for listener in task.listeners.values()] == ["mild", "moderately severe", "none"]
    assert all(len(listeners) == 3 for listeners in task.scene_listeners.values())
    sizes = {abs(gain) for scene in task.scenes.values() for gain in scene.gains_db.values()}
    assert {3, 10} <= sizes
    unaided = task.fittings["L0003"]
    assert set(unaided.left.ratios) == {1.0}
    assert set(unaided.left.gains_db) == {0.0}


def test_the_stems_of_the_demo_are_all_heard_and_add_up_exactly_at_the_level_of_the_challenge() -> None:
    task = load_task(DEMO, "valid")
    for segment in task.segments.values():
        stems = [read_audio(task.audio_path(source)).samples for source in segment.sources]
        mixture = read_audio(task.audio_path(segment.mixture), expected_sample_rate=44_100).samples
        assert mixture.shape == (2, 15 * 44_100)
        assert np.array_equal(sum(stems), mixture)
        assert loudness_lufs(mixture, 44_100) == pytest.approx(-40.0, abs=0.1)
        levels = [10 * np.log10(np.mean(stem**2)) for stem in stems]
        assert np.ptp(levels) < 9
        assert 0.65 < np.corrcoef(mixture)[0, 1] < 0.95


def test_the_demo_was_played_from_freely_licensed_fonts() -> None:
    for path in (DEMO / "audio" / "valid").glob("*/annotations.json"):
        sources = {layer.source for voice in read_plan(path).voices.values() for layer in voice.layers}
        assert sources <= {"fluidr3", "musescore"}


@pytest.mark.slow
def test_the_script_makes_the_demo_again(tmp_path: Path) -> None:
    import shutil

    pytest.importorskip("fluidsynth")
    copy = tmp_path / "metadata" / "demo"
    copy.mkdir(parents=True)
    shutil.copy(DEMO / "make_demo.py", copy)
    subprocess.run([sys.executable, copy / "make_demo.py"], check=True, capture_output=True)
    assert (tmp_path / "metadata" / "SOURCES.md").read_text() == (METADATA / "SOURCES.md").read_text()
