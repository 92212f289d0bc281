"""Separation by pitch: every player gets the bins of the mixture where the harmonics of its pitches lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebalance.audio import Audio
from rebalance.errors import ConfigError
from rebalance.remixing import Shrinkage
from rebalance.separation.posteriors import Posteriors
from rebalance.separation.protocol import checked_mixture, known_instruments, source_names
from rebalance.separation.stft import HOP_SIZE, WINDOW_SIZE, inverse_spectrogram, spectrogram

if TYPE_CHECKING:
    from rebalance.separation.player_tracking import Tracker

_A4_HZ, _A4_MIDI = 440.0, 69.0
_HIGHEST_HZ = 16_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CombSettings:
    """How pitches become masks.

    Parameters
    ----------
    width_bins
        Half width of a harmonic in bins of the transform; 2 is the main lobe of its window.
    n_harmonics
        At most so many harmonics.
    release
        What is left of a pitch one frame after it ended, after two, and so on: room and release.
    floor
        What every player gets everywhere, relative to the fundamental.
    envelopes
        Amplitude of harmonics 1, 2, .. by instrument; 1, 1/2, 1/3, .. where there is none.
    """

    width_bins: float = 2.0
    n_harmonics: int = 60
    release: tuple[float, ...] = (0.3, 0.3, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    floor: float = 1e-3
    envelopes: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))


PLAIN_COMBS = CombSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchSeparator:
    """Tracks the players, then shares every bin of the mixture by the harmonics of their pitches.

    Parameters
    ----------
    name
        Registry name or path.
    tracker
        Finds the pitches.
    combs
        Makes masks of them.
    """

    name: str
    tracker: Tracker
    combs: CombSettings = PLAIN_COMBS
    needs_sources: bool = False
    mixture_consistent: bool = True

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.tracker.sample_rate

    @property
    def shrinkage(self) -> Shrinkage:
        """How far the remix should trust the estimates, by the number of sources."""
        return self.tracker.card.shrinkage

    @property
    def n_parameters(self) -> int:
        """How many trained numbers it has."""
        return sum(parameter.numel() for parameter in self.tracker.network.parameters())

    @property
    def lookahead_ms(self) -> float | None:
        """None: it sees the whole signal."""
        return None

    @property
    def external_training_data(self) -> bool:
        """Whether it learnt from data outside the challenge's list: all training data of a card is."""
        return bool(self.tracker.card.data)

    @property
    def weights(self) -> str | None:
        """Sha256 of the file the tracker came from."""
        return self.tracker.weights

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        known = known_instruments(instruments)
        checked = checked_mixture(mixture)
        posteriors = self.tracker(checked, known)
        return separate_by_pitch(checked, posteriors, combs=self.combs, sample_rate=self.sample_rate)

    def informed_by(self, sources: Mapping[str, Audio]) -> PitchSeparator:  # noqa: ARG002 - part of the protocol
        """Return itself: it works from the mixture alone."""
        return self


def separate_by_pitch(
    mixture: Audio, posteriors: Posteriors, *, sample_rate: int, combs: CombSettings = PLAIN_COMBS
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
        How pitches become masks.

    Returns
    -------
    dict
        Signals of the mixture's shape by source name; they sum to the mixture.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape, or the posteriors have no frames.
    ConfigError
        If the sample rate is not positive.
    """
    if sample_rate <= 0:
        raise ConfigError(f"sample rate: expected a positive number of Hz, got {sample_rate}")
    checked = checked_mixture(mixture)
    names = source_names(posteriors.instruments)
    spectra = spectrogram(checked)
    centres = (np.arange(spectra.shape[1]) + 1) * HOP_SIZE - WINDOW_SIZE / 2
    masks = pitch_masks(posteriors.at_times(centres / sample_rate), sample_rate=sample_rate, combs=combs)
    return {
        name: inverse_spectrogram((spectra * mask).astype(np.complex64), checked.shape[1])
        for name, mask in zip(names, masks, strict=True)
    }


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
    pitched = released(posteriors.values[:, :, :-1], combs.release)
    frequencies_hz = _A4_HZ * 2.0 ** ((posteriors.pitches_midi - _A4_MIDI) / 12)
    shapes = {
        instrument: harmonic_combs(frequencies_hz, sample_rate, combs, combs.envelopes.get(instrument))
        for instrument in set(posteriors.instruments)
    }
    masks = np.empty((*pitched.shape[:2], WINDOW_SIZE // 2 + 1), dtype=np.float32)
    for player, instrument in enumerate(posteriors.instruments):
        masks[player] = pitched[player] @ shapes[instrument]
    masks += np.float32(combs.floor)
    masks /= masks.sum(axis=0)
    return masks


def released(pitched: NDArray[np.float32], release: Sequence[float]) -> NDArray[np.float32]:
    """Return shares of pitches ``(n_players, n_frames, n_pitches)`` that linger as the release says."""
    lingering = pitched.copy()
    for delay, share in enumerate(release[: max(pitched.shape[1] - 1, 0)], start=1):
        np.maximum(lingering[:, delay:], np.float32(share) * pitched[:, :-delay], out=lingering[:, delay:])
    return lingering


def harmonic_combs(
    frequencies_hz: NDArray[np.float64],
    sample_rate: int,
    combs: CombSettings,
    envelope: Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Return the amplitudes of harmonic sounds in the bins of the transform.

    Parameters
    ----------
    frequencies_hz
        Of the fundamentals, shape ``(n_pitches,)``.
    sample_rate
        In Hz.
    combs
        Width and number of the harmonics.
    envelope
        Amplitudes of harmonics 1, 2, ..; 1/h when None and beyond its end.

    Returns
    -------
    NDArray
        Shape ``(n_pitches, n_bins)``, the first harmonic having about 1.
    """
    spacing_hz = sample_rate / WINDOW_SIZE
    bins = np.arange(WINDOW_SIZE // 2 + 1)
    harmonics = np.arange(1, combs.n_harmonics + 1)
    amplitudes = 1.0 / harmonics
    if envelope is not None:
        given = np.asarray(envelope, dtype=np.float64)[: combs.n_harmonics]
        amplitudes[: len(given)] = given
    highest_hz = min(_HIGHEST_HZ, sample_rate / 2)
    shapes = np.zeros((len(frequencies_hz), len(bins)), dtype=np.float32)
    for shape, frequency_hz in zip(shapes, frequencies_hz, strict=True):
        places = harmonics * frequency_hz / spacing_hz
        for place, amplitude in zip(places[places * spacing_hz < highest_hz], amplitudes, strict=False):
            first, last = int(np.ceil(place - combs.width_bins)), int(place + combs.width_bins) + 1
            near = bins[max(first, 0) : last]
            lobe = 0.5 + 0.5 * np.cos(np.pi * (near - place) / combs.width_bins)
            shape[near] = np.maximum(shape[near], amplitude * lobe)
    return shapes
