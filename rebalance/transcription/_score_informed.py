"""Separation of a recording whose score is at hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance._base.pitches import A4_HZ
from rebalance.audio import Audio
from rebalance.separation import Separator, SeparatorInfo, checked_mixture, known_instruments
from rebalance.separation.player_tracker import PitchSeparator, Posteriors, separate_by_pitch
from rebalance.synthesis.notation import Score
from rebalance.transcription._score_alignment import Alignment, align
from rebalance.transcription._score_parts import Casting, cast, cast_by_height
from rebalance.transcription._score_sharpening import MISMATCH_COST, SharpeningSettings, sharpen, trust

_MIN_TRUST = 0.5
_MIN_MISMATCH_S = 2.0
_NOTEWORTHY_SHIFT_SEMITONES = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInformedSeparator:
    """A pitch separator for one recording, whose pitches a score has sharpened.

    Parameters
    ----------
    separator
        What makes masks of pitches.
    posteriors
        Of the whole recording.
    start_s
        Where in the recording the mixture begins that it is given, in seconds.
    """

    separator: PitchSeparator
    posteriors: Posteriors
    start_s: float = 0.0

    @property
    def name(self) -> str:
        """That of the separator."""
        return self.separator.name

    @property
    def sample_rate(self) -> int:
        """Rate in Hz the mixture must have."""
        return self.separator.sample_rate

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it without a score, but for what was measured; it has heard the whole recording."""
        return replace(self.separator.info, reliability=(), lookahead_ms=math.inf)

    def beginning_at(self, start_s: float) -> ScoreInformedSeparator:
        """Return it for a block of the recording that begins at a time in seconds."""
        return replace(self, start_s=start_s)

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source of a block of the recording; see `rebalance.separation.Separator`.

        Raises
        ------
        ConfigError
            If the instruments are not those the posteriors are of.
        """
        known = known_instruments(instruments)
        if known != self.posteriors.instruments:
            raise ConfigError(
                f"made for {', '.join(self.posteriors.instruments)}, got {', '.join(known)}", where="score"
            )
        here = replace(self.posteriors, frame_times_s=self.posteriors.frame_times_s - self.start_s)
        return separate_by_pitch(
            checked_mixture(mixture), here, sample_rate=self.sample_rate, refiner=self.separator.refiner
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReading:
    """A score followed through a recording.

    Parameters
    ----------
    score
        That fits best where there were several readings of it.
    casting
        Part of the score that each player plays.
    alignment
        Where the recording is in the score.
    posteriors
        Sharpened by the score.
    mismatches_s
        Stretches, beginning and end in seconds, in which score and recording do not match and the tracker alone is
        heard.
    """

    score: Score
    casting: Casting
    alignment: Alignment
    posteriors: Posteriors
    mismatches_s: tuple[tuple[float, float], ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know, a line each."""
        shift = self.alignment.shift_semitones
        lines = list(self.casting.lines)
        if abs(shift) >= _NOTEWORTHY_SHIFT_SEMITONES:
            direction = "higher" if shift > 0 else "lower"
            lines.append(
                f"the recording sounds {abs(shift):.1f} semitones {direction} than the score"
                f" (A = {A4_HZ * 2 ** (shift / 12):.0f} Hz)"
            )
        lines += [
            f"{_clock(start_s)} to {_clock(end_s)}: score and recording do not match; the tracker alone decides there"
            for start_s, end_s in self.mismatches_s
        ]
        return tuple(lines)


def read_along(
    posteriors: Posteriors,
    readings: Sequence[Score],
    *,
    chosen_parts: Mapping[str, str] | None = None,
    settings: SharpeningSettings | None = None,
) -> ScoreReading:
    """Follow a score through a recording.

    Parameters
    ----------
    posteriors
        Of a tracker.
    readings
        The score, or several readings of it, as with and without its repeats; the one that fits best counts.
    chosen_parts
        Name or number of a part by source name, see `cast`.
    settings
        See `sharpen`.

    Raises
    ------
    ConfigError
        If no part fits a player, or score and recording do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.notation import Note, Part, Score
    >>> from rebalance.transcription import Posteriors, read_along
    >>> notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=60 + 2 * at) for at in range(4))
    >>> score = Score(name="scale", parts=(Part(name="Hautbois", instrument=None, notes=notes),), quarter_bpm=60.0)
    >>> values = np.zeros((1, 200, 5), dtype=np.float32)  # four pitches, one second each
    >>> values[0, range(200), np.arange(200) // 50] = 1.0
    >>> times_s, pitches_midi = np.arange(200) / 50, np.array([60.0, 62.0, 64.0, 66.0])
    >>> heard = Posteriors(values=values, pitches_midi=pitches_midi, frame_times_s=times_s, instruments=("Oboe",))
    >>> read_along(heard, [score]).remarks
    ("Oboe: plays 'Hautbois'",)
    """
    tried = []
    for score in readings:
        for casting in _castings(score, posteriors.instruments, chosen_parts):
            alignment = align(posteriors, score, list(casting.parts.values()))
            tried.append((alignment.cost, score, casting, alignment))
    if not tried:
        raise ConfigError(where="score", expected="at least one reading", got="none")
    cost, score, casting, alignment = min(tried, key=lambda reading: reading[0])
    if cost >= MISMATCH_COST:
        who = "; ".join(casting.lines)
        raise ConfigError(
            f"it does not match the recording: it costs {cost:.2f} a frame, expected below {MISMATCH_COST:g};"
            f" another piece, or other parts ({who})?",
            where=f"score {score.name}",
        )
    return ScoreReading(
        score=score,
        casting=casting,
        alignment=alignment,
        posteriors=sharpen(posteriors, score, list(casting.parts.values()), alignment, settings),
        mismatches_s=_mismatches_s(alignment),
    )


def _castings(score: Score, instruments: Sequence[str], chosen: Mapping[str, str] | None) -> Iterator[Casting]:
    """Give the ways in which the parts may be meant, the likeliest first."""
    first = cast(score, instruments, chosen)
    yield first
    by_height = cast_by_height(score, instruments, chosen)
    if by_height is not None and by_height != first:
        yield by_height


def score_informed(separator: Separator, posteriors: Posteriors) -> ScoreInformedSeparator:
    """Return a separator for one recording.

    Parameters
    ----------
    separator
        One of those that separate by pitch: ``default``.
    posteriors
        Of the whole recording, sharpened by a score.

    Raises
    ------
    ConfigError
        If the separator does not work by pitch.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import ModelCard
    >>> from rebalance.separation.player_tracker import PitchSeparator, Tracker, TrackerConfig, TrackerNetwork
    >>> from rebalance.transcription import score_informed
    >>> sizes = {"channels": (4, 8), "time_strides": (2,), "width": 8, "n_layers": 1, "player_width": 8, "n_heads": 2}
    >>> tracker = Tracker(name="untrained", network=TrackerNetwork(TrackerConfig(**sizes)).eval(), card=ModelCard())
    >>> mixture = 0.05 * np.random.default_rng(0).standard_normal((2, 8192)).astype(np.float32)
    >>> posteriors = tracker(mixture, ("Flute", "Cello"))  # of the whole recording, as `read_along` sharpens them
    >>> separator = score_informed(PitchSeparator(name="combs alone", tracker=tracker), posteriors)
    >>> list(separator(mixture, ("Flute", "Cello")))
    ['Flute', 'Cello']
    """
    return ScoreInformedSeparator(separator=by_pitch(separator), posteriors=posteriors)


def by_pitch(separator: Separator) -> PitchSeparator:
    """Return a separator that works by pitch, or raise `ConfigError`.

    Examples
    --------
    >>> from rebalance.separation import load_separator
    >>> from rebalance.transcription import by_pitch
    >>> by_pitch(load_separator("mixture"))
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: separator 'mixture': expected one with a player tracker, such as 'default'
    """
    if not isinstance(separator, PitchSeparator):
        raise ConfigError(
            where=f"separator {separator.name!r}", expected="one with a player tracker, such as 'default'"
        )
    return separator


def _mismatches_s(alignment: Alignment) -> tuple[tuple[float, float], ...]:
    """Return where a score is not to be trusted, stretches of two seconds or more."""
    doubted = np.concatenate([[False], trust(alignment, alignment.times_s) < _MIN_TRUST, [False]])
    bounds = np.flatnonzero(np.diff(doubted.astype(np.int8)))
    step_s = float(alignment.times_s[0]) * 2
    stretches = ((float(first) * step_s, float(last) * step_s) for first, last in bounds.reshape(-1, 2))
    return tuple((start_s, end_s) for start_s, end_s in stretches if end_s - start_s >= _MIN_MISMATCH_S)


def _clock(time_s: float) -> str:
    """Return a time as minutes and seconds."""
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
