"""Figures of separators and transcriptors on held-out clips: SI-SDR of every instrument, notes of every instrument."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from rebalance.separation import si_sdr_db
from rebalance.separation.score_supervised import ScoreTcn
from rebalance.training.data import ScoredTrack, clip_starts, clips_at
from rebalance.training.score_supervision._heard_clips import Clips, clips_of, sources_of
from rebalance.training.score_supervision._note_scores import note_counts, notes_in_roll

_BATCH = 8
_SILENT_DB = -60.0
_TINY = 1e-12

Place: TypeAlias = tuple[ScoredTrack, int]


def separation_figures(separator: ScoreTcn, tracks: Sequence[ScoredTrack], clip_s: float) -> pd.DataFrame:
    """Return the SI-SDR of every instrument in consecutive clips, estimates resynthesised on the mixture's phase.

    Parameters
    ----------
    separator
        The separator to measure.
    tracks
        Held-out tracks.
    clip_s
        Length of the clips in seconds; what is left at the end of a track is not heard.

    Returns
    -------
    pandas.DataFrame
        A row for every clip and instrument that plays and sounds with others: ``track``, ``clip`` (its number within
        the track), ``instrument``, ``si_sdr_db``. Alone an instrument is its mixture, and nothing is to be separated.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> from rebalance.training.data import ScoredTrack
    >>> from rebalance.training.score_supervision import separation_figures
    >>> tones = (3000 * np.sin(np.array([[0.2], [0.05]]) * np.arange(32_000))).astype(np.int16)
    >>> notes = tuple(np.array([[0.0, 32_000.0, pitch]], np.float32) for pitch in (76.0, 52.0))
    >>> duo = ("Flute", "Cello")
    >>> track = ScoredTrack(name="duo", instruments=duo, sample_rate=16_000, samples=tones, notes=notes)
    >>> network = ScoreTcn(TcnConfig(role="separator", instruments=duo, bottleneck=8, hidden=8, n_blocks=2))
    >>> separation_figures(network.eval(), [track], 1.0)["clip"].tolist()
    [0, 0, 1, 1]
    """

    def estimated(clips: Clips, mixtures: Tensor) -> Tensor:
        masks = separator.masks(clips.mixture, clips.players)
        return separator.signals(separator.spectra(mixtures)[:, None] * masks, mixtures.shape[-1])

    return _si_sdr(separator, tracks, clip_s, estimated)


def input_figures(network: ScoreTcn, tracks: Sequence[ScoredTrack], clip_s: float) -> pd.DataFrame:
    """Return the SI-SDR of the mixture in place of every estimate; see `separation_figures`.

    Parameters
    ----------
    network
        For its rate and transform; its weights are not used.
    tracks, clip_s
        See `separation_figures`.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> from rebalance.training.data import ScoredTrack
    >>> from rebalance.training.score_supervision import input_figures
    >>> tones = (3000 * np.sin(np.array([[0.2], [0.05]]) * np.arange(32_000))).astype(np.int16)
    >>> notes = tuple(np.array([[0.0, 32_000.0, pitch]], np.float32) for pitch in (76.0, 52.0))
    >>> duo = ("Flute", "Cello")
    >>> track = ScoredTrack(name="duo", instruments=duo, sample_rate=16_000, samples=tones, notes=notes)
    >>> network = ScoreTcn(TcnConfig(role="separator", instruments=duo, bottleneck=8, hidden=8, n_blocks=2))
    >>> input_figures(network, [track], 2.0)["si_sdr_db"].round().abs().tolist()  # two of one level
    [0.0, 0.0]
    """

    def unchanged(clips: Clips, mixtures: Tensor) -> Tensor:
        return mixtures[:, None].expand(-1, clips.signals.shape[1], -1)

    return _si_sdr(network, tracks, clip_s, unchanged)


def transcription_figures(transcriptor: ScoreTcn, tracks: Sequence[ScoredTrack], clip_s: float) -> pd.DataFrame:
    """Count the notes a transcriptor finds in mixtures and in isolated tracks, in consecutive clips.

    A track alone is heard at the level it has in the mixture; the notes counted are those its own output finds, and, as
    false ones, those the outputs of other instruments find in it.

    Parameters
    ----------
    transcriptor
        The transcriptor to measure.
    tracks, clip_s
        See `separation_figures`.

    Returns
    -------
    pandas.DataFrame
        A row for every kind of input (``"mixture"``, ``"isolated"``), track and instrument: ``heard``, ``track``,
        ``instrument``, ``right``, ``false``, ``missed``; ``intruding``, notes of other outputs in the isolated track.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation.score_supervised import ScoreTcn, TcnConfig
    >>> from rebalance.training.data import ScoredTrack
    >>> from rebalance.training.score_supervision import transcription_figures
    >>> tone = (3000 * np.sin(0.2 * np.arange(32_000))).astype(np.int16)[None]
    >>> notes = (np.array([[0.0, 32_000.0, 76.0]], np.float32),)
    >>> track = ScoredTrack(name="tone", instruments=("Flute",), sample_rate=16_000, samples=tone, notes=notes)
    >>> network = ScoreTcn(TcnConfig(role="transcriptor", instruments=("Flute",), bottleneck=8, hidden=8, n_blocks=2))
    >>> transcription_figures(network.eval(), [track], 2.0)["heard"].tolist()
    ['mixture', 'isolated']
    """
    rows = [row for places in _batches(tracks, clip_s) for row in _counted(transcriptor, places, clip_s)]
    frame = pd.DataFrame(rows, columns=["heard", "track", "instrument", "right", "false", "missed", "intruding"])
    return frame.groupby(["heard", "track", "instrument"], sort=False, as_index=False).sum()


def _si_sdr(
    network: ScoreTcn, tracks: Sequence[ScoredTrack], clip_s: float, estimate: Callable[[Clips, Tensor], Tensor]
) -> pd.DataFrame:
    """Return a row for every sounding instrument of every clip."""
    rows = []
    for places in _batches(tracks, clip_s):
        with torch.inference_mode():
            clips = clips_of(clips_at(places, clip_s), network)
            estimates = estimate(clips, clips.signals.sum(dim=1)).cpu().numpy()
        signals, playing = clips.signals.cpu().numpy(), clips.roll.amax(dim=(2, 3)).cpu().numpy() > 0
        for index, (track, start) in enumerate(places):
            number = start // int(clip_s * track.sample_rate)
            for place, instrument in enumerate(track.instruments):
                if playing[index, place] and _sounds_with_others(signals[index], place):
                    value = si_sdr_db(signals[index, place], estimates[index, place])
                    rows.append((track.name, number, instrument, value))
    return pd.DataFrame(rows, columns=["track", "clip", "instrument", "si_sdr_db"])


def _sounds_with_others(signals: NDArray[np.float32], place: int) -> bool:
    """Tell whether neither a source nor the sum of the others is softer than 60 dB below the mixture."""
    floor = max(_TINY, float(np.mean(np.square(signals.sum(axis=0)))) * 10 ** (_SILENT_DB / 10))
    others = np.delete(signals, place, axis=0).sum(axis=0)
    return bool(np.mean(np.square(signals[place])) > floor and np.mean(np.square(others)) > floor)


def _batches(tracks: Sequence[ScoredTrack], clip_s: float) -> Iterator[list[Place]]:
    """Give consecutive clips some at a time."""
    for track in tracks:
        places = list(clip_starts([track], int(clip_s * track.sample_rate)))
        for first in range(0, len(places), _BATCH):
            yield places[first : first + _BATCH]


def _counted(transcriptor: ScoreTcn, places: list[Place], clip_s: float) -> Iterator[tuple[str | int, ...]]:
    """Give counts of every clip of a batch."""
    batch = clips_at(places, clip_s)
    with torch.inference_mode():
        clips = clips_of(batch, transcriptor)
        mixed = torch.sigmoid(transcriptor(clips.mixture)).cpu().numpy()
        alone = sources_of(clips, transcriptor)
        isolated = [torch.sigmoid(transcriptor(alone[:, place])).cpu().numpy() for place in range(alone.shape[1])]
    frame_s = transcriptor.config.hop / transcriptor.config.sample_rate
    for index, (track, _) in enumerate(places):
        for place, instrument in enumerate(track.instruments):
            played = batch.notes[index][place]
            assert played is not None
            true = played / np.array([track.sample_rate, track.sample_rate, 1.0])
            counts = note_counts(true, notes_in_roll(mixed[index, place], frame_s))
            yield "mixture", track.name, instrument, counts.right, counts.false, counts.missed, 0
            if len(true):
                own = note_counts(true, notes_in_roll(isolated[place][index, place], frame_s))
                others = np.delete(isolated[place][index], place, axis=0)
                intruding = sum(len(notes_in_roll(chances, frame_s)) for chances in others)
                yield "isolated", track.name, instrument, own.right, own.false, own.missed, intruding
