from ._colouring import (
    active_rms as active_rms,
    eq_response as eq_response,
    follow_level as follow_level,
    with_noise_floor as with_noise_floor,
)
from ._engines import (
    Engine as Engine,
    EngineName as EngineName,
    Layer as Layer,
    SoundfontEngine as SoundfontEngine,
    soundfont_engine as soundfont_engine,
)
from ._fonts import (
    FONT_FAMILIES as FONT_FAMILIES,
    TECHNIQUE_PROGRAMS as TECHNIQUE_PROGRAMS,
    Preset as Preset,
    find_font as find_font,
    presets_of as presets_of,
)
from ._rooms import (
    ANECHOIC as ANECHOIC,
    SPACING_DEG as SPACING_DEG,
    Hall as Hall,
    azimuths_deg as azimuths_deg,
    convolve as convolve,
    decode_stereo as decode_stereo,
    draw_hall as draw_hall,
    half_angle_for as half_angle_for,
    read_response as read_response,
    simulate_response as simulate_response,
)
from ._samples import SampleEngine as SampleEngine, is_sample_source as is_sample_source, sample_source as sample_source
from ._spaced_microphones import RecordedResponse as RecordedResponse, Seat as Seat, record_in as record_in
