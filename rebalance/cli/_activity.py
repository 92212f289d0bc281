"""``rebalance activity``: who plays when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.instrument_names import instruments_listed
from rebalance.cli._music_files import FileArgument, read_music
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import check_folder_to_write

if TYPE_CHECKING:
    from rebalance.audio import Recording
    from rebalance.separation import ActivityDetector
    from rebalance.transcription import Stretch

_TABLE, _PICTURE = "activity.csv", "activity.png"


def activity(
    file: FileArgument,
    instruments: InstrumentsOption,
    out: Annotated[Path, typer.Option(help="Folder for the table and the picture.", show_default=False)],
    check: Annotated[
        bool,
        typer.Option("--check/--no-check", help="Where little speaks for a player, try without it and with others."),
    ] = True,
    separator: SeparatorOption = "default",
    device: DeviceOption = "auto",
    force: ForceOption = False,
) -> None:
    """Tell who plays when, and whether the players named are there: a table and a picture.

    A player tracker names the pitches of every player; the networks of IASS (iass:FOLDER) tell instruments apart, not
    two players of one. Of a video the sound is read.

    Example: rebalance activity quartet.flac --instruments violin,violin,viola,cello --out activity
    """
    from rebalance.cli._reporting import say

    with optional_packages():
        from rebalance.separation import load_activity_detector
        from rebalance.transcription import draw_activity, write_activity_table
    named = instruments_listed(instruments)
    check_folder_to_write(out, names=[_TABLE, _PICTURE], inputs=[file], force=force)
    recording = read_music(file)
    detector = load_activity_detector(separator, device=device)
    if detector is None:
        found = _tracked(recording, named, separator, device, check=check)
    else:
        found = _detected(recording, named, detector)
    write_activity_table(out / _TABLE, found.stretches)
    draw_activity(out / _PICTURE, found.stretches, recording.duration_s)
    for line in (*found.remarks, str(out / _TABLE), str(out / _PICTURE)):
        say(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Who plays when, and what is to be said of it."""

    stretches: Mapping[str, Sequence[Stretch]]
    remarks: tuple[str, ...]


def _detected(recording: Recording, named: Sequence[str], detector: ActivityDetector) -> _Found:
    """Return when instruments play by networks that know them."""
    from rebalance.cli._reporting import working
    from rebalance.transcription import detect_instruments

    with working("detect the instruments"):
        stretches = detect_instruments(recording.samples, named, detector, sample_rate=recording.sample_rate)
    remarks = (
        f"{instrument}: plays {_share(played, recording):.0%} of the time" for instrument, played in stretches.items()
    )
    return _Found(stretches=stretches, remarks=tuple(remarks))


def _tracked(recording: Recording, named: Sequence[str], separator: str, device: str, *, check: bool) -> _Found:
    """Return when players play by a tracker, and whether they are there."""
    from rebalance.cli._reporting import working
    from rebalance.separation import source_names
    from rebalance.transcription import (
        DOUBTFUL,
        activity_of,
        better_ensemble,
        load_tracker,
        presence_of,
        track_players,
    )

    players = source_names(named)
    if ":" in separator and not Path(separator).expanduser().exists():
        expected = "iass:FOLDER, or a player tracker: 'default' or the path of a checkpoint"
        raise ConfigError(where="--separator", expected=expected, got=repr(separator))
    tracker = load_tracker(separator, device=device)
    rate = recording.sample_rate
    with working("track the players"):
        posteriors = track_players(recording.samples, named, tracker, sample_rate=rate)
    stretches = dict(zip(players, activity_of(posteriors), strict=True))
    presences = presence_of(posteriors)
    remarks = [
        f"{it.player}: plays {_share(stretches[it.player], recording):.0%} of the time; {it.verdict}"
        for it in presences
    ]
    doubtful = [presence.player for presence in presences if presence.own_evidence < DOUBTFUL]
    if check and doubtful and any(stretches.values()):
        with working("try other players"):
            better = better_ensemble(recording.samples, named, tracker, sample_rate=rate, players=doubtful)
        remarks += [] if better is None else [better.remark]
    return _Found(stretches=stretches, remarks=tuple(remarks))


def _share(stretches: Sequence[Stretch], recording: Recording) -> float:
    """Return which share of a recording stretches take."""
    return min(sum(stretch.end_s - stretch.start_s for stretch in stretches) / recording.duration_s, 1.0)
