from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.audio import read_audio
from rebalance.synthesis.notation import Piece, Score, write_note_table
from rebalance.synthesis.rendering import RenderSettings, choose_run, read_played_piece, render_pieces
from rebalance.synthesis.rendering._preview import write_preview
from rebalance.synthesis.rendering._renditions import RenderRun, manifest_path

pytest.importorskip("pyroomacoustics")


class HereAndNow:
    """An executor that works in the calling process."""

    def submit(self, work, *arguments):
        from concurrent.futures import Future

        future: Future = Future()
        try:
            future.set_result(work(*arguments))
        except Exception as error:  # noqa: BLE001
            future.set_exception(error)
        return future


@pytest.fixture(scope="module")
def run(sampled_notes: Path) -> RenderRun:
    settings = RenderSettings(fonts=(str(sampled_notes),), humanise="published")
    return RenderRun(split="valid", seed=5, ensembles=("Flute,Cello", "Oboe,Bassoon"), settings=settings)


@pytest.fixture
def pieces(tmp_path: Path, duet: Score) -> list[Piece]:
    for name in ("one", "two"):
        write_note_table(tmp_path / "tables" / f"{name}.json", replace(duet, name=name))
    (tmp_path / "tables" / "broken.json").write_text("{")
    return [Piece(name=name, path=tmp_path / "tables" / f"{name}.json") for name in ("one", "two", "broken")]


@pytest.fixture(autouse=True)
def no_engine_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded notes are all these tests play: a machine without a soundfont player must do."""
    monkeypatch.setattr("rebalance.synthesis.rendering._renditions.soundfont_engine", lambda name: None)
    monkeypatch.setattr("rebalance.synthesis.rendering._rendering.soundfont_engine", lambda: None)


def test_every_piece_is_played_once_and_a_broken_one_does_not_stop_the_rest(
    tmp_path: Path, pieces: list[Piece], run: RenderRun
) -> None:
    outcome = render_pieces(tmp_path / "out", pieces, run, executor=HereAndNow())
    assert sorted(piece.name.split("-")[0] for piece in outcome.pieces) == ["one", "two"]
    assert [failure.item for failure in outcome.failures] == ["broken"]
    for piece in outcome.pieces:
        stems = [read_audio(tmp_path / "out" / "audio" / track).samples for track in piece.stems.values()]
        mixture = read_audio(tmp_path / "out" / "audio" / piece.mixture).samples
        assert np.array_equal(sum(stems), mixture)
    assert {tuple(piece.stems) for piece in outcome.pieces} == {("Flute", "Cello"), ("Oboe", "Bassoon")}


def test_a_finished_piece_is_not_rendered_again_and_an_interrupted_one_comes_out_the_same(
    tmp_path: Path, pieces: list[Piece], run: RenderRun
) -> None:
    out = tmp_path / "out"
    first = render_pieces(out, pieces[:2], run, executor=HereAndNow())
    finished, interrupted = (piece.name for piece in first.pieces)
    bits = (out / "audio" / "valid" / interrupted / "mixture.flac").read_bytes()
    manifest_path(out, "valid", interrupted).unlink()
    (out / "audio" / "valid" / interrupted / "mixture.flac").write_bytes(b"half")
    marker = out / "audio" / "valid" / finished / "mixture.flac"
    before = marker.stat().st_mtime_ns
    assert render_pieces(out, pieces[:2], run, executor=HereAndNow()) == first
    assert marker.stat().st_mtime_ns == before
    assert (out / "audio" / "valid" / interrupted / "mixture.flac").read_bytes() == bits


def test_pieces_are_played_again_by_other_ensembles_until_there_are_hours_enough(
    tmp_path: Path, pieces: list[Piece], run: RenderRun
) -> None:
    outcome = render_pieces(tmp_path / "out", pieces[:1], run, hours=40 / 3600, executor=HereAndNow())
    duos = [("Flute", "Cello"), ("Oboe", "Bassoon"), ("Flute", "Cello")]
    assert [tuple(piece.stems) for piece in outcome.pieces] == duos
    assert len({piece.name for piece in outcome.pieces}) == 3


def test_a_folder_begun_with_other_settings_is_left_alone(tmp_path: Path, pieces: list[Piece], run: RenderRun) -> None:
    render_pieces(tmp_path / "out", pieces[:1], run, executor=HereAndNow())
    with pytest.raises(ConfigError, match="seed was 5, now 6"):
        render_pieces(tmp_path / "out", pieces[:1], replace(run, seed=6), executor=HereAndNow())


def test_the_preview_shows_every_player_and_plays_every_stem(
    tmp_path: Path, pieces: list[Piece], run: RenderRun
) -> None:
    out = tmp_path / "out"
    piece = render_pieces(out, pieces[:1], run, executor=HereAndNow()).pieces[0]
    page = write_preview(piece, root=out, split="valid").read_text()
    for label in (*piece.stems, "Mixture"):
        assert f"<b>{label}</b>" in page
    assert page.count("<audio controls") == len(piece.stems) + 1
    assert page.count("data:image/png;base64,") == len(piece.stems) + 2
    for track in (*piece.stems.values(), piece.mixture):
        assert f'src="{track.name}"' in page


def test_what_was_played_is_read_back_with_the_task(tmp_path: Path, pieces: list[Piece], run: RenderRun) -> None:
    out = tmp_path / "out"
    piece = render_pieces(out, pieces[:1], run, executor=HereAndNow()).pieces[0]
    played = read_played_piece(out, "valid", piece.name)
    assert [part.label for part in played.parts] == list(piece.stems)
    for part, written in zip(played.parts, played.score.parts, strict=True):
        assert len(part.notes) >= len(written.notes) > 0
        stem = read_audio(out / "audio" / piece.stems[part.label]).samples
        onset = int(part.notes[0].onset_s * 44_100)
        assert np.abs(stem[:, :onset]).max(initial=0.0) < 0.1 * np.abs(stem).max()
        assert np.abs(stem[:, onset : onset + 22_050]).max() > 0.1 * np.abs(stem).max()
    with pytest.raises(MetadataError):
        read_played_piece(out, "valid", "another")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"split": "test"}, "split: expected one of train, valid, got 'test'"),
        ({"humanise": "fully"}, "humanise: expected one of none, published, full"),
        ({"engine": "timidity"}, "engine: expected one of"),
        ({"ensembles": ["string"]}, "did you mean 'strings'"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose_run(**{"split": "train", "seed": 0, **words})


def test_training_and_validation_share_neither_recordings_nor_default_fonts() -> None:
    train, valid = (choose_run(split=split, seed=0) for split in ("train", "valid"))
    assert not set(train.settings.fonts) & set(valid.settings.fonts)
