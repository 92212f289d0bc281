"""Separation by pitch: every player gets the bins of the mixture where the harmonics of its pitches lie."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation import (
    HOP_SIZE,
    WINDOW_SIZE,
    Described,
    SeparatorInfo,
    checked_mixture,
    inverse_spectrogram,
    known_instruments,
    pool_voices,
    source_names,
    spectrogram,
)
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, CombSettings
from rebalance.separation.player_tracker._pitch_masks import CombMasks, MaskMaker, RefinedMasks, fitting_refiner
from rebalance.separation.player_tracker._posteriors import Posteriors

if TYPE_CHECKING:
    from rebalance.separation.player_tracker._refiner import Refiner
    from rebalance.separation.player_tracker._tracker import Tracker

_BLOCK = 768 * HOP_SIZE  # in samples, about 18 s; a whole number of the places of a refiner
_BLOCK_MARGIN = 64 * HOP_SIZE  # further than masks see


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PitchSeparator(Described):
    """Tracks the players, then shares every bin of the mixture by the harmonics of their pitches.

    With a causal tracker it works as the mixture comes in, see `PitchStream`.

    Parameters
    ----------
    name
        Registry name or path.
    tracker
        Finds the pitches.
    refiner
        Makes masks of them; the combs alone do when None, and with a causal tracker.
    level
        Mean square the mixture is judged by; its own when None. A causal tracker follows the level itself.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import PitchSeparator, Tracker, TrackerConfig, TrackerNetwork
    >>> sizes = {"channels": (4, 8), "time_strides": (2,), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> tracker = Tracker(name="untrained", network=TrackerNetwork(TrackerConfig(**sizes)).eval(), card=ModelCard())
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 8192)).astype(np.float32)
    >>> estimates = PitchSeparator(name="combs alone", tracker=tracker)(mixture, ("Flute", "Cello"))
    >>> np.allclose(sum(estimates.values()), mixture, atol=1e-5)
    True
    """

    name: str
    tracker: Tracker
    refiner: Refiner | None = None
    level: float | None = None

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.tracker.sample_rate

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it: the card of its tracker, its size, its look-ahead."""
        networks = [*self.tracker.networks, *([] if self.refiner is None else [self.refiner])]
        samples = self.tracker.network.config.look_ahead_samples
        ahead_ms = math.inf if samples is None else 1e3 * samples / self.sample_rate
        return self.tracker.card.info(
            *networks, weights=self.tracker.weights, lookahead_ms=ahead_ms, mixture_consistent=True
        )

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        separated = self._as_it_comes_in if self.tracker.network.config.causal else self._as_a_whole
        estimates = separated(checked, known)
        if len(set(known)) == len(known):
            return estimates
        pooled = pool_voices(np.stack(list(estimates.values())), known, self.tracker.card.voice_trust)
        return dict(zip(estimates, pooled, strict=True))

    def _as_a_whole(self, mixture: NDArray[np.float32], instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Separate a mixture after its players are tracked to the end."""
        return separate_by_pitch(
            mixture,
            self.tracker(mixture, instruments, level=self.level),
            sample_rate=self.sample_rate,
            refiner=self.refiner,
            level=self.level,
        )

    def _as_it_comes_in(
        self, mixture: NDArray[np.float32], instruments: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """Separate a mixture block by block, none of which sees what comes after it."""
        from rebalance.separation.mask_network import whole_stream
        from rebalance.separation.player_tracker._pitch_stream import PitchStream

        make_stream = functools.partial(PitchStream, self.tracker.network, instruments)
        window = self.tracker.network.config.transform.window
        estimates = whole_stream(make_stream, mixture, sample_rate=self.sample_rate, window=window)
        return dict(zip(source_names(instruments), estimates, strict=True))

    def at_level(self, mean_square: float) -> PitchSeparator:
        """Return the same separator, which takes this for the mean square of every mixture."""
        return replace(self, level=mean_square)

    def trusting_voices(self, trust: float) -> PitchSeparator:
        """Return the same separator with another trust in what tells two voices apart."""
        card = replace(self.tracker.card, voice_trust=trust)
        return replace(self, tracker=replace(self.tracker, card=card))


def load_pitch_separator(name: str, path: StrPath, *, device: str) -> PitchSeparator:
    """Return the separator of a tracker's checkpoint.

    Parameters
    ----------
    name
        What the separator is to be called.
    path
        The tracker's checkpoint.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If the checkpoint or the device cannot be used.

    Examples
    --------
    >>> from rebalance.separation import shipped_weights
    >>> from rebalance.separation.player_tracker import load_pitch_separator
    >>> separator = load_pitch_separator("default", shipped_weights()["default"], device="cpu")
    >>> separator.refiner is None, separator.info.shrinkage == separator.tracker.card.shrinkage
    (False, True)
    """
    path = expanded(path)
    from rebalance.separation.networks import chosen_device
    from rebalance.separation.player_tracker._tracker import tracker_of
    from rebalance.separation.player_tracker._tracker_checkpoints import load_tracker_checkpoint

    checkpoint = load_tracker_checkpoint(path)
    chosen = chosen_device(device)
    refiner = None if checkpoint.refiner is None else checkpoint.refiner.to(chosen)
    return PitchSeparator(name=name, tracker=tracker_of(name, checkpoint, chosen), refiner=refiner)


def separate_by_pitch(
    mixture: Audio,
    posteriors: Posteriors,
    *,
    sample_rate: int,
    combs: CombSettings = PLAIN_COMBS,
    refiner: Refiner | None = None,
    level: float | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Separate a mixture whose players' pitches are known, more or less.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    posteriors
        Of a tracker, of a score, or of one sharpened by the other; any distance of frames.
    sample_rate
        Of the mixture in Hz.
    combs
        How pitches become masks where there is no refiner.
    refiner
        Network that improves on the masks of the combs; it wants its own sample rate and pitches.
    level
        Mean square by which the refiner judges the mixture; its own when None.

    Returns
    -------
    dict
        Signals of the mixture's shape by source name; they sum to the mixture.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape, or the posteriors have no frames.
    ConfigError
        If the sample rate is not positive, or rate or pitches are not those of the refiner.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import rms
    >>> from rebalance.separation.player_tracker import Posteriors, separate_by_pitch
    >>> time_s = np.arange(22_050) / 44_100
    >>> high, low = (0.1 * np.sin(2 * np.pi * pitch_hz * time_s) for pitch_hz in (880.0, 220.0))
    >>> values = np.zeros((2, 2, 3), dtype=np.float32)  # players, frames, pitches and silence
    >>> values[0, :, 1] = values[1, :, 0] = 1.0
    >>> posteriors = Posteriors(
    ...     values=values,
    ...     pitches_midi=np.array([57.0, 81.0]),
    ...     frame_times_s=np.array([0.0, 0.5]),
    ...     instruments=("Flute", "Cello"),
    ... )
    >>> estimates = separate_by_pitch((high + low)[None], posteriors, sample_rate=44_100)
    >>> rms(estimates["Flute"] - high) < 0.1 * rms(high)
    False
    """
    if sample_rate <= 0:
        raise ConfigError(where="sample rate", expected="a positive number of Hz", got=str(sample_rate))
    checked = checked_mixture(mixture)
    names = source_names(posteriors.instruments)
    level = float(np.mean(np.square(checked, dtype=np.float64))) if level is None else level
    if refiner is None:
        maker: MaskMaker = CombMasks(combs=combs, sample_rate=sample_rate)
    else:
        maker = RefinedMasks(refiner=fitting_refiner(refiner, posteriors, sample_rate), level=level)
    estimates = np.empty((len(names), *checked.shape), dtype=np.float32)
    for start in range(0, checked.shape[1], _BLOCK):
        first, last = max(start - _BLOCK_MARGIN, 0), start + _BLOCK + _BLOCK_MARGIN
        part = checked[:, first:last]
        own = slice(start - first, start - first + _BLOCK)
        separated = _separated(part, posteriors, first, sample_rate, maker)
        for estimate, signal in zip(estimates, separated, strict=True):
            estimate[:, start : start + _BLOCK] = signal[:, own]
    return dict(zip(names, estimates, strict=True))


def _separated(
    part: NDArray[np.float32], posteriors: Posteriors, first: int, sample_rate: int, maker: MaskMaker
) -> Iterator[NDArray[np.float32]]:
    """Give the estimates of a part of the mixture that begins at a sample, one after the other."""
    spectra = spectrogram(part)
    centres = (np.arange(spectra.shape[1]) + 1) * HOP_SIZE - WINDOW_SIZE / 2 + first
    for mask in maker(spectra, posteriors.at_times(centres / sample_rate)):
        yield inverse_spectrogram(spectra * mask, part.shape[1])
