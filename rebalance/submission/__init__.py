"""Submissions: packed, checked, and read without being unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.submission._archive_parts import WholeArchive, whole_archive
    from rebalance.submission._checking import check_files, check_submission
    from rebalance.submission._manifest import Manifest, parse_manifest
    from rebalance.submission._naming import CAUSALITIES, Causality, SubmissionName, parse_archive_name
    from rebalance.submission._packing import PackedFile, final_name, unknowns, write_submission
    from rebalance.submission._signals import ArchivedSignals
    from rebalance.submission._submitted_files import ArchivedFiles, FolderFiles, SubmittedFiles, open_submission
    from rebalance.submission._verdict import KINDS, Kind, Problem, Verdict, by_kind, verdict_from_json

__all__ = [
    "CAUSALITIES",
    "KINDS",
    "ArchivedFiles",
    "ArchivedSignals",
    "Causality",
    "FolderFiles",
    "Kind",
    "Manifest",
    "PackedFile",
    "Problem",
    "SubmissionName",
    "SubmittedFiles",
    "Verdict",
    "WholeArchive",
    "by_kind",
    "check_files",
    "check_submission",
    "final_name",
    "open_submission",
    "parse_archive_name",
    "parse_manifest",
    "unknowns",
    "verdict_from_json",
    "whole_archive",
    "write_submission",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_archive_parts": ("WholeArchive", "whole_archive"),
        "_checking": ("check_files", "check_submission"),
        "_manifest": ("Manifest", "parse_manifest"),
        "_naming": ("CAUSALITIES", "Causality", "SubmissionName", "parse_archive_name"),
        "_packing": ("PackedFile", "final_name", "unknowns", "write_submission"),
        "_signals": ("ArchivedSignals",),
        "_submitted_files": ("ArchivedFiles", "FolderFiles", "SubmittedFiles", "open_submission"),
        "_verdict": ("KINDS", "Kind", "Problem", "Verdict", "by_kind", "verdict_from_json"),
    },
)
