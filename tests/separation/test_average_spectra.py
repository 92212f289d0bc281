from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation import WEIGHTS_FOLDER, AverageSpectrumSeparator, Separator, read_spectra

RATE = 44_100


@pytest.fixture(scope="module")
def spectra() -> dict[str, tuple[float, ...]]:
    return read_spectra(WEIGHTS_FOLDER / "average-spectra.json")


def tone(frequency_hz: float) -> np.ndarray:
    wave = 0.1 * np.sin(2 * np.pi * frequency_hz * np.arange(RATE) / RATE)
    return np.tile(wave, (2, 1)).astype(np.float32)


def test_every_instrument_of_the_challenge_has_a_spectrum_of_mean_one(spectra: dict[str, tuple[float, ...]]) -> None:
    assert len(spectra) == 8
    for power in spectra.values():
        assert np.mean(power) == pytest.approx(1.0, abs=1e-3)


def test_fixed_masks_share_the_mixture_and_tell_high_from_low(spectra: dict[str, tuple[float, ...]]) -> None:
    separator = AverageSpectrumSeparator(spectra=spectra)
    assert isinstance(separator, Separator)
    high, low = tone(1760.0), tone(110.0)
    estimates = separator(high + low, ("flute", "bassoon"))
    np.testing.assert_allclose(estimates["Flute"] + estimates["Bassoon"], high + low, atol=1e-5)
    for name, truth in (("Flute", high), ("Bassoon", low)):
        assert np.sum(np.square(truth - estimates[name])) < 0.05 * np.sum(np.square(truth))


def test_two_voices_get_equal_parts(spectra: dict[str, tuple[float, ...]]) -> None:
    mixture = tone(440.0)
    estimates = AverageSpectrumSeparator(spectra=spectra)(mixture, ("Violin", "Violin", "Cello"))
    np.testing.assert_array_equal(estimates["Violin_1"], estimates["Violin_2"])


def test_a_damaged_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "spectra.json").write_text('{"power": {"Cello": [1, 2]}}', encoding="utf-8")
    with pytest.raises(ConfigError, match="51 powers"):
        read_spectra(tmp_path / "spectra.json")


def test_an_instrument_without_a_spectrum_is_refused(spectra: dict[str, tuple[float, ...]]) -> None:
    separator = AverageSpectrumSeparator(spectra={"Cello": spectra["Cello"]})
    with pytest.raises(ConfigError, match="none for Oboe"):
        separator(np.ones((2, 5000), dtype=np.float32), ("Cello", "Oboe"))
