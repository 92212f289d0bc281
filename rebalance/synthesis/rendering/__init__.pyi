from ._piece_stems import PieceStems as PieceStems
from ._plans import (
    CORRELATION as CORRELATION,
    Plan as Plan,
    RenderSettings as RenderSettings,
    Voice as Voice,
    draw_plan as draw_plan,
    read_plan as read_plan,
    write_plan as write_plan,
)
from ._played_pieces import PlayedPiece as PlayedPiece, read_played_piece as read_played_piece
from ._preview import write_previews as write_previews
from ._realism import (
    StemStatistics as StemStatistics,
    long_term_spectrum_db as long_term_spectrum_db,
    measure_stem as measure_stem,
    spectral_distance_db as spectral_distance_db,
)
from ._rendering import (
    SAMPLE_RATE as SAMPLE_RATE,
    dry_stem as dry_stem,
    mix_down as mix_down,
    render as render,
    render_stems as render_stems,
    stereo_responses as stereo_responses,
    write_piece as write_piece,
)
from ._renditions import choose_run as choose_run, render_pieces as render_pieces
