"""Clips of tracks with scores, drawn at random or from given places."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.separation.mask_network import N_VOICES
from rebalance.training.data._mixture_batches import Batch
from rebalance.training.data._scored_tracks import ScoredTrack

_MAX_TRIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSettings:
    """How clips are drawn.

    Parameters
    ----------
    batch_size
        Clips per step.
    clip_s
        Length in seconds.

    Raises
    ------
    ConfigError
        If a size or a length is not above 0.

    Examples
    --------
    >>> from rebalance.training.data import ClipSettings
    >>> ClipSettings().clip_s
    4.0
    """

    batch_size: int = 8
    clip_s: float = 4.0

    def __post_init__(self) -> None:
        if self.batch_size < 1 or not self.clip_s > 0:
            raise ConfigError(where="clips", expected="a positive size and length", got=str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMaker:
    """Draws clips of tracks as they are, at random places; the same step gives the same clips.

    Parameters
    ----------
    tracks
        To draw from, of the same instruments and rate.
    settings
        Number and length of the clips.
    seed
        Seed of the draws of all clips.

    Raises
    ------
    MetadataError
        If there is no track, a track is shorter than a clip, or nothing is played in any.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ClipMaker, ClipSettings, ScoredTrack
    >>> track = ScoredTrack(
    ...     name="tone",
    ...     instruments=("Piano",),
    ...     sample_rate=16_000,
    ...     samples=np.full((1, 80_000), 100, np.int16),
    ...     notes=(np.array([[0.0, 80_000.0, 60.0]], np.float32),),
    ... )
    >>> ClipMaker(tracks=(track,), settings=ClipSettings(batch_size=2), seed=0).batch(0).sources.shape
    torch.Size([2, 1, 1, 64000])
    """

    tracks: tuple[ScoredTrack, ...]
    settings: ClipSettings
    seed: int

    def __post_init__(self) -> None:
        if not self.tracks:
            raise MetadataError(where="clips", expected="one or more tracks", found="none")
        for track in self.tracks:
            if track.duration_s < self.settings.clip_s:
                wanted = f"at least {self.settings.clip_s:g} s, the length of a clip"
                raise MetadataError(where=track.name, expected=wanted, got=f"{track.duration_s:g} s")
        if not any(len(played) for track in self.tracks for played in track.notes):
            raise MetadataError(where="clips", expected="a track in which something is played", found="none")

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the clips of a step, for one of several processes.

        Parameters
        ----------
        step
            From 0; the same step gives the same clips.
        rank
            Number of the process among several, from 0; each draws its own.
        """
        rng = np.random.default_rng([self.seed, rank, step])
        return clips_at([self._drawn(rng) for _ in range(self.settings.batch_size)], self.settings.clip_s)

    def _drawn(self, rng: np.random.Generator) -> tuple[ScoredTrack, int]:
        """Return a track and where a clip of it begins, drawn again where nothing is played."""
        for _ in range(_MAX_TRIES):
            track = self.tracks[int(rng.integers(len(self.tracks)))]
            length = int(self.settings.clip_s * track.sample_rate)
            start = int(rng.integers(track.samples.shape[1] - length + 1))
            if any(len(played) for played in track.notes_within(start, length)):
                break
        return track, start


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedClips:
    """Batches of several makers one behind the other.

    Parameters
    ----------
    makers
        Of clips of the same instruments, rate and length.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ClipMaker, ClipSettings, JoinedClips, ScoredTrack
    >>> track = ScoredTrack(
    ...     name="tone",
    ...     instruments=("Piano",),
    ...     sample_rate=16_000,
    ...     samples=np.full((1, 80_000), 100, np.int16),
    ...     notes=(np.array([[0.0, 80_000.0, 60.0]], np.float32),),
    ... )
    >>> makers = tuple(ClipMaker(tracks=(track,), settings=ClipSettings(batch_size=n), seed=0) for n in (1, 2))
    >>> len(JoinedClips(makers=makers).batch(0).sources)
    3
    """

    makers: tuple[ClipMaker, ...]

    def batch(self, step: int, *, rank: int = 0) -> Batch:
        """Return the clips of a step, for one of several processes.

        Parameters
        ----------
        step
            From 0; the same step gives the same clips.
        rank
            Number of the process among several, from 0; each draws its own.
        """
        batches = [maker.batch(step, rank=rank) for maker in self.makers]
        return Batch(
            sources=torch.cat([batch.sources for batch in batches]),
            slots=torch.cat([batch.slots for batch in batches]),
            gains_db=torch.cat([batch.gains_db for batch in batches]),
            notes=tuple(itertools.chain.from_iterable(batch.notes for batch in batches)),
            sample_rate=batches[0].sample_rate,
        )


def clips_at(places: Sequence[tuple[ScoredTrack, int]], clip_s: float) -> Batch:
    """Return clips of tracks as a batch.

    Parameters
    ----------
    places
        Tracks of one rate and the same instruments, and where each clip begins in samples.
    clip_s
        Length of the clips in seconds; a track must reach to the end of its clip.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.training.data import ScoredTrack, clips_at
    >>> track = ScoredTrack(
    ...     name="tone",
    ...     instruments=("Piano",),
    ...     sample_rate=16_000,
    ...     samples=np.full((1, 32_000), 100, np.int16),
    ...     notes=(np.array([[0.0, 24_000.0, 60.0]], np.float32),),
    ... )
    >>> batch = clips_at([(track, 0), (track, 16_000)], 1.0)
    >>> batch.sources.shape, batch.notes[1][0].tolist()
    (torch.Size([2, 1, 1, 16000]), [[0.0, 8000.0, 60.0]])
    """
    rate = places[0][0].sample_rate
    length = int(clip_s * rate)
    sources = torch.from_numpy(np.stack([track.sources(start, length) for track, start in places]))[:, :, None]
    slots = (torch.arange(sources.shape[1]) * N_VOICES).repeat(len(places), 1)
    plays = torch.tensor([[len(notes) > 0 for notes in track.notes] for track, _ in places])
    return Batch(
        sources=sources,
        slots=torch.where(plays, slots, -1),
        gains_db=torch.zeros(slots.shape),
        notes=tuple(track.notes_within(start, length) for track, start in places),
        sample_rate=rate,
    )
