"""``rebalance activity``: who plays when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance._base.extras import optional_packages
from rebalance._base.instrument_names import instruments_listed
from rebalance.cli._music import FileArgument, read_music
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import check_folder_to_write

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

    Example: rebalance activity quartet.flac --instruments violin,violin,viola,cello --out activity
    """
    from rebalance.cli._reporting import say, working
    from rebalance.separation import source_names

    with optional_packages():
        from rebalance.transcription import (
            DOUBTFUL,
            activity_of,
            better_ensemble,
            draw_activity,
            load_tracker,
            presence_of,
            track_players,
            write_activity_table,
        )
    named = instruments_listed(instruments)
    players = source_names(named)
    check_folder_to_write(out, names=[_TABLE, _PICTURE], inputs=[file], force=force)
    recording = read_music(file)
    tracker = load_tracker(separator, device=device)
    with working("track the players"):
        posteriors = track_players(recording.samples, named, tracker, sample_rate=recording.sample_rate)
    stretches = dict(zip(players, activity_of(posteriors), strict=True))
    presences = presence_of(posteriors)
    write_activity_table(out / _TABLE, stretches)
    draw_activity(out / _PICTURE, stretches, recording.duration_s)
    for presence in presences:
        share = sum(stretch.end_s - stretch.start_s for stretch in stretches[presence.player]) / recording.duration_s
        say(f"{presence.player}: plays {min(share, 1.0):.0%} of the time; {presence.verdict}")
    doubtful = [presence.player for presence in presences if presence.own_evidence < DOUBTFUL]
    if check and doubtful and any(stretches.values()):
        with working("try other players"):
            better = better_ensemble(
                recording.samples, named, tracker, sample_rate=recording.sample_rate, players=doubtful
            )
        if better is not None:
            say(better.remark)
    say(str(out / _TABLE))
    say(str(out / _PICTURE))
