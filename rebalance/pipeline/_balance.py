"""What was asked of a remix, what it is estimated to have made of it, and why."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rebalance.audio import (
    MAX_STRENGTH,
    Leakage,
    changes_of,
    db_from_amplitude,
    made_gains,
    reference_players,
    relative_gains_db,
)
from rebalance.separation import Separator, info_of

_ALIKE = 0.9
_LITTLE = 0.75  # of what was asked
_DECIMALS = 6  # what is less is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Gains asked for and made, relative to the players who were asked to stay as they are.

    Parameters
    ----------
    asked_db
        Gain asked for in dB by source name, less the mean of those of the `reference`.
    made_db
        What is estimated to have been made of it; None for a player who is not heard.
    reference
        The players whose mean is 0 dB: those asked to stay, or all where everybody moves.
    strength
        What the shrinkage was multiplied by.
    reliability
        Share of the estimated gains that was made where it was measured; None where it was not.
    reasons
        Why less, or nothing, was made: one sentence each.
    """

    asked_db: Mapping[str, float]
    made_db: Mapping[str, float | None]
    reference: tuple[str, ...]
    strength: float = 1.0
    reliability: float | None = None
    reasons: tuple[str, ...] = ()


def estimate_balance(
    gains_db: Mapping[str, float], separator: Separator, leakage: Leakage | None, *, strength: float = 1.0
) -> Balance:
    """Return what a remix with a separator's estimates makes of gains.

    Parameters
    ----------
    gains_db
        Gain in dB of every source.
    separator
        What estimated them: its shrinkage, and its reliability where that was measured, count.
    leakage
        Of the estimates; None where nothing was separated, because the gains are alike.
    strength
        See `rebalance.audio.changes_of`.

    Examples
    --------
    >>> from rebalance.pipeline import estimate_balance
    >>> from rebalance.separation import load_separator
    >>> estimate_balance({"Flute": 3.0, "Cello": 3.0}, load_separator("mixture"), None).reasons
    ('every player is asked for +3 dB: the balance between them stays as it is',)
    """
    reference = reference_players(gains_db)
    centre_db = float(np.mean([gains_db[name] for name in reference]))
    asked_db = {name: gain_db - centre_db for name, gain_db in gains_db.items()}
    if leakage is None:
        made_db: dict[str, float | None] = dict.fromkeys(gains_db, 0.0)
        return Balance(
            asked_db=asked_db, made_db=made_db, reference=reference, strength=strength, reasons=(_idle(gains_db),)
        )
    reliability = measured_reliability(separator, len(gains_db))
    made_db = _made_db(gains_db, separator, leakage, strength, reliability)
    return Balance(
        asked_db=asked_db,
        made_db=made_db,
        reference=reference,
        strength=strength,
        reliability=reliability,
        reasons=tuple(_reasons(gains_db, asked_db, made_db, separator, leakage, strength, reliability)),
    )


def measured_reliability(separator: Separator, n_sources: int) -> float | None:
    """Return which share of its estimated gains a separator was measured to make; None where it was not measured.

    Parameters
    ----------
    separator
        What its card says is looked up.
    n_sources
        How many play. Beyond what was measured, the nearest number counts.

    Examples
    --------
    >>> from rebalance.pipeline import measured_reliability
    >>> from rebalance.separation import load_separator
    >>> measured_reliability(load_separator("mixture"), 2) is None
    True
    """
    values = info_of(separator).reliability
    return values[min(max(n_sources, 2) - 2, len(values) - 1)] if values else None


def _made_db(
    gains_db: Mapping[str, float],
    separator: Separator,
    leakage: Leakage,
    strength: float,
    reliability: float | None,
) -> dict[str, float | None]:
    changes = changes_of(gains_db, shrinkage=info_of(separator).shrinkage, strength=strength)
    made = made_gains(leakage, changes)
    share = 1.0 if reliability is None else reliability
    found = relative_gains_db(made, gains_db, reliability=share).gains_db
    return {name: None if gain is None else round(gain, _DECIMALS) + 0.0 for name, gain in found.items()}


def _idle(gains_db: Mapping[str, float]) -> str:
    """Return why gains that are alike change nothing."""
    gain_db = next(iter(gains_db.values()))
    if gain_db == 0.0:
        return "no gain was asked for: the balance stays as it is"
    if len(gains_db) == 1:
        return (
            f"{next(iter(gains_db))}, asked for {gain_db:+g} dB, is the only player: nobody is there to be louder than"
        )
    return f"every player is asked for {gain_db:+g} dB: the balance between them stays as it is"


def _reasons(
    gains_db: Mapping[str, float],
    asked_db: Mapping[str, float],
    made_db: Mapping[str, float | None],
    separator: Separator,
    leakage: Leakage,
    strength: float,
    reliability: float | None,
) -> list[str]:
    """Return why less was made than asked for."""
    if not np.any(info_of(separator).shrinkage) or not strength:
        why = f"separator {separator.name!r} tells no players apart" if strength else "the strength is 0"
        return [f"{why}: the balance stays as it is"]
    reasons = [
        f"{first} and {second} sound alike to the separator ({leakage.likeness(first, second):.0%} in common):"
        " a gain of one is made on both"
        for first, second in itertools.combinations(gains_db, 2)
        if gains_db[first] != gains_db[second] and leakage.likeness(first, second) > _ALIKE
    ]
    reasons += [f"{name} is not heard" for name, made in made_db.items() if made is None and asked_db[name]]
    most = max(asked_db, key=lambda name: abs(asked_db[name]))
    made = made_db[most]
    if made is not None and abs(made) < _LITTLE * abs(asked_db[most]):
        reasons.append(_held_back(strength))
        if strength < MAX_STRENGTH:
            reasons += _stronger(most, gains_db, separator, leakage, strength, reliability)
    return reasons


def _held_back(strength: float) -> str:
    """Return what every separator's remix is like."""
    fitted = "" if strength == 1.0 else f", here times {strength:g}"
    return (
        "the separator confuses the players, and its errors are heard in proportion to what is changed:"
        f" only a part of the gain is applied, the one that scored best{fitted}"
    )


def _stronger(
    name: str,
    gains_db: Mapping[str, float],
    separator: Separator,
    leakage: Leakage,
    strength: float,
    reliability: float | None,
) -> list[str]:
    """Return what the largest strength would make, and what it would cost."""
    made = _made_db(gains_db, separator, leakage, MAX_STRENGTH, reliability)[name]
    if not made:
        return []
    louder_db = db_from_amplitude(MAX_STRENGTH / strength)
    what = f"--strength {MAX_STRENGTH:g} would make about {made:+.1f} dB of it for {name}"
    return [f"{what}; leaks and artefacts become {louder_db:.1f} dB louder"]
