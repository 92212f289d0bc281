"""Sound: audio files, resampling, levels, and the remix with the normalising gain."""

from rebalance.audio._audio_files import (Audio, AudioHeader, Recording, Rounding, check_written, probe_audio, quantise_int16, read_audio, resample, sample_span, write_audio, write_flac)
from rebalance.audio._file_formats import (AUDIO_SUFFIXES, AudioFormat, output_format, suffix_like)
from rebalance.audio._levels import (amplitude_from_db, db_from_amplitude, loudness_lufs, rms)
from rebalance.audio._made_gains import (Leakage, RelativeGains, made_gains, measure_leakage, reference_players, relative_gains_db)
from rebalance.audio._metering import (LevelMeter)
from rebalance.audio._remixing import (MAX_STRENGTH, Shrinkage, changes_of, normalising_gain_db, official_remix, remix, remix_as_edit)
from rebalance.audio._streamed_files import (AudioFile, AudioWriter, open_audio, writing_audio)
from rebalance.audio._streams import (Block, Blocking, RecordingStream, ResampledStream, Spool, Stream, aligned_pieces, resampled_pieces)
from rebalance.audio._vorbis import (encode_vorbis)

__all__ = ['AUDIO_SUFFIXES', 'Audio', 'AudioFile', 'AudioFormat', 'AudioHeader', 'AudioWriter', 'Block', 'Blocking', 'Leakage', 'LevelMeter', 'MAX_STRENGTH', 'Recording', 'RecordingStream', 'RelativeGains', 'ResampledStream', 'Rounding', 'Shrinkage', 'Spool', 'Stream', 'aligned_pieces', 'amplitude_from_db', 'changes_of', 'check_written', 'db_from_amplitude', 'encode_vorbis', 'loudness_lufs', 'made_gains', 'measure_leakage', 'normalising_gain_db', 'official_remix', 'open_audio', 'output_format', 'probe_audio', 'quantise_int16', 'read_audio', 'reference_players', 'relative_gains_db', 'remix', 'remix_as_edit', 'resample', 'resampled_pieces', 'rms', 'sample_span', 'suffix_like', 'write_audio', 'write_flac', 'writing_audio']
