"""A tiny library of stems with known sound: harmonic tones, one instrument high, one low, some silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance._base.challenge import CAD2_TASK2
from rebalance.separation.mask_network import N_VOICES
from rebalance.training.data import Mixer, MixingSettings, open_library
from rebalance.training.data._stem_library import StemEntry, StemLibrary, write_manifest, write_stem

SAMPLE_RATE = 44_100
VOICES = tuple((instrument, voice + 1) for instrument in CAD2_TASK2.instruments for voice in range(N_VOICES))
PLAIN = {
    "eq_db": 0.0,
    "tilt_db_per_octave": 0.0,
    "darkening_db_per_octave": {},
    "coherent_detune_cents": 0.0,
    "random_detune_cents": 0.0,
    "dry_share": 1.0,
}


def tone(pitch: float, *, seconds: float = 3.0, silent_s: float = 0.0, harmonics: int = 6) -> np.ndarray:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    sound = sum(np.sin(2 * np.pi * frequency * k * time + k) / k for k in range(1, harmonics + 1)) * 0.05
    return np.where(time < silent_s, 0.0, sound)


@pytest.fixture(scope="session")
def stem_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stems")
    parts = (
        ("first", "Violin_1", "Violin", 76, 0.0),
        ("first", "Violin_2", "Violin", 69, 0.0),
        ("first", "Cello", "Cello", 48, 1.5),
        ("second", "Flute", "Flute", 81, 0.0),
        ("second", "Clarinet", "Clarinet", 62, 0.0),
        ("second", "Bassoon", "Bassoon", 45, 0.0),
    )
    entries = []
    for rendition, label, instrument, pitch, silent_s in parts:
        entry = StemEntry(
            rendition=rendition,
            label=label,
            instrument=instrument,
            family="tones",
            mean_pitch=float(pitch),
            file=f"{rendition}/{label}.npy",
        )
        write_stem(folder, entry, tone(pitch, silent_s=silent_s))
        entries.append(entry)
    write_manifest(folder, entries)
    return folder


@pytest.fixture(scope="session")
def library(stem_folder: Path) -> StemLibrary:
    return open_library([stem_folder])


def mixer_of(library: StemLibrary, **changes: object) -> Mixer:
    settings = MixingSettings(**{"batch_size": 2, "crop_samples": 16_384, **changes})  # type: ignore[arg-type]
    return Mixer(stem_library=library, rooms=None, voices=VOICES, settings=settings, seed=5, device=torch.device("cpu"))
