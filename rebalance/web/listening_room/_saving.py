"""What a person takes home: the remix, the stems, and the settings as files every command reads."""

from __future__ import annotations

import json
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.audio import Recording, RecordingStream, amplitude_from_db, output_format, writing_audio
from rebalance.hearing import Listener, prescribe
from rebalance.pipeline import common_attenuation_db, remix_of_stems
from rebalance.web.listening_room._separations import Separation

GAIN_PATTERN = "listening-room"


def save_remix(
    separation: Separation,
    gains_db: Mapping[str, float],
    listener: Listener | None,
    folder: Path,
    *,
    file_format: Literal["flac", "wav"],
    bits: Literal[16, 24],
) -> Path:
    """Write the remix that ``rebalance remix`` would make of the same recording, gains and listener.

    Raises
    ------
    AudioError
        If the separation is not finished, or the music is silent where a loudness is needed.
    ConfigError
        If a gain names no player.
    """
    stems = separation.stem_by_name()
    if unknown := sorted(set(gains_db) - set(stems)):
        raise ConfigError(where="gains", expected=f"players among {', '.join(stems)}", got=f"{', '.join(unknown)}")
    mix = remix_of_stems(
        separation.stored.recording(),
        stems,
        gains_db,
        shrinkage=separation.shrinkage[0],
        fitting=prescribe(listener) if listener is not None else None,
        loudness="recording" if listener is not None else None,
        folder=folder,
    )
    path = folder / f"{uuid.uuid4().hex}.{file_format}"
    with mix.spool as spool:
        kind = output_format(path, depth=str(bits)).for_length(spool.n_samples, spool.n_channels)
        with writing_audio(path, kind, sample_rate=spool.sample_rate, n_channels=spool.n_channels) as writer:
            for piece in mix.pieces():
                writer.write(piece)
    return path


def save_stems(separation: Separation, folder: Path) -> Path:
    """Write the stems that ``rebalance separate`` would make, as FLAC files in a zip archive.

    Raises
    ------
    AudioError
        If the separation is not finished.
    """
    stems = separation.stem_by_name()
    gain = amplitude_from_db(-common_attenuation_db(stems.values()))
    archive = folder / f"{uuid.uuid4().hex}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for name, stem in stems.items():
            path = folder / f"{uuid.uuid4().hex}.flac"
            _write_scaled(path, stem, gain, separation.stored.sample_rate)
            packed.write(path, f"{name}.flac")
            path.unlink()
    return archive


def _write_scaled(path: Path, stem: NDArray[np.float32], gain: float, sample_rate: int) -> None:
    """Write a stem, which may be a view of a long file, piece by piece."""
    n_channels, n_samples = stem.shape
    kind = output_format(path).for_length(n_samples, n_channels)
    stream = RecordingStream(Recording(samples=stem, sample_rate=sample_rate))
    with writing_audio(path, kind, sample_rate=sample_rate, n_channels=n_channels) as writer:
        for piece in stream.pieces():
            writer.write(piece * gain)


def gains_document(separation: Separation, gains_db: Mapping[str, float]) -> str:
    """Return gains in the form of ``gains.json``: one pattern, sources numbered in the order of the players."""
    pattern = {f"source_{number}": gains_db.get(name, 0.0) for number, name in enumerate(separation.names, 1)}
    return json.dumps({GAIN_PATTERN: pattern}, indent=2) + "\n"


def listener_document(listener: Listener) -> str:
    """Return a listener in the form of ``listeners.<split>.json``."""
    entry = {
        "name": listener.name,
        "audiogram_cfs": list(listener.left.frequencies_hz),
        "audiogram_levels_l": list(listener.left.thresholds_db_hl),
        "audiogram_levels_r": list(listener.right.thresholds_db_hl),
    }
    return json.dumps({listener.name: entry}, indent=2) + "\n"
