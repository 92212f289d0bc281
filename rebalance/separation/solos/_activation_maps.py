"""Where in the picture a sound comes from, by The Sound of Pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.separation import checked_mixture
from rebalance.separation.solos._seen_frames import framed
from rebalance.separation.solos._sound_of_pixels import SoundOfPixels

_HEAT_SHARE = 0.6
_WARM = np.array([255.0, 40.0, 0.0])
_COLD = np.array([0.0, 40.0, 160.0])


def activation_maps(
    network: SoundOfPixels, mixture: NDArray[np.floating], frames: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return how much of a mixture every place of the picture is heard to make.

    The mask of a place follows from what is seen there alone; its activation is the energy of the mixture it lets
    through, relative to that of the mixture.

    Parameters
    ----------
    network
        In evaluation mode.
    mixture
        Shape ``(n_channels, n_samples)`` at the network's rate, at most a segment; what follows is left out.
    frames
        Of one view, ``(n_players, n_frames, height, width, 3)``: several views give a map each.

    Returns
    -------
    NDArray
        Shape ``(n_players, h, w)``, in [0, 1], of the middle square of every view.

    Raises
    ------
    AudioError
        If the mixture cannot be used.
    ConfigError
        If the frames cannot.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import PixelsConfig, SoundOfPixels, VisionConfig, activation_maps
    >>> vision = VisionConfig(widths=(4, 8), blocks=(1, 1), frame_size=32)
    >>> network = SoundOfPixels(PixelsConfig(widths=(4, 8), vision=vision)).eval()
    >>> activation_maps(network, np.ones((1, 4_000)), np.zeros((2, 3, 32, 32, 3), np.uint8)).shape
    (2, 8, 8)

    Source: Zhao et al. 2018, section 3.3, the sound of pixels.
    """
    checked = checked_mixture(np.asarray(mixture, dtype=np.float32))
    if frames.ndim != 5 or frames.dtype != np.uint8 or not frames.size:
        raise ConfigError(
            where="frames", expected="bytes (n_players, n_frames, height, width, 3)", got=str(frames.shape)
        )
    config = network.config
    segment = np.zeros(config.spectrum.segment_samples, dtype=np.float32)
    mono = checked.mean(axis=0)[: len(segment)]
    segment[: len(mono)] = mono
    with torch.inference_mode():
        device = network.transform.window.device
        transform = network.transform
        heard = transform.warp(transform.bounded(transform.spectra(torch.from_numpy(segment)[None].to(device))))
        components = network.components(heard)
        seen = torch.from_numpy(framed(frames, config.vision.frame_size)).to(device)
        places = network.vision.maps(seen).sigmoid()
        energy = heard.square()
        maps = [_energy_of_places(network, components, energy, view) for view in places]
        return torch.stack(maps).cpu().numpy().astype(np.float32)


def _energy_of_places(
    network: SoundOfPixels, components: torch.Tensor, energy: torch.Tensor, view: torch.Tensor
) -> torch.Tensor:
    """Return the share of the energy that every place of one view lets through, shape ``(h, w)``."""
    by_place = view.flatten(1).T[None]
    shares = [
        (network.chosen(components, by_place[:, place : place + 1]).sigmoid()[0] * energy).sum()
        for place in range(by_place.shape[1])
    ]
    return (torch.stack(shares) / energy.sum().clamp_min(1e-12)).reshape(view.shape[-2:])


def over_frame(
    frame: NDArray[np.uint8], activation: NDArray[np.floating], *, lowest: float | None = None
) -> NDArray[np.uint8]:
    """Return a frame's middle square with its activation laid over it, from blue, the least, to red, the most.

    Parameters
    ----------
    frame
        Shape ``(height, width, 3)``.
    activation
        Shape ``(h, w)``.
    lowest
        What is painted blue; the least of the map when None.

    Returns
    -------
    NDArray
        Bytes ``(side, side, 3)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.solos import over_frame
    >>> picture = over_frame(np.zeros((4, 6, 3), np.uint8), np.array([[0.0, 1.0]]))
    >>> picture.shape, picture[0, 0].tolist(), picture[0, 3].tolist()
    ((4, 4, 3), [0, 24, 96], [153, 24, 0])
    """
    side = min(frame.shape[:2])
    top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
    square = frame[top : top + side, left : left + side].astype(np.float64)
    low = float(activation.min()) if lowest is None else lowest
    spread = max(float(activation.max()) - low, 1e-12)
    planes = torch.from_numpy(np.clip((activation - low) / spread, 0.0, 1.0).astype(np.float32))[None, None]
    heat = torch.nn.functional.interpolate(planes, size=(side, side), mode="bilinear")[0, 0, :, :, None].numpy()
    colour = heat * _WARM + (1.0 - heat) * _COLD
    return np.asarray(np.rint((1.0 - _HEAT_SHARE) * square + _HEAT_SHARE * colour), dtype=np.uint8)
