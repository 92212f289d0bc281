"""Who plays when: stretches in which a player sounds, from the posteriors of a tracker."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.files import StrPath, expanded, write_text
from rebalance.separation.player_tracker import Posteriors

ACTIVITY_COLUMNS = ("player", "start_s", "end_s", "confidence")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stretch:
    """A stretch in which a player sounds.

    Parameters
    ----------
    start_s, end_s
        From the start of the recording, in seconds.
    confidence
        Mean share of all pitches in the posteriors, in [0, 1].

    Raises
    ------
    AudioError
        If it ends before it begins, or its confidence is no share.
    """

    start_s: float
    end_s: float
    confidence: float

    def __post_init__(self) -> None:
        if not (self.end_s > self.start_s and 0 <= self.confidence <= 1):
            raise AudioError(
                where="stretch", expected="an end after the start and a confidence from 0 to 1", got=str(self)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings:
    """When a player counts as sounding.

    Parameters
    ----------
    begins
        The mean activity over `smoothing_s` that a stretch has to reach, in [0, 1].
    ends
        It goes on until the activity falls below this.
    smoothing_s
        In seconds.
    gap_s
        Shorter breaks do not end a stretch: rests within a phrase.
    shortest_s
        Shorter stretches are left out.

    Raises
    ------
    ConfigError
        If not 0 <= ends <= begins <= 1, or a duration is negative.
    """

    begins: float = 0.92
    ends: float = 0.8
    smoothing_s: float = 0.2
    gap_s: float = 0.4
    shortest_s: float = 0.2

    def __post_init__(self) -> None:
        if not (0 <= self.ends <= self.begins <= 1 and min(self.smoothing_s, self.gap_s, self.shortest_s) >= 0):
            raise ConfigError(
                where="activity",
                expected="0 <= ends <= begins <= 1 and durations from 0",
                got=(
                    f"begins {self.begins}, ends {self.ends}, durations {self.smoothing_s}, {self.gap_s} and"
                    f" {self.shortest_s} s"
                ),
            )


def activity_of(posteriors: Posteriors, settings: ActivitySettings | None = None) -> tuple[tuple[Stretch, ...], ...]:
    """Return the stretches in which every player sounds, by time.

    Parameters
    ----------
    posteriors
        Of a tracker, or of one sharpened by a score.
    settings
        The usual when None.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import Posteriors, activity_of
    >>> silence = np.ones((1, 100, 1), dtype=np.float32)
    >>> silence[0, 20:60] = 0.0
    >>> shares = np.concatenate([1 - silence, silence], axis=-1)
    >>> played = Posteriors(
    ...     values=shares, pitches_midi=np.array([60.0]), frame_times_s=np.arange(100) / 50, instruments=("Oboe",)
    ... )
    >>> [(round(it.start_s, 1), round(it.end_s, 1)) for it in activity_of(played)[0]]
    [(0.5, 1.1)]
    """
    chosen = settings or ActivitySettings()
    times = posteriors.frame_times_s
    if not len(times):
        return ((),) * len(posteriors.instruments)
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 2 * max(float(times[0]), 0.01)
    return tuple(tuple(_stretches(row.astype(np.float64), times, step_s, chosen)) for row in posteriors.activity)


def _stretches(
    activity: NDArray[np.float64], times_s: NDArray[np.float64], step_s: float, settings: ActivitySettings
) -> Iterator[Stretch]:
    """Give the stretches of one player."""
    smooth = scipy.ndimage.uniform_filter1d(activity, max(round(settings.smoothing_s / step_s), 1), mode="nearest")
    joined: list[tuple[int, int]] = []
    for first, last in runs_of(smooth >= settings.ends):
        if smooth[first:last].max() < settings.begins:
            continue
        if joined and (first - joined[-1][1]) * step_s <= settings.gap_s:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    for first, last in joined:
        start_s = max(float(times_s[first]) - step_s / 2, 0.0)
        end_s = float(times_s[last - 1]) + step_s / 2
        if end_s - start_s >= settings.shortest_s and end_s > start_s:
            confidence = min(float(activity[first:last].mean()), 1.0)
            yield Stretch(start_s=start_s, end_s=end_s, confidence=confidence)


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and past-last place of every run of true flags."""
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in changes.reshape(-1, 2)]


def activity_table(stretches: Mapping[str, Sequence[Stretch]]) -> str:
    """Return the stretches of all players as CSV, by time: player, start_s, end_s, confidence.

    Examples
    --------
    >>> from rebalance.transcription import Stretch, activity_table
    >>> flute = [Stretch(start_s=0.0, end_s=2.5, confidence=0.98)]
    >>> oboe = [Stretch(start_s=1.0, end_s=2.0, confidence=0.95)]
    >>> print(activity_table({"Oboe": oboe, "Flute": flute}), end="")
    player,start_s,end_s,confidence
    Flute,0.00,2.50,0.980
    Oboe,1.00,2.00,0.950
    """
    rows = sorted((stretch, player) for player, played in stretches.items() for stretch in played)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ACTIVITY_COLUMNS)
    for stretch, player in rows:
        writer.writerow([player, f"{stretch.start_s:.2f}", f"{stretch.end_s:.2f}", f"{stretch.confidence:.3f}"])
    return text.getvalue()


def write_activity_table(path: StrPath, stretches: Mapping[str, Sequence[Stretch]]) -> None:
    """Write the stretches of all players as CSV, see `activity_table`.

    Parameters
    ----------
    path
        Where to, a CSV file.
    stretches
        By player, in time order.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from rebalance.transcription import Stretch, write_activity_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "activity.csv"
    ...     write_activity_table(path, {"Oboe": [Stretch(start_s=1.0, end_s=2.0, confidence=0.95)]})
    ...     path.read_text().splitlines()
    ['player,start_s,end_s,confidence', 'Oboe,1.00,2.00,0.950']
    """
    write_text(expanded(path), activity_table(stretches))
