"""The verdict of a check as it is kept and shown to the team: whole, and without the server's folders."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rebalance._base.semantics import VERSION
from rebalance.submission import Verdict
from rebalance.web.leaderboard._board_values import Submission


def verdict_content(verdict: Verdict | str, submission: Submission, folders: Sequence[str]) -> bytes:
    """Return a verdict, or the reason why an archive cannot be read, as JSON with every problem in it."""
    if isinstance(verdict, Verdict):
        value = {**verdict.as_json(), "submission": submission.file_name}
    else:
        value = _unreadable(verdict, submission)
    return without_folders(json.dumps(value, indent=1, allow_nan=False), folders).encode()


def without_folders(text: str, folders: Sequence[str]) -> str:
    """Return a text without the paths of the server's folders, longest first."""
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(f"{folder}/", "").replace(folder, "")
    return text


def _unreadable(reason: str, submission: Submission) -> dict[str, object]:
    """Return the verdict on an archive that is none, or not safe to read, in the form of all others."""
    problem = {
        "kind": "archive",
        "severity": "error",
        "file": submission.file_name,
        "expected": "an archive that can be read safely",
        "got": reason,
    }
    return {
        "version": VERSION,
        "submission": submission.file_name,
        "verdict": "refused",
        "expected": 0,
        "found": 0,
        "clipped_samples": 0,
        "clipped_files": 0,
        "counts": {"archive": 1},
        "problems": [problem],
        "notes": [],
    }
