"""Files of any length, kind and depth: what is written is what is read, tags and all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import AudioError, ConfigError
from rebalance.audio import open_audio, output_format, probe_audio, read_audio, suffix_like, writing_audio

TAGS = {"title": "Für [Elise]", "artist": "Ä", "album": "x", "date": "1810", "genre": "Classical", "comment": "c"}


def noise(n_samples: int, n_channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (n_channels, n_samples))


def written(path: Path, samples: np.ndarray, sample_rate: int = 44_100, **options: object) -> Path:
    kind = output_format(path, **options)
    with writing_audio(path, kind, sample_rate=sample_rate, n_channels=len(samples), tags=TAGS) as writer:
        for start in range(0, samples.shape[1], 1_000):
            writer.write(samples[:, start : start + 1_000])
    return path


@pytest.mark.parametrize(
    ("name", "depth", "subtype", "step"),
    [
        ("a.flac", "16", "PCM_16", 2**-15),
        ("a.flac", "24", "PCM_24", 2**-23),
        ("a.wav", "16", "PCM_16", 2**-15),
        ("a.wav", "24", "PCM_24", 2**-23),
        ("a.wav", "32", "PCM_32", 2**-31),
        ("a.aiff", "24", "PCM_24", 2**-23),
        ("a.aif", "32", "PCM_32", 2**-31),
    ],
)
def test_integers_are_rounded_to_the_nearest_step(
    tmp_path: Path, name: str, depth: str, subtype: str, step: float
) -> None:
    samples = np.concatenate([noise(3_000), [[1.0, -1.0], [1.5, -1.5]]], axis=1)
    path = written(tmp_path / name, samples, depth=depth)
    assert soundfile.info(path).subtype == subtype
    read = np.concatenate(list(open_audio(path).pieces()), axis=1)
    expected = np.clip(np.rint(samples / step) * step, -1, 1 - step)
    np.testing.assert_array_equal(read, expected.astype(read.dtype))


def test_floats_beyond_full_scale_are_kept(tmp_path: Path) -> None:
    samples = 3 * noise(2_000)
    path = written(tmp_path / "a.wav", samples, depth="float")
    np.testing.assert_array_equal(read_audio(path).samples, samples.astype(np.float32))


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
@pytest.mark.parametrize("n_samples", [1, 999, 44_100, 100_001])
def test_lossy_files_are_as_long_as_what_was_written(tmp_path: Path, name: str, n_samples: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(n_samples) / 44_100)[np.newaxis].repeat(2, axis=0)
    path = written(tmp_path / name, tone)
    file = open_audio(path)
    read = np.concatenate(list(file.pieces()), axis=1)
    assert read.shape == tone.shape
    if n_samples > 10_000:
        inner = slice(2_000, -2_000)
        assert np.abs(read[:, inner] - tone[:, inner]).max() < 0.02
        assert file.tags["title"] == TAGS["title"]


@pytest.mark.parametrize("name", ["a.flac", "a.wav", "a.ogg", "a.mp3", "a.aiff"])
def test_tags_are_kept_as_far_as_the_container_has_a_place(tmp_path: Path, name: str) -> None:
    found = open_audio(written(tmp_path / name, 0.1 * noise(5_000))).tags
    assert found["title"] == TAGS["title"]
    assert found["artist"] == TAGS["artist"]
    assert set(found.items()) <= set(TAGS.items())


@pytest.mark.parametrize(
    ("read", "name", "expected"),
    [
        (("WAV", "PCM_24"), "x.flac", "PCM_24"),
        (("WAV", "FLOAT"), "x.flac", "PCM_24"),
        (("WAV", "PCM_32"), "x.flac", "PCM_24"),
        (("WAV", "DOUBLE"), "x.wav", "FLOAT"),
        (("WAV", "PCM_32"), "x.wav", "PCM_32"),
        (("WAV", "PCM_16"), "x.wav", "PCM_16"),
        (("WAV", "PCM_U8"), "x.flac", "PCM_16"),
        (("OGG", "VORBIS"), "x.flac", "PCM_16"),
        (("FLAC", "PCM_24"), "x.mp3", "MPEG_LAYER_III"),
    ],
)
def test_the_depth_of_what_is_read_is_kept(tmp_path: Path, read: tuple[str, str], name: str, expected: str) -> None:
    path = tmp_path / "in"
    soundfile.write(path, 0.1 * noise(1_000).T, 44_100, format=read[0], subtype=read[1])
    assert output_format(Path(name), like=probe_audio(path)).subtype == expected


@pytest.mark.parametrize(
    ("name", "depth", "words"),
    [
        ("x.flac", "float", "FLAC holds 16, 24, not float"),
        ("x.mp3", "24", "MP3 has no depth"),
        ("x.wav", "25", "expected one of 16, 24, 32, float"),
        ("x.wav", "flaot", "did you mean 'float'"),
        ("x.wma", None, "expected a name ending in .flac"),
        ("x", None, "expected a name ending in .flac"),
    ],
)
def test_kinds_that_do_not_exist_are_refused(name: str, depth: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        output_format(Path(name), depth=depth)


def test_an_encoder_that_lacks_the_rate_says_so_before_anything_is_done() -> None:
    output_format(Path("x.mp3")).require(48_000, 2, Path("x.mp3"))
    with pytest.raises(AudioError, match=r"x.mp3: cannot write 2 channels at 96000 Hz: .*sample rates"):
        output_format(Path("x.mp3")).require(96_000, 2, Path("x.mp3"))


def test_wav_beyond_four_gigabytes_is_rf64() -> None:
    kind = output_format(Path("x.wav"), depth="24")
    assert kind.for_length(3600 * 44_100, 2).container == "WAV"
    assert kind.for_length(5 * 3600 * 48_000, 2).container == "RF64"
    assert output_format(Path("x.flac")).for_length(2**40, 2).container == "FLAC"


@pytest.mark.parametrize(
    ("container", "subtype", "suffix"),
    [("WAV", "PCM_16", ".wav"), ("FLAC", "PCM_16", ".flac"), ("OGG", "VORBIS", ".ogg"), ("CAF", "PCM_16", ".flac")],
)
def test_results_take_the_suffix_of_what_is_read(tmp_path: Path, container: str, subtype: str, suffix: str) -> None:
    path = tmp_path / "in"
    soundfile.write(path, 0.1 * noise(1_000).T, 44_100, format=container, subtype=subtype)
    assert suffix_like(probe_audio(path)) == suffix


def test_two_of_many_channels_are_chosen_or_all_refused(tmp_path: Path) -> None:
    path, samples = tmp_path / "six.wav", noise(1_000, 6)
    soundfile.write(path, samples.T, 44_100, subtype="DOUBLE")
    with pytest.raises(
        AudioError, match=r"six.wav: expected a mono or stereo recording, got 6 channels; --channels 1,2"
    ):
        open_audio(path, most_channels=2)
    chosen = open_audio(path, channels=(3, 1), most_channels=2)
    assert chosen.n_channels == 2
    np.testing.assert_array_equal(np.concatenate(list(chosen.pieces()), axis=1), samples[[2, 0]])
    assert open_audio(path).n_channels == 6


@pytest.mark.parametrize(
    ("channels", "words"), [((7,), "expected channels from 1 to 6, got 7"), ((0, 1), "got 0"), ((1, 1), "different")]
)
def test_channels_that_are_not_there_are_refused(tmp_path: Path, channels: tuple[int, ...], words: str) -> None:
    soundfile.write(tmp_path / "six.wav", noise(100, 6).T, 44_100)
    with pytest.raises(ConfigError, match=words):
        open_audio(tmp_path / "six.wav", channels=channels, most_channels=2)


def test_a_file_of_nan_is_refused_as_it_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "nan.wav", np.full((1_000, 1), np.nan), 44_100, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        list(open_audio(tmp_path / "nan.wav").pieces())


def test_a_file_is_read_whole_again_after_it_was_mended(tmp_path: Path) -> None:
    path, tone = tmp_path / "piped.flac", 0.5 * noise(50_000)
    soundfile.write(path, tone.T, 44_100)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    read = np.concatenate(list(open_audio(path).pieces()), axis=1)
    np.testing.assert_array_equal(read, read_audio(path).samples)
    assert read.shape == tone.shape


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_streamed_file_has_the_manners_of_every_written_file(tmp_path: Path) -> None:
    """Permissions by the umask or kept, links followed, names as long as a system allows, nothing left behind."""
    before = os.umask(0o027)
    try:
        new = written(tmp_path / "new.flac", 0.1 * noise(100))
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    new.chmod(0o600)
    written(new, 0.1 * noise(100))
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    (tmp_path / "link.flac").symlink_to(new)
    written(tmp_path / "link.flac", 0.1 * noise(123))
    assert (tmp_path / "link.flac").is_symlink()
    assert soundfile.info(new).frames == 123
    long = written(tmp_path / ("n" * 250 + ".flac"), 0.1 * noise(100))
    assert sorted(tmp_path.iterdir()) == sorted([new, tmp_path / "link.flac", long])


def test_a_failure_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path / "a.flac", 0.1 * noise(100))
    before = path.read_bytes()
    with pytest.raises(AudioError, match="NaN"):
        written(path, np.full((2, 10), np.nan))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
