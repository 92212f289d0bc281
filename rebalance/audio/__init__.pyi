from ._audio_files import (
    Audio as Audio,
    AudioHeader as AudioHeader,
    Recording as Recording,
    Rounding as Rounding,
    check_written as check_written,
    probe_audio as probe_audio,
    quantise_int16 as quantise_int16,
    read_audio as read_audio,
    resample as resample,
    sample_span as sample_span,
    write_audio as write_audio,
    write_flac as write_flac,
)
from ._file_formats import (
    AUDIO_SUFFIXES as AUDIO_SUFFIXES,
    AudioFormat as AudioFormat,
    output_format as output_format,
    suffix_like as suffix_like,
)
from ._levels import (
    amplitude_from_db as amplitude_from_db,
    db_from_amplitude as db_from_amplitude,
    loudness_lufs as loudness_lufs,
    rms as rms,
)
from ._made_gains import (
    Leakage as Leakage,
    RelativeGains as RelativeGains,
    made_gains as made_gains,
    measure_leakage as measure_leakage,
    reference_players as reference_players,
    relative_gains_db as relative_gains_db,
)
from ._metering import LevelMeter as LevelMeter
from ._remixing import (
    MAX_STRENGTH as MAX_STRENGTH,
    Shrinkage as Shrinkage,
    changes_of as changes_of,
    normalising_gain_db as normalising_gain_db,
    official_remix as official_remix,
    remix as remix,
    remix_as_edit as remix_as_edit,
)
from ._streamed_files import (
    AudioFile as AudioFile,
    AudioWriter as AudioWriter,
    open_audio as open_audio,
    writing_audio as writing_audio,
)
from ._streams import (
    Block as Block,
    Blocking as Blocking,
    RecordingStream as RecordingStream,
    ResampledStream as ResampledStream,
    Spool as Spool,
    Stream as Stream,
    aligned_pieces as aligned_pieces,
    resampled_pieces as resampled_pieces,
)
from ._vorbis import encode_vorbis as encode_vorbis
