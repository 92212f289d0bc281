"""``rebalance prepare``, ``rebalance scenes`` and ``rebalance evaluation-task`` as a user types them."""

import json
import shutil
import zipfile

import pytest
import typer
from typer.testing import CliRunner

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.cli import evaluation_task, prepare, scenes
from rebalance.task import check_task


@pytest.fixture(scope="module")
def run():
    app = typer.Typer()
    for command in (prepare, scenes, evaluation_task):
        app.command()(command)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def downloads(tmp_path, tone):
    """Write official archives with one duet to train on and one segment of it to validate on."""
    unpacked = tmp_path / "unpacked"
    tracks = [f"EnsembleSet/duet/Mix_1/{name}.flac" for name in ("Viola", "Cello", "mix_duet")]
    for frequency_hz, track in zip((440, 220, 330), tracks, strict=True):
        tone(unpacked / track, channels=2, duration_s=2.0, frequency_hz=frequency_hz)
    names = [track.removeprefix("EnsembleSet/") for track in tracks]
    cut = {"source_dataset": "EnsembleSet", "start": 0, "duration": 1}
    sources = {
        "source_1": {**cut, "instrument": "Viola", "track": names[0]},
        "source_2": {**cut, "instrument": "Cello", "track": names[1]},
    }
    documents = {
        "music_tracks.train.json": {
            "duet": {"dataset": "EnsembleSet", "stems_path": names[:2], "mixture_path": names[2]}
        },
        "music.valid.to_generate.json": {
            "duet_000": {**sources, "mixture_target": {"track": "valid/duet_000/mixture.flac"}}
        },
    }
    folder = tmp_path / "downloads"
    folder.mkdir()
    with zipfile.ZipFile(folder / "EnsembleSet_Mix_1.zip", "w") as archive:
        for track in tracks:
            archive.write(unpacked / track, track)
    with zipfile.ZipFile(folder / "metadata.zip", "w") as archive:
        for name, document in documents.items():
            archive.writestr(f"metadata/{name}", json.dumps(document))
    return folder


def test_prepare_takes_archives_one_by_one_and_the_task_last(run, downloads, tmp_path):
    result = run("prepare", downloads / "EnsembleSet_Mix_1.zip", downloads / "metadata.zip", tmp_path / "out", "-j", 1)
    assert result.exit_code == 0
    assert f"8 files written, 0 there already: {tmp_path / 'out'}" in result.stdout
    assert (tmp_path / "out/audio/valid/duet_000/Viola.flac").is_file()
    again = run("prepare", downloads, tmp_path / "out", "-j", 1)
    assert "0 files written, 8 there already" in again.stdout


def test_prepare_ends_with_status_1_when_something_is_missing(run, downloads, tmp_path):
    (downloads / "EnsembleSet_Mix_1.zip").unlink()
    result = run("prepare", downloads, tmp_path / "out", "-j", 1)
    assert result.exit_code == 1
    assert "failed EnsembleSet: no archive holds this data set, 3 tracks" in result.output


def test_prepare_says_which_metadata_it_kept(run, downloads, tmp_path):
    run("prepare", downloads, tmp_path / "out", "-j", 1)
    changed = tmp_path / "out" / "metadata" / "music_tracks.train.json"
    changed.write_text("{}")
    result = run("prepare", downloads, tmp_path / "out", "-j", 1)
    assert f"kept {changed}: it differs from the download" in result.stdout


def test_scenes_are_made_for_a_task_that_is_there(run, own_task_root):
    result = run("scenes", own_task_root, "--split", "valid", "--gains", 3, "--listeners-per-scene", 0, "--replace")
    assert result.exit_code == 0
    assert "6 scenes, 18 pairs" in result.stdout
    listeners = json.loads((own_task_root / "metadata" / "scene_listeners.valid.json").read_text())
    assert all(names == ["L0001", "L0002", "L0003"] for names in listeners.values())
    assert check_task(own_task_root, "valid", jobs=1).problems == ()


def test_scenes_keep_every_gain_that_had_a_name(run, own_task_root):
    path = own_task_root / "metadata" / "gains.json"
    before = json.loads(path.read_text())
    run("scenes", own_task_root, "--split", "valid", "--replace")
    assert before.items() <= json.loads(path.read_text()).items()


def test_scenes_without_music_name_the_missing_file(run, own_task_root):
    result = run("scenes", own_task_root, "--split", "train")
    assert isinstance(result.exception, MetadataError)
    assert "music.train.json" in str(result.exception)


def test_scenes_are_of_the_only_split_that_has_music(run, own_task_root):
    result = run("scenes", own_task_root)
    assert "there are scenes for 'valid' already" in str(result.exception)


def test_an_evaluation_needs_a_corpus_with_its_folder(run, tmp_path):
    result = run("evaluation-task", tmp_path, "--corpus", "URMP", "--room", "hall.wav")
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "--corpus: expected NAME=FOLDER such as URMP=URMP/Dataset, got 'URMP'"


def test_every_command_shows_an_example(run):
    for command in ("prepare", "scenes", "evaluation-task"):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"Example: rebalance {command}" in result.stdout


def test_archives_in_a_folder_with_a_space_are_found(run, downloads, tmp_path):
    folder = tmp_path / "my downloads"
    shutil.copytree(downloads, folder)
    assert run("prepare", folder, tmp_path / "my task", "-j", 1).exit_code == 0
