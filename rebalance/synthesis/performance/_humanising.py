"""What separates players from a sequencer, as settings, and one player's draw from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.seeding import stream

HumaniseName: TypeAlias = Literal["none", "published", "full"]

EQ_FREQUENCIES_HZ: tuple[float, ...] = (100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 12_800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Humanising:
    """Ranges from which every player and every ensemble is drawn. All zero: a sequencer.

    Parameters
    ----------
    annotated
        Draw dynamics, tempo and articulations (the published generator); else the score is played as it stands.
    rubato
        Standard deviation of the ensemble's tempo around the annotated one, as a share of it.
    onset_jitter_ms
        Standard deviation of a player's onsets around the beat.
    detune_cents
        Range from which the standard deviation of a player's note-to-note tuning is drawn.
    player_offset_cents
        Largest tuning offset of a player against the ensemble, either way.
    swell_db
        Range of the rise and fall inside notes, peak to peak.
    legato_overlap_ms
        Range of the overlap of legato notes.
    noise_floor_db
        Range of the level of breath and bow noise re the level of the stem; None for none.
    eq_db
        Largest departure of the random smooth equaliser, either way.
    level_offset_db
        Largest departure of a player's level from the balance of the ensemble, either way.
    drift_db
        Standard deviation of the slow wander of a player's level.
    neighbour_semitones
        Largest distance of the sampled note that is played in place of the written one and tuned back,
        which moves the formants.
    dynamic_range
        Share of the published velocity range that is used, from the loudest down.

    Examples
    --------
    >>> from rebalance.synthesis.performance import HUMANISING, Humanising
    >>> list(HUMANISING)
    ['none', 'published', 'full']
    >>> Humanising(onset_jitter_ms=15.0).rubato
    0.0
    """

    annotated: bool = False
    rubato: float = 0.0
    onset_jitter_ms: float = 0.0
    detune_cents: tuple[float, float] = (0.0, 0.0)
    player_offset_cents: float = 0.0
    swell_db: tuple[float, float] = (0.0, 0.0)
    legato_overlap_ms: tuple[float, float] = (0.0, 0.0)
    noise_floor_db: tuple[float, float] | None = None
    eq_db: float = 0.0
    level_offset_db: float = 0.0
    drift_db: float = 0.0
    neighbour_semitones: int = 0
    dynamic_range: float = 1.0


# Tuning, equaliser and noise floor close gaps measured between rendered and recorded performances of the same notes
# (docs/synthesis.md); the rest are choices of ours.
HUMANISING: dict[HumaniseName, Humanising] = {
    "none": Humanising(),
    "published": Humanising(annotated=True),
    "full": Humanising(
        annotated=True,
        rubato=0.04,
        onset_jitter_ms=12.0,
        detune_cents=(5.0, 10.0),
        player_offset_cents=15.0,
        swell_db=(3.0, 8.0),
        legato_overlap_ms=(20.0, 80.0),
        noise_floor_db=(-60.0, -45.0),
        eq_db=6.0,
        level_offset_db=3.0,
        drift_db=1.5,
        neighbour_semitones=2,
        dynamic_range=0.7,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One player as drawn: the settings a stem is rendered with.

    Parameters
    ----------
    seed
        Of the player's own note-to-note draws.
    onset_jitter_ms, detune_cents
        Standard deviations from note to note.
    offset_cents
        Against the ensemble's tuning.
    swell_db, legato_overlap_ms, level_db, drift_db
        See `Humanising`.
    noise_floor_db
        Re the level of the stem; None for none.
    eq_db
        Gain at each of `EQ_FREQUENCIES_HZ`; empty for none.
    dynamic_range
        Share of the velocity range.
    """

    seed: int
    onset_jitter_ms: float
    detune_cents: float
    offset_cents: float
    swell_db: float
    legato_overlap_ms: float
    level_db: float
    drift_db: float
    noise_floor_db: float | None
    eq_db: tuple[float, ...]
    dynamic_range: float


def draw_player(settings: Humanising, seed: int, piece: str, label: str) -> Player:
    """Draw one player of an ensemble.

    Parameters
    ----------
    settings
        The ranges to draw from.
    seed
        Of the piece's rendition.
    piece
        Its name; another piece is drawn otherwise.
    label
        The player, such as ``"Violin_2"``.

    Examples
    --------
    >>> from rebalance.synthesis.performance import HUMANISING, draw_player
    >>> machine = draw_player(HUMANISING["none"], 1, "study", "Oboe")
    >>> machine.onset_jitter_ms, machine.detune_cents, machine.noise_floor_db
    (0.0, 0.0, None)
    >>> human = draw_player(HUMANISING["full"], 1, "study", "Oboe")
    >>> human.onset_jitter_ms > 0, human.noise_floor_db < 0
    (True, True)
    """
    rng = stream(seed, piece, label, "player")
    half = settings.player_offset_cents
    noise_db = None if settings.noise_floor_db is None else float(rng.uniform(*settings.noise_floor_db))
    return Player(
        seed=int(rng.integers(2**31)),
        onset_jitter_ms=settings.onset_jitter_ms,
        detune_cents=float(rng.uniform(*settings.detune_cents)),
        offset_cents=float(rng.uniform(-half, half)),
        swell_db=float(rng.uniform(*settings.swell_db)),
        legato_overlap_ms=float(rng.uniform(*settings.legato_overlap_ms)),
        level_db=float(rng.uniform(-settings.level_offset_db, settings.level_offset_db)),
        drift_db=settings.drift_db,
        noise_floor_db=noise_db,
        eq_db=tuple(rng.uniform(-settings.eq_db, settings.eq_db, len(EQ_FREQUENCIES_HZ))) if settings.eq_db else (),
        dynamic_range=settings.dynamic_range,
    )


def smooth_gain_db(eq_db: Sequence[float], frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gain of a smooth equaliser in dB: linear in dB over log frequency, flat beyond its ends.

    Parameters
    ----------
    eq_db
        Gains at `EQ_FREQUENCIES_HZ`.
    frequencies_hz
        Where to know it, any shape; so is the result.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.synthesis.performance import EQ_FREQUENCIES_HZ, smooth_gain_db
    >>> smooth_gain_db([0.0] * len(EQ_FREQUENCIES_HZ), np.array([100.0, 1000.0])).tolist()
    [0.0, 0.0]
    """
    wanted = np.log(np.maximum(frequencies_hz, 1.0))
    return np.asarray(np.interp(wanted, np.log(EQ_FREQUENCIES_HZ), eq_db), dtype=np.float64)
