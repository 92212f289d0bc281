"""The contract of a separator as checks that run on any: what it promises, tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rebalance.separation import _contract_checks as checks_of
from rebalance.separation._contract_checks import BreachError, NotApplicableError, said
from rebalance.separation._contract_report import CheckResult, ContractReport
from rebalance.separation._protocol import Separator


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A promise of the contract, and the attempt to see it broken.

    Parameters
    ----------
    promise
        What a separator promises, in words.
    attempt
        Takes a separator; raises an error with the reason where the promise is broken, else returns what is to say.
    """

    promise: str
    attempt: Callable[[Any], str | None]


CONTRACT: Mapping[str, Check] = MappingProxyType(
    {
        "attributes": Check(
            promise="It has the attributes of the protocol, and an info of the right kind if any",
            attempt=checks_of.check_attributes,
        ),
        "names": Check(
            promise="Estimates carry exactly the names of source_names(instruments), all and no other",
            attempt=checks_of.check_names,
        ),
        "shapes": Check(
            promise="Estimates are finite NumPy arrays of float32 and of the shape of the mixture",
            attempt=checks_of.check_shapes,
        ),
        "order": Check(
            promise="The order of the instruments changes nothing but the order of the estimates",
            attempt=checks_of.check_order,
        ),
        "sum": Check(
            promise="Estimates sum to the mixture, where its info says so",
            attempt=checks_of.check_sum,
        ),
        "pair": Check(
            promise="Two voices of one instrument never both carry the pair, nor one of them the whole of it",
            attempt=checks_of.check_pair,
        ),
        "lengths": Check(
            promise="Mono and stereo of any length are accepted, from one sample on",
            attempt=checks_of.check_lengths,
        ),
        "players": Check(
            promise="One to five sources are accepted",
            attempt=checks_of.check_players,
        ),
        "other rates": Check(
            promise="Recordings of other rates, resampled to that of the separator, are accepted",
            attempt=checks_of.check_rates,
        ),
        "silence": Check(
            promise="Silence stays silent",
            attempt=checks_of.check_silence,
        ),
        "input": Check(
            promise="The mixture is neither written to nor handed back as an estimate",
            attempt=checks_of.check_input,
        ),
        "determinism": Check(
            promise="The same input gives the same numbers, whatever was separated in between",
            attempt=checks_of.check_determinism,
        ),
        "precision": Check(
            promise="Mixtures of double precision are accepted and give the same estimates",
            attempt=checks_of.check_precision,
        ),
        "refusals": Check(
            promise="What cannot be separated is refused, with an error of this package",
            attempt=checks_of.check_refusals,
        ),
        "causality": Check(
            promise="It looks no further ahead than its info says",
            attempt=checks_of.check_causality,
        ),
    }
)
"""The checks by name."""


def check_separator(
    separator: Separator,
    *,
    checks: Sequence[str] | None = None,
    on_check: Callable[[CheckResult], None] | None = None,
) -> ContractReport:
    """Try whether a separator keeps the contract of `Separator`.

    Parameters
    ----------
    separator
        Any object that may be one; `load_separator` makes one of ``module:callable``.
    checks
        Names of `CONTRACT` to try; all when None.
    on_check
        Called with every result as it comes in.

    Returns
    -------
    ContractReport
        A failed check stops none of the others, whatever the separator raises.

    Examples
    --------
    >>> from rebalance.separation import check_separator, load_separator
    >>> check_separator(load_separator("mixture"), checks=["names", "silence"])
    ContractReport('mixture': 2 of 2 checks passed)
    """
    results = []
    for name in CONTRACT if checks is None else checks:
        results.append(_tried(name, separator))
        if on_check is not None:
            on_check(results[-1])
    return ContractReport(separator=str(getattr(separator, "name", type(separator).__name__)), results=tuple(results))


def _tried(name: str, separator: Separator) -> CheckResult:
    """Return what comes of one check."""
    promise = CONTRACT[name].promise
    try:
        found = CONTRACT[name].attempt(separator)
    except NotApplicableError as error:
        return CheckResult(name=name, promise=promise, outcome="does not apply", detail=str(error))
    except BreachError as error:
        return CheckResult(name=name, promise=promise, outcome="failed", detail=str(error))
    except Exception as error:  # noqa: BLE001 - somebody else's separator may raise anything
        return CheckResult(name=name, promise=promise, outcome="failed", detail=f"it raised {said(error)}")
    return CheckResult(name=name, promise=promise, outcome="passed", detail=found or "")
