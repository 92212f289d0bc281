"""Sound: audio files, resampling, levels, and the remix with the normalising gain."""

from __future__ import annotations

from rebalance.audio._audio_files import (
    Audio,
    AudioHeader,
    BitDepth,
    Recording,
    Rounding,
    check_written,
    probe_audio,
    quantise_int16,
    read_audio,
    resample,
    sample_span,
    write_audio,
    write_flac,
)
from rebalance.audio._levels import amplitude_from_db, db_from_amplitude, loudness_lufs, rms
from rebalance.audio._remixing import Shrinkage, normalising_gain_db, official_remix, remix, remix_as_edit

__all__ = [
    "Audio",
    "AudioHeader",
    "BitDepth",
    "Recording",
    "Rounding",
    "Shrinkage",
    "amplitude_from_db",
    "check_written",
    "db_from_amplitude",
    "loudness_lufs",
    "normalising_gain_db",
    "official_remix",
    "probe_audio",
    "quantise_int16",
    "read_audio",
    "remix",
    "remix_as_edit",
    "resample",
    "rms",
    "sample_span",
    "write_audio",
    "write_flac",
]
