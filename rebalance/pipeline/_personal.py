"""For one person: separate or rebalance any recording, of any length and rate, mono or stereo."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance._base.instrument_names import instrument_of, letters_of, voice_of
from rebalance._base.names import suggestion
from rebalance.audio import (
    MAX_STRENGTH,
    Audio,
    Block,
    Blocking,
    Leakage,
    LevelMeter,
    Recording,
    RecordingStream,
    ResampledStream,
    Shrinkage,
    Spool,
    Stream,
    aligned_pieces,
    amplitude_from_db,
    db_from_amplitude,
    measure_leakage,
    remix_as_edit,
    resampled_pieces,
)
from rebalance.hearing import Fitting, amplify
from rebalance.pipeline._balance import Balance, estimate_balance
from rebalance.pipeline._block_separation import (
    SEPARATION_BLOCKING,
    Progress,
    edited_pieces,
    separated_blocks,
    stem_pieces,
)
from rebalance.separation import Separator, info_of, instruments_of, known_instruments, source_names

LoudnessTarget: TypeAlias = float | Literal["recording"] | None

_MAX_SAMPLE = 1.0 - 2.0**-15
_TWICE_DB = 10.0 * np.log10(2.0)  # two ears hear what one channel of a mono recording holds
_AID_BLOCKING = Blocking(hop=2**20, fade=4_410, margin=88_200)  # in two seconds the compressors forget what was
_MIN_LUFS, _MAX_LUFS = -70.0, 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixRequest:
    """What somebody wants of a recording.

    Parameters
    ----------
    instruments
        Instrument of every source.
    gains_db
        Gain in dB by source name; names not mentioned stay at 0 dB. See `gains_by_source`.
    separator
        The separator of the instruments.
    strength
        Multiplies the separator's shrinkage, in [0, 1.5]: more of the gains is made, and artefacts are louder.
    fitting
        Compressor settings of the listener; None leaves the result unamplified. A mono recording
        becomes stereo, one channel per ear.
    loudness
        What the result is brought to by one gain, the same for both ears: LUFS, or ``"recording"`` for the loudness of
        the recording. None leaves it as remix and compressors leave it.

    Raises
    ------
    ConfigError
        If the loudness or the strength is out of range.
    """

    instruments: Sequence[str]
    gains_db: Mapping[str, float]
    separator: Separator
    strength: float = 1.0
    fitting: Fitting | None = None
    loudness: LoudnessTarget = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise ConfigError(where="strength", expected=f"0 to {MAX_STRENGTH:g}", got=f"{self.strength:g}")
        if not isinstance(self.loudness, str | None) and not _MIN_LUFS <= self.loudness <= _MAX_LUFS:
            raise ConfigError(
                where="loudness",
                expected=f"{_MIN_LUFS:g} to {_MAX_LUFS:g} LUFS, 'recording' or None",
                got=f"{self.loudness:g}",
            )

    @property
    def all_gains_db(self) -> dict[str, float]:
        """Gain in dB of every source."""
        names = source_names(self.instruments, also=instruments_of(self.separator))
        return {name: self.gains_db.get(name, 0.0) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLevel:
    """What was done to the level of a remix as a whole.

    Parameters
    ----------
    gain_db
        The one gain applied at the end, the same in all channels.
    attenuation_db
        By how much that is less than was wanted, so that nothing clips; at least 0.
    loudness_lufs
        Of the result; None where it was not measured.
    """

    gain_db: float
    attenuation_db: float
    loudness_lufs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalMix:
    """A rebalanced recording and what was done to it.

    Parameters
    ----------
    recording
        The result, at the rate of the input.
    level
        What was done to its level as a whole.
    balance
        What was asked for and is estimated to have been made.
    """

    recording: Recording
    level: OutputLevel
    balance: Balance

    @property
    def attenuation_db(self) -> float:
        """By how much the whole was turned down so that nothing clips, at least 0."""
        return self.level.attenuation_db


def separate_recording(
    recording: Recording,
    instruments: Sequence[str],
    separator: Separator,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Split a recording into its instruments.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    instruments
        Instrument of every source, repeated for several players: ``("Violin", "Violin", "Cello")``.
    separator
        The separator of the instruments.
    on_progress
        Called with the fraction done, in (0, 1].

    Returns
    -------
    dict
        Signals of the recording's shape and rate by source name (``"Violin_1"``).

    Raises
    ------
    AudioError
        If the recording has more than two channels, or an estimate is not a signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import read_audio
    >>> from rebalance.pipeline import separate_recording
    >>> from rebalance.separation import load_separator
    >>> recording = read_audio(Path("metadata/demo/audio/valid/mozart-winds/mixture.flac"), duration_s=0.5)
    >>> separator = load_separator("fast", device="cpu")
    >>> stems = separate_recording(recording, ("Flute", "Oboe", "Clarinet", "Bassoon"), separator)
    >>> list(stems), np.allclose(sum(stems.values()), recording.samples, atol=1e-4)
    (['Flute', 'Oboe', 'Clarinet', 'Bassoon'], True)
    """
    names = source_names(instruments, also=instruments_of(separator))
    pieces = stem_pieces(RecordingStream(recording), instruments, separator, on_progress)
    stems = np.concatenate([piece.astype(np.float32) for piece in pieces], axis=-1)
    return dict(zip(names, stems, strict=True))


def common_attenuation_db(signals: Iterable[Audio]) -> float:
    """Return by how many dB signals have to be turned down together so that none is clipped in 16 bits; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.pipeline import common_attenuation_db
    >>> quiet, loud = np.array([[0.1, -0.5]]), np.array([[0.3, -2.0]])
    >>> round(common_attenuation_db([quiet, loud]), 2), common_attenuation_db([quiet])
    (6.02, 0.0)
    """
    excess = max((max(float(np.max(signal)) / _MAX_SAMPLE, -float(np.min(signal))) for signal in signals), default=0)
    return float(20.0 * np.log10(excess)) if excess > 1.0 else 0.0


def rebalance_recording(
    recording: Recording,
    instruments: Sequence[str],
    gains_db: Mapping[str, float],
    separator: Separator,
    *,
    strength: float = 1.0,
    fitting: Fitting | None = None,
    loudness: LoudnessTarget = None,
    on_progress: Callable[[float], None] | None = None,
) -> PersonalMix:
    """Change the balance of a recording and, for a listener with hearing loss, amplify it.

    The recording is edited, not rebuilt: with equal gains and no fitting it comes back unchanged. For a
    listener it is first brought to -40 LUFS, where the compressors are meant to work; the result is
    turned down as a whole where it would clip.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    instruments, gains_db, separator, strength, fitting, loudness
        See `RemixRequest`.
    on_progress
        Called with the fraction done, in (0, 1].

    Raises
    ------
    AudioError
        If the recording has more than two channels, is silent where a loudness is needed, or an estimate is not a
        signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, it names other sources than these, or
        strength or loudness is out of range.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.assets import weights_folder
    >>> from rebalance.audio import read_audio
    >>> from rebalance.pipeline import rebalance_recording
    >>> from rebalance.separation import AverageSpectrumSeparator, read_spectra
    >>> recording = read_audio(Path("metadata/demo/audio/valid/mozart-winds/mixture.flac"), duration_s=0.5)
    >>> instruments = ("Flute", "Oboe", "Clarinet", "Bassoon")
    >>> separator = AverageSpectrumSeparator(spectra=read_spectra(weights_folder() / "average-spectra.json"))
    >>> mix = rebalance_recording(recording, instruments, {"Bassoon": 6.0}, separator)
    >>> mix.recording.samples.shape, mix.recording.sample_rate, mix.attenuation_db
    ((2, 22050), 44100, 0.0)
    """
    request = RemixRequest(
        instruments=instruments,
        gains_db=gains_db,
        separator=separator,
        strength=strength,
        fitting=fitting,
        loudness=loudness,
    )
    mix = remix_stream(RecordingStream(recording), request, double=True, on_progress=on_progress)
    samples = np.concatenate([piece.astype(np.float32) for piece in mix.pieces()], axis=1)
    return PersonalMix(recording=replace(recording, samples=samples, remarks=()), level=mix.level, balance=mix.balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledMix:
    """A rebalanced recording of any length, before its last gain.

    Parameters
    ----------
    spool
        Holds it.
    level
        What is done to its level as a whole, `pieces` included.
    """

    spool: Spool
    level: OutputLevel

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces of the result, shape ``(n_channels, n)``."""
        gain = amplitude_from_db(self.level.gain_db)
        for piece in self.spool.pieces():
            yield piece * gain if gain != 1.0 else piece


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedMix(LevelledMix):
    """A recording that was separated and rebalanced.

    Parameters
    ----------
    spool, level
        See `LevelledMix`.
    balance
        What was asked for and is estimated to have been made.
    """

    balance: Balance


def remix_stream(
    stream: Stream,
    request: RemixRequest,
    *,
    folder: StrPath | None = None,
    double: bool = False,
    on_progress: Progress | None = None,
) -> StreamedMix:
    """Do what `rebalance_recording` does to a recording of any length, block by block.

    Parameters
    ----------
    stream
        Mono or stereo, any rate.
    request
        Instruments, gains, separator and listener.
    folder
        Where the unfinished result is kept on disk; in memory when None.
    double
        Whether it is kept in double precision.
    on_progress
        Called with the fraction done of the separation, in (0, 1].

    Raises
    ------
    AudioError, ConfigError
        As for `rebalance_recording`.
    RebalanceError
        If the disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Recording, RecordingStream
    >>> from rebalance.pipeline import RemixRequest, remix_stream
    >>> from rebalance.separation import load_separator
    >>> stream = RecordingStream(Recording(samples=np.ones((1, 8), dtype=np.float32), sample_rate=44_100))
    >>> request = RemixRequest(instruments=("flute",), gains_db={}, separator=load_separator("mixture"))
    >>> [piece.shape for piece in remix_stream(stream, request).pieces()]
    [(1, 8)]
    """
    leaks: list[Leakage] = []
    edits = _edited_pieces(stream, request, leaks, on_progress)
    spool, level = _levelled(stream, edits, request.fitting, request.loudness, folder=folder, double=double)
    leakage = sum(leaks[1:], start=leaks[0]) if leaks else None
    balance = estimate_balance(request.all_gains_db, request.separator, leakage, strength=request.strength)
    return StreamedMix(spool=spool, level=level, balance=balance)


def rebalance_stems(
    recording: Recording,
    stems: Mapping[str, Audio],
    gains_db: Mapping[str, float],
    *,
    shrinkage: Shrinkage,
    fitting: Fitting | None = None,
    loudness: LoudnessTarget = None,
) -> Recording:
    """Change the balance of a recording whose stems are known, as `rebalance_recording` does: the same numbers.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    stems
        The stems by instrument, as `separate_recording` returns them.
    gains_db
        Gain in dB by source name; names not mentioned stay at 0 dB.
    shrinkage
        That of the separator the stems come from.
    fitting, loudness
        See `RemixRequest`.

    Raises
    ------
    AudioError
        If a stem has another shape than the recording, or it is silent where a loudness is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Recording
    >>> from rebalance.pipeline import rebalance_stems
    >>> stems = {"Flute": np.full((1, 8), 0.1), "Cello": np.full((1, 8), 0.2)}
    >>> recording = Recording(samples=sum(stems.values()), sample_rate=44_100)
    >>> mix = rebalance_stems(recording, stems, {"Cello": 6.0}, shrinkage=1.0)
    >>> bool(np.all(mix.samples > recording.samples))
    True
    """
    mix = remix_of_stems(
        recording, stems, gains_db, shrinkage=shrinkage, fitting=fitting, loudness=loudness, double=True
    )
    with mix.spool:
        samples = np.concatenate([piece.astype(np.float32) for piece in mix.pieces()], axis=1)
    return replace(recording, samples=samples, remarks=())


def remix_of_stems(
    recording: Recording,
    stems: Mapping[str, Audio],
    gains_db: Mapping[str, float],
    *,
    shrinkage: Shrinkage,
    fitting: Fitting | None = None,
    loudness: LoudnessTarget = None,
    folder: StrPath | None = None,
    double: bool = False,
) -> LevelledMix:
    """Do what `rebalance_stems` does piece by piece: recording and stems may be views of files of any length.

    Parameters
    ----------
    recording, stems, gains_db, shrinkage, fitting, loudness
        See `rebalance_stems`.
    folder, double
        See `remix_stream`.

    Raises
    ------
    AudioError, RebalanceError
        As for `rebalance_stems`, and if the disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import Recording
    >>> from rebalance.pipeline import remix_of_stems
    >>> stems = {"Flute": np.full((1, 8), 0.1), "Cello": np.full((1, 8), 0.2)}
    >>> recording = Recording(samples=sum(stems.values()), sample_rate=44_100)
    >>> mix = remix_of_stems(recording, stems, {"Cello": 6.0}, shrinkage=1.0)
    >>> [piece.shape for piece in mix.pieces()]
    [(1, 8)]
    """
    all_gains_db = {name: gains_db.get(name, 0.0) for name in stems}
    shape = recording.samples.shape
    for name, stem in stems.items():
        if np.shape(stem) != shape:
            raise AudioError(where=name, expected=f"the recording's shape {shape}", got=str(np.shape(stem)))
    stream = RecordingStream(recording)

    def edits() -> Iterator[tuple[Audio, Audio]]:
        start = 0
        for piece in stream.pieces():
            end = start + piece.shape[1]
            own = {name: stem[:, start:end] for name, stem in stems.items()}
            yield piece, remix_as_edit(piece, own, all_gains_db, shrinkage=shrinkage)
            start = end

    spool, level = _levelled(stream, edits(), fitting, loudness, folder=folder, double=double)
    return LevelledMix(spool=spool, level=level)


def gains_by_source(
    requests: Mapping[str, float] | Iterable[tuple[str, float]], instruments: Sequence[str], *, also: Sequence[str] = ()
) -> dict[str, float]:
    """Spell out gains asked by instrument or by source: ``violin`` means every violin, ``violin_2`` one of them.

    A gain of one player holds before that of its instrument. Names are understood as `source_names` understands them:
    ``Geige 2`` is the second violin. Sources stand in the order of the recording.

    Parameters
    ----------
    requests
        Gains in dB by name, or pairs of both; a name may come twice when its gain is the same.
    instruments
        Of every player, in the order of the recording.
    also
        Instruments beside those of the challenge; see `rebalance.separation.instruments_of`.

    Raises
    ------
    ConfigError
        If a name is none of the recording's sources, with the closest one, or two different gains are asked for the
        same instrument or the same player.

    Examples
    --------
    >>> from rebalance.pipeline import gains_by_source
    >>> gains_by_source({"celli": -6.0, "Geige 2": 3.0}, ("violin", "violin", "cello"))
    {'Violin_2': 3.0, 'Cello': -6.0}
    """
    names = source_names(instruments, also=also)
    known = known_instruments(instruments, also=also)
    of_instruments: dict[str, float] = {}
    of_players: dict[str, float] = {}
    pairs = requests.items() if isinstance(requests, Mapping) else requests
    for request, gain_db in pairs:
        asked, voice = voice_of(request)
        wanted = instrument_of(asked)
        matching = [
            name
            for name, instrument in zip(names, known, strict=True)
            if (instrument == wanted or letters_of(instrument) == letters_of(asked))
            and (voice is None or name == f"{instrument}_{voice}")
        ]
        if not matching:
            expected = sorted({*names, *known})
            raise ConfigError(
                where=f"gain for {request!r}", expected=f"one of {expected}", more=suggestion(request, names)
            )
        asked_db = of_instruments if voice is None else of_players
        if twice := [name for name in matching if asked_db.get(name, gain_db) != gain_db]:
            got = f"{asked_db[twice[0]]:+g} dB and {gain_db:+g} dB"
            raise ConfigError(where=f"gain for {request!r}", expected=f"one gain for {twice[0]}", got=got)
        asked_db |= dict.fromkeys(matching, gain_db)
    gains_db = of_instruments | of_players
    return {name: gains_db[name] for name in names if name in gains_db}


def _edited_pieces(
    stream: Stream, request: RemixRequest, leaks: list[Leakage], on_progress: Progress | None
) -> Iterator[tuple[Audio, Audio]]:
    """Give consecutive pieces of a recording, before and after its balance is changed; add what leaks to a list."""
    gains_db = request.all_gains_db
    if len(set(gains_db.values())) <= 1:
        if stream.n_channels > CAD2_TASK2.n_channels:
            raise AudioError(expected="a mono or stereo recording", got=f"{stream.n_channels} channels")
        for piece in stream.pieces():
            yield piece, piece
        return

    def changes() -> Iterator[tuple[Block, Audio]]:
        for block, estimates in separated_blocks(stream, request.instruments, request.separator, on_progress):
            unshared = {name: SEPARATION_BLOCKING.unshared(block, estimate) for name, estimate in estimates.items()}
            leaks.append(measure_leakage(SEPARATION_BLOCKING.unshared(block, block.samples), unshared))
            silence = np.zeros(block.samples.shape)
            shrinkage = info_of(request.separator).shrinkage
            yield block, remix_as_edit(silence, estimates, gains_db, shrinkage=shrinkage, strength=request.strength)
            del block, estimates, unshared, silence  # not held while the next block is made

    yield from edited_pieces(stream, request.separator.sample_rate, changes())


def _levelled(
    stream: Stream,
    edits: Iterable[tuple[Audio, Audio]],
    fitting: Fitting | None,
    loudness: LoudnessTarget,
    *,
    folder: StrPath | None,
    double: bool,
) -> tuple[Spool, OutputLevel]:
    """Keep edited pieces, amplify them where that is asked for, and say what is to be done to their level."""
    recorded = _meter(stream, loudness=loudness == "recording")
    edited = _meter(stream, loudness=fitting is not None or loudness is not None)
    spool = Spool(
        sample_rate=stream.sample_rate,
        n_channels=stream.n_channels,
        folder=None if folder is None else expanded(folder),
        double=double,
    )
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(spool.close)
        for original, piece in edits:
            spool.append(piece)
            recorded.feed(original)
            edited.feed(piece)
        result, heard = (spool, edited) if fitting is None else _amplified(spool, edited, fitting)
        level = _output_level(loudness, recorded, heard)
        if result is spool:
            on_failure.pop_all()
        return result, level


def _amplified(spool: Spool, meter: LevelMeter, fitting: Fitting) -> tuple[Spool, LevelMeter]:
    """Bring a signal to the level the compressors expect and amplify it, one channel per ear."""
    if not meter.peak:
        raise AudioError(expected="music to amplify for the listener", found="silence")
    loudness = meter.loudness_lufs() + (_TWICE_DB if spool.n_channels == 1 else 0.0)
    if not np.isfinite(loudness):
        raise AudioError(expected="music to amplify for the listener", found="clicks without any loudness")
    level = amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs - loudness)
    aid_rate = CAD2_TASK2.mixture_sample_rate

    def heard() -> Iterator[tuple[Block, Audio]]:
        for block in _AID_BLOCKING.blocks(ResampledStream(spool, aid_rate)):
            stereo = np.repeat(block.samples, 2, axis=0) if len(block.samples) == 1 else block.samples
            yield block, amplify(stereo.astype(np.float64) * level, fitting)

    amplified = (piece for _, piece in _AID_BLOCKING.joined(heard()))
    result = Spool(sample_rate=spool.sample_rate, n_channels=len(EARS), folder=spool.folder, double=spool.double)
    measured = _meter(result)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(result.close)
        for _, piece in aligned_pieces(spool.pieces(), resampled_pieces(amplified, aid_rate, spool.sample_rate)):
            result.append(piece)
            measured.feed(piece)
        on_failure.pop_all()
    return result, measured


def _output_level(target: LoudnessTarget, recorded: LevelMeter, result: LevelMeter) -> OutputLevel:
    """Return the gain that brings a result to the loudness asked for, or as near to it as leaves nothing clipped."""
    if not result.peak:
        return OutputLevel(gain_db=0.0, attenuation_db=0.0)
    wanted_db, loudness = 0.0, None
    if target is not None:
        loudness = result.loudness_lufs()
        wanted_db = (_own_lufs(recorded, result.n_channels) if isinstance(target, str) else target) - loudness
    attenuation_db = max(0.0, wanted_db + db_from_amplitude(result.peak))
    gain_db = wanted_db - attenuation_db
    return OutputLevel(
        gain_db=gain_db, attenuation_db=attenuation_db, loudness_lufs=None if loudness is None else loudness + gain_db
    )


def _own_lufs(recorded: LevelMeter, n_channels: int) -> float:
    """Return the loudness of a recording when it is played over a number of channels."""
    return recorded.loudness_lufs() + (_TWICE_DB if recorded.n_channels < n_channels else 0.0)


def _meter(stream: Stream, *, loudness: bool = True) -> LevelMeter:
    return LevelMeter(sample_rate=stream.sample_rate, n_channels=stream.n_channels, only_peak=not loudness)
