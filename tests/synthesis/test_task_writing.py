import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import numpy as np
import pytest

from rebalance._base.errors import ConfigError, MetadataError, RebalanceError
from rebalance.audio import loudness_lufs, read_audio
from rebalance.synthesis.rendering import mix_down, write_piece
from rebalance.task import check_task, load_task
from rebalance.taskmaking import generate_listeners, generate_scenes, write_task
from rebalance.taskmaking._gain_patterns import gain_patterns

RATE = 44_100
STRINGS = {"Violin_1": 660.0, "Violin_2": 550.0, "Cello": 110.0}
WINDS = {"Flute": 880.0, "Bassoon": 98.0}


def make_piece(root, name, split, notes_hz, *, duration_s=31.0, silences=()):
    """Write tones as the stems of a piece; silences are (label, from s, to s)."""
    time_s = np.arange(int(duration_s * RATE)) / RATE
    stems = {}
    for index, (label, hz) in enumerate(notes_hz.items()):
        tone = 0.1 * np.sin(2 * np.pi * hz * time_s) * (1 + 0.5 * np.sin(2 * np.pi * 3 * time_s + index))
        for silent, start_s, end_s in silences:
            if silent == label:
                tone[int(start_s * RATE) : int(end_s * RATE)] = 0.0
        stems[label] = np.stack([tone, 0.7 * tone]).astype(np.float32)
    return write_piece(
        root / "audio", PurePosixPath(split) / name, mix_down(stems, where=name), name=name, dataset="Stand-in"
    )


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A root with a written training split and a written validation split; not to be written into."""
    root = tmp_path_factory.mktemp("task")
    with ThreadPoolExecutor(2) as executor:
        pieces = [make_piece(root, "haydn", "train", STRINGS), make_piece(root, "danzi", "train", WINDS)]
        train = write_task(root, "train", pieces, seed=1, executor=executor)
        pieces = [make_piece(root, "quartet", "valid", STRINGS), make_piece(root, "duo", "valid", WINDS)]
        valid = write_task(root, "valid", pieces, seed=2, random_mixtures=5, executor=executor)
    return root, {"train": train, "valid": valid}


def metadata(root, name):
    return json.loads((root / "metadata" / name).read_text())


@pytest.mark.parametrize("split", ["train", "valid"])
def test_the_task_passes_its_own_check_without_a_warning(recorded, split):
    root, _ = recorded
    report = check_task(root, split, jobs=1)
    assert report.problems == ()
    assert max(report.residuals_db.values()) < -80


def test_pieces_are_cut_into_consecutive_segments_of_15_seconds(recorded):
    root, _ = recorded
    task = load_task(root, "train")
    spans = {name: (segment.mixture.start_s, segment.mixture.duration_s) for name, segment in task.segments.items()}
    assert spans == {"haydn_000": (0, 15), "haydn_001": (15, 15), "danzi_000": (0, 15), "danzi_001": (15, 15)}
    for segment in task.segments.values():
        assert {source.start_s for source in segment.sources} == {segment.mixture.start_s}
        assert segment.mixture.track.parts[0] == "train"


def test_sources_keep_their_labels_and_order(recorded):
    root, _ = recorded
    segment = load_task(root, "train").segments["haydn_000"]
    assert [source.label for source in segment.sources] == list(STRINGS)
    assert [source.name for source in segment.sources] == ["source_1", "source_2", "source_3"]
    assert {source.dataset for source in segment.sources} == {"Stand-in"}


@pytest.mark.parametrize(("split", "first"), [("train", 10001), ("valid", 50001)])
def test_scenes_count_from_the_first_number_of_their_split(recorded, split, first):
    root, summaries = recorded
    scenes = metadata(root, f"scenes.{split}.json")
    assert list(scenes) == [f"S{number}" for number in range(first, first + summaries[split].n_scenes)]
    assert summaries[split].n_scenes == 4 * summaries[split].n_segments


def test_every_segment_has_four_different_gain_patterns_of_the_rule(recorded):
    root, _ = recorded
    task = load_task(root, "valid")
    by_segment = {}
    for scene in task.scenes.values():
        pattern = tuple(scene.gains_db[source.name] for source in scene.segment.sources)
        assert pattern in gain_patterns(len(pattern))
        by_segment.setdefault(scene.segment.name, set()).add(pattern)
    assert all(len(patterns) == 4 for patterns in by_segment.values())


def test_nobody_hears_a_scene_twice(recorded):
    root, summaries = recorded
    for split in ("train", "valid"):
        listeners = metadata(root, f"scene_listeners.{split}.json")
        assert all(len(set(names)) == len(names) == 2 for names in listeners.values())
        assert len({name for names in listeners.values() for name in names}) > 6
        assert summaries[split].n_pairs == 2 * summaries[split].n_scenes


def test_gains_of_both_splits_stand_in_one_table(recorded):
    root, _ = recorded
    gains = metadata(root, "gains.json")
    used = {scene["gain"] for split in ("train", "valid") for scene in metadata(root, f"scenes.{split}.json").values()}
    assert used == set(gains)
    groups = metadata(root, "gains_meta.json")
    assert {name: pattern for group in groups.values() for name, pattern in group.items()} == gains


def test_random_mixtures_have_strings_and_woodwinds_and_the_loudness_of_the_challenge(recorded):
    root, summaries = recorded
    task = load_task(root, "valid")
    mixed = {name: segment for name, segment in task.segments.items() if name.startswith("randommix")}
    assert len(mixed) == summaries["valid"].n_random_mixtures == 5
    for name, segment in mixed.items():
        assert segment.piece == name.removesuffix("_000")
        assert {"Violin", "Cello"} & set(segment.instruments)
        assert set(WINDS) & set(segment.instruments)
        assert 2 <= len(segment.sources) <= 5
        mixture = read_audio(task.audio_path(segment.mixture)).samples
        assert mixture.shape == (2, 15 * RATE)
        assert loudness_lufs(mixture, 44_100) == pytest.approx(-40, abs=0.1)
        stems = [read_audio(task.audio_path(source)).samples for source in segment.sources]
        np.testing.assert_array_equal(sum(stems), mixture)


def test_whole_pieces_are_listed_relative_to_the_folder_of_their_split(recorded):
    root, _ = recorded
    tracks = metadata(root, "music_tracks.train.json")
    assert tracks["haydn"]["dataset"] == "Stand-in"
    files = [*tracks["haydn"]["stems_path"], tracks["haydn"]["mixture_path"]]
    assert all((root / "audio" / "train" / file).is_file() for file in files)


def test_validation_says_how_it_would_be_generated(recorded):
    root, _ = recorded
    music = metadata(root, "music.valid.json")
    to_generate = metadata(root, "music.valid.to_generate.json")
    assert list(to_generate) == list(music)
    targets = [entry["mixture_target"]["track"] for entry in to_generate.values()]
    assert len(set(targets)) == len(targets)
    for name, entry in to_generate.items():
        assert {key: value for key, value in entry.items() if key != "mixture_target"} == {
            key: value for key, value in music[name].items() if key != "mixture"
        }


def test_silent_segments_and_sources_are_left_out_and_named(tmp_path, threads):
    silences = [("Violin_2", 0, 15), *((label, 30, 45) for label in STRINGS), ("Violin_1", 45, 60), ("Cello", 45, 60)]
    pieces = [
        make_piece(tmp_path, "rests", "train", STRINGS, duration_s=60.0, silences=silences),
        make_piece(tmp_path, "tiny", "train", STRINGS, duration_s=5.0),
    ]
    summary = write_task(tmp_path, "train", pieces, seed=1, executor=threads)
    segments = load_task(tmp_path, "train").segments
    assert list(segments) == ["rests_000", "rests_001"]
    assert [source.label for source in segments["rests_000"].sources] == ["Violin_1", "Cello"]
    assert summary.rejected_segments == ("rests_002", "rests_003")
    assert summary.faint_sources == ("rests_000 Violin_2",)
    assert summary.short_pieces == ("tiny",)
    assert summary.sources_by_instrument == {"Cello": 2, "Violin": 3}
    assert "2 silent segments, 1 silent sources, 1 pieces shorter" in summary.lines[-1]
    assert check_task(tmp_path, "train", jobs=1).problems == ()


def test_a_segment_silent_for_most_of_its_time_is_left_out(tmp_path, threads):
    ends = [(label, 6.0, 15.0) for label in STRINGS]
    pieces = [make_piece(tmp_path, "ends", "train", STRINGS, duration_s=31.0, silences=ends)]
    assert write_task(tmp_path, "train", pieces, seed=1, executor=threads).rejected_segments == ("ends_000",)


def test_nothing_but_silence_is_an_error_and_writes_nothing(tmp_path, threads):
    pieces = [make_piece(tmp_path, "short", "train", STRINGS, duration_s=10.0)]
    with pytest.raises(MetadataError, match="found 1 piece shorter than 15 s and 0 segments with fewer"):
        write_task(tmp_path, "train", pieces, seed=1, executor=threads)
    assert not (tmp_path / "metadata").exists()


def test_another_split_is_added_without_touching_the_first(tmp_path, threads):
    train = [make_piece(tmp_path, "a", "train", STRINGS, duration_s=15.0)]
    write_task(tmp_path, "train", train, seed=1, executor=threads)
    before = {file: file.read_bytes() for file in (tmp_path / "metadata").glob("*.train.json")}
    gains = metadata(tmp_path, "gains.json")
    test = [make_piece(tmp_path, "b", "test", WINDS, duration_s=15.0)]
    write_task(tmp_path, "test", test, seed=5, executor=threads)
    assert {file: file.read_bytes() for file in (tmp_path / "metadata").glob("*.train.json")} == before
    assert gains.items() <= metadata(tmp_path, "gains.json").items()
    assert min(metadata(tmp_path, "scenes.test.json")) == "S60001"
    assert check_task(tmp_path, "train", jobs=1).problems == ()
    assert check_task(tmp_path, "test", jobs=1).problems == ()


def written_files(root):
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_the_same_seed_writes_the_same_task_whatever_the_number_of_workers(tmp_path, threads):
    pieces = [make_piece(tmp_path, "a", "valid", STRINGS | WINDS, duration_s=15.0)]
    write_task(tmp_path, "valid", pieces, seed=3, random_mixtures=2, executor=threads)
    first = written_files(tmp_path)
    with ThreadPoolExecutor(1) as alone:
        write_task(tmp_path, "valid", pieces, seed=3, random_mixtures=2, executor=alone)
    assert written_files(tmp_path) == first


@pytest.mark.slow
def test_worker_processes_write_the_same_task(tmp_path, threads):
    pieces = [make_piece(tmp_path, "a", "valid", STRINGS | WINDS, duration_s=15.0)]
    write_task(tmp_path, "valid", pieces, seed=3, random_mixtures=2, executor=threads)
    first = written_files(tmp_path)
    write_task(tmp_path, "valid", pieces, seed=3, random_mixtures=2, jobs=2)
    assert written_files(tmp_path) == first


def test_listeners_of_ones_own_are_used_and_all_of_them_when_asked(tmp_path, threads):
    pieces = [make_piece(tmp_path, "a", "train", STRINGS, duration_s=15.0)]
    people = {"me": next(iter(generate_listeners(1, seed=8).values()))}
    write_task(tmp_path, "train", pieces, seed=1, listeners=people, listeners_per_scene=None, executor=threads)
    task = load_task(tmp_path, "train")
    assert set(task.listeners) == {"me"}
    assert task.listeners["me"].left == people["me"].left
    assert set(task.scene_listeners.values()) == {("me",)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gains_per_segment": 0}, "gains per segment: expected at least 1, got 0"),
        ({"gains_per_segment": 127}, "expected 0 to 126 for 3 sources, got 127"),
        ({"listeners_per_scene": 13}, "listeners per scene: expected 1 to 12, got 13"),
        ({"listeners_per_scene": 0}, "listeners per scene: expected 1 to 12, got 0"),
        ({"random_mixtures": 1}, "expected pieces with strings and woodwinds, got \\['Cello', 'Violin'\\]"),
        ({"random_mixtures": -1}, "random mixtures: expected 0 or more, got -1"),
    ],
)
def test_more_than_there_is_cannot_be_asked_for(tmp_path, threads, options, message):
    pieces = [make_piece(tmp_path, "a", "train", STRINGS, duration_s=15.0)]
    with pytest.raises(ConfigError, match=message):
        write_task(tmp_path, "train", pieces, seed=1, executor=threads, **options)


def test_two_pieces_of_one_name_are_an_error(tmp_path, threads):
    piece = make_piece(tmp_path, "a", "train", STRINGS, duration_s=15.0)
    with pytest.raises(MetadataError, match="expected different names, got several called a"):
        write_task(tmp_path, "train", [piece, piece], seed=1, executor=threads)


def test_a_missing_track_is_named(tmp_path, threads):
    piece = make_piece(tmp_path, "a", "train", STRINGS, duration_s=15.0)
    (tmp_path / "audio" / piece.stems["Cello"]).unlink()
    with pytest.raises(RebalanceError, match=r"a/Cello\.flac: no such audio file"):
        write_task(tmp_path, "train", [piece], seed=1, executor=threads)


def test_more_than_five_players_at_once_are_an_error(tmp_path, threads):
    sextet = STRINGS | WINDS | {"Oboe": 440.0}
    piece = make_piece(tmp_path, "a", "train", sextet, duration_s=15.0)
    with pytest.raises(RebalanceError, match="expected at most 5 players at once, got 6"):
        write_task(tmp_path, "train", [piece], seed=1, executor=threads)


def test_new_scenes_replace_the_old_ones_only_when_told(tmp_path, threads):
    pieces = [make_piece(tmp_path, "a", "train", STRINGS, duration_s=31.0)]
    write_task(tmp_path, "train", pieces, seed=1, executor=threads)
    before = metadata(tmp_path, "scenes.train.json")
    with pytest.raises(ConfigError, match="there are scenes for 'train' already"):
        generate_scenes(tmp_path, "train", seed=2)
    generated = generate_scenes(tmp_path, "train", seed=2, gains_per_segment=6, listeners_per_scene=3, replace=True)
    after = metadata(tmp_path, "scenes.train.json")
    assert len(after) == 12
    assert after != before
    assert generated.left_out == ()
    assert generated.scene_set.n_pairs == 36
    assert all(len(set(names)) == 3 for names in metadata(tmp_path, "scene_listeners.train.json").values())
    assert check_task(tmp_path, "train", jobs=1).problems == ()


def test_segments_without_a_gain_rule_get_no_scene_and_are_named(tmp_path, threads):
    pieces = [make_piece(tmp_path, "a", "train", STRINGS, duration_s=31.0)]
    write_task(tmp_path, "train", pieces, seed=1, executor=threads)
    path = tmp_path / "metadata" / "music.train.json"
    music = json.loads(path.read_text())
    music["a_000"] |= {f"source_{number}": music["a_000"]["source_1"] for number in range(4, 7)}
    path.write_text(json.dumps(music))
    generated = generate_scenes(tmp_path, "train", seed=2, replace=True)
    assert generated.left_out == ("a_000",)
    assert {scene["music"] for scene in metadata(tmp_path, "scenes.train.json").values()} == {"a_001"}
