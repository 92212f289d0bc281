"""The hearing-loss simulation against pyclarity's MSBG, and what it does to simple sounds."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from rebalance import AudioError, ConfigError, Listener
from rebalance.hearing import STANDARD_AUDIOGRAMS, Audiogram, HearingLossSimulator, simulate_hearing_loss

RATE = 44_100
FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)
LOSSES = {
    "none": (0, 0, 5, 5, 10, 10, 15, 15),
    "mild": (5, 10, 15, 20, 25, 30, 40, 50),
    "moderate": (20, 20, 30, 40, 50, 55, 60, 70),
    "severe": (40, 50, 60, 65, 70, 75, 80, 80),
}


def ear(levels: tuple[float, ...]) -> Audiogram:
    return Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=levels)


def by_pyclarity(signal: NDArray[np.float64], levels: tuple[float, ...], full_scale_db_spl: float) -> np.ndarray:
    """What `Ear.process` does, one ear, without its change of level by the pauses of a file."""
    msbg = pytest.importorskip("clarity.evaluator.msbg.msbg", reason="pyclarity is not installed")
    from clarity.evaluator.msbg.cochlea import Cochlea
    from clarity.utils.audiogram import Audiogram as TheirAudiogram

    theirs = TheirAudiogram(levels=np.array(levels, dtype=float), frequencies=np.array(FREQUENCIES_HZ))
    outer = msbg.Ear(sample_rate=RATE)
    heard = msbg.Ear.src_to_cochlea_filt(signal, outer.src_correction, RATE)
    heard = Cochlea(audiogram=theirs).simulate(heard, full_scale_db_spl)
    heard = msbg.Ear.src_to_cochlea_filt(heard, outer.src_correction, RATE, backward=True)
    taps = scipy.signal.firwin(2 * int(0.0015 * RATE) + 1, 18_000 / (RATE / 2), window=("kaiser", 8))
    return scipy.signal.lfilter(taps, 1, heard)


@pytest.mark.parametrize(
    ("degree", "full_scale_db_spl"), [("none", 88.0), ("mild", 88.0), ("moderate", 120.0), ("severe", 88.0)]
)
def test_it_is_that_of_pyclarity(degree: str, full_scale_db_spl: float) -> None:
    rng = np.random.default_rng(4)
    signal = 0.05 * rng.standard_normal(RATE) * np.repeat(rng.uniform(0.01, 1.0, 10), RATE // 10)
    expected = by_pyclarity(signal, LOSSES[degree], full_scale_db_spl)
    found = HearingLossSimulator(audiogram=ear(LOSSES[degree]), full_scale_db_spl=full_scale_db_spl)(signal)
    # Theirs is late by three linear-phase filters and, where it smears, by three hops; its first and last samples
    # are those of frames that hold a stretch twice, and of filters that are cut off.
    late = 507 + 507 + 66 + (0 if degree == "none" else 192)
    middle = slice(8000, RATE - late - 2000)
    expected, found = expected[late:][middle], found[middle]
    assert 10 * np.log10(np.mean((found - expected) ** 2) / np.mean(expected**2)) < -120.0


def tone(level_db: float, frequency_hz: float = 1000.0) -> NDArray[np.float64]:
    time_s = np.arange(RATE) / RATE
    return np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * time_s)


def level_db(signal: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(signal[RATE // 4 : -RATE // 4] ** 2)))


def test_soft_sounds_fall_and_loud_ones_stay() -> None:
    # 1 kHz, 50 dB HL, full scale 100 dB SPL: the ratio is 105 / 55 below 105 dB SPL at the cochlea, where the outer and
    # middle ear leave 1 kHz as it is; what is 30 dB fainter comes out 57.3 dB fainter.
    simulator = HearingLossSimulator(audiogram=ear((50,) * 8))
    loud, soft = (level_db(simulator(tone(level))) for level in (-20.0, -50.0))
    assert loud - soft == pytest.approx(30.0 * 105 / 55, abs=1.0)
    # A tone at the threshold of the damaged ear is as faint as one at the threshold of a healthy ear.
    assert level_db(simulator(tone(-50.0))) == pytest.approx(-100.0, abs=6.0)


def test_smearing_widens_the_spectrum_of_a_tone() -> None:
    def width_hz(signal: NDArray[np.float64]) -> float:
        power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
        frequencies_hz = np.fft.rfftfreq(len(signal), 1 / RATE)
        return float(np.sqrt(np.sum((frequencies_hz - 1000.0) ** 2 * power) / np.sum(power)))

    widths = [width_hz(HearingLossSimulator(audiogram=ear(loss))(tone(-20.0))) for loss in LOSSES.values()]
    assert sorted(widths) == widths
    assert widths[-1] > 4 * widths[0]


def test_it_is_in_time_and_as_long_as_the_signal() -> None:
    click = np.zeros(RATE)
    click[20_000] = 0.5
    heard = HearingLossSimulator(audiogram=ear((0,) * 8))(click)
    assert heard.shape == click.shape
    assert abs(int(np.argmax(np.abs(heard))) - 20_000) < 20


def test_thresholds_beyond_the_model_count_as_its_limits() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(4000)
    deaf, limit = (HearingLossSimulator(audiogram=ear((level,) * 8))(noise) for level in (120.0, 100.0))
    np.testing.assert_array_equal(deaf, limit)
    assert np.isfinite(deaf).all()
    better, normal = (HearingLossSimulator(audiogram=ear((level,) * 8))(noise) for level in (-10.0, 0.0))
    np.testing.assert_array_equal(better, normal)


@pytest.mark.parametrize("n_samples", [1, 2, 7, 63, 257])
def test_short_signals_and_silence_stay_finite(n_samples: int) -> None:
    simulator = HearingLossSimulator(audiogram=STANDARD_AUDIOGRAMS["N5"])
    assert simulator(np.ones(n_samples)).shape == (n_samples,)
    assert not simulator(np.zeros(n_samples)).any()


def test_every_ear_has_its_own_loss() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal((2, RATE // 2))
    listener = Listener(name="me", left=ear(LOSSES["severe"]), right=ear(LOSSES["none"]))
    both = simulate_hearing_loss(noise, listener)
    np.testing.assert_array_equal(both[1], HearingLossSimulator(audiogram=listener.right)(noise[1]))
    assert level_db(np.repeat(both[0], 2)) < level_db(np.repeat(both[1], 2)) - 20


def test_bad_input_is_told() -> None:
    listener = Listener(name="me", left=ear((0,) * 8), right=ear((0,) * 8))
    with pytest.raises(AudioError, match=r"expected a stereo signal of shape \(2, n_samples\), got \(1, 9\)"):
        simulate_hearing_loss(np.zeros((1, 9)), listener)
    with pytest.raises(AudioError, match="finite"):
        simulate_hearing_loss(np.full((2, 9), np.nan), listener)
    with pytest.raises(ConfigError, match="expected a finite level, got nan"):
        HearingLossSimulator(audiogram=listener.left, full_scale_db_spl=float("nan"))
