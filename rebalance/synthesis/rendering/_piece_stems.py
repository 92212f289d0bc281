"""One rendered piece on disk: the value handed from rendering to the writing of a task."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rebalance._base.errors import MetadataError
from rebalance._base.files import write_json

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(_[A-Za-z0-9.-]+)*", flags=re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceStems:
    """One rendered piece on disk: stereo 44.1 kHz FLAC stems and their mixture, at -40 LUFS.

    Parameters
    ----------
    name
        Safe for file names; becomes the prefix of the segments: ``"<name>_000"``.
    dataset
        What the metadata names as the source of the tracks.
    stems
        Label (``"Violin_1"``) to track, relative to the audio folder of the task.
    mixture
        Track of the sum of the stems, relative to the audio folder of the task.
    duration_s
        Duration in seconds, common to all tracks.

    Raises
    ------
    MetadataError
        If the name is not safe, no stem is given or the duration is not positive.

    Examples
    --------
    >>> from pathlib import PurePosixPath
    >>> from rebalance.synthesis.rendering import PieceStems
    >>> folder = PurePosixPath("train/scale")
    >>> PieceStems(
    ...     name="scale",
    ...     dataset="Own",
    ...     stems={"Flute": folder / "Flute.flac", "Cello": folder / "Cello.flac"},
    ...     mixture=folder / "mixture.flac",
    ...     duration_s=31.5,
    ... ).duration_s
    31.5
    """

    name: str
    dataset: str
    stems: Mapping[str, PurePosixPath]
    mixture: PurePosixPath
    duration_s: float

    def __post_init__(self) -> None:
        if not _SAFE_NAME.fullmatch(self.name):
            raise MetadataError(
                where=f"piece {self.name!r}", expected="letters, digits and single underscores between them"
            )
        if not self.stems:
            raise MetadataError(where=f"piece {self.name}", expected="at least one stem", got="none")
        if not self.duration_s > 0:
            raise MetadataError(where=f"piece {self.name}", expected="a positive duration", got=f"{self.duration_s} s")


def write_piece_stems(path: Path, piece: PieceStems) -> None:
    """Write a piece's manifest as JSON, whole or not at all."""
    write_json(
        path,
        {
            "name": piece.name,
            "dataset": piece.dataset,
            "stems": {label: track.as_posix() for label, track in piece.stems.items()},
            "mixture": piece.mixture.as_posix(),
            "duration_s": piece.duration_s,
        },
    )


def read_piece_stems(path: Path) -> PieceStems:
    """Read a piece's manifest.

    Raises
    ------
    MetadataError
        If the file is missing, no JSON, or lacks an entry.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return PieceStems(
            name=content["name"],
            dataset=content["dataset"],
            stems={label: PurePosixPath(track) for label, track in content["stems"].items()},
            mixture=PurePosixPath(content["mixture"]),
            duration_s=float(content["duration_s"]),
        )
    except MetadataError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MetadataError(where=path, expected="the manifest of a rendered piece", more=f": {error}") from error
