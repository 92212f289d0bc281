"""What comes out of a separator, looked up by name and held to its contract before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.names import suggestion


def checked_estimates(
    estimates: Mapping[str, object], names: Sequence[str], shape: tuple[int, ...]
) -> dict[str, NDArray[np.float32]]:
    """Return the estimates of a separator by name, in the order asked for, once they are known to be usable.

    Parameters
    ----------
    estimates
        What a separator returned, in any order: arrays, torch tensors or nested lists of floating-point samples.
    names
        Source names it must hold, all of them and no other; see `source_names`.
    shape
        Of the mixture, which every estimate must have: ``(n_channels, n_samples)``.

    Returns
    -------
    dict
        Arrays of the given shape in the order of `names`.

    Raises
    ------
    ConfigError
        If it is not a mapping, or a name is missing, superfluous or misspelt.
    AudioError
        If an estimate has no floating-point samples, another shape, or holds NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.separation import checked_estimates
    >>> by_name = {"Viola": [[0.1, 0.2]], "Cello": np.zeros((1, 2))}
    >>> list(checked_estimates(by_name, ("Cello", "Viola"), (1, 2)))
    ['Cello', 'Viola']
    """
    if not isinstance(estimates, Mapping):
        raise ConfigError(
            where="estimates", expected="a dict of signals by source name", got=f"a {type(estimates).__name__}"
        )
    expected = list(names)
    missing = [name for name in expected if name not in estimates]
    superfluous = [name for name in estimates if name not in expected]
    if missing or superfluous:
        hint = suggestion(str(superfluous[0]), missing) if missing and superfluous else ""
        raise ConfigError(
            where="estimates", expected=f"exactly {expected}; missing {missing}, superfluous {superfluous}{hint}"
        )
    return {name: _checked_estimate(name, estimates[name], shape) for name in expected}


def _checked_estimate(name: str, estimate: object, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return one estimate in single precision."""
    samples = _as_array(name, estimate)
    if samples.dtype.kind != "f":
        raise AudioError(where=f"estimate {name!r}", expected="floating-point samples", got=str(samples.dtype))
    if samples.shape != tuple(shape):
        raise AudioError(
            where=f"estimate {name!r}", expected=f"the mixture's shape {tuple(shape)}", got=str(samples.shape)
        )
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is refused
        single = samples.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise AudioError(where=f"estimate {name!r}", expected="finite samples", found="NaN or infinity")
    return single


def _as_array(name: str, estimate: object) -> NDArray[np.generic]:
    """Return an array of what may be a tensor on any device, or nested lists of numbers."""
    if isinstance(estimate, np.ndarray):
        return estimate
    try:
        if hasattr(estimate, "detach"):
            tensor = estimate.detach().cpu()
            return np.asarray(tensor.float() if tensor.is_floating_point() else tensor)
        return np.asarray(estimate, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise AudioError(
            where=f"estimate {name!r}", expected="an array of samples", got=f"a {type(estimate).__name__}: {reason}"
        ) from error
