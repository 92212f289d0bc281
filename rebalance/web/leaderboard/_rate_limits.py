"""How often somebody may ask: a bucket for each address that fills again with time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Lets each key through so many times a minute.

    The busiest ten thousand keys are remembered, so that nobody fills the memory with addresses.

    Parameters
    ----------
    per_minute
        Number of requests of one key that pass in a minute.
    clock
        Seconds that only rise.

    Examples
    --------
    >>> from rebalance.web.leaderboard import RateLimit
    >>> limit = RateLimit(per_minute=2, clock=lambda: 0.0)
    >>> limit.allows("192.0.2.1"), limit.allows("192.0.2.1"), limit.allows("192.0.2.1"), limit.allows("192.0.2.2")
    (True, True, False, True)
    """

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def allows(self, key: str) -> bool:
        """Take one from the bucket of a key; False where it is empty."""
        with self._lock:
            left = self._left(key)
            self._keep(key, left - 1 if left >= 1 else left)
            return left >= 1

    def is_spent(self, key: str) -> bool:
        """Tell whether the bucket of a key is empty, and take nothing."""
        with self._lock:
            return self._left(key) < 1

    def _left(self, key: str) -> float:
        now = self.clock()
        left, since = self._buckets.get(key, (self.per_minute, now))
        return min(self.per_minute, left + (now - since) * self.per_minute / 60)

    def _keep(self, key: str, left: float) -> None:
        self._buckets[key] = (left, self.clock())
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_KEYS:
            self._buckets.popitem(last=False)
