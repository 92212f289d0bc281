"""What the tracker is to find: the pitch of every clean source, from its spectrum and the notes that were played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rebalance._base.pitches import hz_to_midi
from rebalance.separation.player_tracker import TrackerNetwork
from rebalance.training.data import Batch

IGNORED = -100
_N_HARMONICS = 8
_HARMONIC_DECAY = 0.8
_COMPRESSION = 0.25
_TINY = 1e-12
_SILENT_TO_OWN = 1e-4  # 40 dB below the loudest frame of the source
_SILENT_TO_MIXTURE = 3e-4  # 35 dB below the mixture at the frame
_TUNING_SEMITONES = 0.75  # how far a note sounds from what was written: vibrato, recorded notes out of tune
_MAX_OFFSET, _N_OFFSETS = 0.75, 11  # in states
_N_FINE_HARMONICS, _HIGHEST_HZ = 20, 8000.0
_RINGING_S = 0.5  # how long a note is looked for after its end
_SHARE_POWER = 4.0  # of sums of fourth roots of powers: shares of about the power


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchTargets:
    """What is to be found at every frame: a state, or two where one note rings on beside the next.

    Parameters
    ----------
    states
        The pitch of the note begun last, ``n_pitches`` for silence, `IGNORED` where there is no player; shape
        ``(batch, n, n_frames)``.
    earlier
        The pitch of the note before; anything where its share is 0.
    share
        Of the note before, in [0, 1].
    offsets, earlier_offsets
        How far the pitch lies above the centre of its state, in states.
    """

    states: Tensor
    earlier: Tensor
    share: Tensor
    offsets: Tensor
    earlier_offsets: Tensor

    @property
    def labels(self) -> Tensor:
        """The state that has the larger share, shape ``(batch, n, n_frames)``."""
        return torch.where(self.share > 0.5, self.earlier, self.states)

    @property
    def label_offsets(self) -> Tensor:
        """How far the pitch lies above the centre of its label, in states."""
        return torch.where(self.share > 0.5, self.earlier_offsets, self.offsets)

    def ahead(self, n_frames: int) -> PitchTargets:
        """Return at every frame what is to be found so many frames later; at the end nothing is."""
        if not n_frames:
            return self
        later = {part.name: getattr(self, part.name)[..., n_frames:] for part in fields(self)}
        moved = PitchTargets(**{name: functional.pad(values, (0, n_frames)) for name, values in later.items()})
        return replace(moved, states=functional.pad(later["states"], (0, n_frames), value=IGNORED))


def pitch_labels(network: TrackerNetwork, batch: Batch) -> Tensor:
    """Return the state of every player at every frame.

    A source is silent 40 dB below its loudest frame and 35 dB below the mixture; else its pitch is the bin of the
    largest sum of compressed harmonics: close to the note that was begun last, or to the one before as long as that
    rings louder, where the notes are known, within the range of the instrument elsewhere.

    Parameters
    ----------
    network
        Whose frames and pitches to use.
    batch
        Sources, and notes where they are known.

    Returns
    -------
    torch.Tensor
        Shape ``(batch, n, n_frames)``: a pitch, ``n_pitches`` for silence, `IGNORED` where there is no player.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.player_tracker import TrackerConfig, TrackerNetwork
    >>> from rebalance.training import pitch_labels
    >>> from rebalance.training.data import Batch
    >>> sizes = {"channels": [4, 8], "time_strides": [2], "width": 8, "n_layers": 1, "player_width": 8}
    >>> network = TrackerNetwork(TrackerConfig(**sizes))
    >>> phase = 2 * torch.pi * 440 * torch.arange(32_768) / 44_100
    >>> tone = sum(0.1 / partial * torch.sin(partial * phase) for partial in range(1, 7))
    >>> slots = network.slots(("Oboe",))[None]
    >>> labels = pitch_labels(network, Batch(sources=tone.expand(1, 1, 2, -1), slots=slots, gains_db=torch.zeros(1, 1)))
    >>> round(float(network.config.features.centres_hz[labels[0, 0, 16]]))
    440
    """
    return pitch_targets(network, batch).labels


def pitch_targets(network: TrackerNetwork, batch: Batch) -> PitchTargets:
    """Return what is to be found at every frame; see `pitch_labels`."""
    n_pitches = network.config.features.n_bins
    with torch.no_grad():
        spectra = source_spectra(network, batch.sources)
        powers = network.features.powers(spectra).reshape(*batch.slots.shape, n_pitches, -1)
        salience = harmonic_salience(powers, network.config.features.bins_per_octave)
        playable = network.playable[batch.slots.clamp(min=0)][:, :, :n_pitches, None]
        newest, before = near_notes(network, batch)
        possible = playable & newest
        own, states = salience.masked_fill(~possible, -1.0).max(dim=2)
        ringing, earlier = salience.masked_fill(~(playable & before), 0.0).max(dim=2)
        own, ringing = own.clamp(min=0.0) ** _SHARE_POWER, ringing**_SHARE_POWER
        share = ringing / (own + ringing).clamp(min=_TINY)
        level = powers.sum(dim=2)
        loudest, mixture = level.amax(dim=-1, keepdim=True), level.sum(dim=1, keepdim=True)
        silent = (level <= loudest * _SILENT_TO_OWN) | (level <= mixture * _SILENT_TO_MIXTURE)
        silent |= ~possible.any(dim=2)
        states = states.masked_fill(silent, n_pitches)
        absent = (batch.slots < 0)[..., None]
        amplitudes = spectra[:, 0].abs().reshape(*batch.slots.shape, *spectra.shape[-2:])
        offsets, earlier_offsets = (pitch_offsets(network, amplitudes, found) for found in (states, earlier))
    targets = PitchTargets(
        states=states.masked_fill(absent, IGNORED),
        earlier=earlier,
        share=share.masked_fill(silent | absent, 0.0),
        offsets=offsets.masked_fill(silent | absent, 0.0),
        earlier_offsets=earlier_offsets,
    )
    return targets.ahead(network.config.ahead_frames)


def source_pitches(
    network: TrackerNetwork, sources: NDArray[np.float32], instruments: Sequence[str]
) -> NDArray[np.float64]:
    """Return the pitch of clean sources, from their spectra alone, to 5 cents; see `pitch_labels`.

    Parameters
    ----------
    network
        Whose frames and pitches to use.
    sources
        Shape ``(n_sources, 2, n_samples)``.
    instruments
        Of every source.

    Returns
    -------
    NDArray
        MIDI pitches, shape ``(n_sources, n_frames)``, not a number where a source is silent.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import TrackerConfig, TrackerNetwork
    >>> from rebalance.training import source_pitches
    >>> sizes = {"channels": [4, 8], "time_strides": [2], "width": 8, "n_layers": 1, "player_width": 8}
    >>> network = TrackerNetwork(TrackerConfig(**sizes))
    >>> phase = 2 * np.pi * 440 * np.arange(32_768) / 44_100
    >>> tone = sum(0.1 / partial * np.sin(partial * phase) for partial in range(1, 7))
    >>> pitches = source_pitches(network, np.stack([tone, tone])[None].astype(np.float32), ("Oboe",))
    >>> pitches[0, 16].round(1)
    np.float64(69.0)
    """
    slots = network.slots(instruments)[None]
    batch = Batch(sources=torch.from_numpy(sources)[None], slots=slots, gains_db=torch.zeros(slots.shape))
    targets = pitch_targets(network, batch)
    midi = hz_to_midi(network.config.features.centres_hz)
    offsets = 12 / network.config.features.bins_per_octave * targets.label_offsets[0].cpu().numpy().astype(np.float64)
    labels = torch.where(targets.labels == IGNORED, len(midi), targets.labels)
    pitches: NDArray[np.float64] = np.append(midi, np.nan)[labels[0].cpu().numpy()] + offsets
    return pitches


def source_spectra(network: TrackerNetwork, sources: Tensor) -> Tensor:
    """Return spectra ``(batch * n, 1, n_bins, n_frames)`` of the sum of channels of ``(batch, n, 2, n_samples)``."""
    mono = sources.mean(dim=2).flatten(0, 1)[:, None]
    spectra: Tensor = network.transform(mono)
    return spectra


def pitch_offsets(network: TrackerNetwork, amplitudes: Tensor, states: Tensor) -> Tensor:
    """Return how far pitches lie above the centres of their states, in states, shape ``(batch, n, n_frames)``.

    Of places up to three quarters of a state away the one with the largest sum of square roots of harmonics.

    Parameters
    ----------
    network
        Whose frames and pitches to use.
    amplitudes
        Of clean sources, ``(batch, n, n_bins, n_frames)``.
    states
        Their pitches, ``(batch, n, n_frames)``; anything where there is none.
    """
    config = network.config
    spacing_hz = config.sample_rate / config.transform.window
    offsets = torch.linspace(-_MAX_OFFSET, _MAX_OFFSET, _N_OFFSETS, device=amplitudes.device)
    states = states.clamp(0, config.features.n_bins - 1)
    octaves = (states[..., None] + offsets) / config.features.bins_per_octave
    fundamentals = config.features.lowest_hz / spacing_hz * 2.0**octaves  # in bins of the transform
    heights = amplitudes.transpose(2, 3).sqrt()
    n_bins = heights.shape[-1]
    sums = torch.zeros_like(fundamentals)
    for harmonic in range(1, _N_FINE_HARMONICS + 1):
        places = fundamentals * harmonic
        lower = places.floor().clamp(max=n_bins - 2).long()
        part = places - lower
        heard = torch.gather(heights, 3, lower) * (1 - part) + torch.gather(heights, 3, lower + 1) * part
        sums += torch.where(places * spacing_hz < _HIGHEST_HZ, heard, 0.0)
    return offsets[sums.argmax(dim=-1)]


def harmonic_salience(powers: Tensor, bins_per_octave: int) -> Tensor:
    """Return for every pitch the weighted sum of its compressed harmonics, of the shape of the powers."""
    compressed = powers.clamp(min=_TINY).pow(_COMPRESSION)
    n_bins = powers.shape[-2]
    salience = torch.zeros_like(compressed)
    for harmonic in range(1, _N_HARMONICS + 1):
        shift = round(bins_per_octave * float(np.log2(harmonic)))
        salience[..., : n_bins - shift, :] += _HARMONIC_DECAY ** (harmonic - 1) * compressed[..., shift:, :]
    return salience


def near_notes(network: TrackerNetwork, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return which pitches the newest notes and those before allow, each ``(batch, n, n_pitches, n_frames)``.

    All pitches are the newest note's where the notes are unknown.
    """
    config = network.config
    n_frames = config.transform.n_frames(batch.sources.shape[-1])
    midi = hz_to_midi(config.pitches_hz.numpy())
    centres = config.heard_samples(n_frames)
    newest = np.ones((*batch.slots.shape, len(midi), n_frames), dtype=bool)
    before = np.zeros_like(newest)
    for mixture, its_notes in enumerate(batch.notes):
        for source, notes in enumerate(its_notes):
            if notes is not None:
                times = sounding_notes(notes, centres, batch.sample_rate)
                for allowed, current in zip((newest, before), times, strict=True):
                    allowed[mixture, source] = np.abs(midi[:, None] - current) <= _TUNING_SEMITONES
    return torch.from_numpy(newest).to(batch.sources.device), torch.from_numpy(before).to(batch.sources.device)


def sounding_notes(
    notes: NDArray[np.float32], times: NDArray[np.float64], sample_rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the MIDI pitch of the note begun last at every time, and that of the note before while it may ring.

    Not a number where there is none, or where the note before has the same pitch.

    Parameters
    ----------
    notes
        Shape ``(n_notes, 3)``: onset, end, MIDI pitch, by onset.
    times
        In samples, as the onsets.
    sample_rate
        In Hz.
    """
    if not len(notes):
        return np.full(len(times), np.nan), np.full(len(times), np.nan)
    index = np.searchsorted(notes[:, 0], times, side="right") - 1
    newest = np.where(index >= 0, notes[np.maximum(index, 0), 2], np.nan).astype(np.float64)
    earlier = notes[np.maximum(index - 1, 0)]
    rings = (index >= 1) & (times <= earlier[:, 1] + _RINGING_S * sample_rate)
    rings &= np.abs(earlier[:, 2] - newest) > 2 * _TUNING_SEMITONES
    return newest, np.where(rings, earlier[:, 2], np.nan).astype(np.float64)
