"""A recording transcribed: posteriors, paths and notes of every player."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rebalance.audio import Audio
from rebalance.separation import source_names
from rebalance.separation.player_tracker import Posteriors, Tracker
from rebalance.transcription._decoding import PitchTrack, decode
from rebalance.transcription._onset_evidence import onset_rises_db
from rebalance.transcription._tracking_whole import track_players
from rebalance.transcription._transcribed_notes import NoteSettings, TranscribedNote, notes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """What was found in a recording.

    Parameters
    ----------
    posteriors
        Of the tracker, or what it is drawn from.
    tracks
        The path of every player.
    notes
        By source name (``"Violin_2"``), each by onset.
    """

    posteriors: Posteriors
    tracks: tuple[PitchTrack, ...]
    notes: Mapping[str, tuple[TranscribedNote, ...]]


def transcribe(
    mixture: Audio,
    instruments: Sequence[str],
    tracker: Tracker,
    *,
    sample_rate: int,
    posteriors: Posteriors | None = None,
    a4_hz: float | None = None,
    settings: NoteSettings | None = None,
) -> Transcription:
    """Transcribe a recording.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``, one or two channels.
    instruments
        Of every player.
    tracker
        See `load_tracker`.
    sample_rate
        Of the mixture in Hz.
    posteriors
        What to take the notes from, such as those that a score has sharpened; those of the tracker when None.
    a4_hz, settings
        See `notes_of`.

    Raises
    ------
    AudioError
        If the mixture is empty, not finite, or of another shape.
    ConfigError
        If an instrument is unknown or has too many voices, or the tuning is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.transcription import load_tracker, transcribe
    >>> phase = 2 * np.pi * 440 * np.arange(22_050) / 44_100
    >>> tone = sum(0.05 / partial * np.sin(partial * phase) for partial in range(1, 9)).astype(np.float32)[None]
    >>> found = transcribe(tone, ["Oboe"], load_tracker("default", device="cpu"), sample_rate=44_100)
    >>> [note.pitch_midi for note in found.notes["Oboe"]]
    [69]
    """
    known = track_players(mixture, instruments, tracker, sample_rate=sample_rate) if posteriors is None else posteriors
    tracks = decode(known)
    rises_db = onset_rises_db(mixture, tracks, sample_rate)
    notes = notes_of(known, rises_db=rises_db, a4_hz=a4_hz, settings=settings)
    return Transcription(
        posteriors=known,
        tracks=tracks,
        notes=dict(zip(source_names(known.instruments), notes, strict=True)),
    )
