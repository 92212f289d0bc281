"""What was asked for, what was made of it, and why: said for every gain that changes little or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from rebalance.audio import Recording
from rebalance.pipeline import Balance, estimate_balance, measured_reliability, rebalance_recording
from rebalance.separation import ModelCard, SeparatorInfo, load_separator, source_names

RNG = np.random.default_rng(0)
PARTS = RNG.normal(0, 0.05, (3, 2, 44_100)).astype(np.float32)


@dataclass(frozen=True)
class KnownSeparator:
    """Gives every player a mixture of the true parts: the diagonal is right, the rest leaks."""

    leaks: float = 0.0
    info: SeparatorInfo = field(default_factory=SeparatorInfo)
    name: str = "known"
    sample_rate: int = 44_100

    def __call__(self, mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        parts = PARTS[: len(instruments)]
        mean = parts.mean(axis=0)
        return {
            name: (1 - self.leaks) * part + self.leaks * mean
            for name, part in zip(source_names(instruments), parts, strict=True)
        }


def balance_of(players: Sequence[str], gains_db: Mapping[str, float], separator: object, **options: float) -> Balance:
    music = Recording(samples=PARTS[: len(players)].sum(axis=0), sample_rate=44_100)
    return rebalance_recording(music, players, gains_db, separator, **options).balance


def test_a_good_separator_makes_what_was_asked_and_needs_no_reason() -> None:
    balance = balance_of(("Flute", "Oboe", "Cello"), {"Cello": 6.0}, KnownSeparator())
    assert balance.asked_db == {"Flute": 0.0, "Oboe": 0.0, "Cello": 6.0}
    assert balance.made_db["Cello"] == pytest.approx(6.0, abs=0.15)
    assert balance.reference == ("Flute", "Oboe")
    assert balance.reasons == ()


def test_what_a_bad_separator_makes_is_little_and_the_reason_offers_more() -> None:
    plain = balance_of(
        ("Flute", "Oboe", "Cello"), {"Cello": 6.0}, KnownSeparator(leaks=0.5, info=SeparatorInfo(shrinkage=0.5))
    )
    strong = balance_of(
        ("Flute", "Oboe", "Cello"),
        {"Cello": 6.0},
        KnownSeparator(leaks=0.5, info=SeparatorInfo(shrinkage=0.5)),
        strength=1.5,
    )
    assert 0.5 < plain.made_db["Cello"] < 3
    assert f"--strength 1.5 would make about {strong.made_db['Cello']:+.1f} dB of it for Cello" in plain.reasons[-1]
    assert "3.5 dB louder" in plain.reasons[-1]
    assert strong.made_db["Cello"] > plain.made_db["Cello"]
    assert not any("--strength" in reason for reason in strong.reasons)


def test_a_measured_reliability_is_counted_in() -> None:
    trusted, measured = (
        balance_of(("Flute", "Cello"), {"Cello": 6.0}, KnownSeparator(info=SeparatorInfo(reliability=values)))
        for values in ((), (0.5, 0.1))
    )
    assert trusted.reliability is None
    assert measured.reliability == 0.5
    assert measured.made_db["Cello"] == pytest.approx(trusted.made_db["Cello"] / 2, abs=1e-5)


@pytest.mark.parametrize(("n_sources", "expected"), [(1, 0.9), (2, 0.9), (3, 0.7), (5, 0.7)])
def test_the_reliability_is_that_of_the_number_of_players(n_sources: int, expected: float) -> None:
    assert measured_reliability(KnownSeparator(info=SeparatorInfo(reliability=(0.9, 0.7))), n_sources) == expected
    assert measured_reliability(load_separator("mixture"), n_sources) is None


@pytest.mark.parametrize("values", [(-0.1,), (0.5, 2.5), (float("nan"),)])
def test_a_card_with_an_impossible_reliability_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(Exception, match="reliabilities"):
        ModelCard(reliability=values)


@pytest.mark.parametrize(
    ("players", "gains_db", "words"),
    [
        (("Flute", "Cello"), {}, "no gain was asked for"),
        (("Flute", "Cello"), {"Flute": 3.0, "Cello": 3.0}, "every player is asked for +3 dB"),
        (("Flute",), {"Flute": 6.0}, "Flute, asked for +6 dB, is the only player"),
    ],
)
def test_gains_that_change_nothing_are_explained(players: tuple[str, ...], gains_db: dict, words: str) -> None:
    balance = balance_of(players, gains_db, KnownSeparator())
    assert not any(balance.made_db.values())
    assert len(balance.reasons) == 1
    assert words in balance.reasons[0]


def test_a_separator_that_tells_nobody_apart_is_named() -> None:
    balance = balance_of(("Flute", "Cello"), {"Flute": 6.0}, load_separator("mixture"))
    assert not any(balance.made_db.values())
    assert balance.asked_db["Flute"] == 6.0
    assert balance.reasons == ("separator 'mixture' tells no players apart: the balance stays as it is",)


def test_voices_that_sound_alike_are_named() -> None:
    players = ("Violin", "Violin", "Cello")

    class Halves(KnownSeparator):
        def __call__(self, mixture, instruments):
            half = (PARTS[0] + PARTS[1]) / 2
            return {"Violin_1": half, "Violin_2": half, "Cello": PARTS[2]}

    balance = balance_of(players, {"Violin_1": 6.0}, Halves())
    assert balance.made_db["Violin_1"] == pytest.approx(balance.made_db["Violin_2"])
    assert any("Violin_1 and Violin_2 sound alike" in reason for reason in balance.reasons)


def test_a_player_who_is_silent_is_named() -> None:
    class Silent(KnownSeparator):
        def __call__(self, mixture, instruments):
            return {"Flute": mixture, "Cello": 0 * mixture}

    balance = balance_of(("Flute", "Cello"), {"Cello": 6.0}, Silent())
    assert balance.made_db["Cello"] is None
    assert balance.reasons == ("Cello is not heard",)


def test_a_strength_of_nothing_is_the_reason() -> None:
    balance = balance_of(("Flute", "Cello"), {"Cello": 6.0}, KnownSeparator(), strength=0.0)
    assert not any(balance.made_db.values())
    assert balance.reasons == ("the strength is 0: the balance stays as it is",)


def test_where_everybody_moves_the_mean_is_the_reference() -> None:
    balance = balance_of(("Flute", "Cello"), {"Flute": 2.0, "Cello": 6.0}, KnownSeparator())
    assert balance.asked_db == {"Flute": -2.0, "Cello": 2.0}
    assert balance.made_db["Cello"] == pytest.approx(2.0, abs=0.1)


def test_nothing_separated_makes_nothing() -> None:
    assert estimate_balance({"Flute": 0.0}, KnownSeparator(), None).made_db == {"Flute": 0.0}
