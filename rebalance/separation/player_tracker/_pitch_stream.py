"""Tracking and separation by pitch of sound as it comes in: blocks of any size in, finished samples out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance._base.errors import ConfigError
from rebalance._base.pitches import hz_to_midi
from rebalance.audio import Audio
from rebalance.separation import checked_mixture, known_instruments
from rebalance.separation.mask_network import ASYMMETRIC, IncomingFrames, MaskedStream, Transform
from rebalance.separation.networks import Memory
from rebalance.separation.player_tracker._combs import PLAIN_COMBS, finer_shares, released
from rebalance.separation.player_tracker._pitch_masks import COMBS_PER_PITCH, player_combs, shares_of_bins, sum_of_combs
from rebalance.separation.player_tracker._tracker_network import TrackerNetwork


class TrackerStream:
    """One recording on its way through a causal tracker.

    Parameters
    ----------
    network
        A causal tracker, on its device.
    instruments
        Of every player.

    Raises
    ------
    ConfigError
        If the network is not causal, or cannot track these instruments.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import TrackerConfig, TrackerNetwork, TrackerStream
    >>> sizes = {"channels": (4, 8), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> config = TrackerConfig(**sizes, causal=True, time_strides=(1,), frames_per_block=1)
    >>> stream = TrackerStream(TrackerNetwork(config).eval(), ("Flute", "Cello"))
    >>> [stream.push(np.zeros((2, n_samples), dtype=np.float32)).shape for n_samples in (1000, 100, 3000)]
    [(2, 0, 289), (2, 1, 289), (2, 3, 289)]
    """

    def __init__(self, network: TrackerNetwork, instruments: Sequence[str]) -> None:
        if not network.config.causal:
            raise ConfigError("a stream needs a causal tracker; this one listens to the whole recording")
        slots = network.slots(known_instruments(instruments))
        self._network = network
        self._order = torch.argsort(slots)  # so that the order of the players changes not a digit
        self._slots = slots[self._order][None].to(network.transform.analysis_window.device)
        self._frames = IncomingFrames(network.transform)
        self._memory: Memory = {}

    @torch.inference_mode()
    def push(self, block: Audio) -> NDArray[np.float32]:
        """Take the next block; return the shares of the frames that are whole by now.

        Parameters
        ----------
        block
            Shape ``(n_channels, n)``.

        Returns
        -------
        NDArray
            Shape ``(n_players, n_frames, n_pitches + 1)``; the last state is silence.

        Raises
        ------
        AudioError
            If the block is not audio, or has another number of channels than the blocks before.
        """
        spectra = self._frames.push(torch.from_numpy(checked_mixture(block)).to(self._slots.device))
        if not spectra.shape[-1]:
            return np.zeros((len(self._order), 0, self._network.config.features.n_bins + 1), dtype=np.float32)
        maps = self._network.maps_so_far(spectra, self._memory)
        logits = self._network.tracked(maps, self._slots, self._memory).logits[0]
        shares: NDArray[np.float32] = torch.softmax(logits, dim=1).transpose(1, 2).cpu().numpy()
        return shares[np.argsort(self._order.numpy())]


class PitchStream(MaskedStream):
    """One recording on its way through a causal tracker and the combs of what it finds; see `MaskedStream`.

    Masks are those of the pitches found last. The look-ahead is 219 samples, 4.97 ms.

    Parameters
    ----------
    network
        A causal tracker, on its device.
    instruments
        Of every player.

    Raises
    ------
    ConfigError
        If the network is not causal, or cannot track these instruments.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import PitchStream, TrackerConfig, TrackerNetwork
    >>> sizes = {"channels": (4, 8), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> config = TrackerConfig(**sizes, causal=True, time_strides=(1,), frames_per_block=1)
    >>> stream = PitchStream(TrackerNetwork(config).eval(), ("Flute", "Cello"))
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    >>> parts = [stream.push(mixture[:, :3000]), stream.push(mixture[:, 3000:]), stream.finish()]
    >>> [part.shape[-1] for part in parts]
    [2860, 1980, 160]
    """

    def __init__(self, network: TrackerNetwork, instruments: Sequence[str]) -> None:
        device = network.transform.analysis_window.device
        super().__init__(Transform(ASYMMETRIC).to(device), len(instruments))
        self._tracker = TrackerStream(network, instruments)
        self._hop = network.config.transform.hop
        steps = np.arange(network.config.features.n_bins * COMBS_PER_PITCH) / COMBS_PER_PITCH
        lowest_midi = hz_to_midi(network.config.features.lowest_hz)
        pitches_midi = lowest_midi + 12 / network.config.features.bins_per_octave * steps
        self._combs = player_combs(
            pitches_midi, instruments, network.config.sample_rate, PLAIN_COMBS, window=ASYMMETRIC.window
        )
        self._lingering = np.zeros((len(instruments), 0, len(steps)), dtype=np.float32)
        self._n_seen = 0
        self._first_known = -1  # before the first frame of the tracker everybody gets the same
        self._known = torch.full((len(instruments), ASYMMETRIC.n_bins, 1), 1 / len(instruments), device=device)

    def push(self, block: Audio) -> NDArray[np.float32]:
        """Take the next block ``(n_channels, n)``; return what is finished; see `MaskedStream.push`."""
        shares = self._tracker.push(block)
        if shares.shape[1]:
            masks = torch.from_numpy(self._comb_masks(shares)).to(self._device).transpose(1, 2)
            self._known = torch.cat([self._known, masks], dim=-1)
        return super().push(block)

    def _comb_masks(self, shares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the masks of the tracker's next frames, ``(n_players, n_frames, n_bins)``."""
        on_combs = finer_shares(shares, COMBS_PER_PITCH)[..., :-1]
        pitched = np.concatenate([self._lingering, on_combs], axis=1)
        self._lingering = pitched[:, -len(PLAIN_COMBS.release) :]
        newest = released(pitched, PLAIN_COMBS.release)[:, -shares.shape[1] :]
        sums = [sum_of_combs(own, shapes) for own, shapes in zip(newest, self._combs, strict=True)]
        return shares_of_bins(np.stack(sums), PLAIN_COMBS.floor)

    def _masks(self, spectra: Tensor) -> Tensor:
        """Return for every frame the mask of the tracker's last frame that ended before it."""
        ends = (torch.arange(spectra.shape[-1], device=self._device) + self._n_seen + 1) * ASYMMETRIC.hop
        self._n_seen += spectra.shape[-1]
        index = (ends // self._hop - 1 - self._first_known).clamp(max=self._known.shape[-1] - 1)
        masks = self._known[..., index][None]
        last = int(index[-1])
        self._first_known += last
        self._known = self._known[..., last:]
        return masks
