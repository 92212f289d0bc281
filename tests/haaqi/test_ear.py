"""Each stage against its counterpart in pyclarity, alone."""

import numpy as np
import pytest
from clarity.evaluator.haspi import eb
from scipy.signal import correlate

from rebalance._base.errors import AudioError
from rebalance.haaqi import (
    _alignment as alignment,
    _bands as bands,
    _cepstral as cepstral,
    _cochlea as cochlea,
    _coherence as coherence,
    _hair_cells as hair_cells,
    _hearing_loss as hearing_loss,
    _middle_ear as middle_ear,
)
from rebalance.haaqi._resampling import at_model_rate
from rebalance.haaqi._spectrum import match_spectra
from rebalance.hearing import Audiogram

FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0)
LOSSES = [(0.0,) * 6, (-5.0, 0, 5, 10, 15, 20), (20.0, 30, 40, 50, 60, 70), (90.0,) * 6, (0.0, 0, 20, 60, 90, 110)]
LEVEL = 80.0


def noise(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n)


def audiogram(loss):
    return Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=loss)


def test_centre_frequencies_equal_pyclarity():
    np.testing.assert_allclose(bands.centre_frequencies_hz(), eb.center_frequency(32), rtol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_is_apportioned_as_by_pyclarity(loss):
    ours = hearing_loss.apportion_loss(audiogram(loss))
    theirs = eb.loss_parameters(np.array(loss), eb.center_frequency(32))
    found = (
        ours.outer_attenuation_db,
        ours.bandwidth,
        ours.knee_db_spl,
        ours.compression_ratio,
        ours.inner_attenuation_db,
    )
    for mine, expected in zip(found, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)


def test_middle_ear_equals_pyclarity():
    np.testing.assert_allclose(
        middle_ear.through_middle_ear(noise(5000)), eb.middle_ear(noise(5000), 24000), atol=1e-15
    )


@pytest.mark.parametrize("widths", [1.0, 2.5])
def test_bands_wait_as_in_pyclarity(widths):
    bandwidth = np.full(32, widths)
    ones = np.ones((32, 2000))
    theirs = eb.group_delay_compensate(ones, bandwidth, eb.center_frequency(32), 24000)
    np.testing.assert_array_equal(bands.delays_to_align(bands.gammatone(bandwidth)), np.sum(theirs == 0, axis=1))


@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[2]])
def test_cochlea_equals_pyclarity_in_every_band(loss):
    signal = 0.3 * noise(6000)
    ours = cochlea.excite(signal, hearing_loss.apportion_loss(audiogram(loss)), LEVEL)
    centres = eb.center_frequency(32)
    outer, width, knee, ratio, inner = eb.loss_parameters(np.array(loss), centres)
    widest = eb.loss_parameters(np.full(6, 100), centres)[1]
    for b in range(32):
        control = eb.gammatone_basilar_membrane(signal, widest[b], signal, widest[b], 24000, centres[b])[0]
        bandwidth = eb.bandwidth_adjust(control, width[b], widest[b], LEVEL)
        envelope, motion, _, _ = eb.gammatone_basilar_membrane(signal, bandwidth, signal, bandwidth, 24000, centres[b])
        expected = eb.env_compress_basilar_membrane(
            envelope, motion, control, outer[b], knee[b], ratio[b], 24000, LEVEL
        )
        scale = np.abs(expected[0]).max()
        np.testing.assert_allclose(ours.envelope[b], expected[0], atol=3e-7 * scale)
        np.testing.assert_allclose(ours.motion[b], expected[1], atol=3e-7 * scale)
        level = eb.convert_rms_to_sl(
            np.sqrt(np.mean(envelope**2)), np.sqrt(np.mean(control**2)), outer[b], knee[b], ratio[b], inner[b], LEVEL
        )
        assert ours.level_db_sl[b] == pytest.approx(level, abs=1e-6)


def excitation_of(envelope, motion):
    filters = bands.gammatone(np.ones(32))
    return cochlea.Excitation(
        envelope=envelope.astype(np.float32),
        motion=motion.astype(np.float32),
        level_db_sl=np.zeros(32),
        filters=filters,
    )


def moved(signal, delay):
    if delay > 0:
        return np.concatenate((signal[delay:], np.zeros(delay)))
    return np.concatenate((np.zeros(-delay), signal[: len(signal) + delay]))


@pytest.mark.parametrize("envelope_delay", [0, 700, -700])
@pytest.mark.parametrize("motion_delay", [0, 33, -1999])
def test_hair_cells_equal_pyclarity_whatever_the_delays(envelope_delay, motion_delay):
    n = 4000
    envelope = np.abs(noise((32, n), 1)) * np.repeat(np.arange(40) % 4 > 0, 100)
    motion = envelope * np.sin(np.arange(n))
    waits = np.arange(32, dtype=np.intp) * 13
    ours = hair_cells.transduce(
        excitation_of(envelope, motion),
        envelope_delays=np.full(32, envelope_delay, dtype=np.intp),
        motion_delays=np.full(32, motion_delay, dtype=np.intp),
        offsets_db=np.linspace(0.0, 40.0, 32),
        waits=waits,
    )
    levels = np.zeros((32, n))
    for b in range(32):
        level, gained = eb.envelope_sl(
            moved(envelope[b].astype(np.float32).astype(float), envelope_delay),
            moved(motion[b].astype(np.float32).astype(float), motion_delay),
            0.0,
            np.linspace(0.0, 40.0, 32)[b],
        )
        adapted, gained = eb.inner_hair_cell_adaptation(level, gained, 2, 24000)
        levels[b] = moved(adapted, -waits[b])
        expected = moved(gained, -waits[b])
        np.testing.assert_allclose(ours.motion[b], expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(cepstral.smoothed(ours), eb.env_smooth(levels, 8, 24000), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("delay", [0, 1, 480, -480, 3000])
@pytest.mark.parametrize("sign", [1, -1])
def test_bulk_alignment_equals_pyclarity(delay, sign):
    reference = np.concatenate((np.zeros(500), noise(8000), np.zeros(300)))
    processed = sign * moved(reference, -delay) + 0.1 * noise(8800, 1)
    ours_reference, ours_processed = eb.input_align(reference, processed)
    extent = alignment.sounding_extent(reference)
    np.testing.assert_array_equal(reference[extent.first : extent.last + 1], ours_reference)
    aligned = alignment.bulk_aligned(reference, processed)
    np.testing.assert_array_equal(aligned[extent.first : extent.last + 1], ours_processed)


def test_a_shift_beyond_the_signal_leaves_silence():
    for delay in (10, 11, -10, -12):
        np.testing.assert_array_equal(alignment.shifted(np.ones(10), delay), np.zeros(10))


def test_a_silent_reference_has_no_extent():
    with pytest.raises(AudioError, match="silent"):
        alignment.sounding_extent(np.zeros(100))


@pytest.mark.parametrize("delay", [0, 5, -5, 2399, -2400])
def test_band_delays_are_those_of_the_full_correlation(delay):
    n = 40_000
    reference = np.abs(noise((3, n))).astype(np.float32)
    reference[1] = np.sin(np.arange(n) * 0.05)
    reference[2] = 1.0 + 0.1 * np.sin(np.arange(n) * 1e-3)
    processed = np.array([moved(row, -delay) for row in reference]).astype(np.float32)
    processed[0] += 0.1 * noise(n, 4).astype(np.float32)
    found = alignment.band_delays(reference, processed)
    for b in range(3):
        full = correlate(reference[b].astype(float), processed[b].astype(float), "full")
        assert found[b] == 2399 - np.argmax(full[n - 2400 : n + 2400])


def test_a_flat_envelope_against_a_tone_is_aligned_by_exact_sums():
    n = 60_000
    reference = (1.0 + 1e-4 * np.sin(np.arange(n) * 1e-3)).astype(np.float32)[np.newaxis]
    processed = np.ones((1, n), dtype=np.float32)
    full = correlate(reference[0].astype(float), processed[0].astype(float), "full")
    assert alignment.band_delays(reference, processed)[0] == 2399 - np.argmax(full[n - 2400 : n + 2400])


def test_a_silent_band_needs_no_delay():
    silent = np.zeros((2, 9000), dtype=np.float32)
    np.testing.assert_array_equal(alignment.band_delays(silent, silent), [0, 0])


@pytest.mark.parametrize("n", [5000, 5183, 5184, 5185])
def test_covariances_of_audible_tiles_equal_pyclarity(n):
    reference = (20 * noise((4, n), 1)).astype(np.float32)
    processed = (reference + 10 * noise((4, n), 2)).astype(np.float32)
    processed[2] = 0.0
    reference[3, :2000] = 0.0
    covariance, mean_square, _ = eb.bm_covary(reference.astype(float), processed.astype(float), 16, 24000)
    tiles = coherence.covary(reference, processed)
    np.testing.assert_allclose(tiles.reference_mean_square, mean_square, rtol=1e-10, atol=1e-12)
    audible = mean_square > coherence.SILENCE_DB**2
    np.testing.assert_allclose(tiles.covariance[audible], covariance[audible], rtol=0, atol=1e-12)
    assert audible.any()
    assert not audible.all()


def test_synchronised_mean_equals_pyclarity():
    rng = np.random.default_rng(0)
    covariance, mean_square = rng.random((32, 50)), 30 * rng.random((32, 50)) ** 3
    mean_square[:, 10:20] = 0.1
    expected = eb.ave_covary2(covariance, mean_square, 2.5)[1][4]
    tiles = coherence.Tiles(covariance=covariance, reference_mean_square=mean_square)
    assert coherence.synchronised_mean(tiles) == pytest.approx(expected, abs=1e-14)


def test_no_audible_tile_is_an_error():
    tiles = coherence.Tiles(covariance=np.ones((32, 9)), reference_mean_square=np.ones((32, 9)))
    with pytest.raises(AudioError, match="0 of 9 segments"):
        coherence.synchronised_mean(tiles)


def test_modulations_correlate_as_in_pyclarity():
    rng = np.random.default_rng(0)
    reference = np.cumsum(rng.standard_normal((32, 400)), axis=1) + 20
    processed = reference + 3 * rng.standard_normal((32, 400))
    reference[:, 100:150] = 0.0
    expected = eb.melcor9(reference, processed, 2.5, 0.0, 8)[2]
    segments = cepstral.audible_segments(reference)
    found = cepstral.correlate_modulations(
        cepstral.modulations(reference, segments), cepstral.modulations(processed, segments)
    )
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_constant_spectrum_has_no_correlation():
    segments = np.arange(300)
    moving = cepstral.modulations(np.cumsum(noise((32, 300)), axis=1), segments)
    assert cepstral.correlate_modulations(moving, cepstral.modulations(np.zeros((32, 300)), segments)) == 0.0


def test_inaudible_segments_are_an_error():
    with pytest.raises(AudioError, match="0 of 50 segments"):
        cepstral.audible_segments(np.zeros((32, 50)))


def test_spectra_match_as_in_pyclarity():
    rng = np.random.default_rng(0)
    reference, processed = 60 * rng.random(32), 60 * rng.random(32)
    loudness, spectrum, _ = eb.spectrum_diff(reference.copy(), processed.copy())
    found = match_spectra(reference, processed)
    assert found.loudness == pytest.approx(np.clip(1 - loudness[1] / 2.5, 0, 1), abs=1e-14)
    assert found.spectrum == pytest.approx(np.clip(1 - spectrum[1] / 25, 0, 1), abs=1e-14)


@pytest.mark.parametrize("rate", [16_000, 32_000, 48_000])
def test_whole_kilohertz_are_resampled_as_by_pyclarity(rate):
    signal = noise(rate // 2)
    expected, _ = eb.resample_24khz(signal, rate)
    np.testing.assert_allclose(at_model_rate(signal, rate), expected, rtol=0, atol=1e-12)


def test_the_pitch_of_44100_hertz_is_kept():
    tone = np.sin(2 * np.pi * 3000 * np.arange(44_100) / 44_100)
    resampled = at_model_rate(tone, 44_100)
    assert len(resampled) == 24_000
    spectrum = np.abs(np.fft.rfft(resampled * np.hanning(24_000)))
    assert np.argmax(spectrum) == 3000
    assert np.sqrt(np.mean(resampled**2)) == pytest.approx(np.sqrt(0.5), rel=2e-3)
