"""``--score`` and ``--part``: a separator that knows what is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from rebalance._base.errors import ConfigError
from rebalance._base.extras import optional_packages

if TYPE_CHECKING:
    from rebalance.audio import Recording
    from rebalance.separation import Separator
    from rebalance.transcription import Posteriors, Tracker

ScoreOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="Score of the music, MIDI or MusicXML: who plays which note. Needs a separator with a player tracker.",
        show_default=False,
    ),
]
PartOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="viola=3",
        help="Part of the score a player plays, by name or number; may be repeated. Found by instrument and height"
        " when left out.",
        show_default=False,
    ),
]


def require_one(files: Sequence[Path], score: Path | None) -> None:
    """Raise if several recordings were to follow one score.

    Raises
    ------
    ConfigError
        If there is a score and more than one file.
    """
    if score is not None and len(files) > 1:
        raise ConfigError(where="--score", expected="one recording beside it", got=f"{len(files)}")


def following(
    separator: Separator, files: Sequence[Path], players: Sequence[str], score: Path | None, part: Sequence[str] | None
) -> Separator:
    """Return a separator that has read the score of the one file, and say how; the separator itself without a score.

    Raises
    ------
    ConfigError
        If the score does not match, a part fits nobody, or the separator has no tracker.
    MetadataError
        If the score cannot be read.
    """
    if score is None:
        _refuse_parts(part)
        return separator
    from rebalance.separation import WeightedSeparator

    if isinstance(separator, WeightedSeparator):
        return replace(separator, separator=following(separator.separator, files, players, score, part))
    with optional_packages():
        from rebalance.transcription import by_pitch, score_informed
    from rebalance.cli._music_files import read_music

    tracker = by_pitch(separator).tracker
    sharpened = score_posteriors(tracker, read_music(files[0]), players, score, part)
    return separator if sharpened is None else score_informed(separator, sharpened)


def score_posteriors(
    tracker: Tracker, recording: Recording, players: Sequence[str], score: Path | None, part: Sequence[str] | None
) -> Posteriors | None:
    """Return what a tracker finds in a recording, sharpened by its score, and say how well they match.

    None without a score.

    Raises
    ------
    ConfigError
        If the score does not match, or a part fits nobody.
    MetadataError
        If the score cannot be read.
    """
    with optional_packages():
        from rebalance.synthesis.notation import read_score_variants
        from rebalance.transcription import read_along, track_players
    from rebalance.cli._reporting import say, working

    if score is None:
        _refuse_parts(part)
        return None
    chosen = dict(_choice(text) for text in part or ())
    readings = read_score_variants(score)
    with working("follow the score"):
        posteriors = track_players(recording.samples, players, tracker, sample_rate=recording.sample_rate)
        reading = read_along(posteriors, readings, chosen_parts=chosen)
    say(f"{score}: matches, at a cost of {reading.alignment.cost:.2f} a frame")
    for line in reading.remarks:
        say(line)
    return reading.posteriors


def _refuse_parts(part: Sequence[str] | None) -> None:
    """Raise if parts are chosen of no score."""
    if part:
        raise ConfigError(where="--part", expected="beside --score", got="no score")


def _choice(text: str) -> tuple[str, str]:
    """Read ``viola=3``."""
    player, equals, part = (piece.strip() for piece in text.partition("="))
    if not (player and equals and part):
        raise ConfigError(where="--part", expected="PLAYER=PART such as viola=3", got=repr(text))
    return player, part
