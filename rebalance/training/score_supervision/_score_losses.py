"""The losses of "Transcription Is All You Need", equations (1) to (11), as pure functions.

Sums, as in the paper, over instruments, notes or bins, and frames; one value for every clip of a batch.

Source: Hung, Wichern and Le Roux 2021 (arXiv 2010.11904).
"""

from __future__ import annotations

import torch
from torch import Tensor

_MIN_CHANCE = 1e-6


def binary_cross_entropy(targets: Tensor, chances: Tensor) -> Tensor:
    """Return ``-y log p - (1 - y) log(1 - p)`` for each entry; chances are kept from 0 and 1."""
    kept = chances.clamp(_MIN_CHANCE, 1.0 - _MIN_CHANCE)
    return -(targets * torch.log(kept) + (1.0 - targets) * torch.log(1.0 - kept))


def score_loss(chances: Tensor, roll: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return equation (1), shape ``(batch,)``.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.
    weights
        Of the instruments, ``(n_instruments,)``; all alike when None.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import score_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(score_loss(chances, torch.eye(2)[None, :, :, None])), 4)
    1.196
    """
    entropies = binary_cross_entropy(roll, chances)
    if weights is not None:
        entropies = entropies * weights[:, None, None]
    return entropies.flatten(1).sum(dim=1)


def pitch_loss(chances: Tensor, roll: Tensor) -> Tensor:
    """Return equation (2): whether any instrument plays a note; see `score_loss`.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import pitch_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(pitch_loss(chances, torch.eye(2)[None, :, :, None])), 4)
    0.734
    """
    return binary_cross_entropy(roll.amax(dim=1), chances.amax(dim=1)).flatten(1).sum(dim=1)


def instrument_loss(chances: Tensor, roll: Tensor) -> Tensor:
    """Return equation (3): whether an instrument plays any note; see `score_loss`.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import instrument_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(instrument_loss(chances, torch.eye(2)[None, :, :, None])), 4)
    0.734
    """
    return binary_cross_entropy(roll.amax(dim=2), chances.amax(dim=2)).flatten(1).sum(dim=1)


def transcription_loss(
    chances: Tensor, roll: Tensor, *, alpha: float = 0.03, beta: float = 0.1, weights: Tensor | None = None
) -> Tensor:
    """Return equation (4); see `score_loss`.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.
    alpha, beta
        Weights of the losses of instruments and of pitches, from 0.
    weights
        Of the instruments, ``(n_instruments,)``; all alike when None.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import transcription_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(transcription_loss(chances, torch.eye(2)[None, :, :, None])), 4)
    1.2914
    """
    others = alpha * instrument_loss(chances, roll) + beta * pitch_loss(chances, roll)
    return score_loss(chances, roll, weights) + others


def own_part(roll: Tensor, instrument: int) -> Tensor:
    """Return a score with the notes of one instrument alone, shape as given."""
    alone = torch.zeros_like(roll)
    alone[:, instrument] = roll[:, instrument]
    return alone


def own_score_loss(chances: Tensor, roll: Tensor, instrument: int, weights: Tensor | None = None) -> Tensor:
    """Return equation (5): what is transcribed of one estimate should be its instrument's part and nothing else.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.
    instrument
        Place of the estimate's instrument, from 0.
    weights
        Of the instruments, ``(n_instruments,)``; all alike when None.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import own_score_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(own_score_loss(chances, torch.eye(2)[None, :, :, None], 0)), 4)
    1.6015
    """
    return score_loss(chances, own_part(roll, instrument), weights)


def mixture_loss(mixture: Tensor, estimates: Tensor, active: Tensor) -> Tensor:
    """Return equation (6), or (7) where activity differs from bin to bin, shape ``(batch,)``.

    The active estimates should sum to the mixture, the others be silent.

    Parameters
    ----------
    mixture
        Magnitudes, ``(batch, n_bins, n_frames)``.
    estimates
        Magnitudes, ``(batch, n_instruments, n_bins, n_frames)``.
    active
        0 or 1, of a shape that broadcasts to that of the estimates: ``(batch, n_instruments, 1, 1)`` by the clip,
        `harmonic_activity` by the bin.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import mixture_loss
    >>> mixture = torch.tensor([5.0, 3.0])[None, :, None]
    >>> estimates = torch.tensor([[4.0, 1.0], [2.0, 1.0]])[None, :, :, None]
    >>> [float(mixture_loss(mixture, estimates, torch.tensor(on)[None, :, None, None])) for on in ([1, 1], [1, 0])]
    [2.0, 6.0]
    """
    playing = active.to(estimates.dtype)
    missed = (mixture - (playing * estimates).sum(dim=1)).abs()
    superfluous = ((1.0 - playing) * estimates).abs().sum(dim=1)
    return (missed + superfluous).flatten(1).sum(dim=1)


def adversarial_mixture_loss(chances: Tensor, roll: Tensor) -> Tensor:
    """Return equation (9): a mixture of estimates should not be transcribed right; see `score_loss`.

    It has no lower bound but that of the chances, which are kept from 0 and 1.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import adversarial_mixture_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(adversarial_mixture_loss(chances, torch.eye(2)[None, :, :, None])), 4)
    -1.196
    """
    return -score_loss(chances, roll)


def adversarial_transcription_loss(chances: Tensor, roll: Tensor, instrument: int) -> Tensor:
    """Return equation (10): of an estimate the parts of all others should be transcribed, and not its own.

    Parameters
    ----------
    chances
        That an instrument plays a note at a frame, ``(batch, n_instruments, n_notes, n_frames)``.
    roll
        The score of the same shape, 0 and 1.
    instrument
        Place of the estimate's instrument, from 0.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import adversarial_transcription_loss
    >>> chances = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
    >>> round(float(adversarial_transcription_loss(chances, torch.eye(2)[None, :, :, None], 0)), 4)
    2.5823
    """
    return score_loss(chances, roll - own_part(roll, instrument))


def classification_loss(logits: Tensor, active: Tensor) -> Tensor:
    """Return the loss of a classifier of activity, shape ``(batch,)``.

    Parameters
    ----------
    logits
        ``(batch, n_instruments, 1, n_frames)``.
    active
        Whether an instrument plays at a frame, ``(batch, n_instruments, n_frames)``.

    Examples
    --------
    >>> import torch
    >>> from rebalance.training.score_supervision import classification_loss
    >>> round(float(classification_loss(torch.zeros(1, 2, 1, 5), torch.ones(1, 2, 5))), 3)  # ten times ln 2
    6.931

    Source: Pishdadian, Wichern and Le Roux 2020, with the network of Hung et al.
    """
    return binary_cross_entropy(active.to(logits.dtype), torch.sigmoid(logits[:, :, 0])).flatten(1).sum(dim=1)
