"""What an orchestral data set holds: hours, notes, dynamics and articulations of every track, and pictures of them."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rebalance._base.files import StrPath, expanded, write_text
from rebalance.synthesis.notation import ORCHESTRA, read_note_table
from rebalance.synthesis.orchestra._orchestral_dataset import Song, read_songs
from rebalance.synthesis.orchestra._score_files import SONG_SPLITS
from rebalance.synthesis.performance import DYNAMIC_LEVELS, Articulation, TempoMap, dynamic_at, tempo_map
from rebalance.synthesis.rendering import Plan, read_plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = "statistics.html"
_TEMPLATE = "orchestra.html"
_HOUR_S = 3600.0
_MAX_PICTURES = 12
_CURVE_POINTS = 600
_MINUTE_S = 60.0
_DPI = 80
_MAX_ARTICULATION_COLOURS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsTable:
    """One table of the page, its cells as text.

    Parameters
    ----------
    title
        Above the table.
    columns
        Their headings.
    rows
        As many cells each as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationPicture:
    """The annotations of a song over time, a PNG in base64.

    Parameters
    ----------
    name
        Of the song.
    png
        The picture, in base64.
    """

    name: str
    png: str


def orchestra_tables(songs: Sequence[Song]) -> tuple[StatisticsTable, ...]:
    """Return what songs hold: by split, and by track with its dynamics, articulations and approximations.

    Examples
    --------
    >>> from rebalance.synthesis.orchestra import Song, TrackCounts, orchestra_tables
    >>> harp = TrackCounts(notes=8, sounding_s=4.0, dynamics={"mf": 8}, articulations={"sustained": 8})
    >>> facts = {"name": "study", "work": "study", "split": "train", "duration_s": 1800.0, "gains_db": {}}
    >>> song = Song(stems=("Harp",), tracks={"Harp": harp}, **facts)
    >>> tables = orchestra_tables([song])
    >>> tables[0].rows[0], tables[1].rows[0]
    (('train', '1', '1', '0.50', '8'), ('Harp', '1', '0.50', '0.00', '8'))
    """
    return (_by_split(songs), _by_track(songs), _dynamics(songs), _articulations(songs), _approximations(songs))


def write_statistics(out: StrPath) -> Path:
    """Write the page of a data set beside it and return where.

    The pictures are of the first twelve songs by name.

    Raises
    ------
    MetadataError
        If what is known of a song cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.orchestra import write_statistics
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_statistics(folder).name
    'statistics.html'
    """
    from jinja2 import Environment, PackageLoader

    out = expanded(out)
    songs = read_songs(out)
    environment = Environment(loader=PackageLoader("rebalance.synthesis.orchestra"), autoescape=True)
    page = environment.get_template(_TEMPLATE).render(
        title="Orchestral data set",
        facts=f"{len(songs)} songs, {sum(song.duration_s for song in songs) / _HOUR_S:.2f} h",
        tables=orchestra_tables(songs),
        pictures=[annotation_picture(out, song.name) for song in songs[:_MAX_PICTURES]],
    )
    write_text(out / PAGE, page)
    return out / PAGE


def annotation_picture(out: StrPath, name: str) -> AnnotationPicture:
    """Draw tempo, dynamics and the articulation of every track of a song over time.

    Parameters
    ----------
    out
        Folder of the data set.
    name
        Of the song.

    Raises
    ------
    MetadataError
        If the annotations or notes of the song cannot be read.

    Examples
    --------
    >>> from rebalance.synthesis.orchestra import annotation_picture
    >>> annotation_picture("nowhere", "study")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: nowhere/annotations/study.json: expected the annotations of a rendition: ...
    """
    from matplotlib.figure import Figure

    out = expanded(out)
    plan, score = read_plan(out / "annotations" / f"{name}.json"), read_note_table(out / "notes" / f"{name}.json")
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    figure = Figure(figsize=(11.0, 3.2 + 0.22 * len(score.parts)), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(1.0, 1.0, 0.4 + 0.22 * len(score.parts)))
    _draw_tempo(top, plan, tempo)
    _draw_dynamics(middle, plan, tempo)
    onsets = {part.name: [tempo.seconds_at(note.onset_q) for note in part.notes] for part in score.parts}
    _draw_articulations(bottom, plan, onsets)
    bottom.set_xlabel("time, s")
    bottom.set_xlim(0.0, tempo.duration_s)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return AnnotationPicture(name=name, png=base64.b64encode(buffer.getvalue()).decode("ascii"))


def _draw_tempo(axes: Axes, plan: Plan, tempo: TempoMap) -> None:
    """Draw the tempo as it is played."""
    bpm = np.diff(tempo.quarters) / np.diff(tempo.seconds) * _MINUTE_S
    axes.stairs(bpm, tempo.seconds, baseline=None, color="#0072b2")
    for interval in plan.annotations.tempo[1:]:
        axes.axvline(tempo.seconds_at(interval.start_q), color="#ccc", linewidth=0.6, zorder=0)
    axes.set_ylabel("quarters/min")


def _draw_dynamics(axes: Axes, plan: Plan, tempo: TempoMap) -> None:
    """Draw the dynamics, or the word that those of the score stand."""
    times_s = np.linspace(0.0, tempo.duration_s, _CURVE_POINTS)
    if plan.annotations.dynamics:
        levels = [dynamic_at(plan.annotations.dynamics, tempo, float(time_s)) for time_s in times_s]
        axes.plot(times_s, levels, color="#d55e00")
    else:
        axes.text(0.5, 0.5, "as written", transform=axes.transAxes, ha="center")
    axes.set_yticks(range(len(DYNAMIC_LEVELS)), DYNAMIC_LEVELS, fontsize=7)
    axes.set_ylabel("dynamics")


def _draw_articulations(axes: Axes, plan: Plan, onsets: dict[str, list[float]]) -> None:
    """Draw every note of every track in the colour of its articulation."""
    from matplotlib import colormaps

    drawn = plan.annotations.articulations
    found: dict[Articulation, None] = {name: None for names in drawn.values() for name in names}
    palette = colormaps["tab20"]
    for number, articulation in enumerate(found):
        places = [
            (onset_s, row)
            for row, (track, onsets_s) in enumerate(onsets.items())
            for onset_s, name in zip(onsets_s, drawn.get(track, ()), strict=False)
            if name == articulation
        ]
        colour = palette(number % _MAX_ARTICULATION_COLOURS)
        times_s, rows = ([place[axis] for place in places] for axis in (0, 1))
        axes.scatter(times_s, rows, s=14, marker="|", color=colour, label=articulation)
    axes.set_yticks(range(len(onsets)), list(onsets), fontsize=7)
    axes.set_ylim(len(onsets) - 0.5, -0.5)
    if found:
        axes.legend(fontsize=6, ncols=2, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _by_split(songs: Sequence[Song]) -> StatisticsTable:
    """Return works, songs, hours and notes of every split."""
    rows = []
    for split in SONG_SPLITS:
        own = [song for song in songs if song.split == split]
        hours = sum(song.duration_s for song in own) / _HOUR_S
        notes = sum(track.notes for song in own for track in song.tracks.values())
        rows.append((split, str(len({song.work for song in own})), str(len(own)), f"{hours:.2f}", f"{notes:,}"))
    return StatisticsTable(title="Splits", columns=("split", "works", "songs", "hours", "notes"), rows=tuple(rows))


def _by_track(songs: Sequence[Song]) -> StatisticsTable:
    """Return songs, hours and notes of every track."""
    rows = []
    for name in ORCHESTRA:
        own = [song for song in songs if name in song.tracks]
        if own:
            hours = sum(song.duration_s for song in own) / _HOUR_S
            sounding = sum(song.tracks[name].sounding_s for song in own) / _HOUR_S
            notes = sum(song.tracks[name].notes for song in own)
            rows.append((name, str(len(own)), f"{hours:.2f}", f"{sounding:.2f}", f"{notes:,}"))
    columns = ("track", "songs", "hours", "hours of notes", "notes")
    return StatisticsTable(title="Tracks", columns=columns, rows=tuple(rows))


def _dynamics(songs: Sequence[Song]) -> StatisticsTable:
    """Return the share of the notes of every track in each dynamic."""
    totals = {
        name: sum((Counter(song.tracks[name].dynamics) for song in songs if name in song.tracks), Counter())
        for name in ORCHESTRA
    }
    rows = tuple((name, *(_share(total, level) for level in DYNAMIC_LEVELS)) for name, total in totals.items() if total)
    return StatisticsTable(title="Dynamics, share of notes", columns=("track", *DYNAMIC_LEVELS), rows=rows)


def _articulations(songs: Sequence[Song]) -> StatisticsTable:
    """Return the share of the notes of every track in each articulation that occurs."""
    totals = {
        name: sum((Counter(song.tracks[name].articulations) for song in songs if name in song.tracks), Counter())
        for name in ORCHESTRA
    }
    found = list(dict.fromkeys(articulation for total in totals.values() for articulation in total))
    rows = tuple((name, *(_share(total, each) for each in found)) for name, total in totals.items() if total)
    return StatisticsTable(title="Articulations, share of notes", columns=("track", *found), rows=rows)


def _approximations(songs: Sequence[Song]) -> StatisticsTable:
    """Return how many notes of each articulation are approximated, and by what."""
    notes: Counter[tuple[str, str, str]] = Counter()
    for song in songs:
        for one in song.approximations:
            notes[one.track, one.articulation, one.approximated_by] += one.notes
    rows = tuple((*key, f"{count:,}") for key, count in sorted(notes.items()))
    columns = ("track", "articulation", "approximated by", "notes")
    return StatisticsTable(title="Approximated articulations", columns=columns, rows=rows)


def _share(total: Counter[str], name: str) -> str:
    """Return a share in per cent, nothing for none."""
    return f"{100 * total[name] / total.total():.1f} %" if total[name] else ""
