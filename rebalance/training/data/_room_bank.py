"""Spectra of many room responses, computed once, decoded to stereo for every mixture anew."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import MetadataError, RebalanceError
from rebalance._base.files import StrPath, expanded, replacing
from rebalance._base.running import run_items
from rebalance._base.seeding import stream
from rebalance.synthesis.sound import draw_hall, simulate_response

PLAYERS = 5
TAPS = 32_768
_FADE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomBank:
    """Responses of halls as spectra.

    Parameters
    ----------
    spectra
        Shape ``(n_halls, PLAYERS, 3, n_bins)``, complex: omnidirectional, ahead, left; direct sound of amplitude 1.
    """

    spectra: torch.Tensor

    @property
    def n_halls(self) -> int:
        """Number of halls."""
        return int(self.spectra.shape[0])

    def stereo(
        self, halls: torch.Tensor, players: torch.Tensor, azimuth: torch.Tensor, half_angle: torch.Tensor
    ) -> torch.Tensor:
        """Decode responses to coincident cardioids.

        Parameters
        ----------
        halls, players
            Indices, shape ``(n,)``.
        azimuth, half_angle
            In radians, shape ``(n,)``; see `rebalance.synthesis.sound.decode_stereo`.

        Returns
        -------
        torch.Tensor
            Spectra of shape ``(n, 2, n_bins)``.
        """
        omni, ahead, left = self.spectra[halls, players].unbind(1)
        cos, sin = torch.cos(azimuth)[:, None], torch.sin(azimuth)[:, None]
        turned_ahead, turned_left = cos * ahead - sin * left, sin * ahead + cos * left
        middle = omni + torch.cos(half_angle)[:, None] * turned_ahead
        side = torch.sin(half_angle)[:, None] * turned_left
        return 0.5 * torch.stack([middle + side, middle - side], dim=1)


def simulate_rooms(path: Path, *, n_halls: int, seed: int, jobs: int | None = None) -> None:
    """Simulate halls with `PLAYERS` players each and write their responses to a NumPy file.

    Raises
    ------
    RebalanceError
        If a hall fails.
    """
    responses = np.zeros((n_halls, PLAYERS, 3, TAPS), dtype=np.float32)

    def keep(hall: int, response: NDArray[np.float32]) -> None:
        responses[hall] = response

    work = functools.partial(_simulated, seed)
    if failures := run_items(range(n_halls), work, title="simulating halls", jobs=jobs, on_result=keep):
        raise RebalanceError(f"{failures[0].reason}", where=f"hall {failures[0].item}")
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, responses.astype(np.float16))


def open_rooms(path: StrPath, *, n_fft: int, device: torch.device) -> RoomBank:
    """Read responses written by `simulate_rooms` as spectra for signals of `n_fft` samples.

    Parameters
    ----------
    path
        A file of `simulate_rooms`.
    n_fft
        Length of the transform in samples: signal and response together.
    device
        Where the spectra are kept.

    Raises
    ------
    MetadataError
        If the file is not one of theirs.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import torch
    >>> from rebalance.training.data import open_rooms
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "rooms.npy")
    ...     np.save(path, np.zeros((2, 5, 3, 32_768), dtype=np.float16))  # halls, players, directions, samples
    ...     rooms = open_rooms(path, n_fft=65_536, device=torch.device("cpu"))
    >>> rooms.n_halls, rooms.spectra.shape[-1]
    (2, 32769)
    """
    path = expanded(path)
    try:
        responses = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MetadataError(where=path, expected="a NumPy file of room responses", more=f": {error}") from error
    if responses.ndim != 4 or responses.shape[1:] != (PLAYERS, 3, TAPS):
        raise MetadataError(where=path, expected=f"shape (n_halls, {PLAYERS}, 3, {TAPS})", got=str(responses.shape))
    halls = [torch.fft.rfft(torch.from_numpy(hall.astype(np.float32)), n=n_fft) for hall in responses]
    return RoomBank(spectra=torch.stack(halls).to(device))


def _simulated(seed: int, hall: int) -> NDArray[np.float32]:
    """Return the responses to all players of one hall, shape ``(PLAYERS, 3, TAPS)``, faded out at the end."""
    drawn = draw_hall(stream(seed, "hall", str(hall)))
    responses = np.zeros((PLAYERS, 3, TAPS), dtype=np.float32)
    fade = np.ones(TAPS, dtype=np.float32)
    fade[-_FADE:] = np.linspace(1.0, 0.0, _FADE, dtype=np.float32)
    for player in range(PLAYERS):
        channels = simulate_response(drawn, player).channels[:, :TAPS]
        responses[player, :, : channels.shape[1]] = channels
    return responses * fade
