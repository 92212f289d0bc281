"""A folder of scores to a data set in the layout of SynthSOD: stems by microphone, a list for every split."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rebalance._base.configuration import structured
from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded, is_hidden, write_json
from rebalance._base.running import Failure, run_items
from rebalance.synthesis.notation import PartRepair, Score, read_orchestral_score, write_note_table
from rebalance.synthesis.orchestra._orchestral_plans import (
    Approximation,
    OrchestraSettings,
    approximations_of,
    draw_orchestral_plan,
)
from rebalance.synthesis.orchestra._orchestral_sound import played_orchestra, write_song
from rebalance.synthesis.orchestra._score_files import SONG_SPLITS, ScoreFile, SongSplit, name_of_score
from rebalance.synthesis.performance import DYNAMIC_LEVELS, VELOCITIES_PER_LEVEL, PlayedPart
from rebalance.synthesis.rendering import Plan, write_plan
from rebalance.synthesis.sound import find_font, is_sample_source, soundfont_engine

AUDIO_FOLDER = "SynthSOD_data"
_SONG_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackCounts:
    """What one track of a song plays: notes, and how many of them in each dynamic and articulation.

    Parameters
    ----------
    notes
        Number of notes.
    sounding_s
        Their durations together, in seconds.
    dynamics, articulations
        Number of notes by dynamic and by articulation.
    """

    notes: int
    sounding_s: float
    dynamics: dict[str, int] = field(default_factory=dict)
    articulations: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """One rendered song.

    Parameters
    ----------
    name, work, split
        See `ScoreFile`.
    duration_s
        Duration of its files.
    stems
        Names of its tracks.
    gains_db
        By microphone; see `WrittenSong`.
    tracks
        What is played, by track.
    repairs
        What was done to every part of the file.
    approximations
        Which articulations are not heard as such.
    remarks
        What of the file is not in the score, or not as it was.
    """

    name: str
    work: str
    split: SongSplit
    duration_s: float
    stems: tuple[str, ...]
    gains_db: dict[str, float]
    tracks: dict[str, TrackCounts]
    repairs: tuple[PartRepair, ...] = ()
    approximations: tuple[Approximation, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestraOutcome:
    """The songs that are there after a run, by name, and what failed.

    Parameters
    ----------
    songs
        The songs in the folder, by name.
    failures
        Files that became no song, and why.
    """

    songs: tuple[Song, ...]
    failures: tuple[Failure, ...]

    @property
    def duration_s(self) -> float:
        """Duration of all songs together in seconds."""
        return sum(song.duration_s for song in self.songs)


def render_orchestra(
    out: StrPath,
    scores: Sequence[ScoreFile],
    settings: OrchestraSettings,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> OrchestraOutcome:
    """Render scores and write the lists of all songs that are there; finished songs are kept.

    Parameters
    ----------
    out
        Writes ``SynthSOD_data/<song>/<microphone>/<track>.flac``, ``SynthSOD_metadata_<split>.json``, and beside them
        ``songs/`` (what is known of each song), ``annotations/`` and ``notes/``.
    scores
        The scores to render, one song each.
    settings
        Soundfonts, annotations, humanising and seed.
    jobs, executor
        Number of processes, all available cores when None; or an executor in their place.

    Raises
    ------
    ConfigError
        If the folder holds songs of other settings, or an engine or font is missing.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.audio import write_audio
    >>> from rebalance.synthesis.notation import Note, Part, Score, write_note_table
    >>> from rebalance.synthesis.orchestra import OrchestraSettings, find_scores, render_orchestra
    >>> harp = Part(name="Harp", instrument=None, notes=(Note(onset_q=0.0, duration_q=1.0, pitch=72),))
    >>> tone = 0.2 * np.sin(2 * np.pi * 523 * np.arange(44_100) / 44_100)
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     write_audio(Path(folder, "notes", "Harp", "harp-C5.wav"), tone[None], 44_100)
    ...     settings = OrchestraSettings(fonts=(str(Path(folder, "notes")),), annotations="none")
    ...     write_note_table(Path(folder, "scores", "chord.json"), Score(name="chord", parts=(harp,)))
    ...     scores = find_scores([Path(folder, "scores")])
    ...     outcome = render_orchestra(Path(folder, "data"), scores, settings, executor=executor)
    ...     lists = sorted(path.name for path in Path(folder, "data").glob("*.json"))
    >>> outcome.songs[0].stems, outcome.failures
    (('Harp',), ())
    >>> lists
    ['SynthSOD_metadata_evaluation.json', 'SynthSOD_metadata_test.json', 'SynthSOD_metadata_train.json', 'render.json']
    """
    out = expanded(out)
    soundfont_engine(settings.engine)
    for font in settings.fonts:
        if not is_sample_source(font):
            find_font(font)
    _stamp(out, settings)
    waiting = [score for score in scores if not _song_path(out, score.name).is_file()]
    work = functools.partial(render_score, out=out, settings=settings)
    failures = (
        run_items(waiting, work, title="render songs", jobs=jobs, executor=executor, describe=name_of_score)
        if waiting
        else ()
    )
    songs = read_songs(out)
    for split in SONG_SPLITS:
        _write_list(out, split, songs)
    return OrchestraOutcome(songs=songs, failures=failures)


def render_score(score_file: ScoreFile, *, out: Path, settings: OrchestraSettings) -> None:
    """Render one score and write its stems, its annotations and notes and, last, what is known of it."""
    read = read_orchestral_score(score_file.path)
    plan = draw_orchestral_plan(read.score, settings, name=score_file.name)
    written = write_song(out / AUDIO_FOLDER / score_file.name, read.score, plan, settings.engine)
    write_plan(out / "annotations" / f"{score_file.name}.json", plan)
    write_note_table(out / "notes" / f"{score_file.name}.json", read.score)
    _, played = played_orchestra(read.score, plan, settings.engine)
    song = Song(
        name=score_file.name,
        work=score_file.work,
        split=score_file.split,
        duration_s=written.duration_s,
        stems=written.stems,
        gains_db=dict(written.gains_db),
        tracks={part.label: _counts(part, plan, read.score) for part in played},
        repairs=read.repairs,
        approximations=approximations_of(plan, settings.engine),
        remarks=read.score.remarks,
    )
    write_json(_song_path(out, score_file.name), {"version": _SONG_VERSION, **asdict(song)})


def read_songs(out: StrPath) -> tuple[Song, ...]:
    """Return what is known of every finished song of a data set, by name.

    Raises
    ------
    MetadataError
        If a file is not as it was written.

    Examples
    --------
    >>> import tempfile
    >>> from rebalance.synthesis.orchestra import read_songs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_songs(folder)
    ()
    """
    folder = expanded(out) / "songs"
    return tuple(_read_song(path) for path in sorted(folder.glob("*.json")) if not is_hidden(path))


def _read_song(path: Path) -> Song:
    """Return one finished song."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        if version != _SONG_VERSION:
            raise MetadataError(where=path, expected=f"version {_SONG_VERSION}", got=repr(version))
        return structured(content, Song, str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MetadataError(where=path, expected="a rendered song", more=f": {error}") from error


def _counts(played: PlayedPart, plan: Plan, score: Score) -> TrackCounts:
    """Return what a part plays."""
    written = next(part for part in score.parts if part.name == played.label)
    velocities = plan.annotations.velocities.get(played.label)
    levels = (velocity // VELOCITIES_PER_LEVEL for velocity in velocities or [note.velocity for note in written.notes])
    dynamics = Counter(DYNAMIC_LEVELS[level] for level in levels)
    sustained = ("sustained",) * len(written.notes)
    return TrackCounts(
        notes=len(written.notes),
        sounding_s=round(sum(note.duration_s for note in played.notes), 3),
        dynamics={level: dynamics[level] for level in DYNAMIC_LEVELS if dynamics[level]},
        articulations=dict(Counter(plan.annotations.articulations.get(played.label) or sustained)),
    )


def _write_list(out: Path, split: SongSplit, songs: Sequence[Song]) -> None:
    """Write the list of one split, with what the published lists have and the names of the stems."""
    rows = {
        song.name: {"song_name": song.name, "duration": song.duration_s, "work": song.work, "stems": list(song.stems)}
        for song in songs
        if song.split == split
    }
    write_json(out / f"SynthSOD_metadata_{split}.json", {"songs": rows})


def _song_path(out: Path, name: str) -> Path:
    return out / "songs" / f"{name}.json"


def _stamp(out: Path, settings: OrchestraSettings) -> None:
    """Keep the settings beside the songs, and refuse to go on with others."""
    path = out / "render.json"
    wanted = json.loads(json.dumps(asdict(settings)))
    if not path.is_file():
        write_json(path, wanted)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in wanted if found.get(key) != wanted[key])
    except (ValueError, AttributeError) as error:
        raise MetadataError(where=path, expected="the settings of a run", more=f": {error}") from error
    if changed:
        raise ConfigError(
            f"begun with other settings: {changed[0]} was {found.get(changed[0])!r}, now {wanted[changed[0]]!r};"
            " choose another folder",
            where=out,
        )
