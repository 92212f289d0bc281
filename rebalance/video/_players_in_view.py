"""The players in a video, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError, MetadataError
from rebalance._base.files import StrPath, expanded
from rebalance.video._video_reading import read_frames, video_facts

_MISSING_S = 0.5
_MIN_FRAME_RATE = 2.0


def player_stripes(frames: NDArray[np.uint8], n_players: int) -> NDArray[np.uint8]:
    """Cut frames into upright stripes of one width, one for every player, from left to right.

    Parameters
    ----------
    frames
        Shape ``(n_frames, height, width, 3)``.
    n_players
        Who sit side by side.

    Returns
    -------
    NDArray
        Shape ``(n_players, n_frames, height, width // n_players, 3)``.

    Raises
    ------
    ConfigError
        If the frames are narrower than there are players.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.video import player_stripes
    >>> player_stripes(np.zeros((3, 32, 64, 3), np.uint8), 2).shape
    (2, 3, 32, 32, 3)
    """
    width = frames.shape[2] // max(n_players, 1)
    if n_players < 1 or not width:
        raise ConfigError(where="video", expected="a pixel or more for every player", got=f"{frames.shape[2]} in all")
    return np.stack([frames[:, :, place * width : (place + 1) * width] for place in range(n_players)])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayersInVideo:
    """The players of a video, at any times; see `rebalance.separation.PlayersAt`.

    Parameters
    ----------
    path
        The video file.
    n_players
        Who sit side by side, from left to right.
    last_s
        When the last frame is shown; later times see it.
    """

    path: Path
    n_players: int
    last_s: float

    def __call__(self, times_s: Sequence[float]) -> NDArray[np.uint8]:
        """Return bytes ``(n_players, n_times, height, width, 3)``."""
        return player_stripes(read_frames(self.path, [min(each, self.last_s) for each in times_s]), self.n_players)


def players_in_video(path: StrPath, n_players: int, *, sound_s: float) -> PlayersInVideo:
    """Return the players of a video once it is known that its pictures last as long as its sound.

    Parameters
    ----------
    path
        The video file.
    n_players
        Who sit side by side, from left to right.
    sound_s
        How long there is sound; the pictures may end half a second earlier.

    Raises
    ------
    MetadataError
        If the file has no pictures, fewer than two a second, or they end too early. At any other rate frames are found
        by the time at which they are shown.
    ConfigError
        If the pictures are narrower than there are players.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rebalance.video import players_in_video, write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_video(Path(folder, "duet.mp4"), np.zeros((50, 32, 64, 3), np.uint8), frame_rate=25)
    ...     players = players_in_video(Path(folder, "duet.mp4"), 2, sound_s=2.2)
    ...     print(players([0.0, 2.2]).shape)
    ...     players_in_video(Path(folder, "duet.mp4"), 2, sound_s=9.0)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.MetadataError: ...duet.mp4: expected 9.0 s of pictures, found 2.0 s
    """
    path = expanded(path)
    facts = video_facts(path)
    if facts.duration_s < sound_s - _MISSING_S:
        raise MetadataError(where=path, expected=f"{sound_s:.1f} s of pictures", found=f"{facts.duration_s:.1f} s")
    if facts.frame_rate < _MIN_FRAME_RATE:
        expected = f"{_MIN_FRAME_RATE:g} or more frames per second"
        raise MetadataError(where=path, expected=expected, found=f"{facts.frame_rate:g}")
    if n_players < 1 or facts.width < n_players:
        raise ConfigError(where=path, expected=f"a pixel or more for each of {n_players} players", got=f"{facts.width}")
    last_s = max(facts.duration_s - 1.0 / facts.frame_rate, 0.0)
    return PlayersInVideo(path=path, n_players=n_players, last_s=last_s)
