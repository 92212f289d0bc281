"""One separation of a recording: its job, its stems on disk, and how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, RebalanceError
from rebalance._base.running import one_line
from rebalance.audio import RecordingStream, Shrinkage
from rebalance.pipeline import stem_pieces
from rebalance.separation import Oracle, Separator, info_of, source_names
from rebalance.web.listening_room._powers import OverviewMeter, row_length
from rebalance.web.listening_room._recordings import StoredRecording

Stage: TypeAlias = Literal["waiting", "separating", "ready", "failed", "cancelled"]

# Below the whole divided evenly. By `fast`, of 96 real players of 30 held-out segments two are; of 30 who were named
# beside a single player, half.
_HARDLY_DB = -7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a separation is.

    Parameters
    ----------
    stage
        What it is doing.
    n_ready
        How many samples of the stems are final.
    left_s
        Estimated time to the end in seconds, None while nothing can be said.
    error
        Why it failed, in one line.
    """

    stage: Stage = "waiting"
    n_ready: int = 0
    left_s: float | None = None
    error: str | None = None


class Separation:
    """The stems of a recording, as far as they are separated.

    Parameters
    ----------
    identity
        Names the recording, the players and the separator: the same request is the same separation.
    stored
        The recording.
    instruments
        Who plays, as the challenge spells it.
    separator_name
        Registry name of the separator.
    folder
        Where the stems are kept.
    """

    def __init__(
        self, identity: str, stored: StoredRecording, instruments: tuple[str, ...], separator_name: str, folder: Path
    ) -> None:
        self.identity = identity
        self.stored = stored
        self.instruments = instruments
        self.names = source_names(instruments)
        self.separator_name = separator_name
        self.shrinkage: tuple[float, ...] = ()
        self._path = folder / f"{identity}.f32"
        self._overview = np.zeros((0, row_length(self.n_signals)), np.float32)
        self._progress = Progress()
        self._cancelled = threading.Event()

    @property
    def n_signals(self) -> int:
        """The recording and the stems."""
        return len(self.names) + 1

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @property
    def overview(self) -> NDArray[np.float32]:
        """Rows of `OverviewMeter` for what is ready."""
        return self._overview

    def stems(self) -> NDArray[np.float32]:
        """Return the stems, shape ``(n_players, n_channels, n_samples)``, a view of the disk."""
        return np.memmap(self._path, dtype=np.float32, mode="r", shape=self._shape)

    def stem_by_name(self) -> dict[str, NDArray[np.float32]]:
        """Return the finished stems by source name.

        Raises
        ------
        AudioError
            If the separation has not come to its end.
        """
        if self._progress.stage != "ready":
            raise AudioError(where=self.stored.name, expected=f"a finished separation, it is {self._progress.stage}")
        return dict(zip(self.names, self.stems(), strict=True))

    @property
    def can_be_joined(self) -> bool:
        """Whether who asks for the same can have this one: it has not failed, nor been told to stop."""
        return self._progress.stage == "ready" or not (
            self._cancelled.is_set() or self._progress.stage in ("failed", "cancelled")
        )

    def cancel(self) -> None:
        """Stop before the next stretch."""
        self._cancelled.set()

    def run(self, load: Callable[[str], Separator]) -> None:
        """Separate; whatever goes wrong becomes the progress `failed` with its reason."""
        try:
            if self._cancelled.is_set():
                self._progress = Progress(stage="cancelled")
                return
            self._run(load(self.separator_name))
        except Exception as error:  # noqa: BLE001 - a job has nobody to raise to
            self._progress = Progress(stage="failed", n_ready=self._progress.n_ready, error=one_line(error))

    def hardly_heard(self) -> tuple[str, ...]:
        """Return the players whose stems hold next to nothing of what is ready."""
        if not len(self._overview):
            return ()
        powers = self._overview[:, [_diagonal(index, self.n_signals) for index in range(self.n_signals)]].mean(axis=0)
        floor = powers[0] / len(self.names) * 10.0 ** (_HARDLY_DB / 10.0)
        return tuple(name for name, power in zip(self.names, powers[1:], strict=True) if power < floor)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return (len(self.names), *self.stored.samples.shape)

    def _run(self, separator: Separator) -> None:
        if isinstance(separator, Oracle):
            raise RebalanceError(
                "needs the true sources, which a recording has not", where=f"separator {separator.name!r}"
            )
        self.shrinkage = shrinkage_by_player(info_of(separator).shrinkage, len(self.names))
        stems = np.memmap(self._path, dtype=np.float32, mode="w+", shape=self._shape)
        meter = OverviewMeter(self.n_signals, self.stored.n_channels, self.stored.sample_rate)
        rows: list[NDArray[np.float32]] = []
        started_s = time.monotonic()
        self._progress = Progress(stage="separating")
        n_done = 0
        for piece in stem_pieces(RecordingStream(self.stored.recording()), self.instruments, separator):
            part = slice(n_done, n_done + piece.shape[2])
            n_done = part.stop
            stems[:, :, part] = piece
            rows.append(meter.add(np.concatenate([self.stored.samples[None, :, part], stems[:, :, part]])))
            self._overview = np.concatenate(rows)
            if self._cancelled.is_set() and n_done < self.stored.n_samples:
                self._progress = Progress(stage="cancelled")
                return
            share = n_done / self.stored.n_samples
            left_s = (time.monotonic() - started_s) * (1.0 - share) / share
            self._progress = Progress(stage="separating", n_ready=n_done, left_s=left_s)
        self._progress = Progress(stage="ready", n_ready=self.stored.n_samples, left_s=0.0)


def shrinkage_by_player(shrinkage: Shrinkage, n_players: int) -> tuple[float, ...]:
    """Return how far the estimate of each of so many players is trusted; see `rebalance.audio.remix_as_edit`."""
    values = (shrinkage,) if isinstance(shrinkage, int | float) else tuple(shrinkage)
    return (float(values[min(max(n_players, 2) - 2, len(values) - 1)]),) * n_players


def _diagonal(index: int, n_signals: int) -> int:
    """Return where the power of a signal stands in a row of the upper triangle."""
    return index * n_signals - index * (index - 1) // 2
