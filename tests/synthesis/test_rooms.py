from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from rebalance._base.errors import AudioError
from rebalance.synthesis.sound import (
    ANECHOIC,
    Hall,
    azimuths_deg,
    convolve,
    decode_stereo,
    draw_hall,
    half_angle_for,
    read_response,
    simulate_response,
)
from rebalance.synthesis.sound._rooms import mean_absorption

pytest.importorskip("pyroomacoustics")


def test_sources_stand_ten_degrees_apart_about_the_middle() -> None:
    assert azimuths_deg(4) == (15.0, 5.0, -5.0, -15.0)
    assert azimuths_deg(1) == (0.0,)


def test_a_source_to_the_left_is_louder_on_the_left_and_the_mirror_image_mirrors() -> None:
    left = decode_stereo(ANECHOIC, azimuth_deg=30, half_angle_deg=55)
    right = decode_stereo(ANECHOIC, azimuth_deg=-30, half_angle_deg=55)
    assert left[0, 0] > left[1, 0] > 0
    assert right[:, 0] == pytest.approx(left[::-1, 0])
    assert left[0, 0] == pytest.approx(0.5 * (1 + np.cos(np.deg2rad(25))))


def test_a_hall_reverberates_for_the_time_drawn_and_keeps_its_direct_sound() -> None:
    for seed in range(3):
        hall = draw_hall(np.random.default_rng(seed))
        omni = simulate_response(hall).channels[0]
        assert np.argmax(np.abs(omni)) < 100
        assert np.max(np.abs(omni)) == pytest.approx(1.0)
        decay = 10 * np.log10(np.cumsum(omni[::-1] ** 2)[::-1] / np.sum(omni**2) + 1e-12)
        t30 = 2 * (np.argmax(decay < -35) - np.argmax(decay < -5)) / 44_100
        assert 0.5 * hall.reverberation_s < t30 < 1.2 * hall.reverberation_s


def test_players_of_one_hall_hear_different_responses_and_a_response_is_repeatable() -> None:
    hall = draw_hall(np.random.default_rng(5))
    first, again, other = (simulate_response(hall, player).channels for player in (0, 0, 1))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.allclose(first, other)


@pytest.mark.parametrize("wanted", [0.72, 0.8, 0.88])
def test_the_angle_between_the_microphones_reaches_the_correlation_wanted(wanted: float) -> None:
    rng = np.random.default_rng(1)
    hall = draw_hall(rng)
    azimuths = azimuths_deg(3)
    responses = [simulate_response(hall, player) for player in range(3)]
    half_angle = half_angle_for(responses, azimuths, wanted)
    pink = scipy.signal.lfilter([1.0], [1.0, -0.97], rng.standard_normal(3 * 44_100))
    found = [
        np.corrcoef(convolve(pink, decode_stereo(response, azimuth_deg=azimuth, half_angle_deg=half_angle)))[0, 1]
        for response, azimuth in zip(responses, azimuths, strict=True)
    ]
    assert np.mean(found) == pytest.approx(wanted, abs=0.07)


def test_convolution_equals_the_textbook_for_any_length_and_leaves_its_input_alone() -> None:
    rng = np.random.default_rng(0)
    response = rng.standard_normal((2, 5000))
    for n_samples in (1, 4999, 50_000, 90_001):
        stem = rng.standard_normal(n_samples)
        before = stem.copy()
        expected = scipy.signal.fftconvolve(stem[None], response, axes=1)[:, :n_samples]
        found = convolve(stem, response)
        assert found.shape == (2, n_samples)
        assert np.max(np.abs(found - expected)) < 1e-3 * np.max(np.abs(expected)) + 1e-6
        assert np.array_equal(stem, before)


def test_a_measured_response_is_read_from_a_fuma_file_at_another_rate(tmp_path: Path) -> None:
    channels = np.zeros((4800, 4))
    channels[480] = [1 / np.sqrt(2), 1.0, 0.0, 0.0]
    soundfile.write(tmp_path / "room.wav", 0.5 * channels, 96_000, subtype="FLOAT")
    omni, ahead, left = read_response(tmp_path / "room.wav").channels
    assert np.sum(ahead) == pytest.approx(np.sum(omni), rel=0.01)
    assert np.argmax(np.abs(omni)) < 100
    assert np.max(np.abs(left)) == 0.0


@pytest.mark.parametrize(("shape", "message"), [((4800, 2), "expected 4"), ((4800, 4), "silent")])
def test_what_is_no_response_is_refused(tmp_path: Path, shape: tuple[int, int], message: str) -> None:
    soundfile.write(tmp_path / "room.wav", np.zeros(shape), 44_100)
    with pytest.raises(AudioError, match=message):
        read_response(tmp_path / "room.wav")


HALLS = [draw_hall(np.random.default_rng(seed)) for seed in (0, 1, 4)]


@pytest.mark.parametrize("hall", HALLS, ids=lambda hall: f"{hall.reverberation_s:.2f} s")
def test_the_walls_absorb_what_eyrings_formula_asks_for(hall: Hall) -> None:
    import pyroomacoustics

    walls = pyroomacoustics.Material(mean_absorption(hall))
    room = pyroomacoustics.ShoeBox(hall.size_m, fs=44_100, materials=walls, max_order=1)
    assert room.rt60_theory(formula="eyring") == pytest.approx(hall.reverberation_s, rel=0.01)


def test_absorption_of_a_hall_worked_by_hand() -> None:
    # 400 cubic metres, 340 square metres: T = 0.161 V / (-S ln(1 - a)) is 1 s where -ln(1 - a) = 0.1894.
    hall = replace(HALLS[0], size_m=(10.0, 8.0, 5.0), reverberation_s=1.0)
    assert mean_absorption(hall) == pytest.approx(1 - np.exp(-0.1894), rel=1e-3)


@pytest.mark.parametrize("hall", HALLS, ids=lambda hall: f"{hall.reverberation_s:.2f} s")
def test_a_hall_reverberates_for_its_time_within_five_per_cent_shorter_towards_the_treble(hall: Hall) -> None:
    bands_hz = ((60.0, 450.0), (550.0, 1350.0), (1650.0, 3600.0), (4400.0, 16_000.0))
    shares = (1.0, (2 + hall.treble_ratio) / 3, (1 + 2 * hall.treble_ratio) / 3, hall.treble_ratio)
    responses = [simulate_response(hall, player).channels[0] for player in range(6)]
    for band_hz, share in zip(bands_hz, shares, strict=True):
        filters = scipy.signal.butter(4, band_hz, btype="bandpass", fs=44_100, output="sos")
        times_s = [reverberation_s(scipy.signal.sosfiltfilt(filters, response)) for response in responses]
        assert np.mean(times_s) == pytest.approx(share * hall.reverberation_s, rel=0.05)


def reverberation_s(response: np.ndarray) -> float:
    """Reverberation time by Schroeder's backward integration, a line fitted from -5 to -35 dB (ISO 3382, T30)."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    decay_db = 10 * np.log10(left / left[0] + 1e-20)
    fitted = np.flatnonzero((decay_db < -5) & (decay_db > -35))
    return -60 / np.polyfit(fitted / 44_100, decay_db[fitted], 1)[0]
