"""Videos written are read back; what is damaged or missing is refused in one line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance import AudioError, ConfigError, MetadataError
from rebalance.video import (
    player_stripes,
    players_in_video,
    read_frames,
    read_sound,
    video_facts,
    write_picture,
    write_video,
)

RATE = 8_000


def brightening(n_frames: int) -> np.ndarray:
    levels = np.arange(n_frames, dtype=np.uint8) * 4
    return np.broadcast_to(levels[:, None, None, None], (n_frames, 32, 48, 3)).copy()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    sound = 0.3 * np.sin(np.arange(2 * RATE) * [[0.1], [0.2]])
    write_video(tmp_path / "duet.mp4", brightening(50), frame_rate=25, sound=sound, sample_rate=RATE)
    return tmp_path / "duet.mp4"


def test_the_sound_of_a_video_comes_back_to_the_last_bit(video: Path) -> None:
    recording = read_sound(video)
    sound = 0.3 * np.sin(np.arange(2 * RATE) * [[0.1], [0.2]])
    assert recording.sample_rate == RATE
    assert recording.samples.shape == sound.shape
    assert np.abs(recording.samples - sound).max() <= 0.5 / 32_768 + 1e-9


def test_a_frame_is_the_one_shown_at_its_time(video: Path) -> None:
    frames = read_frames(video, [0.0, 0.4, 0.41, 1.96, 0.2])
    assert np.abs(frames.mean(axis=(1, 2, 3)) - 4 * np.array([0, 10, 10, 49, 5])).max() < 3


def test_facts_are_those_that_were_written(video: Path) -> None:
    facts = video_facts(video)
    assert (facts.width, facts.height, facts.frame_rate, facts.has_sound) == (48, 32, 25.0, True)
    assert facts.duration_s == pytest.approx(2.0)


def test_a_time_after_the_last_frame_is_refused(video: Path) -> None:
    with pytest.raises(MetadataError, match=r"expected pictures up to 2\.50 s, found none after 1\.96 s"):
        read_frames(video, [0.0, 2.5])


def write_frames_at(path: Path, numbers: list[int]) -> None:
    """Write frames of a video at 25 frames per second, of which those of other numbers are missing."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for number in numbers:
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_frames_that_are_missing_are_told_where_they_are_wanted(tmp_path: Path) -> None:
    write_frames_at(tmp_path / "gap.mp4", [*range(25), *range(45, 70)])
    assert len(read_frames(tmp_path / "gap.mp4", [0.0, 0.96, 1.81, 2.7])) == 4
    with pytest.raises(MetadataError, match=r"gap\.mp4: frames missing from 0\.96 to 1\.80 s"):
        read_frames(tmp_path / "gap.mp4", [0.5, 1.5])
    write_frames_at(tmp_path / "late.mkv", list(range(20, 70)))
    with pytest.raises(MetadataError, match=r"frames missing from 0\.00 to 0\.80 s"):
        read_frames(tmp_path / "late.mkv", [0.0])
    write_frames_at(tmp_path / "held.mp4", [*range(25), *range(35, 70)])  # 0.44 s
    assert len(read_frames(tmp_path / "held.mp4", [0.5, 1.2])) == 2


def test_other_frame_rates_are_read_by_time_but_not_a_picture_a_second(tmp_path: Path) -> None:
    write_video(tmp_path / "slow.mp4", brightening(4), frame_rate=1)
    assert len(read_frames(tmp_path / "slow.mp4", [0.5, 1.5])) == 2
    with pytest.raises(MetadataError, match="expected 2 or more frames per second, found 1"):
        players_in_video(tmp_path / "slow.mp4", 1, sound_s=4.0)
    write_video(tmp_path / "film.mp4", brightening(60), frame_rate=30)
    shown = players_in_video(tmp_path / "film.mp4", 1, sound_s=2.0)([0.0, 1.0])
    assert np.allclose(shown[0, 1].mean(), brightening(60)[30].mean(), atol=6)


@pytest.mark.parametrize("times_s", [[], [-1.0], [np.nan], [[0.0]]])
def test_times_that_are_none_are_refused(video: Path, times_s: list[float]) -> None:
    with pytest.raises(ConfigError, match="expected one or more times from 0 s"):
        read_frames(video, times_s)


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tone.wav", np.zeros(100), RATE)
    with pytest.raises(MetadataError, match="expected a stream of pictures, found none"):
        video_facts(tmp_path / "tone.wav")


def test_a_video_without_sound_is_refused_where_sound_is_wanted(tmp_path: Path) -> None:
    write_video(tmp_path / "silent.mp4", brightening(3), frame_rate=25)
    with pytest.raises(MetadataError, match="expected a sound track, found none"):
        read_sound(tmp_path / "silent.mp4")


@pytest.mark.parametrize("content", [b"", b"no video at all", bytes(3000)])
def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(MetadataError, match=r"x\.mp4: cannot be read as a video: ") as refused:
        video_facts(tmp_path / "x.mp4")
    assert "\n" not in str(refused.value)


def test_a_truncated_video_is_refused(video: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(MetadataError, match=r"cut\.mp4"):
        read_frames(cut, [0.0])


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="expected finite samples"):
        write_video(tmp_path / "x.mp4", brightening(2), frame_rate=25, sound=np.full((1, 9), np.nan), sample_rate=RATE)
    with pytest.raises(AudioError, match="expected a sample rate beside the sound"):
        write_video(tmp_path / "x.mp4", brightening(2), frame_rate=25, sound=np.zeros((1, 9)))
    with pytest.raises(ConfigError, match="expected frames with even sides"):
        write_video(tmp_path / "x.mp4", np.zeros((2, 31, 32, 3), np.uint8), frame_rate=25)
    with pytest.raises(ConfigError, match=r"expected bytes \(n_frames, height, width, 3\)"):
        write_video(tmp_path / "x.mp4", np.zeros((2, 32, 32, 3)), frame_rate=25)
    with pytest.raises(ConfigError, match="a frame rate of at least 1"):
        write_video(tmp_path / "x.mp4", brightening(2), frame_rate=0)
    with pytest.raises(ConfigError, match="a name ending in"):
        write_video(tmp_path / "x.avi", brightening(2), frame_rate=25)
    assert not list(tmp_path.iterdir())


def test_a_picture_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    write_picture(tmp_path / "noise.png", picture)
    assert np.array_equal(read_frames(tmp_path / "noise.png", [0.0])[0], picture)
    with pytest.raises(ConfigError, match="expected bytes"):
        write_picture(tmp_path / "noise.png", picture.astype(float))


def test_stripes_are_the_players_from_left_to_right() -> None:
    frames = np.zeros((2, 4, 6, 3), np.uint8)
    frames[:, :, 2:4] = 1
    frames[:, :, 4:] = 2
    assert player_stripes(frames, 3).mean(axis=(1, 2, 3, 4)).tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(ConfigError, match="a pixel or more for every player"):
        player_stripes(frames, 7)


def test_pictures_may_end_a_little_before_the_sound_but_not_much(video: Path) -> None:
    assert players_in_video(video, 2, sound_s=2.3)([2.3]).shape == (2, 1, 32, 24, 3)
    with pytest.raises(MetadataError, match=r"expected 4\.0 s of pictures, found 2\.0 s"):
        players_in_video(video, 2, sound_s=4.0)
    with pytest.raises(ConfigError, match="a pixel or more for each of 99 players"):
        players_in_video(video, 99, sound_s=2.0)
