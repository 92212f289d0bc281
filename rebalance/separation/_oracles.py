"""Upper bounds: separators that are told the true sources."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import Audio
from rebalance.separation._describing import Described
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._protocol import checked_mixture, source_names
from rebalance.separation._stft import inverse_spectrogram, spectrogram

_EXACT = SeparatorInfo(mixture_consistent=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _SourceInformed(Described, ABC):
    """A separator that must be told the true sources before it can be called; see `Oracle`.

    Parameters
    ----------
    name
        Its name in the registry.
    sources
        True sources by source name, shape ``(n_channels, n_samples)``; None until `informed_by` is called.
    """

    name: str
    sources: Mapping[str, Audio] | None = None
    sample_rate: int = CAD2_TASK2.mixture_sample_rate
    info: SeparatorInfo = _EXACT

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source with the help of the true ones; see `Separator`."""
        names = source_names(instruments)
        checked = checked_mixture(mixture)
        estimates = self._estimates(checked, np.stack(self._true_sources(names, checked)))
        return dict(zip(names, estimates, strict=True))

    def informed_by(self, sources: Mapping[str, Audio]) -> Self:
        """Return the same oracle knowing the true sources by source name."""
        return replace(self, sources=dict(sources))

    @abstractmethod
    def _estimates(self, mixture: NDArray[np.float32], sources: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return estimates of the sources' shape ``(n_sources, n_channels, n_samples)``."""

    def _true_sources(self, names: Sequence[str], mixture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the true sources in the order of the names, checked against the mixture."""
        if self.sources is None:
            raise ConfigError(
                f"separator {self.name!r} needs the true sources, which this data or command does not give;"
                " expected informed_by(sources) before the call"
            )
        if unmatched := sorted(self.sources.keys() ^ set(names)):
            raise ConfigError(
                f"sources must name exactly {sorted(names)}; got {unmatched}", where=f"separator {self.name!r}"
            )
        for name in names:
            if self.sources[name].shape != mixture.shape:
                raise AudioError(
                    where=f"source {name}",
                    expected=f"the mixture's shape {mixture.shape}",
                    got=str(self.sources[name].shape),
                )
        return [checked_mixture(self.sources[name]) for name in names]


class SourceOracle(_SourceInformed):
    """Returns the true sources."""

    __slots__ = ()

    def _estimates(self, mixture: NDArray[np.float32], sources: NDArray[np.float32]) -> NDArray[np.float32]:  # noqa: ARG002
        return sources


class RatioMaskOracle(_SourceInformed):
    """Shares every time-frequency bin of the mixture in proportion to the power of the true sources.

    Source: the ratio mask with squared magnitudes ("IRM2") of the SiSEC evaluation campaigns, on an STFT
    of 4096/1024, with the mixture's phase; a bin where all sources are silent is shared equally.
    """

    __slots__ = ()

    def _estimates(self, mixture: NDArray[np.float32], sources: NDArray[np.float32]) -> NDArray[np.float32]:
        powers = _powers(sources)
        total = powers.sum(axis=0)
        shares = np.full_like(powers, 1.0 / len(powers))
        np.divide(powers, total, out=shares, where=total > 0)
        return _masked(mixture, shares)


class BinaryMaskOracle(_SourceInformed):
    """Gives every time-frequency bin of the mixture to the strongest true source.

    Source: the ideal binary mask of the SiSEC evaluation campaigns extended to several sources, on an
    STFT of 4096/1024, with the mixture's phase; equally strong sources share a bin.
    """

    __slots__ = ()

    def _estimates(self, mixture: NDArray[np.float32], sources: NDArray[np.float32]) -> NDArray[np.float32]:
        powers = _powers(sources)
        strongest = (powers == powers.max(axis=0)).astype(np.float32)
        return _masked(mixture, strongest / strongest.sum(axis=0))


def _powers(sources: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return power spectrograms, shape ``(n_sources, n_channels, n_frames, n_bins)``."""
    spectra = spectrogram(sources)
    return np.asarray(np.square(spectra.real) + np.square(spectra.imag), dtype=np.float32)


def _masked(mixture: NDArray[np.float32], masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply one mask per source to the mixture."""
    return inverse_spectrogram(spectrogram(mixture) * masks, mixture.shape[1])
