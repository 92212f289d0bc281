from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebalance.errors import ConfigError
from rebalance.separation import Separator
from rebalance.training.average_spectra import (
    CENTRES_HZ,
    AverageSpectrumSeparator,
    measure_spectra,
    read_spectra,
    write_spectra,
)
from rebalance.training.stem_library import StemLibrary

from .conftest import tone


@pytest.fixture(scope="module")
def spectra(library: StemLibrary) -> dict[str, tuple[float, ...]]:
    return measure_spectra(library, n_stretches=2, seed=0)


def test_a_spectrum_is_strong_where_the_instrument_played(spectra: dict[str, tuple[float, ...]]) -> None:
    strongest_hz = CENTRES_HZ[int(np.argmax(spectra["Flute"]))]
    assert strongest_hz == pytest.approx(880.0, rel=0.13)
    assert np.mean(spectra["Flute"]) == pytest.approx(1.0)


def test_fixed_masks_share_the_mixture_and_tell_high_from_low(spectra: dict[str, tuple[float, ...]]) -> None:
    separator = AverageSpectrumSeparator(spectra=spectra)
    assert isinstance(separator, Separator)
    high, low = (np.tile(tone(pitch, seconds=1.0, harmonics=1), (2, 1)).astype(np.float32) for pitch in (81, 45))
    estimates = separator(high + low, ("flute", "bassoon"))
    np.testing.assert_allclose(estimates["Flute"] + estimates["Bassoon"], high + low, atol=1e-5)
    for name, truth in (("Flute", high), ("Bassoon", low)):
        assert np.sum(np.square(truth - estimates[name])) < 0.05 * np.sum(np.square(truth))


def test_two_voices_get_equal_parts(spectra: dict[str, tuple[float, ...]]) -> None:
    mixture = np.tile(tone(69, seconds=0.5), (2, 1)).astype(np.float32)
    estimates = AverageSpectrumSeparator(spectra=spectra)(mixture, ("Violin", "Violin", "Cello"))
    np.testing.assert_array_equal(estimates["Violin_1"], estimates["Violin_2"])


def test_spectra_come_back_from_a_file_and_damage_is_one_error(
    tmp_path: Path, spectra: dict[str, tuple[float, ...]]
) -> None:
    write_spectra(tmp_path / "spectra.json", spectra)
    found = read_spectra(tmp_path / "spectra.json")
    np.testing.assert_allclose(found["Cello"], spectra["Cello"], rtol=1e-4)
    (tmp_path / "spectra.json").write_text('{"power": {"Cello": [1, 2]}}', encoding="utf-8")
    with pytest.raises(ConfigError, match="51 powers"):
        read_spectra(tmp_path / "spectra.json")


def test_an_instrument_without_a_spectrum_is_refused(spectra: dict[str, tuple[float, ...]]) -> None:
    separator = AverageSpectrumSeparator(spectra={"Cello": spectra["Cello"]})
    with pytest.raises(ConfigError, match="none for Oboe"):
        separator(np.ones((2, 5000), dtype=np.float32), ("Cello", "Oboe"))
