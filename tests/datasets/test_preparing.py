"""The official downloads, in small: true names, true layout."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import ConfigError, MetadataError, RebalanceError
from rebalance.datasets import prepare_downloads

RATE = 44_100
STRINGS = ("Violin_1", "Violin_2", "Viola", "Cello")
WINDS = ("Flute", "Clarinet", "Oboe", "Bassoon")
STRING_FOLDER, WIND_FOLDER = "anitrasdance/Mix_1", "gavotte/fl_cl_ob_bn"


def write_noise(path, seed, duration_s=3.0, sample_rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, 0.01, (int(duration_s * sample_rate), 2))
    soundfile.write(path, samples, sample_rate, subtype="PCM_16")


def source(dataset, track, start, duration=1):
    return {
        "source_dataset": dataset,
        "instrument": track.rpartition("/")[2].removesuffix(".flac"),
        "track": track,
        "start": start,
        "duration": duration,
    }


def segment(name, sources):
    numbered = {f"source_{number}": entry for number, entry in enumerate(sources, 1)}
    return {**numbered, "mixture_target": {"track": f"valid/{name}/mix_{name}.flac"}}


def strings_at(start):
    return [source("EnsembleSet", f"{STRING_FOLDER}/{name}.flac", start) for name in STRINGS]


def official_metadata():
    winds = [source("CadenzaWoodwind", f"{WIND_FOLDER}/{name}.flac", 2) for name in WINDS]
    return {
        "music_tracks.train.json": {
            "anitrasdance": {
                "dataset": "EnsembleSet",
                "stems_path": [f"{STRING_FOLDER}/{name}.flac" for name in STRINGS],
                "mixture_path": f"{STRING_FOLDER}/mix_anitrasdance.flac",
            },
            "gavotte_fl_cl_ob_bn": {
                "dataset": "CadenzaWoodwind",
                "stems_path": [f"{WIND_FOLDER}/{name}.flac" for name in WINDS],
                "mixture_path": f"{WIND_FOLDER}/gavotte_mix.flac",
            },
        },
        "music.valid.to_generate.json": {
            "anitrasdance_000": segment("anitrasdance_000", strings_at(0)),
            "anitrasdance_001": segment("anitrasdance_001", strings_at(1)),
            "gavotte_002": segment("gavotte_002", winds),
            "random_000": segment("random_000", [strings_at(1)[3], winds[0]]),
        },
        "gains.json": {"gain_0001": {"source_1": -10, "source_2": 0}},
    }


def zip_folder(path, folder, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.write(folder / member, member)


def make_downloads(folder, metadata=None, sample_rate=RATE):
    """Write the three archives; return their folder."""
    unpacked, downloads = folder / "unpacked", folder / "downloads"
    downloads.mkdir(parents=True)
    strings = [f"EnsembleSet/{STRING_FOLDER}/{name}.flac" for name in (*STRINGS, "mix_anitrasdance")]
    winds = [f"CadenzaWoodwind/{WIND_FOLDER}/{name}.flac" for name in (*WINDS, "gavotte_mix")]
    for seed, member in enumerate((*strings, *winds)):
        write_noise(unpacked / member, seed, sample_rate=sample_rate)
    (unpacked / "metadata").mkdir()
    files = official_metadata() if metadata is None else metadata
    for name, content in files.items():
        (unpacked / "metadata" / name).write_text(json.dumps(content))
    zip_folder(downloads / "EnsembleSet_Mix_1.zip", unpacked, strings)
    zip_folder(downloads / "CadenzaWoodwind.zip", unpacked, winds)
    zip_folder(downloads / "metadata.zip", unpacked, [f"metadata/{name}" for name in files])
    return downloads


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return make_downloads(tmp_path_factory.mktemp("official"))


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def listed(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def snapshot(root):
    return {name: ((root / name).read_bytes(), (root / name).stat().st_mtime_ns) for name in listed(root)}


@pytest.fixture
def prepared(downloads, tmp_path, threads):
    preparation = prepare_downloads([downloads], tmp_path / "out", executor=threads)
    assert preparation.failures == ()
    return tmp_path / "out", preparation


def test_files_come_to_lie_where_the_official_preparation_puts_them(prepared):
    root, preparation = prepared
    strings = [*STRINGS]
    assert listed(root) == sorted(
        [
            *(f"metadata/{name}" for name in official_metadata()),
            *(f"audio/train/{STRING_FOLDER}/{name}.flac" for name in (*STRINGS, "mix_anitrasdance")),
            *(f"audio/train/{WIND_FOLDER}/{name}.flac" for name in (*WINDS, "gavotte_mix")),
            *(f"audio/valid/anitrasdance_000/{name}.flac" for name in (*strings, "mix_anitrasdance_000")),
            *(f"audio/valid/anitrasdance_001/{name}.flac" for name in (*strings, "mix_anitrasdance_001")),
            *(f"audio/valid/gavotte_002/fl_cl_ob_bn/{name}.flac" for name in WINDS),
            "audio/valid/gavotte_002/mix_gavotte_002.flac",
            "audio/valid/random_000/Cello.flac",
            "audio/valid/random_000/fl_cl_ob_bn/Flute.flac",
            "audio/valid/random_000/mix_random_000.flac",
        ]
    )
    assert preparation.n_written == len(listed(root))


def test_training_tracks_are_copied_byte_for_byte(prepared, downloads):
    root, _ = prepared
    name = f"{STRING_FOLDER}/Viola.flac"
    original = downloads.parent / "unpacked" / "EnsembleSet" / name
    assert (root / "audio" / "train" / name).read_bytes() == original.read_bytes()


def test_validation_segments_are_the_stretches_and_their_sum(prepared, downloads):
    root, _ = prepared
    folder = root / "audio" / "valid" / "anitrasdance_001"
    total = 0
    for name in STRINGS:
        track = downloads.parent / "unpacked" / "EnsembleSet" / STRING_FOLDER / f"{name}.flac"
        expected, _ = soundfile.read(track, dtype="int16", start=RATE, stop=2 * RATE)
        got, _ = soundfile.read(folder / f"{name}.flac", dtype="int16")
        np.testing.assert_array_equal(got, expected)
        total = total + expected.astype(int)
    mixture, _ = soundfile.read(folder / "mix_anitrasdance_001.flac", dtype="int16")
    np.testing.assert_array_equal(mixture, total)


def test_a_second_run_writes_nothing(prepared, downloads, threads):
    root, first = prepared
    before = snapshot(root)
    second = prepare_downloads([downloads], root, executor=threads)
    assert (second.n_written, second.n_kept) == (0, first.n_written)
    assert snapshot(root) == before


def test_an_interrupted_run_goes_on_with_what_is_missing(prepared, downloads, threads):
    root, first = prepared
    before = snapshot(root)
    lost = ["audio/valid/anitrasdance_000/Viola.flac", f"audio/train/{STRING_FOLDER}/Cello.flac", "metadata/gains.json"]
    for name in lost:
        (root / name).unlink()
    (root / ".preparing-killed").mkdir()
    (root / ".preparing-killed" / "half.flac").write_bytes(b"fLaC")
    (root / "audio" / "train" / ".half.flac.x1.part").write_bytes(b"fLaC")
    again = prepare_downloads([downloads], root, executor=threads)
    after = snapshot(root)
    assert again.n_written == 3
    assert {name: content for name, (content, _) in after.items()} == {
        name: content for name, (content, _) in before.items()
    }
    assert all(after[name] == before[name] for name in before if name not in lost)
    assert first.n_written == len(after)


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_whole_files_and_can_be_taken_up_again(prepared, downloads, tmp_path, threads):
    root, _ = prepared
    expected = {name: content for name, (content, _) in snapshot(root).items()}
    killed = tmp_path / "killed"
    code = "from pathlib import Path; from rebalance.datasets._preparing import prepare_downloads as p;"
    code += f"p([Path({str(downloads)!r})], Path({str(killed)!r}), jobs=1)"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(killed.rglob("valid/*/*.flac")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    visible = {name: content for name, (content, _) in snapshot(killed).items() if "/." not in f"/{name}"}
    assert visible.items() <= expected.items()
    prepare_downloads([downloads], killed, executor=threads)
    assert {name: content for name, (content, _) in snapshot(killed).items()} == expected


def test_worker_processes_write_the_same_files(prepared, downloads, tmp_path):
    root, _ = prepared
    prepare_downloads([downloads], tmp_path / "second", jobs=1)
    first = {name: content for name, (content, _) in snapshot(root).items()}
    assert {name: content for name, (content, _) in snapshot(tmp_path / "second").items()} == first


def test_archives_may_also_be_named_one_by_one_and_have_a_folder_around_them(downloads, tmp_path, threads):
    unpacked = downloads.parent / "unpacked"
    around = tmp_path / "around"
    (around / "official").mkdir(parents=True)
    (around / "official" / "EnsembleSet_Mix_1").symlink_to(unpacked / "EnsembleSet")
    members = [f"official/EnsembleSet_Mix_1/{STRING_FOLDER}/{name}.flac" for name in (*STRINGS, "mix_anitrasdance")]
    zip_folder(tmp_path / "strings.zip", around, members)
    archives = [tmp_path / "strings.zip", downloads / "CadenzaWoodwind.zip", downloads / "metadata.zip"]
    assert prepare_downloads(archives, tmp_path / "out", executor=threads).failures == ()


def test_a_missing_data_set_is_one_line_and_the_rest_is_done(downloads, tmp_path, threads):
    archives = [downloads / "EnsembleSet_Mix_1.zip", downloads / "metadata.zip"]
    preparation = prepare_downloads(archives, tmp_path / "out", executor=threads)
    assert [(failure.item, failure.reason) for failure in preparation.failures] == [
        ("CadenzaWoodwind", "no archive holds this data set, 5 tracks")
    ]
    assert (tmp_path / "out/audio/valid/anitrasdance_001/mix_anitrasdance_001.flac").is_file()
    completed = prepare_downloads([downloads], tmp_path / "out", executor=threads)
    assert completed.failures == ()


def test_metadata_changed_since_are_kept_and_named(prepared, downloads, threads):
    root, _ = prepared
    (root / "metadata" / "gains.json").write_text("{}")
    preparation = prepare_downloads([downloads], root, executor=threads)
    assert preparation.changed_metadata == ("gains.json",)
    assert (root / "metadata" / "gains.json").read_text() == "{}"


def with_change(change):
    metadata = official_metadata()
    change(metadata)
    return metadata


def escape_by_track(metadata):
    metadata["music_tracks.train.json"]["anitrasdance"]["mixture_path"] = "../../../escaped.flac"


def escape_by_target(metadata):
    metadata["music.valid.to_generate.json"]["random_000"]["mixture_target"]["track"] = "/tmp/escaped.flac"


def escape_by_segment(metadata):
    entries = metadata["music.valid.to_generate.json"]
    entries["../../escaped"] = entries.pop("random_000")


@pytest.mark.parametrize("change", [escape_by_track, escape_by_target, escape_by_segment])
def test_metadata_cannot_lead_out_of_the_folder(tmp_path, threads, change):
    downloads = make_downloads(tmp_path / "hostile", with_change(change))
    with pytest.raises(MetadataError):
        prepare_downloads([downloads], tmp_path / "out" / "deep", executor=threads)
    assert not list(tmp_path.rglob("escaped*"))
    assert not list((tmp_path / "out").rglob("*.flac"))


def test_two_sources_of_one_file_name_fail_alone(tmp_path, threads):
    def clash(metadata):
        track = "trout/Mix_1/Cello.flac"
        sources = [strings_at(0)[3], source("EnsembleSet", track, 0)]
        metadata["music.valid.to_generate.json"]["random_000"] = segment("random_000", sources)

    downloads = make_downloads(tmp_path / "clash", with_change(clash))
    preparation = prepare_downloads([downloads], tmp_path / "out", executor=threads)
    assert [(failure.item, failure.reason) for failure in preparation.failures] == [
        ("random_000", "two of its sources would be written to the same file")
    ]


def test_a_segment_beyond_the_end_of_its_track_fails_alone_and_names_the_track(tmp_path, threads):
    def beyond(metadata):
        metadata["music.valid.to_generate.json"]["anitrasdance_001"] = segment("anitrasdance_001", strings_at(7))

    downloads = make_downloads(tmp_path / "beyond", with_change(beyond))
    preparation = prepare_downloads([downloads], tmp_path / "out", executor=threads)
    (failure,) = preparation.failures
    assert failure.item == "anitrasdance_001"
    assert failure.reason.startswith(f"EnsembleSet/{STRING_FOLDER}/Violin_1.flac: expected samples")
    assert (tmp_path / "out/audio/valid/anitrasdance_000/Cello.flac").is_file()
    assert not list((tmp_path / "out").glob(".preparing-*"))


def hostile_member(path, name, *, link=False):
    """Add a member no honest archive has."""
    entry = zipfile.ZipInfo(name)
    if link:
        entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize(
    ("name", "link"),
    [("EnsembleSet/../../escaped.flac", False), ("/escaped.flac", False), ("EnsembleSet/link.flac", True)],
)
def test_an_archive_with_an_unsafe_member_is_refused_whole(tmp_path, threads, name, link):
    downloads = make_downloads(tmp_path / "hostile")
    hostile_member(downloads / "EnsembleSet_Mix_1.zip", name, link=link)
    with pytest.raises(RebalanceError, match=r"EnsembleSet_Mix_1\.zip"):
        prepare_downloads([downloads], tmp_path / "out", executor=threads)
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, threads):
    downloads = make_downloads(tmp_path / "bomb")
    with zipfile.ZipFile(downloads / "CadenzaWoodwind.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CadenzaWoodwind/zeros.flac", bytes(3 << 20))
    with pytest.raises(RebalanceError, match=r"zeros\.flac.*expands more than"):
        prepare_downloads([downloads], tmp_path / "out", executor=threads)
    assert not (tmp_path / "out").exists()


def test_a_track_that_two_archives_hold_is_refused(tmp_path, threads):
    downloads = make_downloads(tmp_path / "twice")
    copy = downloads / "again.zip"
    copy.write_bytes((downloads / "CadenzaWoodwind.zip").read_bytes())
    with pytest.raises(RebalanceError, match=r"again\.zip: .* stands in .*CadenzaWoodwind\.zip already"):
        prepare_downloads([downloads, copy], tmp_path / "out", executor=threads)


def test_a_truncated_archive_is_refused(tmp_path, threads):
    downloads = make_downloads(tmp_path / "broken")
    path = downloads / "CadenzaWoodwind.zip"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RebalanceError, match=r"CadenzaWoodwind\.zip"):
        prepare_downloads([downloads], tmp_path / "out", executor=threads)


def test_an_empty_folder_and_no_archive_at_all_are_errors(tmp_path, threads):
    with pytest.raises(ConfigError, match=r"expected a folder with CadenzaWoodwind\.zip"):
        prepare_downloads([tmp_path], tmp_path / "out", executor=threads)
    with pytest.raises(ConfigError, match="got none"):
        prepare_downloads([], tmp_path / "out", executor=threads)


def test_archives_without_metadata_are_an_error(downloads, tmp_path, threads):
    with pytest.raises(MetadataError, match=r"music_tracks\.train\.json"):
        prepare_downloads([downloads / "CadenzaWoodwind.zip"], tmp_path / "out", executor=threads)
