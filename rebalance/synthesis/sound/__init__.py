"""Where rendered sound comes from: soundfonts, recorded notes, equalisers and rooms."""

from __future__ import annotations

from rebalance.synthesis.sound._colouring import active_rms, eq_response, follow_level, with_noise_floor
from rebalance.synthesis.sound._engines import Engine, EngineName, Layer, SoundfontEngine, soundfont_engine
from rebalance.synthesis.sound._fonts import FONT_FAMILIES, TECHNIQUE_PROGRAMS, Preset, find_font, presets_of
from rebalance.synthesis.sound._rooms import (
    ANECHOIC,
    SPACING_DEG,
    Hall,
    azimuths_deg,
    convolve,
    decode_stereo,
    draw_hall,
    half_angle_for,
    read_response,
    simulate_response,
)
from rebalance.synthesis.sound._samples import SampleEngine, is_sample_source, sample_source
from rebalance.synthesis.sound._spaced_microphones import RecordedResponse, Seat, record_in

__all__ = [
    "ANECHOIC",
    "FONT_FAMILIES",
    "SPACING_DEG",
    "TECHNIQUE_PROGRAMS",
    "Engine",
    "EngineName",
    "Hall",
    "Layer",
    "Preset",
    "RecordedResponse",
    "SampleEngine",
    "Seat",
    "SoundfontEngine",
    "active_rms",
    "azimuths_deg",
    "convolve",
    "decode_stereo",
    "draw_hall",
    "eq_response",
    "find_font",
    "follow_level",
    "half_angle_for",
    "is_sample_source",
    "presets_of",
    "read_response",
    "record_in",
    "sample_source",
    "simulate_response",
    "soundfont_engine",
    "with_noise_floor",
]
