"""What `separate` and `remix` share: several recordings, what is written of each, and what is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError, RebalanceError
from rebalance._base.instrument_names import instrument_of
from rebalance._base.running import Failure, one_line
from rebalance.audio import AUDIO_SUFFIXES, AudioFile, open_audio
from rebalance.cli._completion import DEPTHS, among, offering
from rebalance.cli._videos import sound_of

_KINDS = sorted({suffix[1:] for suffix in AUDIO_SUFFIXES})

FilesArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Music to read: FLAC, WAV, AIFF, MP3, OGG.", show_default=False),
]
ChannelsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="1,2", help="Which one or two channels of a file with more to read.", show_default=False),
]
FormatOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--format", metavar=among(_KINDS), autocompletion=offering(_KINDS), help="Kind of file."),
]
DepthOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar=among(DEPTHS),
        autocompletion=offering(DEPTHS),
        help="Depth of samples; that of what is read when left out.",
    ),
]


def others_known(players: Sequence[str], separator: str, device: str) -> tuple[str, ...]:
    """Return the instruments a separator names as its own; it is loaded only where a player is not of the challenge.

    Raises
    ------
    ConfigError
        If it has to be loaded and cannot be.
    """
    if all(instrument_of(player) in CAD2_TASK2.instruments for player in players):
        return ()
    from rebalance.separation import instruments_of, load_separator

    return instruments_of(load_separator(separator, device=device))


def opened_files(
    paths: Sequence[Path], channels: str | None, *, video_sounds: Path | None = None
) -> tuple[dict[Path, AudioFile], list[Failure]]:
    """Look at files to read; one that cannot be read is a failure among several, an error alone.

    The sound of a video is first copied to the folder `video_sounds`; without one, a video cannot be read.
    """
    chosen = None if channels is None else _channel_numbers(channels)
    files: dict[Path, AudioFile] = {}
    failures: list[Failure] = []
    for path in paths:
        try:
            heard = path if video_sounds is None else sound_of(path, video_sounds)
            files[path] = open_audio(heard, channels=chosen, most_channels=2)
        except RebalanceError as error:
            if instrument_of(str(path)) is not None and not path.exists():
                hint = "names separated by commas, without spaces or in quotes"
                raise ConfigError(where="--instruments", expected=hint, got=f"{str(path)!r} as a file") from error
            if len(paths) == 1:
                raise
            failures.append(_failure(path, error))
    return files, failures


def do_each(
    files: Mapping[Path, AudioFile],
    work: Callable[[Path, AudioFile], None],
    failures: list[Failure],
    *,
    alone: bool,
) -> None:
    """Do one file after the other; what fails is added to the failures, or raised where there is one file alone."""
    for path, file in files.items():
        try:
            work(path, file)
        except RebalanceError as error:
            if alone:
                raise
            failures.append(_failure(path, error))


def keep_what_is_there(
    opened: dict[Path, AudioFile], outputs: Mapping[Path, Sequence[Path]], *, force: bool
) -> dict[Path, AudioFile]:
    """Return those of several files whose results are not all there yet, and say which are kept.

    Examples
    --------
    >>> from rebalance.cli._several_files import keep_what_is_there
    >>> keep_what_is_there({}, {}, force=False)
    {}
    """
    from rebalance.cli._reporting import say

    left = {}
    for path, file in opened.items():
        if force or not all(output.is_file() for output in outputs[path]):
            left[path] = file
        else:
            say(f"{path}: kept, its result is there already; --force makes it anew")
    return left


def suffix_of_format(name: str | None) -> str | None:
    """Return the suffix of what ``--format`` names."""
    if name is None:
        return None
    suffix = f".{name.lower().removeprefix('.')}"
    if suffix not in AUDIO_SUFFIXES:
        raise ConfigError(
            where="--format", expected=f"one of {', '.join(s[1:] for s in AUDIO_SUFFIXES)}", got=repr(name)
        )
    return suffix


def require_different(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Raise if two files would be written under one name."""
    taken: dict[str, Path] = {}
    for output, source in zip(outputs, inputs, strict=True):
        folded = str(output).casefold()
        if folded in taken:
            raise ConfigError(f"both {taken[folded]} and {source} would be written there", where=output)
        taken[folded] = source


def _failure(path: Path, error: RebalanceError) -> Failure:
    """Return what is to be said of a file that failed, its name once."""
    return Failure(item=str(path), reason=one_line(error).removeprefix(f"{path}: "))


def _channel_numbers(text: str) -> tuple[int, ...]:
    """Read ``1,2``."""
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError as error:
        raise ConfigError(where="--channels", expected="one or two numbers such as 1,2", got=repr(text)) from error
