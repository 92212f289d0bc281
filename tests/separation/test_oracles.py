import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import load_separator
from rebalance.separation._stft import inverse_spectrogram, spectrogram

TRIO = ("Violin", "Violin", "Cello")
ORACLES = ("oracle", "ideal-ratio-mask", "ideal-binary-mask")


@pytest.mark.parametrize("name", ORACLES)
def test_an_oracle_without_sources_says_what_it_needs(name, scene):
    with pytest.raises(ConfigError, match=f"{name!r} needs the true sources"):
        load_separator(name)(scene[1], TRIO)


def test_the_oracle_returns_the_true_sources(scene):
    sources, mixture = scene
    estimates = load_separator("oracle").informed_by(sources)(mixture, TRIO)
    assert all(np.array_equal(estimates[name], sources[name]) for name in sources)


@pytest.mark.parametrize("name", ["ideal-ratio-mask", "ideal-binary-mask"])
def test_masks_separate_tones_that_share_no_bin(name, scene):
    sources, mixture = scene
    estimates = load_separator(name).informed_by(sources)(mixture, TRIO)
    for source, estimate in zip(sources.values(), estimates.values(), strict=True):
        assert 10 * np.log10(np.sum(source**2) / np.sum((source - estimate) ** 2)) > 20.0


def test_the_ratio_mask_is_the_share_of_power(scene):
    sources, mixture = scene
    estimates = load_separator("ideal-ratio-mask").informed_by(sources)(mixture, TRIO)
    powers = {name: np.abs(spectrogram(source)) ** 2 for name, source in sources.items()}
    expected = spectrogram(mixture) * powers["Cello"] / sum(powers.values())
    np.testing.assert_allclose(
        estimates["Cello"], inverse_spectrogram(expected.astype(np.complex64), mixture.shape[1]), atol=1e-6
    )


def test_the_binary_mask_gives_a_bin_to_one_source_only(scene):
    """With sources that never share a bin's energy evenly, the other sources get nothing from it."""
    sources, mixture = scene
    louder = {"Violin_1": sources["Violin_1"], "Violin_2": 0.5 * sources["Violin_1"]}
    estimates = load_separator("ideal-binary-mask").informed_by(louder)(mixture, ("Violin", "Violin"))
    np.testing.assert_allclose(estimates["Violin_1"], mixture, atol=1e-5)
    assert np.max(np.abs(estimates["Violin_2"])) < 1e-6


def test_sources_under_other_names_are_refused(scene):
    sources, mixture = scene
    with pytest.raises(ConfigError, match=r"got \['Cello', 'Viola'\]"):
        load_separator("oracle").informed_by(sources)(mixture, ("Violin", "Violin", "Viola"))


def test_sources_of_another_shape_are_refused(scene):
    sources, mixture = scene
    with pytest.raises(AudioError, match="source Violin_1"):
        load_separator("oracle").informed_by(sources)(mixture[:, :-1], TRIO)


def test_informing_leaves_the_first_oracle_uninformed(scene):
    sources, mixture = scene
    oracle = load_separator("oracle")
    oracle.informed_by(sources)
    with pytest.raises(ConfigError):
        oracle(mixture, TRIO)


@pytest.mark.parametrize("n_samples", [1, 1024, 4096, 10_001])
def test_the_spectrogram_is_inverted_exactly(rng, n_samples):
    signal = rng.standard_normal((2, n_samples)).astype(np.float32)
    np.testing.assert_allclose(inverse_spectrogram(spectrogram(signal), n_samples), signal, atol=1e-5)
