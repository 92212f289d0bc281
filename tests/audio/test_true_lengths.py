"""Headers that lie: files are read to their end, and what was wrong is said."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import AudioError
from rebalance.audio import probe_audio, read_audio

RATE = 44_100


@pytest.fixture(scope="module")
def tone() -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((4 * RATE, 2))
    return np.where(np.arange(4 * RATE)[:, None] < RATE, 0.2, 0.001) * noise


def flac_saying(path: Path, tone: np.ndarray, n_samples: int) -> None:
    soundfile.write(path, tone, RATE)
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | n_samples >> 32 & 0x0F
    content[22:26] = struct.pack(">I", n_samples & 0xFFFFFFFF)
    path.write_bytes(content)


@pytest.mark.parametrize("said", [0, 1000, 10_000_000])
@pytest.mark.parametrize("n_samples", [4 * RATE, 4096 * 3, 100])
def test_flac_is_read_to_its_end_whatever_length_it_says(tmp_path: Path, tone, said: int, n_samples: int) -> None:
    path = tmp_path / "piped.flac"
    soundfile.write(path, tone[:n_samples], RATE)
    expected = read_audio(path).samples
    flac_saying(path, tone[:n_samples], said)
    recording = read_audio(path)
    np.testing.assert_array_equal(recording.samples, expected)
    assert probe_audio(path).n_samples == n_samples
    assert bool(recording.remarks) == bool(said)


def wav_saying(path: Path, tone: np.ndarray, data_bytes: int) -> None:
    soundfile.write(path, tone, RATE)
    content = bytearray(path.read_bytes())
    at = content.find(b"data")
    content[at + 4 : at + 8] = struct.pack("<I", data_bytes)
    path.write_bytes(content)


@pytest.mark.parametrize("said", [0, 4000, 0xFFFFFFFF, 10_000_000])
def test_wav_is_read_to_its_end_whatever_length_it_says(tmp_path: Path, tone, said: int) -> None:
    path = tmp_path / "unfinished.wav"
    wav_saying(path, tone, said)
    recording = read_audio(path)
    assert recording.samples.shape == (2, 4 * RATE)
    assert bool(recording.remarks) == (said != 0xFFFFFFFF)


def test_chunks_after_the_sound_are_no_sound(tmp_path: Path, tone) -> None:
    path = tmp_path / "tagged.wav"
    soundfile.write(path, tone, RATE)
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    recording = read_audio(path)
    assert recording.samples.shape == (2, 4 * RATE)
    assert recording.remarks == ()


def frames_of(content: bytes) -> int:
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    return 144_000 * rates[content[2] >> 4] // RATE + (content[2] >> 1 & 1)


@pytest.fixture
def mp3(tmp_path: Path, tone) -> Path:
    path = tmp_path / "v.mp3"
    soundfile.write(
        path, tone, RATE, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.1
    )
    return path


def test_mp3_without_a_header_is_read_to_its_end(mp3: Path) -> None:
    content = mp3.read_bytes()
    mp3.write_bytes(content[frames_of(content) :])
    assert abs(read_audio(mp3).samples.shape[1] - 4 * RATE) < 4 * 1152
    assert abs(probe_audio(mp3).n_samples - 4 * RATE) < 4 * 1152


def test_mp3_joined_to_another_is_read_to_its_end_and_cut_ones_are_told(mp3: Path) -> None:
    content = mp3.read_bytes()
    assert read_audio(mp3).remarks == ()
    mp3.write_bytes(content + content)
    joined = read_audio(mp3)
    assert abs(joined.samples.shape[1] - 8 * RATE) < 6 * 1152
    assert "longer than it says" in joined.remarks[0]
    mp3.write_bytes(content[: len(content) // 2])
    assert "cut short" in read_audio(mp3).remarks[0]


def test_ogg_chains_are_read_to_their_end_and_cut_ones_are_told(tmp_path: Path, tone) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, tone, RATE, format="OGG", subtype="VORBIS")
    content, whole = path.read_bytes(), read_audio(path)
    assert whole.remarks == ()
    path.write_bytes(content + content)
    chained = read_audio(path)
    np.testing.assert_array_equal(chained.samples, np.concatenate([whole.samples, whole.samples], axis=1))
    assert probe_audio(path).n_samples == chained.samples.shape[1]
    path.write_bytes(content[: len(content) * 2 // 3])
    assert "cut short" in read_audio(path).remarks[0]


def test_a_chain_of_unlike_streams_is_refused(tmp_path: Path, tone) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(tmp_path / "b.ogg", tone[:, :1], RATE, format="OGG", subtype="VORBIS")
    soundfile.write(path, tone, RATE, format="OGG", subtype="VORBIS")
    path.write_bytes(path.read_bytes() + (tmp_path / "b.ogg").read_bytes())
    with pytest.raises(AudioError, match="its streams have"):
        read_audio(path)


@pytest.mark.parametrize("text", ["<!DOCTYPE html><html></html>", "\n<html>", '{"error": 404}'])
def test_a_web_page_named_like_audio_is_called_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.mp3").write_text(text)
    with pytest.raises(AudioError, match=r"page\.mp3.*web page"):
        read_audio(tmp_path / "page.mp3")


def test_a_stretch_beyond_what_a_header_says_is_read(tmp_path: Path, tone) -> None:
    flac_saying(tmp_path / "a.flac", tone, 1000)
    assert read_audio(tmp_path / "a.flac", start_s=1.0, duration_s=2.0).samples.shape == (2, 2 * RATE)
