"""Orchestral data sets: microphones, exact sums, lists that the loader reads, resuming, statistics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.datasets import load_corpus
from rebalance.synthesis.notation import ORCHESTRA, Note, Part, Score, write_note_table
from rebalance.synthesis.orchestra import (
    MICROPHONES,
    OrchestraSettings,
    annotation_picture,
    approximations_of,
    draw_orchestral_plan,
    find_scores,
    offered_techniques,
    orchestra_tables,
    orchestrated,
    played_orchestra,
    read_songs,
    render_orchestra,
    write_song,
    write_statistics,
)
from rebalance.synthesis.performance import ANNOTATION_MODES
from rebalance.synthesis.rendering import read_plan
from rebalance.synthesis.sound import Layer, Preset, Seat, draw_hall, record_in

RATE = 44_100
TRACKS = ("Violin_1", "coranglais", "Trumpet", "untunedpercussion", "Celeste")


def study(name: str = "study", *, tracks: tuple[str, ...] = TRACKS, pitch: int = 66) -> Score:
    notes = tuple(Note(onset_q=float(at), duration_q=1.0, pitch=pitch) for at in range(3))
    parts = tuple(Part(name=track, instrument=None, notes=notes) for track in tracks)
    return Score(name=name, parts=parts, quarter_bpm=120.0)


@pytest.fixture(scope="module")
def notes_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Sines for every instrument of the tracks, as recorded notes."""
    folder = tmp_path_factory.mktemp("notes")
    times_s = np.arange(RATE) / RATE
    for track in ORCHESTRA.values():
        (folder / track.instrument).mkdir(exist_ok=True)
        for pitch in range(24, 109, 7):
            tone = 0.2 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * times_s)
            soundfile.write(folder / track.instrument / f"tone-{pitch:03d}.wav", tone, RATE)
    return str(folder)


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, notes_folder: str, executor: Executor) -> Path:
    """A data set of three works, one with two movements, and a score that cannot be read."""
    root = tmp_path_factory.mktemp("orchestra")
    for name in ("suite-1", "suite-2", "march", "waltz"):
        write_note_table(root / "scores" / f"{name}.json", study(name))
    (root / "scores" / "broken.mid").write_bytes(b"")
    settings = OrchestraSettings(fonts=(notes_folder,))
    outcome = render_orchestra(root / "data", find_scores([root / "scores"]), settings, executor=executor)
    assert [failure.item for failure in outcome.failures] == ["broken"]
    write_statistics(root / "data")
    return root / "data"


def test_the_loader_reads_what_was_written(data: Path) -> None:
    corpus = load_corpus("SynthSOD", data, purpose="training")
    assert [piece.name for piece in corpus.pieces] == ["march", "suite-1", "suite-2", "waltz"]
    songs = {song.name: song for song in read_songs(data)}
    for piece in corpus.pieces:
        assert piece.subset == songs[piece.name].split
        assert {part.instrument for part in piece.parts} == {ORCHESTRA[track].instrument for track in TRACKS}
        for part in piece.parts:
            assert set(part.microphones) == set(MICROPHONES)
            lengths = {soundfile.info(path).frames for path in part.microphones.values()}
            assert lengths == {round(songs[piece.name].duration_s * RATE)}


def test_movements_of_a_work_share_its_split_and_every_split_has_a_list(data: Path) -> None:
    songs = {song.name: song for song in read_songs(data)}
    assert songs["suite-1"].split == songs["suite-2"].split
    assert songs["suite-1"].work == "suite"
    listed = {}
    for split in ("train", "evaluation", "test"):
        content = json.loads((data / f"SynthSOD_metadata_{split}.json").read_text())
        listed |= {row["song_name"]: (split, row["duration"]) for row in content["songs"].values()}
    assert listed == {name: (song.split, song.duration_s) for name, song in songs.items()}


@pytest.mark.parametrize("microphone", MICROPHONES)
def test_stems_add_up_to_a_mixture_that_does_not_clip(data: Path, microphone: str) -> None:
    files = sorted((data / "SynthSOD_data" / "march" / microphone).glob("*.flac"))
    stems = [soundfile.read(path, dtype="int16")[0].astype(np.int64) for path in files]
    mixture = np.sum(stems, axis=0)
    assert mixture.shape == stems[0].shape
    assert 1000 < np.abs(mixture).max() < 32_768
    rms = np.sqrt(np.mean(np.square(mixture / 32_768.0)))
    assert rms == pytest.approx(0.05, rel=0.01) or np.abs(mixture).max() > 0.88 * 32_768


def test_close_microphones_hear_less_of_the_room_than_the_tree() -> None:
    hall = draw_hall(np.random.default_rng(2))
    response = record_in(hall, Seat(ahead_m=4.0, left_m=-2.0), 0)

    def direct_share(channel: np.ndarray) -> float:
        at = int(np.argmax(np.abs(channel)))
        near = channel[max(at - 100, 0) : at + 100]
        return float(np.sum(near**2) / np.sum(channel**2))

    left, right = response.tree
    assert direct_share(response.close[0]) > 0.8 > direct_share(right)
    assert np.argmax(np.abs(right)) < np.argmax(np.abs(left))  # the player sits on the right
    assert np.array_equal(record_in(hall, Seat(ahead_m=4.0, left_m=-2.0), 0).tree, response.tree)


def test_finished_songs_are_kept_and_other_settings_refused(data: Path, notes_folder: str, executor: Executor) -> None:
    stem = data / "SynthSOD_data" / "march" / "Tree" / "Trumpet.flac"
    before = stem.stat().st_mtime_ns
    scores = find_scores([data.parent / "scores"])
    settings = OrchestraSettings(fonts=(notes_folder,))
    again = render_orchestra(data, scores, settings, executor=executor)
    assert (len(again.songs), stem.stat().st_mtime_ns) == (4, before)
    with pytest.raises(ConfigError, match="annotations was 'published', now 'none'"):
        render_orchestra(data, scores, replace(settings, annotations="none"), executor=executor)


def test_a_missing_stem_is_an_error_and_no_silence(tmp_path: Path, notes_folder: str, executor: Executor) -> None:
    write_note_table(tmp_path / "march.json", study("march", tracks=("Trumpet", "Horn")))
    settings = OrchestraSettings(fonts=(notes_folder,), annotations="none")
    render_orchestra(tmp_path / "data", find_scores([tmp_path / "march.json"]), settings, executor=executor)
    (tmp_path / "data" / "SynthSOD_data" / "march" / "Tree" / "Horn.flac").unlink()
    with pytest.raises(MetadataError, match=r"Tree: expected every stem of its list, found no Horn"):
        load_corpus("SynthSOD", tmp_path / "data", purpose="training")


def test_the_statistics_count_hours_notes_dynamics_and_articulations(data: Path) -> None:
    songs = read_songs(data)
    splits, tracks, dynamics, articulations, approximated = orchestra_tables(songs)
    assert sum(int(row[2]) for row in splits.rows) == 4
    assert {row[0]: row[4] for row in tracks.rows} == dict.fromkeys(TRACKS, "12")
    for table in (dynamics, articulations):
        for row in table.rows:
            assert sum(float(cell.split()[0]) for cell in row[1:] if cell) == pytest.approx(100.0, abs=0.4)
    assert approximated.columns[2] == "approximated by"
    page = (data / "statistics.html").read_text()
    assert page.count("data:image/png") == 4
    assert "coranglais" in page
    with pytest.raises(MetadataError, match="nothing"):
        annotation_picture(data, "nothing")


def test_what_the_sounds_lack_is_annotated_and_played_ordinarily(notes_folder: str) -> None:
    score = study(tracks=("Violin_1", "Horn"))
    plan = draw_orchestral_plan(score, OrchestraSettings(fonts=(notes_folder,)), name="study")
    articulations = {"Violin_1": ("pizzicato", "col-legno", "legato"), "Horn": ("legato-muted",) * 3}
    plan = replace(plan, annotations=replace(plan.annotations, articulations=articulations, velocities={}))
    found = {(one.track, one.articulation): (one.notes, one.approximated_by) for one in approximations_of(plan)}
    assert found == {
        ("Violin_1", "pizzicato"): (1, "the ordinary sound"),
        ("Violin_1", "col-legno"): (1, "staccato"),
        ("Horn", "legato-muted"): (3, "the ordinary sound"),
    }
    _, played = played_orchestra(score, plan)
    assert {note.technique for part in played for note in part.notes} == {"ordinary"}


def test_a_soundfont_has_muted_trumpets_but_no_muted_horns() -> None:
    from rebalance.synthesis.sound import find_font

    try:
        find_font("timgm")
    except ConfigError:
        pytest.skip("no soundfont installed")
    layer = Layer(source="timgm", preset=Preset(program=56))
    assert offered_techniques(ORCHESTRA["Trumpet"], layer) == {"ordinary", "muted"}
    assert offered_techniques(ORCHESTRA["Horn"], layer) == {"ordinary"}
    assert offered_techniques(ORCHESTRA["Bass"], layer) == {"ordinary", "pizzicato", "tremolo"}


def test_a_silent_song_is_an_error(tmp_path: Path, notes_folder: str) -> None:
    score = study(tracks=("Viola",))
    plan = draw_orchestral_plan(score, OrchestraSettings(fonts=(notes_folder,)), name="study")
    silent = replace(plan, annotations=replace(plan.annotations, velocities={"Viola": (0, 0, 0)}))
    with pytest.raises(AudioError, match="every part is silent"):
        write_song(tmp_path, score, silent)


def test_a_part_whose_notes_are_all_of_velocity_zero_is_a_silent_stem(tmp_path: Path, notes_folder: str) -> None:
    score = study(tracks=("Viola", "Cello"), pitch=60)
    plan = draw_orchestral_plan(score, OrchestraSettings(fonts=(notes_folder,)), name="study")
    velocities = {"Viola": (0, 0, 0), "Cello": (80, 80, 80)}
    written = write_song(tmp_path, score, replace(plan, annotations=replace(plan.annotations, velocities=velocities)))
    assert written.stems == ("Viola", "Cello")
    assert not soundfile.read(tmp_path / "Tree" / "Viola.flac")[0].any()
    assert soundfile.read(tmp_path / "Tree" / "Cello.flac")[0].any()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_font_that_cannot_play_a_track_is_passed_over(notes_folder: str, tmp_path: Path) -> None:
    (tmp_path / "few" / "Oboe").mkdir(parents=True)
    settings = OrchestraSettings(fonts=(str(tmp_path / "few"), notes_folder))
    plan = draw_orchestral_plan(study(tracks=("Tuba",)), settings, name="study")
    assert plan.voices["Tuba"].layers[0].source == notes_folder
    with pytest.raises(ConfigError, match="none of the fonts plays Tuba"):
        draw_orchestral_plan(study(tracks=("Tuba",)), replace(settings, fonts=settings.fonts[:1]), name="study")


@pytest.mark.parametrize("mode", ANNOTATION_MODES)
def test_the_same_settings_give_the_same_plan_in_every_mode(notes_folder: str, mode: str) -> None:
    settings = OrchestraSettings(fonts=(notes_folder,), annotations=mode)  # type: ignore[arg-type]
    first, second = (draw_orchestral_plan(study(), settings, name="study") for _ in range(2))
    assert first == second


def test_no_scores_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="expected scores"):
        find_scores([tmp_path])
    with pytest.raises(MetadataError, match="neither"):
        find_scores([tmp_path / "nowhere"])


def test_scores_of_one_name_in_two_folders_stay_two(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "allegro.mid").write_bytes(b"")
    scores = find_scores([tmp_path])
    assert [(score.name, score.work) for score in scores] == [
        ("first-allegro", "first"),
        ("second-allegro", "second"),
    ]


def test_of_ten_works_one_is_for_evaluation_and_one_for_test(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"piece {chr(97 + number)}.mid").write_bytes(b"")
    splits = [score.split for score in find_scores([tmp_path])]
    assert (splits.count("train"), splits.count("evaluation"), splits.count("test")) == (8, 1, 1)


def test_a_score_is_orchestrated_with_two_tracks_of_each_family(duet: Score) -> None:
    for seed in range(20):
        full = orchestrated(duet, np.random.default_rng(seed), n_tracks=9)
        families = [ORCHESTRA[part.name].family for part in full.parts]
        assert len(families) == 9
        assert all(families.count(family) >= 2 for family in ("strings", "woodwinds", "brass", "percussion"))
    with pytest.raises(ConfigError, match="8 to 18 tracks"):
        orchestrated(duet, np.random.default_rng(0), n_tracks=3)


def test_the_annotations_that_are_written_follow_their_schema_and_are_read_back(data: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "metadata" / "schema" / "annotations.schema.json").read_text())
    files = sorted((data / "annotations").glob("*.json"))
    assert len(files) == 4
    for path in files:
        content = json.loads(path.read_text())
        jsonschema.validate(content, schema)
        assert set(content["annotations"]["velocities"]) == set(TRACKS)
        assert read_plan(path).name == path.stem
