"""The tracker of players: mixture and list of players to posteriors over pitch."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebalance._base.files import StrPath
from rebalance._base.pitches import hz_to_midi
from rebalance.audio import Audio, resample
from rebalance.separation import Described, checked_mixture, known_instruments
from rebalance.separation.player_tracker._posteriors import Posteriors

if TYPE_CHECKING:
    import torch

    from rebalance.separation import ModelCard
    from rebalance.separation.player_tracker._tracker_checkpoints import TrackerCheckpoint
    from rebalance.separation.player_tracker._tracker_network import TrackerNetwork

_CHUNK_S = 20.0
_MARGIN_S = 3.0
_LEAST_SHARE = np.float32(1e-6)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tracker(Described):
    """Finds who plays which pitch when.

    Parameters
    ----------
    name
        Of its weights, or their path.
    network
        On the device it runs on.
    card
        What is known of it.
    weights
        Sha256 of the file it came from; None for a network from elsewhere.
    second
        Another network that is asked, too, and has as much to say: the geometric mean of both is what is found. None
        for none.

    Raises
    ------
    ConfigError
        If the second has other pitches, frames or instruments, or one of the two is causal.

    Examples
    --------
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import Tracker, TrackerConfig, TrackerNetwork
    >>> sizes = {"channels": (4, 8), "time_strides": (2,), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> tracker = Tracker(name="untrained", network=TrackerNetwork(TrackerConfig(**sizes)), card=ModelCard())
    >>> tracker.sample_rate, tracker.weights is None
    (44100, True)
    """

    name: str
    network: TrackerNetwork
    card: ModelCard
    weights: str | None = None
    second: TrackerNetwork | None = None

    def __post_init__(self) -> None:
        if self.second is not None:
            self.network.config.require_alike(self.second.config, f"tracker {self.name!r}")

    @property
    def networks(self) -> tuple[TrackerNetwork, ...]:
        """All that are asked."""
        return (self.network,) if self.second is None else (self.network, self.second)

    @property
    def sample_rate(self) -> int:
        """Rate in Hz it works at; mixtures of other rates are resampled."""
        return self.network.config.sample_rate

    def __call__(
        self,
        mixture: Audio,
        instruments: Sequence[str],
        sample_rate: int | None = None,
        *,
        level: float | None = None,
    ) -> Posteriors:
        """Track the players of a mixture.

        Parameters
        ----------
        mixture
            Shape ``(n_channels, n_samples)``, one or two channels, at least one sample.
        instruments
            Of every player; of two voices of one instrument the higher part is the first.
        sample_rate
            In Hz; that of the tracker when None.
        level
            Mean square the mixture is judged by; its own when None. A causal tracker follows the level itself.

        Raises
        ------
        AudioError
            If the mixture is empty, not finite, or of another shape.
        ConfigError
            If an instrument is unknown or has too many voices.
        """
        known = known_instruments(instruments)
        signal = checked_mixture(mixture)
        if sample_rate is not None and sample_rate != self.sample_rate:
            signal = np.asarray(resample(signal, sample_rate, self.sample_rate), dtype=np.float32)
        values = functools.reduce(mean_of_shares, (self._values(each, signal, known, level) for each in self.networks))
        return Posteriors(
            values=values,
            pitches_midi=hz_to_midi(self.network.config.pitches_hz.numpy()),
            frame_times_s=self.network.config.meant_samples(values.shape[1]) / self.sample_rate,
            instruments=known,
        )

    def _values(
        self, network: TrackerNetwork, signal: NDArray[np.float32], instruments: Sequence[str], level: float | None
    ) -> NDArray[np.float32]:
        """Return what a network finds in a signal of any length, in chunks."""
        from rebalance.separation.networks import within_memory

        if network.config.causal:
            return _tracked_as_it_comes_in(network, instruments, signal, self._samples(_CHUNK_S))
        level = float(np.mean(np.square(signal, dtype=np.float64))) if level is None else level
        slots = network.slots(instruments).numpy()
        order = np.argsort(slots)  # so that the order of the players changes not a digit
        in_chunks = functools.partial(_tracked_in_chunks, network, slots[order], level, signal)
        values = within_memory(
            in_chunks,
            self._samples(_CHUNK_S),
            smaller=lambda size: size // 2 if size > 4 * self._samples(_MARGIN_S) else None,
            n_samples=int,
        )
        return values[np.argsort(order)]

    def _samples(self, duration_s: float) -> int:
        """Return a duration in samples."""
        return int(duration_s * self.sample_rate)


def load_tracker(name_or_path: StrPath = "default", *, device: str = "auto") -> Tracker:
    """Return a tracker by the name of weights that ship, or from a checkpoint.

    Parameters
    ----------
    name_or_path
        A name of weights that ship, or where a checkpoint lies.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ConfigError
        If there is no such tracker, or the checkpoint or the device cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import load_tracker
    >>> tracker = load_tracker("default", device="cpu")
    >>> phase = 2 * np.pi * 440 * np.arange(22_050) / 44_100
    >>> tone = sum(0.05 / partial * np.sin(partial * phase) for partial in range(1, 9)).astype(np.float32)
    >>> posteriors = tracker(np.stack([tone, tone]), ("Oboe", "Cello"))
    >>> loudest = posteriors.values[0].mean(axis=0)[:-1].argmax()
    >>> round(float(posteriors.pitches_midi[loudest]))
    69
    """
    from rebalance.separation.networks import chosen_device
    from rebalance.separation.player_tracker._tracker_checkpoints import load_tracker_checkpoint, tracker_path

    return tracker_of(str(name_or_path), load_tracker_checkpoint(tracker_path(name_or_path)), chosen_device(device))


def mean_of_shares(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the geometric mean of what two trackers find.

    Parameters
    ----------
    first, second
        Shares of pitches and silence that sum to 1 over the last axis, of one shape; stay as they are.

    Returns
    -------
    NDArray
        Of that shape, summing to 1 over the last axis; a share of one tracker counts as 1e-6 at least, so that what it
        rules out the other may still hold likely.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.player_tracker import mean_of_shares
    >>> sure, torn = np.array([1.0, 0.0], dtype=np.float32), np.array([0.5, 0.5], dtype=np.float32)
    >>> [round(float(share), 3) for share in mean_of_shares(sure, torn)]
    [0.999, 0.001]
    """
    mean = np.sqrt((first + _LEAST_SHARE) * (second + _LEAST_SHARE))
    mean /= mean.sum(axis=-1, keepdims=True)
    return mean


def tracker_of(name: str, checkpoint: TrackerCheckpoint, device: torch.device) -> Tracker:
    """Return the tracker of a checkpoint, on a device."""
    return Tracker(
        name=name,
        network=checkpoint.network.to(device),
        card=checkpoint.card,
        weights=checkpoint.sha256,
        second=None if checkpoint.second is None else checkpoint.second.network.to(device),
    )


def _tracked_as_it_comes_in(
    network: TrackerNetwork, instruments: Sequence[str], signal: NDArray[np.float32], chunk_samples: int
) -> NDArray[np.float32]:
    """Return the posteriors of a causal network, ``(n_players, n_frames, n_pitches + 1)``, those after the end too."""
    from rebalance.separation.player_tracker._pitch_stream import TrackerStream

    config = network.config.transform
    stream = TrackerStream(network, instruments)
    n_after = config.n_frames(signal.shape[1]) * config.hop - signal.shape[1]
    padded = np.pad(signal, ((0, 0), (0, n_after)))
    starts = range(0, padded.shape[1], chunk_samples)
    return np.concatenate([stream.push(padded[:, start : start + chunk_samples]) for start in starts], axis=1)


def _tracked_in_chunks(
    network: TrackerNetwork, slots: NDArray[np.int64], level: float, signal: NDArray[np.float32], chunk_samples: int
) -> NDArray[np.float32]:
    """Return posteriors ``(n_players, n_frames, n_pitches + 1)``, each frame from the chunk it is most within."""
    config = network.config
    hop = config.transform.hop
    step = hop * config.frame_alignment
    margin = -(-int(_MARGIN_S * config.sample_rate) // step)
    chunk = max(chunk_samples // step, 3 * margin)
    n_frames = config.transform.n_frames(signal.shape[1])
    values = np.empty((len(slots), n_frames, config.features.n_bins + 1), dtype=np.float32)
    first = 0
    while True:
        start, stop = first * step, (first + chunk) * step
        last = stop >= signal.shape[1]
        tracked = _tracked(network, slots, level, signal[:, start:stop])
        begin = (first + margin if first else 0) * config.frame_alignment
        end = n_frames if last else (first + chunk - margin) * config.frame_alignment
        offset = first * config.frame_alignment
        values[:, begin:end] = tracked[:, begin - offset : end - offset]
        if last:
            return values
        first += chunk - 2 * margin


def _tracked(
    network: TrackerNetwork, slots: NDArray[np.int64], level: float, chunk: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Run the network on ``(n_channels, n)``; return ``(n_players, n_frames, n_pitches + 1)``."""
    import torch

    device = network.transform.analysis_window.device
    with torch.inference_mode():
        signal = torch.from_numpy(np.ascontiguousarray(chunk))[None].to(device)
        levels = torch.tensor([level], dtype=torch.float32, device=device)
        logits = network(signal, torch.from_numpy(slots)[None].to(device), levels).logits
        shares: NDArray[np.float32] = torch.softmax(logits[0], dim=1).transpose(1, 2).cpu().numpy()
    return shares
