"""Scores as the losses want them: piano rolls, the bins of harmonics, and who plays in a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance._base.pitches import midi_to_hz
from rebalance.separation.score_supervised import LOWEST_NOTE, N_NOTES, TcnConfig

DEFAULT_N_HARMONICS = 20


def piano_roll(
    notes: Sequence[tuple[int, NDArray[np.float32]]], config: TcnConfig, n_frames: int, *, sample_rate: int
) -> Tensor:
    """Return a piano roll ``(n_instruments, 88, n_frames)`` of 0 and 1.

    Parameters
    ----------
    notes
        For every player its instrument's place in the network, and its notes ``(n_notes, 3)``: onset and end in
        samples, MIDI pitch. What lies outside the clip is cut.
    config
        Of the network, for its hop and rate.
    n_frames
        Length of the roll.
    sample_rate
        Of the onsets and ends, in Hz.

    Raises
    ------
    ConfigError
        If a note lies outside the keys of a piano, or is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.score_supervised import TcnConfig
    >>> from rebalance.training.score_supervision import piano_roll
    >>> notes = np.array([[0.0, 1000.0, 69.0]], dtype=np.float32)  # two frames of a' at 16 kHz
    >>> roll = piano_roll([(1, notes)], TcnConfig(role="transcriptor"), 4, sample_rate=16_000)
    >>> roll[1, 48].tolist(), float(roll.sum())
    ([1.0, 1.0, 0.0, 0.0], 2.0)
    """
    roll = torch.zeros(len(config.instruments), N_NOTES, n_frames)
    frames_per_sample = config.sample_rate / config.hop / sample_rate
    for place, played in notes:
        if not np.isfinite(played).all():
            raise ConfigError(where="notes", expected="finite numbers", found="NaN or infinity")
        keys = np.rint(played[:, 2]).astype(int) - LOWEST_NOTE
        if len(keys) and not (keys.min() >= 0 and keys.max() < N_NOTES):
            odd = played[(keys < 0) | (keys >= N_NOTES), 2][0]
            last = LOWEST_NOTE + N_NOTES - 1
            raise ConfigError(where="notes", expected=f"MIDI pitches from {LOWEST_NOTE} to {last}", got=f"{odd:g}")
        onsets = np.rint(np.maximum(played[:, 0], 0.0) * frames_per_sample).astype(int)
        ends = np.maximum(np.rint(played[:, 1] * frames_per_sample).astype(int), onsets + 1)
        for onset, end, key, raw_end in zip(onsets, ends, keys, played[:, 1], strict=True):
            if raw_end > 0:
                roll[place, key, onset:end] = 1.0
    return roll


def harmonic_matrix(config: TcnConfig, n_harmonics: int = DEFAULT_N_HARMONICS) -> Tensor:
    """Return which bins lie within one of a harmonic of each note, ``(88, n_bins)`` of 0 and 1.

    Harmonics begin with the fundamental, which the counting from 1 of the paper would leave out.

    Parameters
    ----------
    config
        Gives the sample rate and the bins.
    n_harmonics
        How many of each note, from 1.

    Examples
    --------
    >>> from rebalance.separation.score_supervised import TcnConfig
    >>> from rebalance.training.score_supervision import harmonic_matrix
    >>> a1 = harmonic_matrix(TcnConfig(role="separator"), 3)[12]  # 55 Hz; a bin is 7.8 Hz wide
    >>> a1.nonzero().flatten().tolist()
    [6, 7, 8, 13, 14, 15, 20, 21, 22]
    """
    bin_hz = config.sample_rate / config.window
    fundamentals = midi_to_hz(np.arange(N_NOTES, dtype=np.float64) + LOWEST_NOTE)
    bins = np.rint(fundamentals[:, None] * np.arange(1, n_harmonics + 1) / bin_hz).astype(int)
    matrix = torch.zeros(N_NOTES, config.n_bins)
    for shift in (-1, 0, 1):
        for note, places in enumerate(bins + shift):
            matrix[note, places[(places >= 0) & (places < config.n_bins)]] = 1.0
    return matrix


def harmonic_activity(roll: Tensor, matrix: Tensor) -> Tensor:
    """Return in which bins the score lets every instrument sound: the set of equation (7).

    Parameters
    ----------
    roll
        ``(batch, n_instruments, 88, n_frames)``.
    matrix
        See `harmonic_matrix`.

    Returns
    -------
    torch.Tensor
        ``(batch, n_instruments, n_bins, n_frames)`` of 0 and 1.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.score_supervised import TcnConfig
    >>> from rebalance.training.score_supervision import harmonic_activity, harmonic_matrix
    >>> roll = torch.zeros(1, 1, 88, 1)
    >>> roll[0, 0, 48] = 1.0  # a'
    >>> active = harmonic_activity(roll, harmonic_matrix(TcnConfig(role="separator"), 1))
    >>> active[0, 0, :, 0].nonzero().flatten().tolist()
    [55, 56, 57]
    """
    return (torch.einsum("bint,nf->bift", roll, matrix) > 0).to(roll.dtype)


def clip_activity(roll: Tensor) -> Tensor:
    """Return who plays in a clip at all: the set of equation (6), ``(batch, n_instruments, 1, 1)``.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import clip_activity
    >>> roll = torch.zeros(1, 2, 88, 4)
    >>> roll[0, 1, 48, 2] = 1.0
    >>> clip_activity(roll).flatten().tolist()
    [0.0, 1.0]
    """
    return roll.amax(dim=(2, 3), keepdim=True)
