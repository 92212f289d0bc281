"""For one person: separate or rebalance any recording, of any length and rate, mono or stereo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError
from rebalance._base.files import StrPath
from rebalance.audio import (
    Audio,
    Block,
    Leakage,
    Recording,
    RecordingStream,
    Shrinkage,
    Stream,
    measure_leakage,
    remix_as_edit,
)
from rebalance.hearing import Fitting
from rebalance.pipeline._balance import Balance, estimate_balance
from rebalance.pipeline._block_separation import (
    SEPARATION_BLOCKING,
    Progress,
    edited_pieces,
    separated_blocks,
    stem_pieces,
)
from rebalance.pipeline._levelling import LevelledMix, LoudnessTarget, OutputLevel, levelled
from rebalance.pipeline._remix_requests import RemixRequest
from rebalance.separation import Separator, info_of, instruments_of, source_names


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
    spool, level = levelled(stream, edits, request.fitting, request.loudness, folder=folder, double=double)
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

    spool, level = levelled(stream, edits(), fitting, loudness, folder=folder, double=double)
    return LevelledMix(spool=spool, level=level)


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
