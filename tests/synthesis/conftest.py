"""A score, and recorded notes made of sines, so that rendering is tested without any soundfont."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance.synthesis.notation import Note, Part, Score, arrange, parse_ensemble
from rebalance.synthesis.notation._instruments import INSTRUMENTS

RATE = 44_100


def harmonic_note(pitch: float, duration_s: float = 2.0) -> np.ndarray:
    """Return a steady tone of six harmonics."""
    times_s = np.arange(int(duration_s * RATE)) / RATE
    fundamental_hz = 440.0 * 2 ** ((pitch - 69) / 12)
    return 0.2 * sum(np.sin(2 * np.pi * fundamental_hz * k * times_s) / k for k in range(1, 7))


@pytest.fixture(scope="session")
def sampled_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of single notes from C2 to C7, four to the octave."""
    folder = tmp_path_factory.mktemp("notes")
    for pitch in range(36, 97, 3):
        soundfile.write(folder / f"tone-{pitch:03d}.wav", harmonic_note(pitch), RATE)
    return folder


@pytest.fixture(scope="session")
def duet() -> Score:
    """Eight bars in two voices, without an ensemble."""
    high = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=67 + (at * 5) % 12) for at in range(32))
    low = tuple(Note(onset_q=2.0 * at, duration_q=2.0, pitch=45 + (at * 3) % 8) for at in range(16))
    return Score(
        name="duet",
        parts=(
            Part(name="Soprano", instrument=None, notes=high),
            Part(name="Bass", instrument=INSTRUMENTS["Bass"], notes=low),
        ),
        quarter_bpm=120.0,
    )


@pytest.fixture(scope="session")
def arranged_duet(duet: Score) -> Score:
    """The duet for flute and cello."""
    return arrange(duet, parse_ensemble(["Flute", "Cello"])).score
