"""Masks of the pitches that players may have: of combs of harmonics alone, or of a network that refines them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.pitches import hz_to_midi, midi_to_hz
from rebalance.separation import WINDOW_SIZE
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, CombSettings, harmonic_combs, released
from rebalance.separation.player_tracker._posteriors import Posteriors

if TYPE_CHECKING:
    from rebalance.separation.player_tracker._refiner import Refiner

COMBS_PER_PITCH = 9  # 3.7 cents apart; half of that is a bin of the transform at 10 kHz
_REFINED_SHARE = 0.7  # of the masks, the rest being those of the combs: what a refiner is too sure of costs less
_REFINED_SHARE_OF_MANY = 0.9  # where the combs of so many players lie on each other that they are worth less
_MANY_PLAYERS = 4


def pitch_masks(posteriors: Posteriors, *, sample_rate: int, combs: CombSettings = PLAIN_COMBS) -> NDArray[np.float32]:
    """Return the share every player has of every bin.

    Parameters
    ----------
    posteriors
        A frame for each of the transform's.
    sample_rate
        In Hz.
    combs
        How pitches become masks.

    Returns
    -------
    NDArray
        Shape ``(n_players, n_frames, n_bins)``, in [0, 1], summing to 1 over the players.
    """
    return shares_of_bins(sums_of_combs(posteriors, sample_rate, combs), combs.floor)


def sums_of_combs(posteriors: Posteriors, sample_rate: int, combs: CombSettings) -> NDArray[np.float32]:
    """Return what the combs of every player's pitches amount to, ``(n_players, n_frames, n_bins)``."""
    shapes = player_combs(posteriors.pitches_midi, posteriors.instruments, sample_rate, combs)
    pairs = zip(posteriors.values[:, :, :-1], shapes, strict=True)
    return np.stack([sum_of_combs(own, shape, combs.release) for own, shape in pairs])


def player_combs(
    pitches_midi: NDArray[np.float64],
    instruments: Sequence[str],
    sample_rate: int,
    combs: CombSettings,
    *,
    window: int = WINDOW_SIZE,
) -> list[NDArray[np.float32]]:
    """Return the combs of every player, each ``(n_pitches, n_bins)``."""
    frequencies_hz = midi_to_hz(pitches_midi)
    envelopes = [combs.envelopes.get(instrument) for instrument in instruments]
    shapes = {
        envelope: harmonic_combs(frequencies_hz, sample_rate, combs, envelope, window=window)
        for envelope in set(envelopes)
    }
    return [shapes[envelope] for envelope in envelopes]


def sum_of_combs(
    pitched: NDArray[np.float32], shapes: NDArray[np.float32], release: Sequence[float] = ()
) -> NDArray[np.float32]:
    """Return what the combs of one player's pitches amount to, ``(n_frames, n_bins)``.

    Few pitches of a fine grid have a share in any frame; the others cost nothing.

    Parameters
    ----------
    pitched
        Shares of pitches, ``(n_frames, n_pitches)``.
    shapes
        Combs, ``(n_pitches, n_bins)``.
    release
        See `released`.
    """
    heard = pitched.any(axis=0)
    total: NDArray[np.float32] = released(pitched[:, heard], release) @ shapes[heard]
    return total


def shares_of_bins(sums: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
    """Return masks that sum to 1 over the players.

    Parameters
    ----------
    sums
        Of combs, ``(n_players, n_frames, n_bins)``.
    floor
        What every player gets everywhere.
    """
    masks = sums + np.float32(floor)
    masks /= masks.sum(axis=0)
    return masks


class MaskMaker(Protocol):
    """Makes masks of the spectra of a mixture and the posteriors of its frames."""

    def __call__(self, spectra: NDArray[np.complex64], posteriors: Posteriors) -> NDArray[np.float32]:
        """Return masks ``(n_players, n_frames, n_bins)`` for spectra ``(n_channels, n_frames, n_bins)``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CombMasks:
    """Masks of the combs alone."""

    combs: CombSettings
    sample_rate: int

    def __call__(self, spectra: NDArray[np.complex64], posteriors: Posteriors) -> NDArray[np.float32]:  # noqa: ARG002
        return pitch_masks(posteriors.finer(COMBS_PER_PITCH), sample_rate=self.sample_rate, combs=self.combs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedMasks:
    """Masks a network makes of combs and mixture."""

    refiner: Refiner
    level: float

    def __call__(self, spectra: NDArray[np.complex64], posteriors: Posteriors) -> NDArray[np.float32]:
        import torch

        device = self.refiner.combs.device
        known = self.refiner.config.instruments
        sample_rate = self.refiner.config.sample_rate
        combs = sums_of_combs(posteriors.finer(COMBS_PER_PITCH), sample_rate, PLAIN_COMBS)
        pitched = released(posteriors.values[:, :, :-1], PLAIN_COMBS.release)
        players = torch.tensor([[known.index(instrument) for instrument in posteriors.instruments]], device=device)
        with torch.inference_mode():
            shares = self.refiner(
                torch.from_numpy(spectra.swapaxes(1, 2))[None].to(device),
                torch.from_numpy(pitched)[None].to(device),
                players,
                torch.tensor([self.level], dtype=torch.float32, device=device),
                torch.from_numpy(combs)[None].to(device),
            )
            masks: NDArray[np.float32] = shares[0].transpose(1, 2).cpu().numpy()
        plain = shares_of_bins(combs, PLAIN_COMBS.floor)
        share = np.float32(_REFINED_SHARE_OF_MANY if len(masks) >= _MANY_PLAYERS else _REFINED_SHARE)
        return share * masks + (1 - share) * plain


def fitting_refiner(refiner: Refiner, posteriors: Posteriors, sample_rate: int) -> Refiner:
    """Return a refiner if the posteriors are such as it knows."""
    config = refiner.config
    own = hz_to_midi(config.features.centres_hz)
    if (
        sample_rate != config.sample_rate
        or own.shape != posteriors.pitches_midi.shape
        or not np.allclose(own, posteriors.pitches_midi, atol=0.01)
    ):
        raise ConfigError(
            where="refiner",
            expected=f"{config.sample_rate} Hz and its own {len(own)} pitches",
            got=f"{sample_rate} Hz and {len(posteriors.pitches_midi)}",
        )
    return refiner
