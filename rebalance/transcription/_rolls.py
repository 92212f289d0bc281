"""Pictures of who plays what and when: a piano roll, and a line per player of when it plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages
from rebalance._base.files import StrPath, expanded, replacing
from rebalance.transcription._activity import Stretch
from rebalance.transcription._decoding import PitchTrack
from rebalance.transcription._transcribed_notes import TranscribedNote

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind eyes too.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#000000")
_WIDTH_INCH, _ROW_INCH = 13.0, 2.6
_ROW_S, _MAX_ROWS = 20.0, 12
_MIN_OPACITY = 0.25
_SEMITONES_PER_OCTAVE = 12
_SLIDE_SEMITONES = 0.9
_USUAL_PITCHES = (48.0, 84.0)


def draw_piano_roll(
    path: StrPath, notes: Mapping[str, Sequence[TranscribedNote]], tracks: Sequence[PitchTrack], duration_s: float
) -> None:
    """Draw the notes of all players over time, the fainter the less sure, and the paths of their pitches.

    In rows of 20 s, longer ones where that would be more than twelve.

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
        If matplotlib is not installed, or the name has another ending.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.transcription import PitchTrack, TranscribedNote, draw_piano_roll
    >>> note = TranscribedNote(onset_s=0.0, end_s=1.0, pitch_midi=60, cents=0.0, confidence=0.9)
    >>> track = PitchTrack(
    ...     instrument="Oboe", frame_times_s=np.arange(50) / 50, pitches_midi=np.full(50, 60.0), confidence=np.ones(50)
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     draw_piano_roll(Path(folder) / "roll.png", {"Oboe": [note]}, [track], duration_s=1.0)
    ...     Path(folder, "roll.png").read_bytes()[1:4]
    b'PNG'
    """
    path = expanded(path)
    row_s = max(_ROW_S, duration_s / _MAX_ROWS)
    n_rows = max(int(np.ceil(duration_s / row_s)), 1)
    figure = _figure(0.6 + _ROW_INCH * n_rows)
    pitches = [note.pitch_midi for played in notes.values() for note in played] or _USUAL_PITCHES
    for number, axes in enumerate(figure.subplots(n_rows, 1, squeeze=False)[:, 0]):
        start_s, end_s = number * row_s, min((number + 1) * row_s, duration_s) if n_rows == 1 else (number + 1) * row_s
        for colour, (player, played), track in zip(_colours(len(tracks)), notes.items(), tracks, strict=True):
            here = [note for note in played if note.end_s > start_s and note.onset_s < end_s]
            _draw_notes(axes, here, colour, player)
            _draw_path(axes, track, start_s, end_s)
        octaves = np.arange(0, 128, _SEMITONES_PER_OCTAVE)
        axes.set_yticks(octaves, [f"C{octave // _SEMITONES_PER_OCTAVE - 1}" for octave in octaves.tolist()])
        axes.set_ylim(min(pitches) - 2, max(pitches) + 2)
        axes.grid(axis="y", alpha=0.3)
        axes.set_xlim(start_s, max(end_s, start_s + 1e-3))
        _clean(axes)
        if number == 0:
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=max(len(notes), 1), frameon=False)
    axes.set_xlabel("time in s")
    _write(figure, path)


def _draw_notes(axes: Axes, notes: Sequence[TranscribedNote], colour: str, player: str) -> None:
    """Draw the notes of a player."""
    from matplotlib.colors import to_rgba

    axes.barh(
        [note.pitch_midi for note in notes],
        [note.duration_s for note in notes],
        left=[note.onset_s for note in notes],
        height=0.9,
        color=[to_rgba(colour, _MIN_OPACITY + (1 - _MIN_OPACITY) * note.confidence) for note in notes],
    )
    axes.barh(0, 0, color=colour, label=player)


def _draw_path(axes: Axes, track: PitchTrack, start_s: float, end_s: float) -> None:
    """Draw the pitch of a player, broken where it leaps."""
    within = (track.frame_times_s >= start_s) & (track.frame_times_s < end_s)
    times, pitches = track.frame_times_s[within], track.pitches_midi[within]
    leaps = np.flatnonzero(np.abs(np.diff(pitches)) > _SLIDE_SEMITONES) + 1
    axes.plot(np.insert(times, leaps, np.nan), np.insert(pitches, leaps, np.nan), color="black", linewidth=0.6)


def draw_activity(path: StrPath, stretches: Mapping[str, Sequence[Stretch]], duration_s: float) -> None:
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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.transcription import Stretch, draw_activity
    >>> oboe = Stretch(start_s=1.0, end_s=2.0, confidence=0.95)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "activity.svg"
    ...     draw_activity(path, {"Oboe": [oboe], "Cello": []}, duration_s=3.0)
    ...     "<svg" in path.read_text()
    True
    """
    path = expanded(path)
    figure = _figure(0.9 + 0.45 * len(stretches))
    axes = figure.subplots()
    for place, (colour, played) in enumerate(zip(_colours(len(stretches)), stretches.values(), strict=True)):
        for stretch in played:
            opacity = _MIN_OPACITY + (1 - _MIN_OPACITY) * stretch.confidence
            length_s = stretch.end_s - stretch.start_s
            axes.barh(place, length_s, left=stretch.start_s, height=0.6, color=colour, alpha=opacity)
    axes.set_yticks(range(len(stretches)), list(stretches))
    axes.set_ylim(len(stretches) - 0.5, -0.5)
    axes.set_xlim(0.0, max(duration_s, 1e-3))
    axes.set_xlabel("time in s")
    _clean(axes)
    _write(figure, path)


def _colours(n_players: int) -> list[str]:
    """Return a colour for every player, in turn."""
    return [_COLOURS[place % len(_COLOURS)] for place in range(n_players)]


def _figure(height_inch: float) -> Figure:
    """Return an empty figure that no window ever shows."""
    with optional_packages():
        from matplotlib.figure import Figure
    return Figure(figsize=(_WIDTH_INCH, height_inch), layout="constrained")


def _clean(axes: Axes) -> None:
    """Take away the lines nobody reads."""
    axes.grid(axis="x", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _write(figure: Figure, path: Path) -> None:
    """Write a picture."""
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in ("png", "svg", "pdf"):
        raise ConfigError(where=path, expected="a picture ending in .png, .svg or .pdf")
    with replacing(path) as temporary:
        figure.savefig(temporary, format=suffix, dpi=110)
