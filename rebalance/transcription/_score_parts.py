"""Which part of a score every player plays: by instrument, by the order of pitch, or as the user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rebalance._base.errors import ConfigError
from rebalance._base.names import suggestion
from rebalance.separation import known_instruments, source_names
from rebalance.synthesis.notation import Part, Score, chair_labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """Who plays what.

    Parameters
    ----------
    parts
        Part of every player by source name, in the order of the players; None for a player the score has no part for.
    unplayed
        Names of the parts nobody plays.
    """

    parts: Mapping[str, Part | None]
    unplayed: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What to tell the user, a line per player and one for what nobody plays."""
        played = [
            f"{player}: {f'plays {part.name!r}' if part else 'no part in the score'}"
            for player, part in self.parts.items()
        ]
        return (*played, *([f"played by nobody: {', '.join(map(repr, self.unplayed))}"] if self.unplayed else []))


def cast(score: Score, instruments: Sequence[str], chosen: Mapping[str, str] | None = None) -> Casting:
    """Give every player a part of a score.

    What the user chose comes first. Then parts go to players of the instrument they are written for: of several, the
    higher part to the player named first. What parts and players are left go together in the order of their pitch, if
    there are as many of the one as of the other.

    Parameters
    ----------
    score
        As read by `rebalance.synthesis.notation.read_score`; parts of percussion are left out.
    instruments
        Of every player, repeated for several: ``("Violin", "Violin", "Cello")``.
    chosen
        Name of a part, or its number from 1, by source name; any case.

    Raises
    ------
    ConfigError
        If a chosen player or part does not exist, a part is given to two, or no player has a part.

    Examples
    --------
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.transcription import cast
    >>> parts = [
    ...     Part(name=name, instrument=None, notes=(Note(onset_q=0, duration_q=1, pitch=pitch),))
    ...     for name, pitch in (("Soprano", 72), ("Bass", 48))
    ... ]
    >>> cast(Score(name="duet", parts=tuple(parts)), ["cello", "flute"]).lines
    ("Cello: plays 'Bass'", "Flute: plays 'Soprano'")
    """
    names = source_names(instruments)
    written_for = dict(zip(names, known_instruments(instruments), strict=True))
    sounding = [part for part in score.parts if part.notes and not part.percussion]
    cast_parts = _chosen(chosen or {}, names, sounding, score)
    for instrument in dict.fromkeys(written_for.values()):
        players = [name for name in names if written_for[name] == instrument and name not in cast_parts]
        fitting = [
            part
            for part in _left(sounding, cast_parts)
            if part.instrument is not None and part.instrument.name == instrument
        ]
        cast_parts |= dict(zip(players, sorted(fitting, key=_height), strict=False))
    players = sorted((name for name in names if name not in cast_parts), key=_usual_height)
    left = sorted(_left(sounding, cast_parts), key=_height)
    if len(players) == len(left):
        cast_parts |= dict(zip(players, left, strict=True))
    if not cast_parts:
        listed = ", ".join(f"{number} {part.name!r}" for number, part in enumerate(score.parts, 1))
        raise ConfigError(
            f"none of its parts fits a player; name them with --part PLAYER=PART; it has {listed}", where="score"
        )
    unplayed = tuple(part.name for part in _left(sounding, cast_parts))
    return Casting(parts={name: cast_parts.get(name) for name in names}, unplayed=unplayed)


def cast_by_height(score: Score, instruments: Sequence[str], chosen: Mapping[str, str] | None = None) -> Casting | None:
    """Give every player a part by the order of pitch alone, but what the user chose.

    For scores whose parts are named after voices ("Alto" is a viola in French). None unless there are as many parts as
    players. Parameters and errors are those of `cast`.
    """
    names = source_names(instruments)
    sounding = [part for part in score.parts if part.notes and not part.percussion]
    cast_parts = _chosen(chosen or {}, names, sounding, score)
    players = sorted((name for name in names if name not in cast_parts), key=_usual_height)
    left = sorted(_left(sounding, cast_parts), key=_height)
    if len(players) != len(left):
        return None
    cast_parts |= dict(zip(players, left, strict=True))
    return Casting(parts={name: cast_parts[name] for name in names})


def _chosen(chosen: Mapping[str, str], names: Sequence[str], parts: Sequence[Part], score: Score) -> dict[str, Part]:
    """Return the parts the user gave to players."""
    by_folded = {name.casefold(): name for name in names}
    given: dict[str, Part] = {}
    for player, part_name in chosen.items():
        name = by_folded.get(player.casefold())
        if name is None:
            raise ConfigError(
                where=f"part of {player!r}", expected=f"one of {', '.join(names)}", more=suggestion(player, names)
            )
        part = _part_named(part_name, parts, score)
        if any(part is other for other in given.values()):
            raise ConfigError("given to two players", where=f"part {part_name!r}")
        given[name] = part
    return given


def _part_named(text: str, parts: Sequence[Part], score: Score) -> Part:
    """Return a part by its name or its number in the score."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(score.parts):
        numbered = score.parts[int(text) - 1]
        if any(numbered is part for part in parts):
            return numbered
    matching = [part for part in parts if part.name.casefold() == text.casefold()]
    if len(matching) != 1:
        listed = ", ".join(f"{number} {part.name!r}" for number, part in enumerate(score.parts, 1))
        found = "several of this name" if matching else "none"
        raise ConfigError(
            where=f"part {text!r}", expected="the name or number of a part with notes", found=f"{found}: {listed}"
        )
    return matching[0]


def _left(parts: Sequence[Part], cast_parts: Mapping[str, Part]) -> list[Part]:
    """Return the parts nobody plays yet."""
    return [part for part in parts if not any(part is other for other in cast_parts.values())]


def _height(part: Part) -> float:
    """Order parts from high to low."""
    return -part.mean_pitch


def _usual_height(player: str) -> float:
    """Order players from high to low by the middle of their range."""
    return -chair_labelled(player).instrument.centre
