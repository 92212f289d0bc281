"""The steps of the recipe one after the other, from a folder of MIDI to a table and a separator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from rebalance.assets import demo_folder
from rebalance.separation import ModelCard, load_separator
from rebalance.separation.xumx import XUMX_FAMILIES, Xumx, save_xumx
from rebalance.training import FamilyExperiment, read_recipe

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "synthsod"
RATE = 44_100
PARTS = (("Violin", 40, 72), ("Cello", 42, 48), ("Bassoon", 70, 43))
TINY = ("network.hidden_size=8", "train.steps=2", "mixing.batch_size=2", "mixing.crop_s=1.0", "validation_batches=1")


def done(*words: object) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def write_pieces(folder: Path) -> None:
    """Write ten trios of four seconds: of ten works one is for evaluation and one for test."""
    folder.mkdir()
    for piece in range(10):
        file = mido.MidiFile(ticks_per_beat=96)
        for channel, (name, program, pitch) in enumerate(PARTS):
            track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
            track.append(mido.Message("program_change", program=program, channel=channel))
            for step in range(8):
                track.append(mido.Message("note_on", note=pitch + (step + piece) % 5, channel=channel, velocity=80))
                track.append(mido.Message("note_off", note=pitch + (step + piece) % 5, channel=channel, time=96))
            file.tracks.append(track)
        file.save(folder / f"{'abcdefghij'[piece]}.mid")


def write_notes(folder: Path) -> None:
    for name, _, _ in PARTS:
        (folder / name).mkdir(parents=True)
        for pitch in range(36, 84, 6):
            tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(RATE) / RATE)
            soundfile.write(folder / name / f"tone-{pitch:03d}.wav", 0.2 * tone, RATE)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the stems of ten trios and a model of the strings."""
    folder = tmp_path_factory.mktemp("synthsod")
    write_pieces(folder / "midi")
    write_notes(folder / "notes")
    render = ("-m", "rebalance", "render", folder / "data", "--style", "synthsod", "--jobs", 1)
    done(*render, "--pieces", folder / "midi", "--font", folder / "notes")
    done(RECIPE / "stems.py", folder / "data", folder / "stems", "Tree", 16_000)
    stems = (f"stems=[{folder / 'stems' / 'train'}]", f"held_out=[{folder / 'stems' / 'evaluation'}]")
    done(RECIPE / "train.py", folder / "run", folder / "models", "--small", "family=strings", *stems, *TINY)
    return folder


def test_the_card_tells_how_the_model_was_trained(work: Path) -> None:
    card = load_separator(f"xumx:{work / 'models'}", device="cpu").models[0].card
    assert card.data == (str(work / "stems" / "train"),)
    assert card.training["Family"] == "strings"
    assert card.training["Steps"] == "2"
    assert card.training["Seed"] == "42"
    assert card.training["Widths"] == "small"


def test_the_evaluation_prints_every_row_and_writes_every_track(work: Path) -> None:
    table = done(RECIPE / "evaluate.py", work / "stems" / "test", work / "models", work / "scores.csv")
    rows = {tuple(line.split(" | ")[:2]) for line in table.splitlines()[2:]}
    assert {("| Cello", "silence"), ("| Cello", "mixture phase"), ("| Violin", "oracle, Wiener")} <= rows
    assert ("| Bassoon", "mixture phase") not in rows
    assert "Cello,mixture phase" not in (header := (work / "scores.csv").read_text().splitlines()[0])
    assert header == "track,row,target,median_db,mean_db,n_frames"


def test_models_of_two_families_enhance_and_are_scored(work: Path, tmp_path: Path) -> None:
    woodwinds = read_recipe(RECIPE, "small", FamilyExperiment, ("family=woodwinds", "network.hidden_size=8"))
    network = Xumx(woodwinds.network.config(tuple(XUMX_FAMILIES["woodwinds"])))
    save_xumx(work / "models" / "woodwinds.safetensors", network, ModelCard())
    demo, run = demo_folder(), tmp_path / "run"
    limits = ("--limit", 1, "--jobs", 1)
    done("-m", "rebalance", "enhance", demo, run, "--separator", f"xumx:{work / 'models'}", *limits)
    done("-m", "rebalance", "score", demo, run, *limits)
    assert (run / "scores.csv").read_text().count("\n") >= 2
