"""Audio files: what is read is what was written, and bad files are named."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
import soxr

from rebalance._base.errors import AudioError, RebalanceError
from rebalance.audio import (
    encode_vorbis,
    output_format,
    probe_audio,
    quantise_int16,
    read_audio,
    resample,
    rms,
    write_audio,
    write_flac,
    writing_audio,
)


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (2, 4410))


def test_a_written_file_reads_back_within_half_a_step(tmp_path: Path, noise: np.ndarray) -> None:
    path = tmp_path / "folder with spaces" / "noise.flac"
    write_flac(path, noise, 44_100)
    recording = read_audio(path)
    assert recording.sample_rate == 44_100
    assert np.max(np.abs(recording.samples - noise)) <= 0.5 / 32768 + 1e-9


def test_wav_and_flac_hold_the_same_samples(tmp_path: Path, noise: np.ndarray) -> None:
    write_audio(tmp_path / "a.wav", noise, 32_000)
    write_audio(tmp_path / "a.flac", noise, 32_000)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav").samples, read_audio(tmp_path / "a.flac").samples)


def test_truncation_equals_pyclarity(noise: np.ndarray) -> None:
    from clarity.utils.signal_processing import clip_signal, to_16bit

    loud = noise * 2
    expected = to_16bit(clip_signal(loud.T)[0]).T
    np.testing.assert_array_equal(quantise_int16(loud, rounding="truncate"), expected)


def test_rounding_to_nearest_halves_the_largest_error(noise: np.ndarray) -> None:
    errors = {
        rounding: np.max(np.abs(quantise_int16(noise, rounding=rounding) / 32768 - noise))
        for rounding in ("nearest", "truncate")
    }
    assert errors["nearest"] < 0.51 * errors["truncate"]


def test_a_stretch_is_cut_where_the_official_evaluator_cuts(tmp_path: Path, noise: np.ndarray) -> None:
    write_flac(tmp_path / "a.flac", noise, 44_100)
    whole = read_audio(tmp_path / "a.flac").samples
    part = read_audio(tmp_path / "a.flac", start_s=0.0101, duration_s=0.05).samples
    np.testing.assert_array_equal(part, whole[:, int(0.0101 * 44_100) : int(0.0601 * 44_100)])


def test_header_tells_rate_channels_and_length(tmp_path: Path, noise: np.ndarray) -> None:
    write_flac(tmp_path / "a.flac", noise, 48_000)
    header = probe_audio(tmp_path / "a.flac")
    assert (header.sample_rate, header.n_channels, header.n_samples) == (48_000, 2, 4410)
    assert (header.format, header.subtype) == ("FLAC", "PCM_16")
    assert header.duration_s == pytest.approx(4410 / 48_000)


def test_resampling_is_soxr_hq_channel_by_channel(noise: np.ndarray) -> None:
    both = resample(noise, 44_100, 24_000)
    for channel, expected in zip(both, noise, strict=True):
        np.testing.assert_array_equal(channel, soxr.resample(expected, 44_100, 24_000, quality="HQ"))
    assert resample(noise, 44_100, 44_100) is noise


def truncated(path: Path) -> str:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return "decode|truncated"


def emptied(path: Path) -> str:
    path.write_bytes(b"")
    return "empty"


def overwritten_with_text(path: Path) -> str:
    path.write_text("no audio here")
    return "decode"


def removed(path: Path) -> str:
    path.unlink()
    return "no such"


@pytest.mark.parametrize("damage", [truncated, emptied, overwritten_with_text, removed])
def test_a_damaged_file_is_named(tmp_path: Path, noise: np.ndarray, damage) -> None:
    path = tmp_path / "damaged.flac"
    write_flac(path, noise, 44_100)
    message = damage(path)
    with pytest.raises(AudioError, match=message) as caught:
        read_audio(path)
    assert "damaged.flac" in str(caught.value)


def test_an_mp3_file_is_as_long_as_what_can_be_decoded(tmp_path: Path, noise: np.ndarray) -> None:
    path = tmp_path / "note.mp3"
    soundfile.write(path, noise.T, 44_100)
    whole = read_audio(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    cut = read_audio(path)
    n = cut.samples.shape[1] - 2 * 1152
    assert 0 < n < whole.samples.shape[1]
    np.testing.assert_allclose(cut.samples[:, :n], whole.samples[:, :n], atol=1e-6)
    with pytest.raises(AudioError, match="truncated"):
        read_audio(path, duration_s=probe_audio(path).n_samples / 44_100)


def test_samples_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.array([[0.0, np.nan]] * 10), 44_100, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav.*NaN"):
        read_audio(path)


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ({"expected_sample_rate": 32_000}, "32000 Hz, got 44100 Hz"),
        ({"expected_channels": 1}, "1 channels, got 2 channels"),
    ],
)
def test_a_file_unlike_what_is_expected_is_refused(tmp_path: Path, noise, expectation, message) -> None:
    write_flac(tmp_path / "a.flac", noise, 44_100)
    with pytest.raises(AudioError, match=message):
        read_audio(tmp_path / "a.flac", **expectation)


def test_a_stretch_beyond_the_end_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    write_flac(tmp_path / "a.flac", noise, 44_100)
    with pytest.raises(AudioError, match="holds 4410"):
        read_audio(tmp_path / "a.flac", duration_s=1.0)


@pytest.mark.parametrize("samples", [np.full((2, 3), np.nan), np.zeros((2, 0)), np.zeros(5)])
def test_what_is_no_signal_is_not_written(tmp_path: Path, samples: np.ndarray) -> None:
    with pytest.raises(AudioError):
        write_flac(tmp_path / "a.flac", samples, 44_100)
    assert not list(tmp_path.iterdir())


def test_an_unknown_suffix_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    with pytest.raises(AudioError, match=r"\.flac or \.wav"):
        write_audio(tmp_path / "a.aiff", noise, 44_100)


def test_a_full_disk_leaves_the_old_file_and_no_new_one(tmp_path: Path, noise, monkeypatch) -> None:
    path = tmp_path / "a.flac"
    write_flac(path, noise, 44_100)
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(soundfile, "write", full)
    with pytest.raises(RebalanceError, match="No space left"):
        write_flac(path, noise / 2, 44_100)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a.flac"]


@pytest.mark.parametrize("kept", [0, 10, 0.5, -1])
@pytest.mark.parametrize("name", ["a.flac", "a.wav"])
def test_a_file_cut_short_as_it_closes_is_an_error_and_is_not_left(tmp_path, monkeypatch, noise, name, kept):
    path = tmp_path / name
    path.write_bytes(b"what stood there")
    write = soundfile.write

    def cut(file, *arguments, **options):
        write(file, *arguments, **options)
        size = Path(os.fsdecode(file)).stat().st_size
        os.truncate(file, int(size * kept) if isinstance(kept, float) else kept % size)

    monkeypatch.setattr(soundfile, "write", cut)
    with pytest.raises(AudioError, match=r"cannot write: .* is the disk full"):
        write_audio(path, noise, 44_100)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert path.read_bytes() == b"what stood there"


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
@pytest.mark.parametrize("bits", [16, 24])
def test_samples_are_rounded_to_the_bits_asked_for(tmp_path: Path, suffix: str, bits: Literal[16, 24]) -> None:
    samples = np.random.default_rng(5).uniform(-1.1, 1.1, (2, 4410))
    path = tmp_path / f"noise{suffix}"
    with writing_audio(path, output_format(path, depth=str(bits)), sample_rate=44_100, n_channels=2) as writer:
        writer.write(samples)
    assert probe_audio(tmp_path / f"noise{suffix}").subtype == f"PCM_{bits}"
    step = 2.0 ** (1 - bits)
    expected = np.clip(samples, -1.0, 1.0 - step)
    np.testing.assert_allclose(read_audio(tmp_path / f"noise{suffix}").samples, expected, atol=0.51 * step)


def test_vorbis_keeps_rate_channels_and_length_and_never_clips_over(tmp_path: Path) -> None:
    times_s = np.arange(20_000) / 32_000
    samples = np.stack([1.5 * np.sin(2 * np.pi * 440 * times_s), 0.25 * np.sin(2 * np.pi * 660 * times_s)])
    path = tmp_path / "tone.ogg"
    path.write_bytes(encode_vorbis(samples, 32_000))
    heard = read_audio(path)
    assert (heard.sample_rate, heard.samples.shape) == (32_000, samples.shape)
    assert rms(heard.samples[1] - samples[1]) < 0.1 * rms(samples[1])
    assert rms(heard.samples[0] - np.clip(samples[0], -1, 1)) < 0.2 * rms(samples[0])
