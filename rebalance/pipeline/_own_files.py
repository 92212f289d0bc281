"""Files of one's own, of any length: separated into stems, or rebalanced, without being held in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import met_at
from rebalance._base.files import StrPath, expanded
from rebalance.audio import AudioFile, AudioFormat, Spool, amplitude_from_db, writing_audio
from rebalance.pipeline._balance import Balance
from rebalance.pipeline._block_separation import stem_pieces
from rebalance.pipeline._levelling import OutputLevel, common_attenuation_db
from rebalance.pipeline._personal import remix_stream
from rebalance.pipeline._remix_requests import RemixRequest
from rebalance.separation import Separator, instruments_of, source_names

# Stems of longer recordings are not kept until it is known whether one clips: 12 minutes of a quartet in stereo.
MAX_KEPT_BYTES = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparatedFile:
    """The stems of a file.

    Parameters
    ----------
    paths
        Where each was written, by source name.
    attenuation_db
        By how much all were turned down together so that none clips, at least 0.
    """

    paths: Mapping[str, Path]
    attenuation_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixedFile:
    """A rebalanced file.

    Parameters
    ----------
    path
        Where it was written.
    level, balance
        As of `PersonalMix`.
    """

    path: Path
    level: OutputLevel
    balance: Balance


def separate_file(
    file: AudioFile,
    instruments: Sequence[str],
    separator: Separator,
    folder: StrPath,
    audio_format: AudioFormat,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> SeparatedFile:
    """Write the stems of a file of any length.

    Memory does not grow with the length. Until it is known whether a stem would clip, up to 1 GB of stems wait in a
    file without a name in `folder`; more are written as they come, and should one clip, all are made a second time.

    Parameters
    ----------
    file
        See `rebalance.audio.open_audio`.
    instruments, separator, on_progress
        As for `separate_recording`.
    folder
        For one file per source, named after it; made when missing.
    audio_format
        Of the stems. In one that holds any level they are not turned down.

    Raises
    ------
    AudioError
        If the file cannot be decoded or has more than two channels, or a stem cannot be encoded.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.audio import open_audio, output_format
    >>> from rebalance.pipeline import separate_file
    >>> from rebalance.separation import load_separator
    >>> file = open_audio(Path("metadata/demo/audio/valid/haydn-quartet/mixture.flac"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kind = output_format(Path("stem.ogg"))
    ...     done = separate_file(file, ("violin", "cello"), load_separator("mixture"), Path(folder), kind)
    ...     [path.name for path in done.paths.values()]
    ['Violin.ogg', 'Cello.ogg']
    """
    folder = expanded(folder)
    names = source_names(instruments, also=instruments_of(separator))
    paths = {name: folder / f"{name}{audio_format.suffix}" for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    writing = _StemFiles(paths=tuple(paths.values()), file=file, audio_format=audio_format)

    def made() -> Iterator[NDArray[np.float32]]:
        return stem_pieces(file, instruments, separator, on_progress)

    if audio_format.holds_any_level:
        writing.write(made())
        attenuation_db = 0.0
    elif 4 * len(names) * file.n_channels * file.n_samples <= MAX_KEPT_BYTES:
        attenuation_db = _write_once_kept(made(), writing, folder)
    else:
        attenuation_db = _write_as_they_come(made, writing)
    return SeparatedFile(paths=paths, attenuation_db=attenuation_db)


def remix_file(
    file: AudioFile,
    request: RemixRequest,
    out: StrPath,
    audio_format: AudioFormat,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> RemixedFile:
    """Write a rebalanced and, for a listener, amplified copy of a file of any length.

    Memory does not grow with the length: the result waits in a file without a name beside `out` until its level is
    known. Tags are kept.

    Parameters
    ----------
    file
        See `rebalance.audio.open_audio`.
    request
        Instruments, gains, separator and listener.
    out
        Where to write; its folder is made when missing.
    audio_format
        Of the result.
    on_progress
        Called with the fraction done of the separation, in (0, 1].

    Raises
    ------
    AudioError, ConfigError
        As for `rebalance_recording`, or if the file cannot be decoded or the result not be encoded.
    RebalanceError
        If the operating system refuses to write.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.audio import open_audio, output_format
    >>> from rebalance.pipeline import RemixRequest, remix_file
    >>> from rebalance.separation import load_separator
    >>> file = open_audio(Path("metadata/demo/audio/valid/haydn-quartet/mixture.flac"))
    >>> separator = load_separator("mixture")
    >>> request = RemixRequest(instruments=("violin",), gains_db={}, separator=separator, loudness=-23.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = remix_file(file, request, Path(folder) / "loud.flac", output_format(Path("loud.flac")))
    ...     round(done.level.loudness_lufs, 2)
    -23.0
    """
    out = expanded(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with met_at(file.path):
        mix = remix_stream(file, request, folder=out.parent, double=file.is_precise, on_progress=on_progress)
    with mix.spool as spool:
        chosen = audio_format.for_length(spool.n_samples, spool.n_channels)
        with writing_audio(
            out, chosen, sample_rate=spool.sample_rate, n_channels=spool.n_channels, tags=file.tags
        ) as writer:
            for piece in mix.pieces():
                writer.write(piece)
    return RemixedFile(path=out, level=mix.level, balance=mix.balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StemFiles:
    """Where the stems of a file are to be written, and how."""

    paths: tuple[Path, ...]
    file: AudioFile
    audio_format: AudioFormat

    def write(self, pieces: Iterable[NDArray[np.floating]], *, attenuation_db: float = 0.0) -> None:
        """Write consecutive pieces of shape ``(n_stems, n_channels, n)``, all files or none."""
        file, gain = self.file, amplitude_from_db(-attenuation_db)
        chosen = self.audio_format.for_length(file.n_samples, file.n_channels)
        form = {"sample_rate": file.sample_rate, "n_channels": file.n_channels}
        with contextlib.ExitStack() as stack:
            writers = [stack.enter_context(writing_audio(path, chosen, **form, tags=file.tags)) for path in self.paths]
            for piece in pieces:
                for writer, stem in zip(writers, piece, strict=True):
                    writer.write(stem * gain)


def _write_once_kept(pieces: Iterable[NDArray[np.float32]], writing: _StemFiles, folder: Path) -> float:
    """Keep stems on disk until their peak is known, and write them; return by how many dB they were turned down."""
    file, n_stems = writing.file, len(writing.paths)
    with Spool(sample_rate=file.sample_rate, n_channels=n_stems * file.n_channels, folder=folder) as spool:
        attenuation_db = 0.0
        for piece in pieces:
            spool.append(piece.reshape(-1, piece.shape[-1]))
            attenuation_db = max(attenuation_db, common_attenuation_db([piece]))
        kept = (piece.reshape(n_stems, file.n_channels, -1) for piece in spool.pieces())
        writing.write(kept, attenuation_db=attenuation_db)
    return attenuation_db


def _write_as_they_come(made: Callable[[], Iterator[NDArray[np.float32]]], writing: _StemFiles) -> float:
    """Write stems while they are made, once more and softer if one clipped; return by how many dB."""
    try:
        writing.write(_while_none_clips(made()))
    except _StemClipsError as clipping:
        writing.write(made(), attenuation_db=clipping.attenuation_db)
        return clipping.attenuation_db
    return 0.0


class _StemClipsError(Exception):
    """Raised at the end of stems of which one would clip."""

    def __init__(self, attenuation_db: float) -> None:
        super().__init__(attenuation_db)
        self.attenuation_db = attenuation_db


def _while_none_clips(pieces: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Give pieces up to the first that clips; measure the rest, and raise."""
    attenuation_db = 0.0
    for piece in pieces:
        attenuation_db = max(attenuation_db, common_attenuation_db([piece]))
        if not attenuation_db:
            yield piece
    if attenuation_db:
        raise _StemClipsError(attenuation_db)
