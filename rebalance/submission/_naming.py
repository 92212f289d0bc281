"""How archives and the files inside them are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rebalance._base.challenge import CAD2_TASK2, SIGNALS_FOLDER, Split
from rebalance._base.errors import ConfigError, SubmissionError
from rebalance.task import Pair

Causality: TypeAlias = Literal["causal", "noncausal"]

CAUSALITIES: tuple[Causality, ...] = ("causal", "noncausal")
MANIFEST = "manifest.json"

_TEAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*", flags=re.ASCII)
_ARCHIVE = re.compile(r"submission_([A-Za-z0-9-]+)_(causal|noncausal)(_aug)?(_sup)?\.zip", flags=re.ASCII)
EXPECTED_NAME = "submission_<team>_{causal|noncausal}[_aug][_sup].zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionName:
    """What the name of an archive says.

    Parameters
    ----------
    team
        Letters, digits and hyphens.
    causality
        Whether the system claims to look ahead by no more than the limit.
    augmented, supplementary
        Whether the name carries ``_aug`` and ``_sup``.

    Raises
    ------
    ConfigError
        If the team or the causality cannot stand in a name.

    Examples
    --------
    >>> from rebalance.submission import SubmissionName
    >>> SubmissionName(team="T002", causality="noncausal", augmented=True).archive
    'submission_T002_noncausal_aug.zip'
    """

    team: str
    causality: Causality
    augmented: bool = False
    supplementary: bool = False

    def __post_init__(self) -> None:
        if not _TEAM.fullmatch(self.team):
            raise ConfigError(where="team", expected="letters, digits and hyphens such as 'T002'", got=repr(self.team))
        if self.causality not in CAUSALITIES:
            raise ConfigError(where="causality", expected="causal or noncausal", got=repr(self.causality))

    @property
    def archive(self) -> str:
        """Name of the archive."""
        suffixes = f"{'_aug' * self.augmented}{'_sup' * self.supplementary}"
        return f"submission_{self.team}_{self.causality}{suffixes}.zip"


def parse_archive_name(name: str) -> SubmissionName:
    """Read the name of an archive or of one of its parts.

    Raises
    ------
    SubmissionError
        If it does not follow the challenge's pattern.

    Examples
    --------
    >>> from rebalance.submission import parse_archive_name
    >>> parse_archive_name("submission_T002_causal.zip").team
    'T002'
    """
    whole = name
    if (match := re.fullmatch(r"(.+)\.(?:zip\.\d{3}|z\d{2})", name, flags=re.ASCII)) is not None:
        whole = f"{match[1]}.zip"
    if not (found := _ARCHIVE.fullmatch(whole)) or not _TEAM.fullmatch(found[1]):
        raise SubmissionError(expected=f"a name like {EXPECTED_NAME}", got=repr(name))
    team, causality, augmented, supplementary = found.groups()
    return SubmissionName(
        team=team,
        causality="causal" if causality == "causal" else "noncausal",
        augmented=augmented is not None,
        supplementary=supplementary is not None,
    )


def member_names(pair: Pair, split: Split) -> tuple[str, str]:
    """Return the names a pair's file may have in an archive: directly in the folder, and in that of its split."""
    name = CAD2_TASK2.remix_file_name(pair.scene, pair.listener)
    return f"{SIGNALS_FOLDER}/{name}", f"{SIGNALS_FOLDER}/{split}/{name}"
