"""How likely every player plays each pitch, frame by frame: what a tracker finds and a score can sharpen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation.player_tracker._combs import finer_shares

_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Posteriors:
    """For every player and frame, shares of all pitches and of silence.

    Parameters
    ----------
    values
        Shape ``(n_players, n_frames, n_pitches + 1)``, in [0, 1]; the last state is silence, the sum over states is 1.
    pitches_midi
        MIDI pitch of every state but silence, rising, shape ``(n_pitches,)``; 69 is 440 Hz, a third apart 33 cents.
    frame_times_s
        Centre of every frame in seconds, rising, shape ``(n_frames,)``; may begin before 0.
    instruments
        Of every player, as the challenge spells it.

    Raises
    ------
    AudioError
        If the shapes do not belong together, or values are no shares.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import Posteriors
    >>> values = np.array([[[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]], dtype=np.float32)
    >>> times_s, pitches_midi = np.array([0.0, 0.5]), np.array([60.0, 62.0])
    >>> posteriors = Posteriors(
    ...     values=values,
    ...     pitches_midi=pitches_midi,
    ...     frame_times_s=times_s,
    ...     instruments=("Oboe",),
    ... )
    >>> posteriors.activity.tolist()
    [[0.75, 0.0]]
    """

    values: NDArray[np.float32]
    pitches_midi: NDArray[np.float64]
    frame_times_s: NDArray[np.float64]
    instruments: tuple[str, ...]

    def __post_init__(self) -> None:
        expected = (len(self.instruments), len(self.frame_times_s), len(self.pitches_midi) + 1)
        if self.values.shape != expected:
            raise AudioError(where="posteriors", expected=f"shape {expected}", got=str(self.values.shape))
        if self.values.size and not (
            np.isfinite(self.values).all()
            and self.values.min() >= 0
            and np.allclose(self.values.sum(axis=-1), 1.0, atol=_SUM_TOLERANCE)
        ):
            raise AudioError(where="posteriors", expected="shares from 0 that sum to 1 over pitches and silence")

    @property
    def activity(self) -> NDArray[np.float32]:
        """How likely every player sounds, shape ``(n_players, n_frames)``, in [0, 1]."""
        activity: NDArray[np.float32] = np.float32(1.0) - self.values[:, :, -1]
        return activity

    def at_times(self, times_s: NDArray[np.float64]) -> Posteriors:
        """Return the posteriors of the nearest frames, shape ``(n_players, len(times_s), n_pitches + 1)``."""
        if not len(self.frame_times_s):
            raise AudioError(where="posteriors", expected="at least one frame", got="none")
        between = (self.frame_times_s[1:] + self.frame_times_s[:-1]) / 2
        nearest = np.searchsorted(between, times_s)
        return Posteriors(
            values=self.values[:, nearest],
            pitches_midi=self.pitches_midi,
            frame_times_s=np.asarray(times_s, dtype=np.float64),
            instruments=self.instruments,
        )

    def finer(self, n_steps: int) -> Posteriors:
        """Return the posteriors on a grid so many times as fine; see `finer_pitches`.

        Parameters
        ----------
        n_steps
            Of the new grid for each pitch; 1 changes nothing.

        Raises
        ------
        ConfigError
            If it is not positive.
        """
        if n_steps < 1:
            raise ConfigError(where="n_steps", expected="a positive number", got=str(n_steps))
        if n_steps == 1 or len(self.pitches_midi) < 2:
            return self
        distances = np.diff(self.pitches_midi, append=2 * self.pitches_midi[-1] - self.pitches_midi[-2])
        between = np.arange(n_steps) / n_steps
        pitches_midi = (self.pitches_midi[:, None] + distances[:, None] * between).ravel()
        return replace(self, values=finer_shares(self.values, n_steps), pitches_midi=pitches_midi)
