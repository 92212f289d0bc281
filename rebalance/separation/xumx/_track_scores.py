"""How well models of several families separate whole tracks, by the rules of SynthSOD's evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import floor_estimates, museval_frames_db, wiener
from rebalance.separation.xumx._network import Xumx, XumxConfig
from rebalance.separation.xumx._separator import XUMX_FAMILIES, block_masks

ROWS: tuple[str, ...] = (
    "silence",
    "x/n",
    "no separation",
    "mixture phase",
    "Wiener",
    "oracle, mixture phase",
    "oracle, Wiener",
)
"""Rows of the table: three that separate nothing, two of the models, and two that know the true magnitudes."""

_FLOORS, _OF_MODELS, _ORACLES = set(ROWS[:3]), set(ROWS[3:5]), set(ROWS[5:])

MAX_TRACK_S = 1800.0
"""Longer tracks are left out, as in the published evaluation."""

Estimates = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackScore:
    """How well one target of one track is estimated.

    Parameters
    ----------
    track
        Its name.
    row
        One of `ROWS`.
    target
        Of a model, or ``"strings (sum)"`` for all targets of a family together.
    median_db, mean_db
        Of the frames that count.
    n_frames
        How many there are, at least 1.
    """

    track: str
    row: str
    target: str
    median_db: float
    mean_db: float
    n_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSummary:
    """One cell of the table: the median over tracks of the medians over frames, and the mean of all frames.

    Parameters
    ----------
    row, target
        See `TrackScore`.
    median_db
        Median over tracks of their medians.
    mean_db
        Of all frames of all tracks.
    n_tracks, n_frames
        Number of tracks and of frames the figures are taken over.
    """

    row: str
    target: str
    median_db: float
    mean_db: float
    n_tracks: int
    n_frames: int


def score_track(
    name: str,
    sources: Estimates,
    rest: NDArray[np.float32],
    networks: Sequence[Xumx],
    *,
    sample_rate: int,
    window: int = 4096,
    hop: int = 1024,
    rows: Collection[str] = ROWS,
) -> tuple[TrackScore, ...]:
    """Score every row on a whole mono track.

    Frames of 1 s that do not overlap; what is left at the end is dropped; a frame counts unless its true source is
    exactly zero or its value is infinite. The masks of the models come in blocks of 1024 frames. Wiener is one step
    over the targets of all models given, and has no row where one that sounds has no model: its share would go to the
    others. Oracle Wiener is over all targets and the rest.

    Parameters
    ----------
    name
        Of the track.
    sources
        True targets by name, each ``(n_samples,)``, silent ones included or left out.
    rest
        What sounds beside them, same shape.
    networks
        Models with different targets; the rows of the models hold their targets alone.
    sample_rate
        Of the signals, which must be that of the models, in Hz.
    window, hop
        Of the STFT of the oracle rows, in samples; where there are models, theirs is taken.
    rows
        Which of `ROWS` to score; Wiener steps take most of the time.

    Raises
    ------
    ConfigError
        If the rate is not that of a model.
    AudioError
        If the track is longer than half an hour, or no target sounds.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.xumx import score_track
    >>> rng = np.random.default_rng(0)
    >>> sources = {name: rng.standard_normal(20_000).astype(np.float32) for name in ("Flute", "Oboe")}
    >>> scores = score_track("noises", sources, np.zeros(20_000, np.float32), [], sample_rate=8_000)
    >>> {score.row: round(score.median_db) for score in scores if score.target == "Oboe"}
    {'silence': 0, 'x/n': 3, 'no separation': 0, 'oracle, mixture phase': 5, 'oracle, Wiener': 6}

    Source: the evaluation of SynthSOD (arXiv 2409.10995): museval's image SDR, norbert's Wiener filter.
    """
    if wrong := {network.config.sample_rate for network in networks} - {sample_rate}:
        raise ConfigError(where=f"track {name}", expected=f"models for {sample_rate} Hz", got=f"{sorted(wrong)}")
    if len(rest) > MAX_TRACK_S * sample_rate:
        raise AudioError(where=f"track {name}", expected="at most half an hour", got=f"{len(rest) / sample_rate:.0f} s")
    sounding = {target: source for target, source in sources.items() if source.any()}
    if not sounding:
        raise AudioError(where=f"track {name}", expected="a target that sounds", got="none")
    mixture = np.asarray(sum(sources.values(), rest), dtype=np.float32)
    transform = networks[0] if networks else _transform(window, hop)
    found = _rows(sounding, rest, mixture, networks, transform, rows)
    return tuple(
        score for row in ROWS if row in found for score in _scores(name, row, sounding, found[row], sample_rate)
    )


def summarise(scores: Iterable[TrackScore]) -> tuple[TargetSummary, ...]:
    """Return the cells of the table, by row and target in the order in which they first come.

    Examples
    --------
    >>> from rebalance.separation.xumx import TrackScore, summarise
    >>> facts = {"row": "Wiener", "target": "Oboe"}
    >>> first = TrackScore(track="one", median_db=2.0, mean_db=1.0, n_frames=30, **facts)
    >>> second = TrackScore(track="two", median_db=4.0, mean_db=5.0, n_frames=10, **facts)
    >>> (cell,) = summarise([first, second])
    >>> cell.median_db, cell.mean_db, cell.n_tracks, cell.n_frames
    (3.0, 2.0, 2, 40)
    """
    grouped: dict[tuple[str, str], list[TrackScore]] = defaultdict(list)
    for score in scores:
        grouped[score.row, score.target].append(score)
    return tuple(
        TargetSummary(
            row=row,
            target=target,
            median_db=float(np.median([each.median_db for each in own])),
            mean_db=float(np.average([each.mean_db for each in own], weights=[each.n_frames for each in own])),
            n_tracks=len(own),
            n_frames=sum(each.n_frames for each in own),
        )
        for (row, target), own in grouped.items()
    )


def _rows(
    sounding: Estimates,
    rest: NDArray[np.float32],
    mixture: NDArray[np.float32],
    networks: Sequence[Xumx],
    transform: Xumx,
    wanted: Collection[str],
) -> dict[str, Estimates]:
    """Return the estimates of the rows that are wanted by target."""
    spectra = _spectra(transform, mixture)
    found: dict[str, Estimates] = {}
    if _FLOORS & set(wanted):
        floors = floor_estimates(mixture[None], list(sounding))
        mono = {row: {target: signal[0] for target, signal in own.items()} for row, own in floors.items()}
        found |= {row: estimates for row, estimates in mono.items() if row in wanted}
    if networks and _OF_MODELS & set(wanted):
        estimated = [_estimated(network, spectra) for network in networks]
        magnitudes = {target: magnitude for own in estimated for target, magnitude in own.items()}
        known = sounding.keys() <= magnitudes.keys()
        steps = {"mixture phase": 0, **({"Wiener": 1} if known else {})}
        found |= _of_magnitudes(transform, magnitudes, spectra, len(mixture), _among(steps, wanted))
    if _ORACLES & set(wanted):
        true = {target: _spectra(transform, source).abs() for target, source in {**sounding, "": rest}.items()}
        steps = {"oracle, mixture phase": 0, "oracle, Wiener": 1}
        found |= _of_magnitudes(transform, true, spectra, len(mixture), _among(steps, wanted))
    return found


def _among(steps: Mapping[str, int], wanted: Collection[str]) -> dict[str, int]:
    """Return the rows that are wanted, with their Wiener steps."""
    return {row: number for row, number in steps.items() if row in wanted}


def _transform(window: int, hop: int) -> Xumx:
    """Return a network for its STFT alone, where there is no model."""
    return Xumx(XumxConfig(targets=("none",), hidden_size=2, n_layers=1, window=window, hop=hop))


def _spectra(transform: Xumx, signal: NDArray[np.float32]) -> torch.Tensor:
    """Return the spectra of a mono signal, ``(n_bins, n_frames)``, at least one window of it."""
    short = max(transform.config.window - len(signal), 0)
    padded = torch.from_numpy(np.pad(signal, (0, short))).to(transform.window.device)
    with torch.inference_mode():
        return transform.spectra(padded)


def _estimated(network: Xumx, spectra: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the magnitudes that a model gives its targets."""
    with torch.inference_mode():
        masks = block_masks(network, spectra.abs()[None])
        return {target: masks[number] * spectra.abs() for number, target in enumerate(network.config.targets)}


def _of_magnitudes(
    transform: Xumx,
    magnitudes: Mapping[str, torch.Tensor],
    spectra: torch.Tensor,
    n_samples: int,
    steps: Mapping[str, int],
) -> dict[str, Estimates]:
    """Return rows by how many Wiener steps each takes: magnitudes with the mixture's phase where it is none."""
    stacked = torch.stack(list(magnitudes.values())).cpu().numpy()[:, None].swapaxes(-1, -2)
    heard = spectra.cpu().numpy()[None].swapaxes(-1, -2)
    rows: dict[str, Estimates] = {}
    for row, n_iterations in steps.items():
        estimated = torch.from_numpy(wiener(stacked, heard, n_iterations=n_iterations)[:, 0].swapaxes(-1, -2))
        with torch.inference_mode():
            length = max(n_samples, transform.config.window)
            signals = transform.signals(estimated.to(torch.complex64).to(transform.window.device), length)
        estimates = signals[:, :n_samples].cpu().numpy()
        rows[row] = {target: estimates[number] for number, target in enumerate(magnitudes) if target}
    return rows


def _scores(track: str, row: str, sources: Estimates, estimates: Estimates, sample_rate: int) -> list[TrackScore]:
    """Return the scores of one row: of every target that sounds, and of the sums of families."""
    known = {target: source for target, source in sources.items() if target in estimates}
    pairs = {target: (source, estimates[target]) for target, source in known.items()}
    for family, targets in XUMX_FAMILIES.items():
        own = [target for target in targets if target in known]
        if own:
            total = np.sum([known[target] for target in own], axis=0)
            pairs[f"{family} (sum)"] = (total, np.sum([estimates[target] for target in own], axis=0))
    scores = []
    for target, (source, estimate) in pairs.items():
        frames_db = museval_frames_db(source, estimate, sample_rate)
        if frames_db.size:
            median_db, mean_db = float(np.median(frames_db)), float(np.mean(frames_db))
            scores.append(
                TrackScore(
                    track=track,
                    row=row,
                    target=target,
                    median_db=median_db,
                    mean_db=mean_db,
                    n_frames=int(frames_db.size),
                )
            )
    return scores
