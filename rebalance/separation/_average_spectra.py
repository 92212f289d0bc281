"""Separation without learning: fixed masks from the average spectrum of each instrument."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import Audio
from rebalance.separation._checkpoints import WEIGHTS_FOLDER
from rebalance.separation._describing import Described
from rebalance.separation._info import SeparatorInfo
from rebalance.separation._protocol import checked_mixture, source_names
from rebalance.separation._stft import WINDOW_SIZE, inverse_spectrogram, spectrogram

_MIN_HZ = 50.0
_BANDS_PER_OCTAVE = 6
_N_BANDS = 51
_FLOOR = 1e-12
CENTRES_HZ: tuple[float, ...] = tuple(_MIN_HZ * 2.0 ** (band / _BANDS_PER_OCTAVE) for band in range(_N_BANDS))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AverageSpectrumSeparator(Described):
    """Gives each instrument, at every frequency, the share its average spectrum has of the ensemble's.

    Parameters
    ----------
    spectra
        Power per frequency at `CENTRES_HZ` by instrument, each of mean 1.
    shrinkage
        See `rebalance.separation.SeparatorInfo`.
    name
        What it is called.
    sample_rate
        Rate in Hz the mixture must have.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.assets import weights_folder
    >>> from rebalance.audio import rms
    >>> from rebalance.separation import AverageSpectrumSeparator, read_spectra
    >>> separator = AverageSpectrumSeparator(spectra=read_spectra(weights_folder() / "average-spectra.json"))
    >>> low = 0.1 * np.sin(2 * np.pi * 100 * np.arange(22_050) / 44_100)
    >>> estimates = separator(np.stack([low, low]), ("Flute", "Cello"))
    >>> rms(estimates["Cello"]) > 10 * rms(estimates["Flute"])
    True
    """

    spectra: Mapping[str, tuple[float, ...]]
    shrinkage: float = 1.0
    name: str = "average-spectra"
    sample_rate: int = CAD2_TASK2.mixture_sample_rate

    def __call__(self, mixture: Audio, instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source; see `rebalance.separation.Separator`."""
        names = source_names(instruments)
        checked = checked_mixture(mixture)
        known = [name.partition("_")[0] for name in names]
        if missing := sorted(set(known) - set(self.spectra)):
            raise ConfigError(f"none for {', '.join(missing)}", where="average spectra")
        powers = np.stack([_at_bins(self.spectra[instrument]) for instrument in known])
        shares = (powers / powers.sum(axis=0)).astype(np.float32)
        spectra = spectrogram(checked)
        return {
            name: inverse_spectrogram(spectra * share, checked.shape[1])
            for name, share in zip(names, shares, strict=True)
        }

    @property
    def info(self) -> SeparatorInfo:
        """What is known of it."""
        return SeparatorInfo(shrinkage=self.shrinkage, mixture_consistent=True)


def read_spectra(path: StrPath) -> dict[str, tuple[float, ...]]:
    """Read average spectra from JSON: ``{"power": {instrument: [power at each of CENTRES_HZ, ...]}}``.

    Raises
    ------
    ConfigError
        If the file holds anything else.

    Examples
    --------
    >>> from rebalance.assets import weights_folder
    >>> from rebalance.separation import read_spectra
    >>> sorted(read_spectra(weights_folder() / "average-spectra.json"))
    ['Bassoon', 'Cello', 'Clarinet', 'Flute', 'Oboe', 'Sax', 'Viola', 'Violin']
    """
    path = expanded(path)
    try:
        power = json.loads(path.read_text(encoding="utf-8"))["power"]
        spectra = {name: tuple(float(value) for value in spectrum) for name, spectrum in power.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(where=path, expected="average spectra of instruments", more=f": {error}") from error
    if any(len(spectrum) != _N_BANDS or min(spectrum) < 0 for spectrum in spectra.values()):
        raise ConfigError(where=path, expected=f"{_N_BANDS} powers from 0 for each instrument")
    return spectra


def _at_bins(spectrum: Sequence[float]) -> NDArray[np.float64]:
    """Return a spectrum at the bins of the transform, interpolated over log frequency in dB."""
    frequencies = np.fft.rfftfreq(WINDOW_SIZE, 1 / CAD2_TASK2.mixture_sample_rate)
    levels = np.log(np.maximum(spectrum, _FLOOR))
    at_bins: NDArray[np.float64] = np.exp(np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(CENTRES_HZ), levels))
    return at_bins


def average_spectra_separator(*, device: str = "auto") -> AverageSpectrumSeparator:  # noqa: ARG001 - as factories are called
    """Return the separator over the spectra that ship with the library.

    Its name for commands: ``rebalance.separation:average_spectra_separator``.
    """
    return AverageSpectrumSeparator(spectra=read_spectra(WEIGHTS_FOLDER / "average-spectra.json"))
