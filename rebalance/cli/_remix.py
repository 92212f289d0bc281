"""``rebalance separate`` and ``rebalance remix``: any recording, for one person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance._base.errors import ConfigError
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import AUDIO_SUFFIXES, check_file_to_write, check_folder_to_write
from rebalance.hearing import Fitting

if TYPE_CHECKING:
    from rebalance.audio import BitDepth

_LARGEST_GAIN_DB = 60.0

FileArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Music to read: FLAC, WAV, MP3, OGG; mono or stereo.", show_default=False),
]


def separate(
    file: FileArgument,
    instruments: InstrumentsOption,
    out: Annotated[Path, typer.Option(help="Folder for one FLAC file per source.", show_default=False)],
    separator: SeparatorOption = "default",
    device: DeviceOption = "auto",
    force: ForceOption = False,
) -> None:
    """Split a recording into its instruments, at its own rate and length.

    Example: rebalance separate quartet.flac --instruments violin,violin,viola,cello --out stems
    """
    from rebalance.audio import amplitude_from_db, read_audio, write_audio
    from rebalance.cli._reporting import say, say_remarks
    from rebalance.pipeline import common_attenuation_db, separate_recording
    from rebalance.separation import load_separator, source_names

    players = _listed(instruments)
    check_folder_to_write(out, names=[f"{name}.flac" for name in source_names(players)], inputs=[file], force=force)
    recording = read_audio(file)
    say_remarks(file, recording.remarks)
    with _progress("separate") as on_progress:
        stems = separate_recording(
            recording, players, load_separator(separator, device=device), on_progress=on_progress
        )
    attenuation_db = common_attenuation_db(stems.values())
    for name, stem in stems.items():
        write_audio(out / f"{name}.flac", stem * amplitude_from_db(-attenuation_db), recording.sample_rate)
    for name in stems:
        say(str(out / f"{name}.flac"))
    if attenuation_db:
        say(f"all of them turned down by {attenuation_db:.2f} dB so that nothing clips")


def remix(
    file: FileArgument,
    instruments: InstrumentsOption,
    out: Annotated[Path, typer.Option(help="File to write, .flac or .wav.", show_default=False)],
    gain: Annotated[
        list[str],
        typer.Option(metavar="cello=+6", help="Gain in dB of an instrument or one player; may be repeated."),
    ] = [],  # noqa: B006 - typer copies it
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
    separator: SeparatorOption = "default",
    device: DeviceOption = "auto",
    bits: Annotated[int, typer.Option(metavar="16|24", help="Bits of every sample of the file written.")] = 16,
    force: ForceOption = False,
) -> None:
    """Rebalance a recording and, given an audiogram, amplify it for one person.

    Example: rebalance remix duo.flac --instruments flute,cello --gain cello=+6 --listener me.json --out mine.flac
    """
    from rebalance.audio import read_audio, write_audio
    from rebalance.cli._reporting import say, say_remarks
    from rebalance.pipeline import gains_by_source, rebalance_recording
    from rebalance.separation import load_separator

    inputs = [path for path in (file, listener, gains) if path is not None]
    check_file_to_write(out, inputs=inputs, suffixes=AUDIO_SUFFIXES, force=force)
    bit_depth = _bit_depth(bits)
    players = _listed(instruments)
    gains_db = _gains_of_file(gains, players) if gains else {}
    gains_db |= gains_by_source(dict(_gain(text) for text in gain), players)
    fitting = _fitting(listener) if listener else None
    recording = read_audio(file)
    say_remarks(file, recording.remarks)
    with _progress("remix") as on_progress:
        mix = rebalance_recording(
            recording,
            players,
            gains_db,
            load_separator(separator, device=device),
            fitting=fitting,
            on_progress=on_progress,
        )
    write_audio(out, mix.recording.samples, recording.sample_rate, bits=bit_depth)
    turned_down = f", turned down by {mix.attenuation_db:.1f} dB so that nothing clips" if mix.attenuation_db else ""
    say(f"{out}{turned_down}")


def _listed(instruments: str) -> tuple[str, ...]:
    """Split a comma-separated list."""
    return tuple(name.strip() for name in instruments.split(",") if name.strip())


def _gain(text: str) -> tuple[str, float]:
    """Read ``cello=+6``."""
    name, separator, value = text.partition("=")
    try:
        gain_db = float(value)
    except ValueError:
        separator = ""
    if not separator or not name.strip() or not abs(gain_db) <= _LARGEST_GAIN_DB:
        raise ConfigError(f"--gain: expected NAME=DB such as cello=+6 within {_LARGEST_GAIN_DB:g} dB, got {text!r}")
    return name.strip(), gain_db


def _bit_depth(bits: int) -> BitDepth:
    """Return the bits of a sample, checked."""
    if bits == 16:
        return 16
    if bits == 24:
        return 24
    raise ConfigError(f"--bits: expected 16 or 24, got {bits}")


def _gains_of_file(path: Path, players: tuple[str, ...]) -> dict[str, float]:
    """Read the one gain pattern of a file, by source name."""
    from rebalance.separation import source_names
    from rebalance.task import Findings, read_document

    findings = Findings()
    patterns = read_document(path, "gains", findings).entries
    findings.raise_errors()
    if len(patterns) != 1:
        raise ConfigError(f"{path}: expected one gain pattern, found {len(patterns)}")
    pattern: dict[str, float] = next(iter(patterns.values()))
    expected = [f"source_{number}" for number in range(1, len(players) + 1)]
    if sorted(pattern) != sorted(expected):
        raise ConfigError(
            f"{path}: expected a gain for each of {', '.join(expected)}, got {', '.join(sorted(pattern))}"
        )
    return {name: float(pattern[source]) for name, source in zip(source_names(players), expected, strict=True)}


def _fitting(path: Path) -> Fitting:
    """Prescribe the compressors for the one listener of a file."""
    from rebalance.hearing import prescribe
    from rebalance.task import read_listeners

    listeners = read_listeners(path)
    if len(listeners) != 1:
        raise ConfigError(f"{path}: expected one listener, found {len(listeners)}")
    return prescribe(next(iter(listeners.values())))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar; give the function that sets it to a fraction."""
    from rich.progress import Progress

    from rebalance.cli._reporting import ERRORS

    with Progress(console=ERRORS) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)
