"""From scores to stems: plans, renditions, and how natural the result is."""

from __future__ import annotations

from rebalance.synthesis.rendering._piece_stems import PieceStems
from rebalance.synthesis.rendering._plans import (
    CORRELATION,
    Plan,
    RenderSettings,
    Voice,
    draw_plan,
    read_plan,
    write_plan,
)
from rebalance.synthesis.rendering._played_pieces import PlayedPiece, read_played_piece
from rebalance.synthesis.rendering._preview import write_previews
from rebalance.synthesis.rendering._realism import (
    StemStatistics,
    long_term_spectrum_db,
    measure_stem,
    spectral_distance_db,
)
from rebalance.synthesis.rendering._rendering import (
    SAMPLE_RATE,
    dry_stem,
    mix_down,
    render,
    render_stems,
    stereo_responses,
    write_piece,
)
from rebalance.synthesis.rendering._renditions import choose_run, render_pieces

__all__ = [
    "CORRELATION",
    "SAMPLE_RATE",
    "PieceStems",
    "Plan",
    "PlayedPiece",
    "RenderSettings",
    "StemStatistics",
    "Voice",
    "choose_run",
    "draw_plan",
    "dry_stem",
    "long_term_spectrum_db",
    "measure_stem",
    "mix_down",
    "read_plan",
    "read_played_piece",
    "render",
    "render_pieces",
    "render_stems",
    "spectral_distance_db",
    "stereo_responses",
    "write_piece",
    "write_plan",
    "write_previews",
]
