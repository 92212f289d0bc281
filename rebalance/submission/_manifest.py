"""The manifest of an archive: what made its files, and the checksum of each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import SubmissionError
from rebalance.submission._naming import MANIFEST, SubmissionName
from rebalance.submission._verdict import Problem

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What stands in ``manifest.json``.

    Parameters
    ----------
    team, causality, augmented, supplementary
        As in the name of the archive.
    version, semantics
        Of the package that made the files, and of the official code they follow.
    split
        Which split was processed.
    separator, configuration
        The system.
    lookahead_ms, n_parameters, external_training_data
        Measured look-ahead, size of the networks, and whether they saw training data outside the
        challenge's list; None where unknown.
    files
        SHA-256 of every file by name.
    format
        Of this manifest.

    Examples
    --------
    >>> import json
    >>> from rebalance.submission import Manifest
    >>> manifest = Manifest(
    ...     team="T002",
    ...     causality="causal",
    ...     augmented=False,
    ...     supplementary=False,
    ...     version="0.2.0",
    ...     semantics="pyclarity V0.6.3",
    ...     split="valid",
    ...     separator="causal",
    ...     configuration={"remix": "edit"},
    ...     lookahead_ms=4.97,
    ...     n_parameters=1_000_000,
    ...     external_training_data=False,
    ...     files={},
    ... )
    >>> json.loads(manifest.as_bytes())["lookahead_ms"]
    4.97
    """

    team: str
    causality: str
    augmented: bool
    supplementary: bool
    version: str
    semantics: str
    split: str
    separator: str
    configuration: Mapping[str, Any]
    lookahead_ms: float | None
    n_parameters: int | None
    external_training_data: bool | None
    files: Mapping[str, str]
    format: int = FORMAT

    def as_bytes(self) -> bytes:
        """Return the manifest as JSON; the same manifest gives the same bytes."""
        value = {**dataclasses.asdict(self), "files": dict(sorted(self.files.items()))}
        return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def parse_manifest(content: bytes) -> Manifest:
    """Read a foreign manifest.

    Raises
    ------
    SubmissionError
        If it is not JSON, or not what a manifest must hold.

    Examples
    --------
    >>> from rebalance.submission import Manifest, parse_manifest
    >>> manifest = Manifest(
    ...     team="T002",
    ...     causality="noncausal",
    ...     augmented=False,
    ...     supplementary=False,
    ...     version="0.2.0",
    ...     semantics="pyclarity V0.6.3",
    ...     split="valid",
    ...     separator="fast",
    ...     configuration={"remix": "edit"},
    ...     lookahead_ms=None,
    ...     n_parameters=1_000_000,
    ...     external_training_data=False,
    ...     files={},
    ... )
    >>> parse_manifest(manifest.as_bytes()) == manifest
    True
    >>> parse_manifest(b"[]")
    Traceback (most recent call last):
        ...
    rebalance._base.errors.SubmissionError: not a manifest: rebalance.submission._manifest.Manifest() ...
    """
    try:
        value: Any = json.loads(content)
        manifest = Manifest(**value)
    except (ValueError, TypeError, RecursionError) as error:
        raise SubmissionError(f"{' '.join(str(error).split())[:200]}", where="not a manifest") from error
    if manifest.format != FORMAT:
        raise SubmissionError(f"expected format {FORMAT}, got {manifest.format!r}"[:200])
    files = manifest.files
    if not isinstance(files, dict) or not all(isinstance(checksum, str) for checksum in files.values()):
        raise SubmissionError(expected="'files' to give a checksum by name")
    if not isinstance(manifest.lookahead_ms, int | float | None):
        raise SubmissionError(expected="'lookahead_ms' to be a number or null")
    return manifest


def manifest_problems(content: bytes, name: SubmissionName | None, sha256: Mapping[str, str]) -> list[Problem]:
    """Hold a manifest against the archive it lies in.

    Parameters
    ----------
    content
        The manifest as it stands in the archive.
    name
        What the name of the archive says; None where it cannot be read.
    sha256
        Checksums of the files found, by name.
    """
    try:
        manifest = parse_manifest(content)
    except SubmissionError as error:
        return [Problem(kind="manifest", file=MANIFEST, expected="a manifest", got=str(error))]
    problems = [
        Problem(kind="manifest", file=file, expected=f"sha256 {manifest.files.get(file, 'listed')}", got=got)
        for file in sorted(manifest.files.keys() | sha256.keys())
        if manifest.files.get(file) != (got := sha256.get(file, "no such file"))
    ]
    claims = [] if name is None else _claims(manifest, name)
    return [*problems, *claims]


def _claims(manifest: Manifest, name: SubmissionName) -> list[Problem]:
    """Hold what a manifest says of the system against the name of the archive."""
    problems = [
        Problem(
            kind="manifest", file=MANIFEST, expected=f"{field} {said!r} as in the archive's name", got=repr(found)[:80]
        )
        for field, said in dataclasses.asdict(name).items()
        if (found := getattr(manifest, field)) != said
    ]
    return [*problems, *rule_problems(manifest, name)]


def rule_problems(manifest: Manifest, name: SubmissionName) -> list[Problem]:
    """Find rules of the challenge that a system breaks under a name."""
    problems = []
    if name.causality == "causal" and (found := _looks_too_far(manifest)) is not None:
        expected = f"at most {CAD2_TASK2.lookahead_limit_ms:g} ms of look-ahead of a causal system"
        problems.append(Problem(kind="manifest", file=MANIFEST, expected=expected, got=found))
    if manifest.external_training_data and not name.supplementary:
        expected = "_sup in the archive's name, as the training data go beyond the challenge's list"
        problems.append(Problem(kind="manifest", file=MANIFEST, expected=expected, got=name.archive))
    return problems


def measured_causality(manifest: Manifest) -> Mapping[str, Any] | None:
    """Return what was measured of a system's look-ahead, None where nothing was, or not in a form that is known."""
    found = manifest.configuration.get("causality") if isinstance(manifest.configuration, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _looks_too_far(manifest: Manifest) -> str | None:
    """Return how far ahead a system looks by its manifest, None if that is not too far for a causal one."""
    measured = measured_causality(manifest)
    if measured is not None and measured.get("to_the_end"):
        return "all of the signal it was measured with"
    found_ms = [manifest.lookahead_ms, None if measured is None else measured.get("lookahead_ms")]
    known_ms = [value for value in found_ms if isinstance(value, int | float)]
    return f"{max(known_ms):g} ms" if known_ms and max(known_ms) > CAD2_TASK2.lookahead_limit_ms else None
