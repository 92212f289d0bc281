"""The scores of folders, the work each belongs to, and the split of that."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from rebalance._base.errors import MetadataError
from rebalance._base.files import StrPath, expanded, is_hidden
from rebalance.synthesis.notation import safe_name

SongSplit: TypeAlias = Literal["train", "evaluation", "test"]
SONG_SPLITS: tuple[SongSplit, ...] = get_args(SongSplit)

_SCORES = (".mid", ".midi", ".xml", ".musicxml", ".mxl", ".krn", ".abc", ".json")
# Of every ten works the eighth and the ninth go to evaluation and test; there are no published counts.
_PLACE_OF_SPLIT: Mapping[int, SongSplit] = {8: "evaluation", 9: "test"}
_PERIOD = 10
_MOVEMENT = re.compile(r"[\s_.-]*(?:mvt|mov|movement|satz|part|no)?[\s_.-]*\d+\Z", flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFile:
    """One score of a folder.

    Parameters
    ----------
    name
        Of the song, safe for files and unique.
    path
        Path of the score.
    work
        What it is a movement of: its folder below the one given, else its name without the number at its end.
    split
        Of all movements of the work.
    """

    name: str
    path: Path
    work: str
    split: SongSplit


def find_scores(places: Sequence[StrPath]) -> tuple[ScoreFile, ...]:
    """Return the scores in files and folders, each with its work and the split of that.

    Works are put in an order that depends on their names alone; of every ten eight are for training. With three to nine
    works the last two are evaluation and test.

    Parameters
    ----------
    places
        Files, and folders that are searched whole.

    Raises
    ------
    MetadataError
        If there is no such place, or no score in it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.synthesis.orchestra import find_scores
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("suite-1.mid", "suite-2.mid", "overture.mid"):
    ...         _ = Path(folder, name).write_bytes(b"")
    ...     scores = find_scores([folder])
    >>> [(score.name, score.work) for score in scores]
    [('overture', 'overture'), ('suite-1', 'suite'), ('suite-2', 'suite')]
    """
    found = [pair for place in places for pair in _scores_in(expanded(place))]
    if not found:
        raise MetadataError(where=", ".join(map(str, places)), expected=f"scores ({', '.join(_SCORES)})", found="none")
    works = {path: _work_of(path, root) for path, root in found}
    splits = _splits_of(sorted(set(works.values())))
    names = _unique_names([path for path, _ in found])
    scores = (ScoreFile(name=names[path], path=path, work=work, split=splits[work]) for path, work in works.items())
    return tuple(sorted(scores, key=name_of_score))


def _scores_in(place: Path) -> list[tuple[Path, Path]]:
    """Return the scores of a place, each with the folder that was given."""
    if place.is_file():
        return [(place, place.parent)]
    if not place.is_dir():
        raise MetadataError(where=place, expected="a score or a folder of scores", found="neither")
    files = (path for path in sorted(place.rglob("*")) if path.is_file() and path.suffix.lower() in _SCORES)
    return [(path, place) for path in files if not is_hidden(path, place)]


def _work_of(path: Path, root: Path) -> str:
    """Return the name of the work a score belongs to."""
    folder = path.parent.relative_to(root).as_posix()
    name = _MOVEMENT.sub("", path.stem) or path.stem
    return safe_name(folder if folder != "." else name)


def _splits_of(works: Sequence[str]) -> dict[str, SongSplit]:
    """Return the split of every work."""
    ordered = sorted(works, key=_digest)
    few = len(ordered) < _PERIOD
    if few and len(ordered) > len(_PLACE_OF_SPLIT):
        *training, evaluation, test = ordered
        return {**dict.fromkeys(training, "train"), evaluation: "evaluation", test: "test"}
    return {work: _PLACE_OF_SPLIT.get(place % _PERIOD, "train") for place, work in enumerate(ordered)}


def _digest(work: str) -> str:
    return hashlib.sha256(work.encode()).hexdigest()


def _unique_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Return a safe name for every score; those that would share one get the name of their folder before it."""
    plain = {path: safe_name(path.stem) for path in paths}
    times = Counter(plain.values())
    named = {
        path: name if times[name] == 1 else f"{safe_name(path.parent.name)}-{name}" for path, name in plain.items()
    }
    again = Counter(named.values())
    return {
        path: name if again[name] == 1 else f"{name}-{_digest(path.as_posix())[:6]}" for path, name in named.items()
    }


def name_of_score(score: ScoreFile) -> str:
    """Return the name of a score."""
    return score.name
