"""Which entries of a zip archive could do harm."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rebalance._base.archive_values import (
    DEFLATED,
    ENCRYPTED_FLAGS,
    LOCAL_HEADER,
    STORED,
    ArchiveLimits,
    End,
    Entry,
    Member,
    refusal,
    shown,
)
from rebalance._base.errors import RebalanceError

_PATCH_FLAG = 0x0020
_MAX_NAME_LENGTH = 1024
_RATIO_MATTERS_FROM_BYTES = 1 << 20


def vetted(entries: Iterator[Entry], end: End, path: Path, limits: ArchiveLimits) -> tuple[Member, ...]:
    """Return the files among the entries, or raise at the first that could do harm."""
    kept: list[Entry] = []
    spellings: dict[str, str] = {}
    total = 0
    for entry in entries:
        _require_harmless(entry, path, limits)
        _require_new(entry.name, spellings, path)
        total += entry.size
        if total > limits.total_bytes:
            raise RebalanceError(where=path, expected=f"at most {limits.total_bytes} bytes unpacked, it declares more")
        kept.append(entry)
    _require_no_file_as_folder(kept, path)
    limit_of = _data_limits(kept, end, path)
    return tuple(
        Member(
            name=entry.name,
            size=entry.size,
            packed_size=entry.packed_size,
            crc32=entry.crc32,
            method=entry.method,
            header_offset=entry.header_offset,
            data_limit=limit_of[entry.header_offset],
            raw_name=entry.raw_name,
        )
        for entry in kept
        if not entry.name.endswith("/")
    )


def _require_harmless(entry: Entry, path: Path, limits: ArchiveLimits) -> None:
    """Raise unless an entry taken alone is a plain, readable file or folder of sane size."""
    if reason := _bad_name(entry.name):
        raise refusal(path, entry.name, reason)
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refusal(path, entry.name, "a link or device; expected a plain file")
    if entry.flags & ENCRYPTED_FLAGS:
        raise refusal(path, entry.name, "encrypted")
    if entry.method not in (STORED, DEFLATED) or entry.flags & _PATCH_FLAG:
        raise refusal(path, entry.name, f"expected it stored or deflated, got compression method {entry.method}")
    if entry.method == STORED and entry.size != entry.packed_size:
        raise refusal(path, entry.name, f"stored, but declares {entry.size} bytes for {entry.packed_size}")
    if entry.name.endswith("/") and entry.size:
        raise refusal(path, entry.name, "a folder that holds data")
    if entry.size > limits.member_bytes:
        raise refusal(path, entry.name, f"expected at most {limits.member_bytes} bytes, it declares {entry.size}")
    if entry.size > max(_RATIO_MATTERS_FROM_BYTES, limits.ratio * entry.packed_size):
        raise refusal(
            path, entry.name, f"expands more than {limits.ratio:g} times, {entry.packed_size} to {entry.size} bytes"
        )


def _bad_name(name: str) -> str:
    """Return why a name is not a plain relative path, empty if it is."""
    parts = name.removesuffix("/").split("/")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name):
        return "control characters in its name"
    if name.startswith("/") or "\\" in name or ":" in name:
        return "an absolute name, or one with a backslash or colon"
    if ".." in parts:
        return "its name leads out of the folder"
    if not all(part.strip(". ") for part in parts):
        return "a part of its name is empty"
    return f"a name of {len(name)} characters" if len(name) > _MAX_NAME_LENGTH else ""


def _require_new(name: str, spellings: dict[str, str], path: Path) -> None:
    """Raise if a name stands for a file that another entry stands for too."""
    n_before = len(spellings)
    other = spellings.setdefault(_spelling(name), name)
    if len(spellings) == n_before:
        what = "listed twice" if other == name else f"collides with {shown(other)} on some file systems"
        raise refusal(path, name, what)


def _spelling(name: str) -> str:
    """Return what two names share when some file system takes them for one: case, composition, final dots."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "/".join(part.rstrip(". ") for part in folded.removesuffix("/").split("/"))


def _require_no_file_as_folder(entries: Sequence[Entry], path: Path) -> None:
    """Raise if a file also is the folder of another."""
    files = {_spelling(entry.name) for entry in entries if not entry.name.endswith("/")}
    for entry in entries:
        parent = _spelling(entry.name).rpartition("/")[0]
        while parent:
            if parent in files:
                raise refusal(path, entry.name, "its folder is a file of the archive")
            parent = parent.rpartition("/")[0]


def _data_limits(entries: Sequence[Entry], end: End, path: Path) -> dict[int, int]:
    """Return the first byte beyond every entry by its offset; entries that overlap are refused."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [*(entry.header_offset for entry in ordered[1:]), end.directory_offset]
    for entry, following in zip(ordered, starts, strict=False):
        if entry.header_offset + LOCAL_HEADER.size + len(entry.raw_name) + entry.packed_size > following:
            raise refusal(path, entry.name, "its data overlap another entry or lie outside the archive")
    return {entry.header_offset: following for entry, following in zip(ordered, starts, strict=False)}
