"""Files of a task that no scene needs: checked where they are there."""

from __future__ import annotations

from rebalance._base.challenge import Split
from rebalance.task._problems import Findings
from rebalance.task._schemas import Document, read_document
from rebalance.task._task_files import TaskFiles


def check_companions(files: TaskFiles, split: Split, findings: Findings) -> None:
    """Check ``gains_meta.json``, ``music_tracks.<split>.json`` and ``music.<split>.to_generate.json``."""
    gains_meta = files.gains.with_name("gains_meta.json")
    if gains_meta.is_file():
        _check_groups(read_document(gains_meta, "gains_meta", findings), findings)
    music_tracks = files.music.with_name(f"music_tracks.{split}.json")
    if music_tracks.is_file():
        read_document(music_tracks, "music_tracks", findings)
    to_generate = files.music.with_name(f"music.{split}.to_generate.json")
    if to_generate.is_file():
        read_document(to_generate, "music_to_generate", findings)


def _check_groups(document: Document, findings: Findings) -> None:
    """Warn of patterns that stand under the wrong number of sources."""
    for number, patterns in document.entries.items():
        for name, pattern in patterns.items():
            if len(pattern) != int(number):
                findings.warning(
                    document.path, f"{number}.{name}", expected=f"gains for {number} sources", got=str(len(pattern))
                )
