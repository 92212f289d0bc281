"""What systems are worth on whole pieces: SDR, energy in silence, and how right the activity is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance.separation import (
    frame_median_db,
    inverse_spectrogram,
    sdr_db,
    silent_energy_db,
    spectrogram,
    wiener,
)
from rebalance.separation.iass import (
    ActivityScores,
    Iass,
    IassReading,
    active_frames,
    activity_scores,
    instrument_weight,
    read_through,
)
from rebalance.separation.xumx import Xumx

_BLOCK_FRAMES = 1024
_NO_SCORES = ActivityScores(precision=None, recall=None, f1=None)

Estimates = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceFigures:
    """The figures of one system on one target of one piece.

    Parameters
    ----------
    system, target, piece
        Names of system, target instrument and piece.
    seed
        Of the training; -1 where nothing was trained.
    frame_sdr_db
        Median over frames of 1 s by the rules of museval.
    sdr_db
        Of the whole piece.
    silent_db
        See `rebalance.separation.silent_energy_db`; None where the target never rests.
    precision, recall, f1
        Of the frames in which the target is said to play; None for systems that do not say.
    active_share
        Of the frames, in which the target plays.
    """

    system: str
    target: str
    piece: str
    seed: int
    frame_sdr_db: float
    sdr_db: float
    silent_db: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    active_share: float


def measured_bounds(target: str, pieces: Mapping[str, NDArray[np.float32]]) -> Iterator[PieceFigures]:
    """Give the figures of the mixture as estimate, the lower bound, and of the ideal binary mask, the upper bound.

    Parameters
    ----------
    target
        Its name.
    pieces
        By name, target and rest, shape ``(2, n_samples)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.instrument_aware import measured_bounds
    >>> tones = np.sin(np.outer([0.1, 0.5], np.arange(44_100))).astype(np.float32)
    >>> [(figures.system, round(figures.sdr_db)) for figures in measured_bounds("Flute", {"duet": tones})]
    [('input', 0), ('ideal binary mask', 44)]
    """
    for piece, sources in pieces.items():
        mixture = sources.sum(axis=0)
        estimates = {"input": mixture, "ideal binary mask": _binary_mask(sources)}
        for system, estimate in estimates.items():
            yield _figures(system, target, piece, -1, sources[0], estimate, _NO_SCORES)


def measured_network(
    system: str, network: Iass | Xumx, pieces: Mapping[str, NDArray[np.float32]], seed: int
) -> Iterator[PieceFigures]:
    """Give the figures of a network: an IASS that knows activity without weight, with it, and with a Wiener step after.

    Parameters
    ----------
    system
        ``"iass"``, ``"iass-no-bce"`` or ``"open-unmix"``; see `IassExperiment`.
    network
        In evaluation mode, of one target.
    pieces
        By name, target and rest at the level of training, shape ``(2, n_samples)``.
    seed
        Seed of the training of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.iass import Iass, IassConfig
    >>> from rebalance.training.instrument_aware import measured_network
    >>> network = Iass(IassConfig(target="Flute", channels=(2, 2, 2))).eval()
    >>> tones = np.sin(np.outer([0.1, 0.5], np.arange(44_100))).astype(np.float32)
    >>> [figures.system for figures in measured_network("iass", network, {"duet": tones}, seed=0)]
    ['iass, no weight', 'iass, weight', 'iass, weight and Wiener']
    """
    target = network.config.target if isinstance(network, Iass) else network.config.targets[0]
    for piece, sources in pieces.items():
        mixture = torch.from_numpy(sources.sum(axis=0))
        if isinstance(network, Xumx):
            estimate = _open_unmix_estimate(network, mixture)
            yield _figures(system, target, piece, seed, sources[0], estimate, _NO_SCORES)
            continue
        reading = read_through(network, network.spectra(mixture).abs())
        if system != "iass":
            estimate = _masked(network, mixture, reading.mask)
            yield _figures(system, target, piece, seed, sources[0], estimate, _NO_SCORES)
            continue
        scores = _activity_scores(network, sources[0], reading)
        for variant, estimate in _variants(network, mixture, reading).items():
            yield _figures(variant, target, piece, seed, sources[0], estimate, scores)


def _variants(network: Iass, mixture: torch.Tensor, reading: IassReading) -> Estimates:
    """Return what one checkpoint gives without the weight, with it, and with a Wiener step after."""
    weighted = reading.mask * torch.from_numpy(instrument_weight(reading.logits))
    return {
        "iass, no weight": _masked(network, mixture, reading.mask),
        "iass, weight": _masked(network, mixture, weighted),
        "iass, weight and Wiener": _wiener_filtered(network, mixture, weighted),
    }


def _activity_scores(network: Iass, target: NDArray[np.float32], reading: IassReading) -> ActivityScores:
    """Return how right the filtered activity is."""
    played = active_frames(torch.from_numpy(target), network.config.window, network.config.hop).numpy()
    return activity_scores(played, instrument_weight(reading.logits))


def _masked(network: Iass, mixture: torch.Tensor, mask: torch.Tensor) -> NDArray[np.float32]:
    """Return the signal of a mask with the mixture's phase."""
    with torch.inference_mode():
        return network.signals(mask * network.spectra(mixture), len(mixture)).numpy()


def _wiener_filtered(network: Iass, mixture: torch.Tensor, mask: torch.Tensor) -> NDArray[np.float32]:
    """Return the signal after a Wiener step between target and what its mask leaves."""
    with torch.inference_mode():
        spectra = network.spectra(mixture)
        target = mask * spectra.abs()
        magnitudes = torch.stack([target, (spectra.abs() - target).clamp_min(0.0)])
        filtered = wiener(magnitudes.swapaxes(1, 2)[:, None].numpy(), spectra.T[None].numpy())[0, 0]
        return network.signals(torch.from_numpy(filtered).T.to(spectra.dtype), len(mixture)).numpy()


def _open_unmix_estimate(network: Xumx, mixture: torch.Tensor) -> NDArray[np.float32]:
    """Return the estimate of an Open-Unmix with the mixture's phase, in blocks as its separator works."""
    with torch.inference_mode():
        spectra = network.spectra(mixture)
        blocks = torch.split(spectra.abs()[None], _BLOCK_FRAMES, dim=-1)
        mask = torch.cat([network.masks(block)[0, 0] for block in blocks], dim=-1)
        return network.signals(mask * spectra, len(mixture)).numpy()


def _binary_mask(sources: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the bins of the mixture in which the target is stronger than the rest."""
    target, rest = (np.abs(spectrogram(source)) for source in sources)
    mixture = sources.sum(axis=0)
    return inverse_spectrogram(spectrogram(mixture) * (target > rest), len(mixture))


def _figures(
    system: str,
    target: str,
    piece: str,
    seed: int,
    reference: NDArray[np.float32],
    estimate: NDArray[np.float32],
    scores: ActivityScores,
) -> PieceFigures:
    """Return the figures of one estimate."""
    played = active_frames(torch.from_numpy(reference), 4096, 1024).numpy()
    return PieceFigures(
        system=system,
        target=target,
        piece=piece,
        seed=seed,
        frame_sdr_db=frame_median_db(sdr_db, reference, estimate, 44_100, rules="museval"),
        sdr_db=sdr_db(reference, estimate),
        silent_db=silent_energy_db(reference, estimate),
        precision=scores.precision,
        recall=scores.recall,
        f1=scores.f1,
        active_share=float(played.mean()),
    )
