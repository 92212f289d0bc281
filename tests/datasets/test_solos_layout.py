"""Solos as it lies on disk: lists, videos, sound, skeletons, and all that can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance import AudioError, MetadataError
from rebalance.datasets import load_corpus, read_skeletons, read_solos, solo_frames, solo_sound
from rebalance.synthesis.performers import EnsemblePlan, SoloPlan, write_ensembles, write_solos
from rebalance.video import write_video

RATE = 8_000


def write_solo(root: Path, name: str, identifier: str, *, frame_rate: int = 25, n_frames: int = 50) -> Path:
    path = root / "videos" / name / f"{identifier}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.1 * np.sin(np.arange(2.0 * RATE))[None]
    frames = np.zeros((n_frames, 16, 16, 3), np.uint8)
    write_video(path, frames, frame_rate=frame_rate, sound=tone, sample_rate=RATE)
    return path


def write_lists(root: Path, identifiers: object, stamps: object) -> None:
    (root / "solos_ids.json").write_text(json.dumps(identifiers))
    (root / "solos_timestamps.json").write_text(json.dumps(stamps))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_solo(tmp_path, "DoubleBass", "b-1")
    write_solo(tmp_path, "Saxophone", "a_2")
    write_lists(
        tmp_path,
        {"Saxophone": ["a_2", "not-downloaded"], "DoubleBass": ["b-1"]},
        {"Saxophone": {"a_2": [[0, 24], [30, 49]]}, "DoubleBass": {"b-1": [[5, 44]]}},
    )
    return tmp_path


def test_recordings_with_a_video_are_found_with_their_stretches_in_seconds(root: Path) -> None:
    solos = read_solos(root)
    assert [(solo.instrument, solo.identifier) for solo in solos] == [("Bass", "b-1"), ("Sax", "a_2")]
    assert solos[1].stretches_s == ((0.0, 1.0), (1.2, 2.0))
    assert [solo.instrument for solo in read_solos(root, instruments=["Sax"])] == ["Sax"]


def test_the_sound_is_that_of_the_video_unless_there_is_a_file_of_it(root: Path) -> None:
    from_video = solo_sound(read_solos(root)[0], (0.2, 1.8), sample_rate=RATE)
    assert from_video.shape == (12_800,)
    assert np.abs(from_video - 0.1 * np.sin(np.arange(1_600.0, 14_400.0))).max() < 1e-4
    (root / "audio" / "DoubleBass").mkdir(parents=True)
    soundfile.write(root / "audio" / "DoubleBass" / "b-1.wav", np.full((2 * RATE, 2), 0.25), RATE)
    assert np.allclose(solo_sound(read_solos(root)[0], (0.2, 1.8), sample_rate=RATE), 0.25, atol=1e-4)


def test_frames_come_from_the_video(root: Path) -> None:
    assert solo_frames(read_solos(root)[0], [0.2, 1.0]).shape == (2, 16, 16, 3)


def test_another_frame_rate_than_that_of_the_time_stamps_is_refused(root: Path) -> None:
    write_solo(root, "DoubleBass", "b-1", frame_rate=30)
    with pytest.raises(MetadataError, match=r"b-1\.mp4: expected 25 frames per second, .* found 30"):
        read_solos(root)


def test_missing_frames_and_missing_sound_are_refused(root: Path) -> None:
    write_solo(root, "DoubleBass", "b-1", n_frames=10)
    solo = read_solos(root)[0]
    with pytest.raises(MetadataError, match=r"expected pictures up to 1\.50 s, found none after 0\.36 s"):
        solo_frames(solo, [0.0, 1.5])
    with pytest.raises(AudioError, match=r"expected sound up to 9\.00 s, got 2\.00 s"):
        solo_sound(solo, (0.0, 9.0), sample_rate=RATE)


def test_a_video_without_pictures_is_refused(root: Path) -> None:
    soundfile.write(root / "tone.wav", np.zeros(9), RATE)
    (root / "tone.wav").replace(root / "videos" / "DoubleBass" / "b-1.mp4")
    with pytest.raises(MetadataError, match="expected a stream of pictures, found none"):
        read_solos(root)


def test_sound_with_nan_is_refused(root: Path) -> None:
    (root / "audio" / "DoubleBass").mkdir(parents=True)
    soundfile.write(root / "audio" / "DoubleBass" / "b-1.wav", np.full(2 * RATE, np.nan), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN or infinity"):
        solo_sound(read_solos(root)[0], (0.2, 1.8), sample_rate=RATE)


@pytest.mark.parametrize(
    ("identifiers", "stamps", "message"),
    [
        ([], {}, "expected an object by class"),
        ({"Theremin": []}, {}, r"unknown classes \['Theremin'\]"),
        ({"Flute": ["../../etc/passwd"]}, {}, "expected a list of identifiers of letters"),
        ({"Flute": "abc"}, {}, "expected a list of identifiers of letters"),
        ({"DoubleBass": ["b-1"]}, {}, "expected one or more pairs"),
        ({"DoubleBass": ["b-1"]}, {"DoubleBass": {"b-1": []}}, "expected one or more pairs"),
        ({"DoubleBass": ["b-1"]}, {"DoubleBass": {"b-1": [[3]]}}, "expected one or more pairs"),
        ({"DoubleBass": ["b-1"]}, {"DoubleBass": {"b-1": [[9, 3]]}}, "a first frame from 0 and a later last one"),
        ({"DoubleBass": ["b-1"]}, {"DoubleBass": {"b-1": [[0.5, 3]]}}, "a first frame from 0 and a later last one"),
        ({"Flute": ["x"]}, {}, "expected a video of one of the listed recordings, found none"),
    ],
)
def test_lists_that_are_wrong_are_refused(root: Path, identifiers: object, stamps: object, message: str) -> None:
    write_lists(root, identifiers, stamps)
    with pytest.raises(MetadataError, match=message):
        read_solos(root)


def test_lost_joints_are_filled_in_over_time(tmp_path: Path) -> None:
    joints = np.ones((5, 3, 47), np.float32)
    joints[:, 0, 3] = [2.0, 0.0, 0.0, 8.0, 0.0]
    joints[:, 1, 4] = 0.0
    np.save(tmp_path / "x.npy", joints)
    filled = read_skeletons(tmp_path / "x.npy")
    assert filled[:, 0, 3].tolist() == [2.0, 4.0, 6.0, 8.0, 8.0]
    assert not filled[:, 1, 4].any()


@pytest.mark.parametrize(
    "joints", [np.ones((5, 3, 47)), np.ones((5, 2, 47), np.float32), np.full((1, 3, 47), np.nan, np.float32)]
)
def test_skeletons_of_another_kind_are_refused(tmp_path: Path, joints: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", joints)
    with pytest.raises(MetadataError):
        read_skeletons(tmp_path / "x.npy")


def test_a_pickled_skeleton_is_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(MetadataError, match="cannot be read as an array"):
        read_skeletons(tmp_path / "x.npy")


def test_solos_drawn_by_program_are_read_like_recorded_ones_and_are_always_the_same(tmp_path: Path) -> None:
    plan = SoloPlan(
        instruments=("Bass", "Sax"), per_instrument=1, duration_s=2.0, fonts=(("timgm", 0),), side=32, seed=3
    )
    for name in ("one", "other"):
        write_solos(tmp_path / name, plan)
    one, other = (read_solos(tmp_path / name) for name in ("one", "other"))
    assert [solo.instrument for solo in one] == ["Bass", "Sax"]
    for first, second in zip(one, other, strict=True):
        sounds = [solo_sound(solo, solo.stretches_s[0], sample_rate=11_025) for solo in (first, second)]
        assert np.array_equal(*sounds)
        assert sounds[0].any()
        assert np.array_equal(solo_frames(first, [1.0]), solo_frames(second, [1.0]))
        assert (read_skeletons(first.skeleton)[:, :2] != 0).all()


def test_an_ensemble_drawn_by_program_is_the_sum_of_its_players(tmp_path: Path) -> None:
    plan = EnsemblePlan(sizes=(3,), duration_s=2.0, fonts=(("timgm", 0),), side=32)
    write_ensembles(tmp_path, plan)
    piece = load_corpus("URMP", tmp_path, purpose="evaluation").pieces[0]
    stems = [soundfile.read(part.stem)[0] for part in piece.parts]
    assert np.abs(np.sum(stems, axis=0) - soundfile.read(piece.mixture)[0]).max() < 1e-3
    assert piece.video is not None
    assert len({part.instrument for part in piece.parts}) == 3
