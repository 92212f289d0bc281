"""What a remix makes of the gains asked for, as far as the estimates themselves can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import ConfigError
from rebalance.audio._audio_files import Audio

_SILENT_SHARE = 1e-6  # of the mixture's power: -60 dB
_MIN_GAIN = 1e-3  # a player turned down further counts as turned down by 60 dB


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """How much of every estimate sounds in the mixture and in the other estimates.

    Leakages of consecutive parts of a recording add up to that of the whole.

    Parameters
    ----------
    names
        Names of the sources.
    with_mixture
        Inner product of every estimate with the mixture, shape ``(n_sources,)``.
    among
        Inner products of the estimates, shape ``(n_sources, n_sources)``.
    mixture_power
        Inner product of the mixture with itself.
    """

    names: tuple[str, ...]
    with_mixture: NDArray[np.float64]
    among: NDArray[np.float64]
    mixture_power: float

    def __add__(self, other: Leakage) -> Leakage:
        if self.names != other.names:
            raise ConfigError(where="leakage", expected="the same sources", got=f"{self.names} and {other.names}")
        return Leakage(
            names=self.names,
            with_mixture=self.with_mixture + other.with_mixture,
            among=self.among + other.among,
            mixture_power=self.mixture_power + other.mixture_power,
        )

    def likeness(self, first: str, second: str) -> float:
        """Return the correlation of two estimates, 1 for the same signal; 0 where one is silent.

        Parameters
        ----------
        first, second
            Names of two sources, each one of `names`.
        """
        one, two = self.names.index(first), self.names.index(second)
        power = float(np.sqrt(self.among[one, one] * self.among[two, two]))
        return float(self.among[one, two]) / power if power > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeGains:
    """Gains beside those of other players: only balance can be heard, for the whole is kept at its level.

    Parameters
    ----------
    gains_db
        By source name, relative to the mean in dB of the `reference`; None for a player that is not heard.
    reference
        The players asked to stay as they are; all of them where none is.
    """

    gains_db: Mapping[str, float | None]
    reference: tuple[str, ...]


def measure_leakage(mixture: Audio, estimates: Mapping[str, Audio]) -> Leakage:
    """Measure how much the estimates of a separator have in common with the mixture and with one another.

    Parameters
    ----------
    mixture
        Shape ``(n_channels, n_samples)``.
    estimates
        Signals of the same shape by source name.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import measure_leakage
    >>> half = np.array([[0.5, -0.5]])
    >>> measure_leakage(2 * half, {"Violin_1": half, "Violin_2": half}).likeness("Violin_1", "Violin_2")
    1.0
    """
    stacked = np.stack([np.ravel(estimate) for estimate in estimates.values()]).astype(np.float64)
    whole = np.ravel(mixture).astype(np.float64)
    return Leakage(
        names=tuple(estimates),
        with_mixture=stacked @ whole,
        among=stacked @ stacked.T,
        mixture_power=float(whole @ whole),
    )


def made_gains(leakage: Leakage, changes: Mapping[str, float]) -> dict[str, float | None]:
    """Estimate the amplitude gain that every player gets in a remix.

    The output ``y = x + sum_j change_j estimate_j`` is compared with the mixture x along every estimate:
    ``gain_i = <y, estimate_i> / <x, estimate_i>``. Where each estimate is its source this is the gain of that source.
    Where a separator shares the bins of the mixture among its sources, it is the mean of the gains of all bins,
    weighted by what the player is given of each: right if players have, on average, the share of the power that they
    are given. A separator that is surer than it should be is believed too much.

    Parameters
    ----------
    leakage
        Of the estimates.
    changes
        How much of each estimate is added; see `changes_of`.

    Returns
    -------
    dict
        Gains by source name; None for a player that is silent.

    Raises
    ------
    ConfigError
        If the names differ.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.audio import changes_of, made_gains, measure_leakage, relative_gains_db
    >>> sources = {"Flute": np.array([[1.0, 0.0]]), "Cello": np.array([[0.0, 1.0]])}
    >>> gains_db = {"Flute": 6.0, "Cello": 0.0}
    >>> made = made_gains(measure_leakage(sum(sources.values()), sources), changes_of(gains_db))
    >>> round(relative_gains_db(made, gains_db).gains_db["Flute"], 9)
    6.0
    """
    if set(leakage.names) != set(changes):
        raise ConfigError(where="changes", expected=f"exactly {sorted(leakage.names)}", got=f"{sorted(changes)}")
    added = leakage.among @ np.array([changes[name] for name in leakage.names])
    heard = leakage.with_mixture > _SILENT_SHARE * leakage.mixture_power
    return {
        name: 1.0 + float(added[index] / leakage.with_mixture[index]) if heard[index] else None
        for index, name in enumerate(leakage.names)
    }


def relative_gains_db(
    gains: Mapping[str, float | None], asked_db: Mapping[str, float], *, reliability: float = 1.0
) -> RelativeGains:
    """Return gains in dB relative to the players that were asked to stay as they are.

    Parameters
    ----------
    gains
        Amplitude gains by source name; None for a silent player.
    asked_db
        Gains asked for in dB, by the same names.
    reliability
        Multiplies the result: how much of what is estimated to have been made was, where that was measured.

    Examples
    --------
    >>> from rebalance.audio import relative_gains_db
    >>> relative_gains_db({"Flute": 0.5, "Cello": 1.0}, {"Flute": 0.0, "Cello": 6.0}).gains_db["Flute"]
    0.0
    """
    levels_db = {
        name: None if gain is None else 20.0 * float(np.log10(max(gain, _MIN_GAIN))) for name, gain in gains.items()
    }
    reference = reference_players(asked_db)
    known = [level for name in reference if (level := levels_db[name]) is not None]
    centre = float(np.mean(known)) if known else 0.0
    return RelativeGains(
        gains_db={name: None if level is None else reliability * (level - centre) for name, level in levels_db.items()},
        reference=reference,
    )


def reference_players(asked_db: Mapping[str, float]) -> tuple[str, ...]:
    """Return the players asked to stay as they are, or all of them where none is.

    Examples
    --------
    >>> from rebalance.audio import reference_players
    >>> reference_players({"Flute": 0.0, "Cello": 6.0}), reference_players({"Flute": 3.0, "Cello": 6.0})
    (('Flute',), ('Flute', 'Cello'))
    """
    unmoved = tuple(name for name, gain_db in asked_db.items() if gain_db == 0.0)
    return unmoved or tuple(asked_db)
