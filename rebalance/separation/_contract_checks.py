"""What a separator promises, tried out: one function for every promise of its contract."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import RebalanceError
from rebalance._base.running import one_line
from rebalance.audio import Audio, resample
from rebalance.separation._causality import measure_look_ahead
from rebalance.separation._estimates import checked_estimates
from rebalance.separation._info import info_of
from rebalance.separation._protocol import Oracle, Separator, source_names

Estimates: TypeAlias = Mapping[str, NDArray[np.float32]]

_TRIO = ("Violin", "Violin", "Cello")
_SHARED = ("Violin", "Cello")
_PLAYERS = ("Violin", "Violin", "Viola", "Cello", "Flute")
_LENGTHS = (1, 2, 19, 1023, 4097)
_RATES = (22_050, 48_000, 96_000)
_DURATION_S = 0.5
_PITCHES_HZ = (220.0, 523.0, 1319.0)
_SEED = 20
_SUM_TOLERANCE = 1e-5
_ORDER_TOLERANCE = 1e-6
_PRECISION_TOLERANCE = 1e-4
_MAX_OF_A_PAIR = 0.9
_LOOK_AHEAD_TOLERANCE_MS = 0.05


class BreachError(RebalanceError):
    """A promise a separator did not keep: what was expected, and what it did."""


class NotApplicableError(RebalanceError):
    """A check that has no meaning for a separator, and why."""


def check_attributes(separator: Any) -> None:  # noqa: ANN401 - whether it is a separator is the question
    """Raise unless it has the attributes of the protocol, and an info of the right kind if any."""
    if not isinstance(separator, Separator):
        missing = [name for name in ("name", "sample_rate") if not hasattr(separator, name)]
        raise BreachError(f"expected a Separator, it lacks {', '.join(missing) or 'a call'}")
    if not isinstance(separator.name, str) or not separator.name:
        raise BreachError(f"expected a name, got {separator.name!r}")
    rate = separator.sample_rate
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or rate <= 0:
        raise BreachError(f"expected sample_rate as a whole number of Hz, got {rate!r}")
    try:
        info_of(separator)
    except RebalanceError as error:
        raise BreachError(str(error)) from error


def check_names(separator: Separator) -> None:
    """Raise unless estimates carry exactly the names of the sources."""
    sources, mixture = _scene(separator)
    made = _called(separator, mixture, _TRIO, sources)
    _usable(made, _TRIO, mixture)


def check_shapes(separator: Separator) -> None:
    """Raise unless estimates are arrays of float32 and of the shape of the mixture."""
    sources, mixture = _scene(separator)
    made = _called(separator, mixture, _TRIO, sources)
    for name, estimate in _usable(made, _TRIO, mixture).items():
        given = made[name]
        if not isinstance(given, np.ndarray) or given.dtype != np.float32:
            kind = given.dtype if isinstance(given, np.ndarray) else type(given).__name__
            raise BreachError(f"estimate {name!r}: expected a NumPy array of float32, got {kind}")
        if estimate.shape != mixture.shape:
            raise BreachError(f"estimate {name!r}: expected shape {mixture.shape}, got {estimate.shape}")


def check_order(separator: Separator) -> None:
    """Raise if the order of the instruments changes more than the order of the estimates."""
    sources, mixture = _scene(separator)
    forward = _estimates(separator, mixture, _TRIO, sources)
    other = _estimates(separator, mixture, ("Cello", "Violin", "Violin"), sources)
    _require_equal(forward, other, _ORDER_TOLERANCE, "in another order of the instruments")


def check_sum(separator: Separator) -> None:
    """Raise unless estimates sum to the mixture, where its info says so."""
    if not info_of(separator).mixture_consistent:
        raise NotApplicableError("its info does not say that it is mixture_consistent")
    sources, mixture = _scene(separator)
    total = np.sum(list(_estimates(separator, mixture, _TRIO, sources).values()), axis=0)
    worst = float(np.max(np.abs(total - mixture)))
    if worst > _SUM_TOLERANCE:
        raise BreachError(f"expected estimates that sum to the mixture within {_SUM_TOLERANCE:g}, off by {worst:.2g}")


def check_pair(separator: Separator) -> None:
    """Raise if both voices of one instrument carry the pair, or one of them the whole of it."""
    sources, mixture = _scene(separator)
    two = _estimates(separator, mixture, _TRIO, sources)
    pair = two["Violin_1"] + two["Violin_2"]
    energy = float(np.sum(pair**2))
    for name in ("Violin_1", "Violin_2"):
        share = float(np.sum(two[name] ** 2))
        if share >= _MAX_OF_A_PAIR * energy:
            raise BreachError(f"{name} has {share / max(energy, 1e-30):.2f} of the energy of both violins together")
    if isinstance(separator, Oracle):
        return
    alone = float(np.sum(_estimates(separator, mixture, _SHARED, None)["Violin"] ** 2))
    if energy >= 2.0 * alone:
        raise BreachError(
            f"two violins together have {energy / max(alone, 1e-30):.2f} times the energy of one asked for alone"
        )


def check_lengths(separator: Separator) -> None:
    """Raise unless mono and stereo of any length are accepted."""
    rng = np.random.default_rng(_SEED)
    for n_channels in (1, 2):
        for n_samples in _LENGTHS:
            mixture = _noise(rng, n_channels, n_samples)
            with _saying(f"a mixture of {n_channels} channels and {n_samples} samples"):
                _estimates(separator, mixture, ("Flute", "Oboe"), None)


def check_players(separator: Separator) -> None:
    """Raise unless one to five sources are accepted."""
    mixture = _noise(np.random.default_rng(_SEED), 2, 2000)
    for n_sources in range(1, len(_PLAYERS) + 1):
        with _saying(f"{n_sources} sources"):
            _estimates(separator, mixture, _PLAYERS[:n_sources], None)


def check_rates(separator: Separator) -> None:
    """Raise unless recordings of other rates are accepted once they are resampled."""
    rng = np.random.default_rng(_SEED)
    for rate in _RATES:
        mixture = resample(_noise(rng, 2, rate // 8), rate, separator.sample_rate).astype(np.float32)
        with _saying(f"a recording at {rate} Hz"):
            _estimates(separator, mixture, ("Flute", "Oboe"), None)


def check_silence(separator: Separator) -> None:
    """Raise unless silence stays silent."""
    mixture = np.zeros((2, 5000), dtype=np.float32)
    for name, estimate in _estimates(separator, mixture, _TRIO, None).items():
        if estimate.any():
            raise BreachError(f"{name} has a peak of {float(np.max(np.abs(estimate))):.2g} where the mixture is silent")


def check_input(separator: Separator) -> None:
    """Raise if the mixture is written to or handed back."""
    sources, mixture = _scene(separator)
    before = mixture.copy()
    made = _called(separator, mixture, _TRIO, sources)
    if not np.array_equal(mixture, before):
        raise BreachError("it wrote into the mixture")
    arrays = {name: estimate for name, estimate in made.items() if isinstance(estimate, np.ndarray)}
    for name, estimate in arrays.items():
        if np.shares_memory(estimate, mixture):
            raise BreachError(f"{name} is the memory of the mixture; expected a copy")
        if any(np.shares_memory(estimate, other) for key, other in arrays.items() if key != name):
            raise BreachError(f"{name} shares its memory with another estimate")


def check_determinism(separator: Separator) -> None:
    """Raise unless the same input gives the same numbers."""
    sources, mixture = _scene(separator)
    first = _estimates(separator, mixture, _TRIO, sources)
    _estimates(separator, _noise(np.random.default_rng(_SEED), 2, 3000), _SHARED, None)
    _require_equal(first, _estimates(separator, mixture, _TRIO, sources), 0.0, "when called again")


def check_precision(separator: Separator) -> None:
    """Raise unless mixtures of double precision give the same estimates."""
    sources, mixture = _scene(separator)
    single = _estimates(separator, mixture, _TRIO, sources)
    double = _estimates(separator, mixture.astype(np.float64), _TRIO, sources)
    _require_equal(single, double, _PRECISION_TOLERANCE, "in double precision")


def check_refusals(separator: Separator) -> None:
    """Raise unless what cannot be separated is refused with an error of this package."""
    _, mixture = _scene(separator)
    spoilt = mixture.copy()
    spoilt[1, 7] = np.nan
    hopeless: dict[str, tuple[Audio, Sequence[str]]] = {
        "an unknown instrument": (mixture, ("Theremin", "Cello")),
        "no instrument": (mixture, ()),
        "NaN in the mixture": (spoilt, _TRIO),
        "an empty mixture": (mixture[:, :0], _TRIO),
        "a mixture of three channels": (np.zeros((3, 100), dtype=np.float32), _TRIO),
        "a mixture of one dimension": (mixture[0], _TRIO),
        "whole numbers as samples": (np.zeros((2, 100), dtype=np.int16), _TRIO),
    }
    for what, (given, instruments) in hopeless.items():
        try:
            separator(given, instruments)
        except RebalanceError:
            continue
        except Exception as error:
            raise BreachError(f"{what}: expected AudioError or ConfigError, it raised {said(error)}") from error
        raise BreachError(f"{what}: expected AudioError or ConfigError, it returned estimates")


def check_causality(separator: Separator) -> str:
    """Raise if it looks further ahead than its info says; return how far it looks."""
    if isinstance(separator, Oracle):
        raise NotApplicableError("it is told the true sources")
    declared_ms = info_of(separator).lookahead_ms
    if declared_ms == math.inf:
        return "it says that it sees the whole signal"
    _, mixture = _scene(separator)

    def system(signal: NDArray[np.float64]) -> Audio:
        return np.stack(list(_estimates(separator, signal.astype(np.float32), _SHARED, None).values()))

    measured = measure_look_ahead(system, mixture, separator.sample_rate, n_positions=2)
    found = "to the end of the signal" if measured.to_the_end else f"{measured.ms:.2f} ms ahead"
    if declared_ms is None:
        return f"looks {found}; a challenge entry has to declare it as lookahead_ms of its info"
    if measured.to_the_end or measured.ms > declared_ms + _LOOK_AHEAD_TOLERANCE_MS:
        raise BreachError(f"expected at most the {declared_ms:g} ms it declares, it looks {found}")
    return f"looks {found}"


def said(error: Exception) -> str:
    """Return the kind of an error and its message in one line."""
    line = one_line(error)
    return line if line.startswith(type(error).__name__) else f"{type(error).__name__}: {line}"


@contextlib.contextmanager
def _saying(what: str) -> Iterator[None]:
    """Name what was tried in the reason of a breach."""
    try:
        yield
    except BreachError as error:
        raise BreachError(f"{what}: {error}") from error
    except Exception as error:
        raise BreachError(f"{what}: it raised {said(error)}") from error


@functools.lru_cache(maxsize=4)
def _tones(sample_rate: int) -> tuple[NDArray[np.float32], ...]:
    """Return three sources of half a second of stereo."""
    rng = np.random.default_rng(_SEED)
    time_s = np.arange(int(_DURATION_S * sample_rate)) / sample_rate
    tones = (np.sin(2 * np.pi * pitch_hz * time_s) for pitch_hz in _PITCHES_HZ)
    return tuple(
        (np.stack([0.3 * tone, 0.2 * tone]) + 0.01 * rng.standard_normal((2, len(time_s)))).astype(np.float32)
        for tone in tones
    )


def _scene(separator: Separator) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Return the sources of a trio at the rate of a separator, and their mixture."""
    tones = [tone.copy() for tone in _tones(int(separator.sample_rate))]
    return dict(zip(source_names(_TRIO), tones, strict=True)), np.sum(tones, axis=0, dtype=np.float32)


def _noise(rng: np.random.Generator, n_channels: int, n_samples: int) -> NDArray[np.float32]:
    """Return noise at a moderate level."""
    return (0.1 * rng.standard_normal((n_channels, n_samples))).astype(np.float32)


def _called(
    separator: Separator, mixture: Audio, instruments: Sequence[str], sources: Estimates | None
) -> Mapping[str, object]:
    """Return what a separator makes, told the true sources, or equal parts of the mixture, where it needs them."""
    if isinstance(separator, Oracle):
        names = source_names(instruments)
        parts = {name: (mixture / np.float32(len(names))).astype(np.float32) for name in names}
        separator = separator.informed_by(parts if sources is None else sources)
    made = separator(mixture, instruments)
    if not isinstance(made, Mapping):
        raise BreachError(f"expected a dict of estimates by source name, got a {type(made).__name__}")
    return made


def _usable(made: Mapping[str, object], instruments: Sequence[str], mixture: Audio) -> Estimates:
    """Return estimates that `checked_estimates` accepts."""
    try:
        return checked_estimates(made, source_names(instruments), mixture.shape)
    except RebalanceError as error:
        raise BreachError(str(error)) from error


def _estimates(
    separator: Separator, mixture: Audio, instruments: Sequence[str], sources: Estimates | None
) -> Estimates:
    """Return the estimates of a separator once they are known to be usable."""
    return _usable(_called(separator, mixture, instruments, sources), instruments, mixture)


def _require_equal(first: Estimates, second: Estimates, tolerance: float, when: str) -> None:
    """Raise unless estimates are the same, as far as rounding goes."""
    for name, estimate in first.items():
        worst = float(np.max(np.abs(estimate - second[name])))
        if worst > tolerance:
            raise BreachError(f"{name} differs by {worst:.2g} {when}")
