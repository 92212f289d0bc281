"""Pictures of who plays what and when: a piano roll, and a line per player of when it plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import replacing
from rebalance.transcription._activity import Stretch
from rebalance.transcription._decoding import PitchTrack
from rebalance.transcription._transcribed_notes import TranscribedNote

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind eyes too.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#000000")
_INCHES_PER_S, _NARROWEST_INCH, _WIDEST_INCH = 0.6, 9.0, 40.0
_LEAST_OPACITY = 0.25
_NAMES_PER_OCTAVE = 12


def draw_piano_roll(
    path: Path, notes: Mapping[str, Sequence[TranscribedNote]], tracks: Sequence[PitchTrack], duration_s: float
) -> None:
    """Draw the notes of all players over time, the fainter the less sure, and the paths of their pitches.

    Parameters
    ----------
    path
        PNG, SVG or PDF to write, replaced whole or not at all.
    notes
        By player.
    tracks
        Of the same players in the same order.
    duration_s
        Of the recording.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    figure, axes = _figure(duration_s, 5.5)
    lowest, highest = 127.0, 0.0
    for colour, (player, played), track in zip(_colours(len(tracks)), notes.items(), tracks, strict=True):
        for note in played:
            opacity = _LEAST_OPACITY + (1 - _LEAST_OPACITY) * note.confidence
            axes.barh(note.pitch_midi, note.duration_s, left=note.onset_s, height=0.8, color=colour, alpha=opacity)
            lowest, highest = min(lowest, note.pitch_midi), max(highest, note.pitch_midi)
        axes.plot(track.frame_times_s, track.pitches_midi, color="black", linewidth=0.6)
        axes.barh(0, 0, color=colour, label=player)
    if lowest > highest:
        lowest, highest = 48.0, 84.0
    axes.set_ylim(lowest - 2, highest + 2)
    octaves = np.arange(0, 128, _NAMES_PER_OCTAVE)
    axes.set_yticks(octaves, [f"C{octave // _NAMES_PER_OCTAVE - 1}" for octave in octaves.tolist()])
    axes.set_ylim(lowest - 2, highest + 2)
    axes.set_ylabel("pitch")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=max(len(notes), 1), frameon=False)
    _finished(path, figure, axes, duration_s)


def draw_activity(path: Path, stretches: Mapping[str, Sequence[Stretch]], duration_s: float) -> None:
    """Draw a line per player: bars where it plays, the fainter the less sure.

    Parameters
    ----------
    path, duration_s
        See `draw_piano_roll`.
    stretches
        By player.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    figure, axes = _figure(duration_s, 0.9 + 0.45 * len(stretches))
    for place, (colour, played) in enumerate(zip(_colours(len(stretches)), stretches.values(), strict=True)):
        for stretch in played:
            opacity = _LEAST_OPACITY + (1 - _LEAST_OPACITY) * stretch.confidence
            length_s = stretch.end_s - stretch.start_s
            axes.barh(place, length_s, left=stretch.start_s, height=0.6, color=colour, alpha=opacity)
    axes.set_yticks(range(len(stretches)), list(stretches))
    axes.set_ylim(len(stretches) - 0.5, -0.5)
    _finished(path, figure, axes, duration_s)


def _colours(n_players: int) -> list[str]:
    """Return a colour for every player, in turn."""
    return [_COLOURS[place % len(_COLOURS)] for place in range(n_players)]


def _figure(duration_s: float, height_inch: float) -> tuple[Figure, Axes]:
    """Return an empty figure as wide as a recording asks for, which no window ever shows, and its axes."""
    with optional_packages():
        from matplotlib.figure import Figure
    width = min(max(_INCHES_PER_S * duration_s, _NARROWEST_INCH), _WIDEST_INCH)
    figure = Figure(figsize=(width, height_inch), layout="constrained")
    return figure, figure.subplots()


def _finished(path: Path, figure: Figure, axes: Axes, duration_s: float) -> None:
    """Label the axis of time, take away the lines nobody reads, and write."""
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in ("png", "svg", "pdf"):
        raise ConfigError(f"{path}: expected a picture ending in .png, .svg or .pdf")
    axes.set_xlim(0.0, max(duration_s, 1e-3))
    axes.set_xlabel("time in s")
    axes.grid(axis="x", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format=suffix, dpi=110)
