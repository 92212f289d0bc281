"""``rebalance separate`` with videos, and with a separator that looks at the players."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from rebalance.separation import ModelCard
from rebalance.separation.iass import Iass, IassConfig, save_iass
from rebalance.separation.solos import (
    LogSpectrumConfig,
    MultiHeadConfig,
    MultiHeadUNet,
    PixelsConfig,
    SoundOfPixels,
    VisionConfig,
    save_solos_network,
)
from rebalance.video import read_sound, write_video

from .conftest import Run

RATE = 16_000
N_PAIRS = 6  # of the tiny task
SPECTRUM = LogSpectrumConfig(segment_samples=4_095, n_rows=32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    vision = VisionConfig(widths=(2, 4), blocks=(1, 1), frame_size=16)
    pixels = SoundOfPixels(PixelsConfig(widths=(2, 4), vision=vision, spectrum=SPECTRUM))
    save_solos_network(folder / "pixels" / "m.safetensors", pixels, ModelCard())
    save_solos_network(
        folder / "heads" / "m.safetensors",
        MultiHeadUNet(MultiHeadConfig(widths=(2, 4), spectrum=SPECTRUM)),
        ModelCard(),
    )
    rests = Iass(IassConfig(target="Cello", channels=(2, 2, 2)))
    torch.nn.init.zeros_(rests.head[-1].weight)
    torch.nn.init.constant_(rests.head[-1].bias, -1.0)
    save_iass(folder / "activity" / "Cello.safetensors", rests, ModelCard())
    for target in ("Violin", "Viola", "Cello", "Flute", "Bassoon"):
        network = Iass(IassConfig(target=target, channels=(2, 2, 2)))
        save_iass(folder / "everyone" / f"{target}.safetensors", network, ModelCard())
    return folder


def video(folder: Path, *, n_frames: int = 50, sound: bool = True) -> Path:
    tone = 0.2 * np.sin(np.arange(2.0 * RATE) * 0.3)[None] if sound else None
    frames = np.zeros((n_frames, 32, 64, 3), np.uint8)
    write_video(folder / "duet.mp4", frames, frame_rate=25, sound=tone, sample_rate=RATE if sound else None)
    return folder / "duet.mp4"


@pytest.mark.parametrize(
    "kind",
    [
        "sound-of-pixels:{}/pixels",
        "sound-of-pixels:{0}/pixels@iass:{0}/activity",
        "multi-head-u-net:{}/heads",
        "mixture",
    ],
)
def test_the_sound_of_a_video_is_separated_at_its_own_rate_and_length(
    run: Run, tmp_path: Path, models: Path, kind: str
) -> None:
    out = tmp_path / "stems"
    status, _, told = run(
        "separate", video(tmp_path), "--instruments", "violin,cello", "--separator", kind.format(models), "--out", out
    )
    assert status == 0
    assert told.splitlines() == [str(out / "Violin.flac"), str(out / "Cello.flac")]
    stem, rate = soundfile.read(out / "Cello.flac")
    assert (rate, len(stem)) == (RATE, 2 * RATE)
    if "@iass" in kind:
        assert not stem.any()
        assert soundfile.read(out / "Violin.flac")[0].any()
    if kind == "mixture":
        total = stem + soundfile.read(out / "Violin.flac")[0]
        off = total - read_sound(tmp_path / "duet.mp4").samples[0]  # twice resampled
        assert np.abs(off[200:-200]).max() < 2e-3


def test_heads_of_instruments_outside_the_challenge_can_be_asked_for(run: Run, tmp_path: Path, models: Path) -> None:
    soundfile.write(tmp_path / "x.wav", 0.1 * np.sin(np.arange(RATE) * 0.3), RATE)
    heads = ("--separator", f"multi-head-u-net:{models}/heads")
    brass = ("--instruments", "Trompete,tuba,horn,horn,double bass,trombone")
    status, _, told = run("separate", tmp_path / "x.wav", *brass, *heads, "--out", tmp_path / "stems")
    assert status == 0
    names = ["Trumpet", "Tuba", "Horn_1", "Horn_2", "Bass", "Trombone"]
    assert [Path(line).stem for line in told.splitlines()] == names
    louder = ("--gain", "tuba=6", "--gain", "horn_2=-6", "--out", tmp_path / "louder.flac")
    status, said, _ = run("remix", tmp_path / "x.wav", *brass, *heads, *louder)
    assert status == 0, said
    status, said, _ = run("separate", tmp_path / "x.wav", "--instruments", "harp", *heads, "--out", tmp_path / "none")
    assert status == 2
    assert len(said) == 1
    assert "instrument 'harp': not among those that can be separated: Violin, Viola" in said[0]


def test_a_separator_that_has_to_see_is_refused_before_a_task_is_begun(
    run: Run, tmp_path: Path, models: Path, tiny_task_root: Path
) -> None:
    for name in (f"sound-of-pixels:{models}/pixels", f"sound-of-pixels:{models}/pixels@iass:{models}/activity"):
        status, said, _ = run("enhance", tiny_task_root, tmp_path / "run", "--separator", name, "--jobs", 1)
        assert status == 2
        assert len(said) == 1
        assert "expected one that needs no video: a task has none, got one that looks at the players" in said[0]
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["multi-head-u-net:{}/heads", "iass:{}/everyone"])
def test_a_task_is_enhanced_and_scored_to_its_end(
    run: Run, tmp_path: Path, models: Path, tiny_task_root: Path, kind: str
) -> None:
    folder = tmp_path / "run"
    status, said, _ = run("enhance", tiny_task_root, folder, "--separator", kind.format(models), "--jobs", 1)
    assert status == 0, said
    assert len(list((folder / "enhanced_signals").rglob("*.flac"))) == N_PAIRS
    status, said, _ = run("score", tiny_task_root, folder, "--jobs", 1)
    assert status == 0, said
    scores = pd.read_csv(folder / "scores.csv")
    assert len(scores) == N_PAIRS
    assert scores["avg_haaqi"].between(0, 1).all()


def test_activity_is_told_of_the_sound_of_a_video(run: Run, tmp_path: Path, models: Path) -> None:
    named = ("--instruments", "cello", "--separator", f"iass:{models}/activity", "--out", tmp_path / "out")
    status, said, told = run("activity", video(tmp_path), *named)
    assert status == 0, said
    assert told.startswith("Cello: plays 0% of the time\n")
    status, said, _ = run("activity", video(tmp_path, sound=False), *named, "--force")
    assert status == 2
    assert "duet.mp4: expected a sound track, found none" in said[0]


@pytest.mark.parametrize("name", ["default@iass:{}/activity", "multi-head-u-net:{}/heads"])
def test_activity_says_what_can_tell_it(run: Run, tmp_path: Path, models: Path, name: str) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(RATE), RATE)
    arguments = ("--instruments", "cello", "--separator", name.format(models), "--out", tmp_path / "out")
    status, said, _ = run("activity", tmp_path / "x.wav", *arguments)
    assert status == 2
    assert "--separator: expected iass:FOLDER, or a player tracker: 'default' or the path of a checkpoint" in said[0]


def test_several_videos_go_into_folders_and_one_that_is_damaged_does_not_stop_the_rest(
    run: Run, tmp_path: Path
) -> None:
    good = video(tmp_path)
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    status, said, told = run(
        "separate",
        good,
        tmp_path / "bad.mp4",
        "--instruments",
        "violin",
        "--separator",
        "mixture",
        "--out",
        tmp_path / "out",
    )
    assert status != 0
    assert told.splitlines() == [str(tmp_path / "out" / "duet" / "Violin.flac")]
    assert any("bad.mp4: cannot be read as a video" in line for line in said)


def refused(run: Run, *arguments: object) -> str:
    status, said, _ = run("separate", *arguments)
    assert status == 2
    assert len(said) == 1
    return said[0]


def test_what_cannot_be_looked_at_is_refused_in_one_line_and_writes_nothing(
    run: Run, tmp_path: Path, models: Path
) -> None:
    out = tmp_path / "stems"
    eyes = ("--separator", f"sound-of-pixels:{models}/pixels", "--out", out)
    soundfile.write(tmp_path / "x.wav", np.zeros(RATE), RATE)
    weighted = ("--separator", f"sound-of-pixels:{models}/pixels@iass:{models}/activity", "--out", out)
    for separator in (eyes, weighted):
        said = refused(run, tmp_path / "x.wav", "--instruments", "cello", *separator)
        assert "looks at the players: it needs a video" in said
    soundfile.write(tmp_path / "tone.wav", np.zeros(RATE), RATE)
    (tmp_path / "tone.wav").replace(tmp_path / "blind.mp4")
    said = refused(run, tmp_path / "blind.mp4", "--instruments", "violin", *eyes)
    assert "blind.mp4: expected a stream of pictures, found none" in said
    said = refused(run, video(tmp_path, sound=False), "--instruments", "violin", *eyes)
    assert "duet.mp4: expected a sound track, found none" in said
    said = refused(run, video(tmp_path, n_frames=20), "--instruments", "violin", *eyes)
    assert "duet.mp4: expected 2.0 s of pictures, found 0.8 s" in said
    said = refused(run, tmp_path / "none.mp4", "--instruments", "violin", *eyes)
    assert "none.mp4" in said
    assert not out.exists() or not list(out.iterdir())
