"""What IASS minimises: the distance of magnitudes and the cross-entropy of the instrument playing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from rebalance._base.errors import ConfigError
from rebalance.separation.iass import Iass, IassConfig, active_frames
from rebalance.training.data import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class IassObjective:
    """The loss of an IASS on plain mixtures whose first source is its target.

    Parameters
    ----------
    activity_weight
        Of the cross-entropy of the instrument playing, beside the squared distance of magnitudes.
    pitch_weight
        Of that of the pitches sounding, where the network has a head for them.
    parts
        Names of the terms of the loss.

    Raises
    ------
    ConfigError
        If a weight is negative.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import Iass, IassConfig
    >>> from rebalance.training.data import Batch
    >>> from rebalance.training.instrument_aware import IassObjective
    >>> network = Iass(IassConfig(target="Flute", channels=(2, 2, 2))).eval()
    >>> torch.nn.init.zeros_(network.head[-1].weight), torch.nn.init.zeros_(network.head[-1].bias)
    (Parameter containing: ...
    >>> sources, slots = torch.randn(1, 2, 1, 8192), torch.tensor([[0, 1]])
    >>> loudest = torch.ones(1, 2)
    >>> batch = Batch(sources=sources, slots=slots, gains_db=torch.zeros(1, 2), loudest_rms=loudest)
    >>> round(IassObjective()(network, batch)["activity"].item(), 4)  # of a logit of 0
    0.6931

    Source: Hung and Lerch 2020 (arXiv 2008.00616). How both losses are balanced is not told: 1 to 1 is ours. In
    training the mask is not multiplied by the activity.
    """

    activity_weight: float = 1.0
    pitch_weight: float = 1.0
    parts: tuple[str, ...] = ("loss", "magnitude", "activity", "pitch")

    def __post_init__(self) -> None:
        if min(self.activity_weight, self.pitch_weight) < 0:
            raise ConfigError(where="IASS objective", expected="weights from 0", got=str(self))

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the loss and its parts."""
        if not isinstance(network, Iass):
            raise ConfigError(where="IASS objective", expected="an IASS", got=type(network).__name__)
        if batch.loudest_rms is None:
            raise ConfigError(where="IASS objective", expected="batches of a plain mixer", got="no loudest frames")
        config, target = network.config, batch.sources[:, 0, 0]
        magnitudes = network.spectra(batch.mixture[:, 0]).abs()
        output = network(magnitudes)
        magnitude = (output.mask.float() * magnitudes - network.spectra(target).abs()).square().mean()
        playing = active_frames(target, config.window, config.hop, loudest_rms=batch.loudest_rms[:, 0])
        activity = binary_cross_entropy_with_logits(output.activity.float(), playing.float())
        pitch = _pitch_loss(output.pitches.float(), batch, config)
        loss = magnitude + self.activity_weight * activity + self.pitch_weight * pitch
        return {"loss": loss, "magnitude": magnitude, "activity": activity, "pitch": pitch}


def _pitch_loss(logits: torch.Tensor, batch: Batch, config: IassConfig) -> torch.Tensor:
    """Return the cross-entropy of the pitches of the target, 0 without a head for them."""
    if not config.n_pitches:
        return logits.new_zeros(())
    rolls = [pitch_roll(notes[0], config, logits.shape[-1]) for notes in batch.notes]
    return binary_cross_entropy_with_logits(logits, torch.from_numpy(np.stack(rolls)).to(logits.device))


def pitch_roll(notes: NDArray[np.float32] | None, config: IassConfig, n_frames: int) -> NDArray[np.float32]:
    """Return which semitones sound at the middle of every frame: 1 or 0, shape ``(n_pitches, n_frames)``.

    Parameters
    ----------
    notes
        Shape ``(n_notes, 3)``: onset and end in samples, MIDI pitch; those beyond the range are left out.
    config
        Of the network that has the head.
    n_frames
        From the first sample on.

    Raises
    ------
    ConfigError
        If the notes are unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.iass import IassConfig
    >>> from rebalance.training.instrument_aware import pitch_roll
    >>> config = IassConfig(target="Flute", n_pitches=3, lowest_midi=60)
    >>> pitch_roll(np.array([[1000, 2500, 61.2], [0, 9000, 99]], dtype=np.float32), config, 4)
    array([[0., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    if notes is None:
        raise ConfigError("the stems of the target have no notes beside them", where="pitch head")
    roll = np.zeros((config.n_pitches, n_frames), dtype=np.float32)
    for onset, end, pitch in notes:
        row = round(float(pitch)) - config.lowest_midi
        if 0 <= row < config.n_pitches:
            first, last = (max(int(np.ceil(sample / config.hop)), 0) for sample in (onset, end))
            roll[row, first:last] = 1.0
    return roll
