"""Files of one's own, of any length: separated into stems, or rebalanced, without being held in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import met_at
from rebalance._base.files import StrPath, expanded
from rebalance.audio import AudioFile, AudioFormat, Spool, amplitude_from_db, writing_audio
from rebalance.pipeline._balance import Balance
from rebalance.pipeline._block_separation import stem_pieces
from rebalance.pipeline._personal import (
    OutputLevel,
    RemixRequest,
    common_attenuation_db,
    remix_stream,
)
from rebalance.separation import Separator, source_names


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

    Memory does not grow with the length: the stems wait in a file without a name in `folder`, four bytes a sample,
    until it is known whether one would clip.

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
    names = source_names(instruments)
    paths = {name: folder / f"{name}{audio_format.suffix}" for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    with Spool(sample_rate=file.sample_rate, n_channels=len(names) * file.n_channels, folder=folder) as spool:
        attenuation_db = 0.0
        for piece in stem_pieces(file, instruments, separator, on_progress):
            spool.append(piece.reshape(-1, piece.shape[-1]))
            attenuation_db = max(attenuation_db, common_attenuation_db([piece]))
        attenuation_db = 0.0 if audio_format.holds_any_level else attenuation_db
        _write_stems(spool, tuple(paths.values()), file, audio_format, amplitude_from_db(-attenuation_db))
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
        What to do.
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


def _write_stems(spool: Spool, paths: Sequence[Path], file: AudioFile, audio_format: AudioFormat, gain: float) -> None:
    """Write the channels of a spool as so many files, all or none."""
    chosen = audio_format.for_length(spool.n_samples, file.n_channels)
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(
                writing_audio(path, chosen, sample_rate=file.sample_rate, n_channels=file.n_channels, tags=file.tags)
            )
            for path in paths
        ]
        for piece in spool.pieces():
            stems: NDArray[np.floating] = piece.reshape(len(paths), file.n_channels, -1)
            for writer, stem in zip(writers, stems, strict=True):
                writer.write(stem * gain)
