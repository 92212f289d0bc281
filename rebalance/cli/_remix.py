"""``rebalance remix``: any recording, for one person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance._base.errors import ConfigError
from rebalance._base.instrument_names import instruments_listed
from rebalance._base.names import shortened, suggestion
from rebalance.audio import AUDIO_SUFFIXES, AudioFile, output_format, suffix_like
from rebalance.cli._completion import LOUDNESSES, among, offering
from rebalance.cli._following import PartOption, ScoreOption, following, require_one
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import check_file_to_write, check_folder_to_write, require_folder_name
from rebalance.cli._several_files import (
    ChannelsOption,
    DepthOption,
    FilesArgument,
    FormatOption,
    do_each,
    keep_what_is_there,
    opened_files,
    others_known,
    require_different,
    suffix_of_format,
)

if TYPE_CHECKING:
    from rebalance.hearing import Fitting
    from rebalance.pipeline import Balance, LoudnessTarget, OutputLevel

_MAX_GAIN_DB = 60.0
_SAFETY = 'listen safely: own hearing aids off, start with the volume low; "Listening safely" in the documentation'


def remix(
    files: FilesArgument,
    instruments: InstrumentsOption,
    out: Annotated[
        Path,
        typer.Option(help="File to write: .flac, .wav, .aiff, .mp3 or .ogg; a folder for several.", show_default=False),
    ],
    gain: Annotated[
        list[str],
        typer.Option(metavar="cello=+6", help="Gain in dB of an instrument or one player; may be repeated."),
    ] = [],  # noqa: B006 - typer copies it
    strength: Annotated[
        float,
        typer.Option(
            metavar="0-1.5", help="Times the part of the gains that scored best: more is made, artefacts get louder."
        ),
    ] = 1.0,
    gains: Annotated[
        Path | None,
        typer.Option(
            metavar="GAINS.json",
            help="One gain pattern as in gains.json of a task: source_1 is the first of --instruments.",
            show_default=False,
        ),
    ] = None,
    listener: Annotated[
        Path | None,
        typer.Option(help="Audiogram of the listener (JSON); without it nothing is amplified.", show_default=False),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which listener of a file with several.", show_default=False),
    ] = None,
    loudness: Annotated[
        str | None,
        typer.Option(
            metavar=among(["LUFS", *LOUDNESSES]),
            autocompletion=offering(LOUDNESSES),
            help="How loud the file becomes, by one gain for both ears; with a listener as loud as the recording,"
            " otherwise what the remix leaves.",
            show_default=False,
        ),
    ] = None,
    separator: SeparatorOption = "default",
    score: ScoreOption = None,
    part: PartOption = None,
    channels: ChannelsOption = None,
    format_: FormatOption = None,
    depth: DepthOption = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
) -> None:
    """Rebalance recordings and, given an audiogram, amplify them for one person.

    It is said what was asked for, what is estimated to have been made of it, and why. Depth and tags are kept.

    Example: rebalance remix duo.flac --instruments flute,cello --gain cello=+6 --listener me.json --out mine.flac
    """
    from rebalance._base.progress import share_bar
    from rebalance.cli._reporting import finish, note, say, say_details, say_remarks
    from rebalance.pipeline import RemixRequest, gains_by_source, remix_file
    from rebalance.separation import load_separator

    inputs = [*files, *(path for path in (listener, gains) if path is not None)]
    suffix = suffix_of_format(format_)
    outputs = _outputs(files, out, suffix, depth=depth, inputs=inputs, force=force)
    require_one(files, score)
    players = instruments_listed(instruments)
    also = others_known(players, separator, device)
    gains_db = _gains_of_file(gains, players, also) if gains else {}
    gains_db |= gains_by_source([_gain(text) for text in gain], players, also=also)
    target = _loudness(loudness, amplified=listener is not None)
    if person is not None and listener is None:
        raise ConfigError(where="--person", expected="--listener, too: the file with the audiogram")
    fitting = _fitting(listener, person) if listener else None
    opened, failures = opened_files(files, channels)
    outputs |= {path: _renamed(outputs[path], file, suffix, len(files)) for path, file in opened.items()}
    for path, file in opened.items():
        kind = output_format(outputs[path], depth=depth, like=file.header)
        kind.require(file.sample_rate, 2 if fitting else file.n_channels, outputs[path])
        check_file_to_write(outputs[path], inputs=inputs, force=force or len(files) > 1)
    if len(files) > 1:
        opened = keep_what_is_there(opened, {path: [outputs[path]] for path in opened}, force=force)
    loaded = following(load_separator(separator, device=device), files, players, score, part)
    request = RemixRequest(
        instruments=players,
        gains_db=gains_db,
        separator=loaded,
        strength=strength,
        fitting=fitting,
        loudness=target,
    )
    say_details(loaded, players)

    def work(source: Path, file: AudioFile) -> None:
        say_remarks(source, file.remarks)
        path = outputs[source]
        kind = output_format(path, depth=depth, like=file.header)
        with share_bar(f"remix {source.name}" if len(files) > 1 else "remix") as on_progress:
            done = remix_file(file, request, path, kind, on_progress=on_progress)
        say(f"{path}")
        for line in (*_told_of_balance(done.balance), *_told_of_level(done.level, target)):
            note(line)
        if fitting is not None:
            note(_SAFETY)

    do_each(opened, work, failures, alone=len(files) == 1)
    if len(files) > 1:
        finish(f"{len(files)} recordings rebalanced", failures, n_asked=len(files))


def _outputs(
    files: Sequence[Path],
    out: Path,
    suffix: str | None,
    *,
    depth: str | None,
    inputs: Sequence[Path],
    force: bool,
) -> dict[Path, Path]:
    """Return where each file goes, looked at as far as names alone tell."""
    if len(files) == 1:
        check_file_to_write(out, inputs=inputs, suffixes=AUDIO_SUFFIXES, force=force)
        if suffix is not None and out.suffix.lower() != suffix:
            raise ConfigError(f"{suffix[1:]} does not fit {out}", where="--format")
        output_format(out, depth=depth)
        return {files[0]: out}
    require_folder_name(out)
    check_folder_to_write(out)
    if suffix is not None:
        output_format(Path(f"mix{suffix}"), depth=depth)
    outputs = [out / f"{path.stem}{suffix or path.suffix}" for path in files]
    require_different(outputs, files)
    return dict(zip(files, outputs, strict=True))


def _renamed(path: Path, file: AudioFile, suffix: str | None, n_files: int) -> Path:
    """Return the name of one of several results, in the format of what is read where none was asked for."""
    return path if n_files == 1 or suffix is not None else path.with_suffix(suffix_like(file.header))


def _gain(text: str) -> tuple[str, float]:
    """Read ``cello=+6``."""
    name, separator, value = text.partition("=")
    try:
        gain_db = float(value)
    except ValueError:
        separator = ""
    if not separator or not name.strip() or not abs(gain_db) <= _MAX_GAIN_DB:
        raise ConfigError(
            where="--gain", expected=f"NAME=DB such as cello=+6 within {_MAX_GAIN_DB:g} dB", got=repr(text)
        )
    return name.strip(), gain_db


def _loudness(text: str | None, *, amplified: bool) -> LoudnessTarget:
    """Read what ``--loudness`` asks for."""
    if text is None:
        return "recording" if amplified else None
    if text == "prescribed":
        return None
    if text == "recording":
        return "recording"
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(
            where="--loudness", expected="a number of LUFS such as -23, 'recording' or 'prescribed'", got=repr(text)
        ) from error


def _gains_of_file(path: Path, players: tuple[str, ...], also: tuple[str, ...]) -> dict[str, float]:
    """Read the one gain pattern of a file, by source name."""
    from rebalance.separation import source_names
    from rebalance.task import Findings, read_document

    findings = Findings()
    patterns = read_document(path, "gains", findings).entries
    findings.raise_errors()
    if len(patterns) != 1:
        raise ConfigError(where=path, expected="one gain pattern", found=f"{len(patterns)}")
    pattern: dict[str, float] = next(iter(patterns.values()))
    expected = [f"source_{number}" for number in range(1, len(players) + 1)]
    if sorted(pattern) != sorted(expected):
        raise ConfigError(
            where=path, expected=f"a gain for each of {', '.join(expected)}", got=f"{', '.join(sorted(pattern))}"
        )
    return {
        name: float(pattern[source]) for name, source in zip(source_names(players, also=also), expected, strict=True)
    }


def _fitting(path: Path, person: str | None) -> Fitting:
    """Prescribe the compressors for the one listener of a file, or for the one that is named."""
    from rebalance.hearing import prescribe
    from rebalance.task import read_listeners

    listeners = read_listeners(path)
    if person is not None and person not in listeners:
        few = f"one of {shortened(listeners)}"
        raise ConfigError(
            where=f"--person of {path}", expected=few, got=repr(person), more=suggestion(person, listeners)
        )
    if person is None and len(listeners) != 1:
        raise ConfigError(where=path, expected="one listener, or --person to name one", found=shortened(listeners))
    return prescribe(listeners[person or next(iter(listeners))])


def _told_of_balance(balance: Balance) -> list[str]:
    """Return lines on what was asked for, what was made of it, and why."""
    lines: list[str] = []
    if any(balance.asked_db.values()):
        beside = "those not asked to move" if len(balance.reference) < len(balance.asked_db) else "their mean"
        width = max(map(len, balance.asked_db))
        lines.append(f"{'':{width}}  asked for    made, about    (relative to {beside})")
        for name, asked_db in balance.asked_db.items():
            made_db = balance.made_db[name]
            made = "not heard" if made_db is None else f"{round(made_db, 1) + 0.0:+.1f} dB"
            lines.append(f"{name:{width}}  {asked_db:+6.1f} dB    {made:>11}")
        known = (
            "not measured for this separator"
            if balance.reliability is None
            else f"{balance.reliability:.0%} of what they promise is made, as measured on rendered music and counted in"
        )
        lines.append(f"the estimate is made from the separated players; its reliability: {known}")
    return [*lines, *(f"why: {reason}" for reason in balance.reasons)]


def _told_of_level(level: OutputLevel, target: LoudnessTarget) -> list[str]:
    """Return lines on what was done to the level of the whole."""
    if target is None:
        return [f"turned down by {level.attenuation_db:.1f} dB so that nothing clips"] if level.attenuation_db else []
    wanted = "to be as loud as the recording" if target == "recording" else f"to be at {target:g} LUFS"
    turned = f"turned {abs(level.gain_db):.1f} dB {'up' if level.gain_db >= 0 else 'down'}, both ears alike, {wanted}"
    short = (
        f"; {level.attenuation_db:.1f} dB less than that needs, so that nothing clips" if level.attenuation_db else ""
    )
    reached = "" if level.loudness_lufs is None else f": now {level.loudness_lufs:.1f} LUFS"
    return [f"loudness: {turned}{short}{reached}"]
