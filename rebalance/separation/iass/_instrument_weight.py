"""When an instrument plays: the rule that labels a stem, the weight made of what a network finds, and its scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import torch
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError

ACTIVITY_DB = -60.0
WEIGHT_THRESHOLD = 0.5
WEIGHT_FRAMES = 21


def frame_rms(signal: torch.Tensor, window: int, hop: int) -> torch.Tensor:
    """Return the RMS of frames of a signal, centred as those of the STFT, silence beyond its ends.

    Parameters
    ----------
    signal
        Shape ``(..., n_samples)``.
    window, hop
        In samples.

    Returns
    -------
    torch.Tensor
        Shape ``(..., 1 + n_samples // hop)``.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import frame_rms
    >>> frame_rms(torch.ones(8), 4, 2)
    tensor([0.7071, 1.0000, 1.0000, 1.0000, 0.7071])
    """
    flat = signal.reshape(-1, 1, signal.shape[-1]).square()
    powers = torch.nn.functional.avg_pool1d(flat, window, hop, padding=window // 2)
    return powers.sqrt().reshape(*signal.shape[:-1], powers.shape[-1])


def active_frames(
    signal: torch.Tensor, window: int, hop: int, *, loudest_rms: torch.Tensor | None = None
) -> torch.Tensor:
    """Tell in which frames a clean source plays: those less than 60 dB below its loudest frame.

    Parameters
    ----------
    signal
        Shape ``(..., n_samples)``.
    window, hop
        See `frame_rms`.
    loudest_rms
        Of the loudest frame of the whole track, shape ``(...)``, where the signal is a part of it; that of the
        signal when None.

    Returns
    -------
    torch.Tensor
        Truth values, shape ``(..., n_frames)``; none where all is silent.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.iass import active_frames
    >>> active_frames(torch.tensor([1.0] * 4 + [5e-4] * 8), 2, 2)
    tensor([ True,  True,  True, False, False, False, False])

    Source: Hung and Lerch 2020 do not tell how their labels were made; this rule is ours.
    """
    levels = frame_rms(signal, window, hop)
    loudest = levels.amax(dim=-1) if loudest_rms is None else loudest_rms
    threshold = loudest[..., None] * 10.0 ** (ACTIVITY_DB / 20.0)
    return torch.gt(levels, threshold)


def instrument_weight(
    logits: NDArray[np.floating], *, threshold: float = WEIGHT_THRESHOLD, n_frames: int = WEIGHT_FRAMES
) -> NDArray[np.bool_]:
    """Return in which frames an instrument is let through: probabilities above a threshold, through a median filter.

    Parameters
    ----------
    logits
        Of the instrument playing, shape ``(n_frames,)``, finite.
    threshold
        A probability, between 0 and 1.
    n_frames
        Length of the filter, odd; the ends are reflected.

    Raises
    ------
    AudioError
        If a logit is not finite or there is none.
    ConfigError
        If the threshold or the length is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.iass import instrument_weight
    >>> logits = np.full(100, -1.0)
    >>> logits[30:40] = logits[60:71] = 2.0  # ten frames and eleven
    >>> np.flatnonzero(instrument_weight(logits))
    array([60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70])

    Source: Hung and Lerch 2020, section on inference; threshold and length are those of their public code.
    """
    if not 0.0 < threshold < 1.0 or n_frames < 1 or n_frames % 2 == 0:
        got = f"{threshold}, {n_frames}"
        raise ConfigError(where="weight", expected="a threshold between 0 and 1 and an odd number of frames", got=got)
    if logits.ndim != 1 or not logits.size or not np.isfinite(logits).all():
        raise AudioError(where="logits", expected="finite values of shape (n_frames,)", got=f"shape {logits.shape}")
    playing = (logits > np.log(threshold / (1.0 - threshold))).astype(np.uint8)
    return np.asarray(scipy.ndimage.median_filter(playing, n_frames, mode="mirror") > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityScores:
    """How right it is when an instrument is said to play, from 0 to 1.

    Parameters
    ----------
    precision
        Share of the frames found that are right; None where none was found.
    recall
        Share of the frames played that were found; None where nothing is played.
    f1
        Harmonic mean of both; None where nothing is played and nothing was found.
    """

    precision: float | None
    recall: float | None
    f1: float | None


def activity_scores(played: NDArray[np.bool_], found: NDArray[np.bool_]) -> ActivityScores:
    """Return precision, recall and F1 of frames.

    Parameters
    ----------
    played, found
        In which frames the instrument plays, and in which it was said to; of one shape.

    Raises
    ------
    AudioError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.iass import activity_scores
    >>> activity_scores(np.array([True, True, False, False]), np.array([True, False, True, False]))
    ActivityScores(precision=0.5, recall=0.5, f1=0.5)
    """
    if played.shape != found.shape:
        raise AudioError(where="activity", expected=f"frames of shape {played.shape}", got=str(found.shape))
    hits, n_played, n_found = (int(np.count_nonzero(frames)) for frames in (played & found, played, found))
    return ActivityScores(
        precision=hits / n_found if n_found else None,
        recall=hits / n_played if n_played else None,
        f1=2 * hits / (n_played + n_found) if n_played + n_found else None,
    )
