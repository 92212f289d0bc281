"""Fair timing of two ways to the same result: in turns, on the processor time of one core, medians and spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Seconds of the peer and of ours, turn by turn."""

    what: str
    peer_s: tuple[float, ...]
    ours_s: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times faster ours was, turn by turn."""
        return [peer / ours for peer, ours in zip(self.peer_s, self.ours_s, strict=True)]

    def row(self) -> str:
        """Return a line of a Markdown table: what, peer, ours, ratio; medians with smallest and largest."""
        low, high = min(self.ratios), max(self.ratios)
        ratio = f"**{statistics.median(self.ratios):.1f}x** ({low:.1f}-{high:.1f})"
        return f"| {self.what} | {_spread(self.peer_s)} | {_spread(self.ours_s)} | {ratio} |"


TABLE_HEAD = "| what | pyclarity | rebalance | faster, paired |\n|---|---|---|---|"


def in_turns(what: str, peer: Callable[[], Any], ours: Callable[[], Any], *, turns: int) -> Comparison:
    """Time both in turns after ours has run once, so that compiled code is read from its cache."""
    ours()
    times = [(processor_seconds(peer), processor_seconds(ours)) for _ in range(turns)]
    peer_s, ours_s = zip(*times, strict=True)
    return Comparison(what=what, peer_s=peer_s, ours_s=ours_s)


def processor_seconds(work: Callable[[], Any]) -> float:
    """Return the processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _spread(seconds: tuple[float, ...]) -> str:
    """Return a median with its smallest and largest, in ms or s."""
    scale, unit = (1e3, "ms") if statistics.median(seconds) < 1 else (1.0, "s")
    median, low, high = (value * scale for value in (statistics.median(seconds), min(seconds), max(seconds)))
    return f"{median:.3g} {unit} ({low:.3g}-{high:.3g})"
