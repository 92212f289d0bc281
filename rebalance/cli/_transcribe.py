"""``rebalance transcribe``: who plays which note."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebalance._base.extras import optional_packages
from rebalance._base.instrument_names import instruments_listed
from rebalance.cli._following import PartOption, ScoreOption, score_posteriors
from rebalance.cli._music_files import FileArgument, read_music
from rebalance.cli._options import DeviceOption, ForceOption, InstrumentsOption, SeparatorOption
from rebalance.cli._outputs import check_folder_to_write

_NOTES, _ROLL = "notes.csv", "piano-roll.png"


def transcribe(
    file: FileArgument,
    instruments: InstrumentsOption,
    out: Annotated[Path, typer.Option(help="Folder for the notes and the picture.", show_default=False)],
    a4: Annotated[
        float | None,
        typer.Option(
            "--a4",
            metavar="HZ",
            min=380.0,
            max=500.0,
            help="Tuning the notes are named by, such as 415; what is found nearest to 440 when left out.",
            show_default=False,
        ),
    ] = None,
    score: ScoreOption = None,
    part: PartOption = None,
    separator: SeparatorOption = "default",
    device: DeviceOption = "auto",
    force: ForceOption = False,
) -> None:
    """Write down who plays which note: a MIDI file per player, a table of all notes and a piano roll.

    Example: rebalance transcribe quartet.flac --instruments violin,violin,viola,cello --out notes
    """
    from rebalance.cli._reporting import say, working
    from rebalance.separation import source_names

    with optional_packages():
        from rebalance.transcription import (
            draw_piano_roll,
            load_tracker,
            transcribe,
            tuning_cents,
            write_notes_as_midi,
            write_notes_table,
        )
    players = source_names(instruments_listed(instruments))
    midi_files = {player: out / f"{player}.mid" for player in players}
    names = [*(path.name for path in midi_files.values()), _NOTES, _ROLL]
    check_folder_to_write(out, names=names, inputs=[file], force=force)
    recording = read_music(file)
    tracker = load_tracker(separator, device=device)
    known = score_posteriors(tracker, recording, instruments_listed(instruments), score, part)
    with working("track the players"):
        found = transcribe(
            recording.samples,
            instruments_listed(instruments),
            tracker,
            sample_rate=recording.sample_rate,
            posteriors=known,
            a4_hz=a4,
        )
    draw_piano_roll(out / _ROLL, found.notes, found.tracks, recording.duration_s)
    write_notes_table(out / _NOTES, found.notes)
    for player, notes in found.notes.items():
        write_notes_as_midi(midi_files[player], player, notes)
        say(f"{midi_files[player]}: {len(notes)} notes")
    if a4 is None and any(found.notes.values()):
        say(f"tuned {tuning_cents(found.posteriors):+.0f} cents from the nearest semitone at A = 440 Hz")
    say(str(out / _NOTES))
    say(str(out / _ROLL))
