"""Program-made band music, and its rendering in the layout of Slakh2100."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.audio import read_audio
from rebalance.datasets import load_corpus, read_notes
from rebalance.training.data import (
    BandLibrary,
    BandSettings,
    TrackInstruments,
    compose_band,
    prepare_scored_tracks,
    read_scored_tracks,
    render_band,
)
from rebalance.training.data._band_rendering import _render

INSTRUMENTS = TrackInstruments(programs={"Piano": (0, 1), "Guitar": (30,), "Bass": (33, 34)})
MUSIC = BandSettings(duration_s=12.0)


def library(out: Path) -> BandLibrary:
    return BandLibrary(out=out, subsets={"train": 1, "test": 1}, fonts=("timgm",), music=MUSIC, seed=3)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("band")
    for track in library(folder).tracks:
        _render(library(folder), track)
    return folder


def test_the_same_name_and_seed_give_the_same_music() -> None:
    assert compose_band("a", 1, MUSIC) == compose_band("a", 1, MUSIC)
    assert compose_band("a", 1, MUSIC) != compose_band("b", 1, MUSIC)
    assert compose_band("a", 1, MUSIC) != compose_band("a", 2, MUSIC)


@pytest.mark.parametrize("seed", range(4))
def test_parts_stay_in_their_ranges_and_no_key_is_struck_while_it_sounds(seed: int) -> None:
    ranges = {"Piano": (45, 88), "Guitar": (40, 76), "Bass": (28, 50)}
    for part, notes in compose_band("piece", seed, BandSettings(duration_s=60.0)).items():
        assert all(ranges[part][0] <= note.pitch <= ranges[part][1] for note in notes)
        ends: dict[int, float] = {}
        for note in notes:
            assert note.onset_s >= ends.get(note.pitch, 0.0) - 1e-9
            ends[note.pitch] = note.end_s


def test_parts_pause_for_whole_clips_and_never_all_of_them() -> None:
    pieces = [compose_band(f"piece {number}", 0, BandSettings(duration_s=60.0)) for number in range(6)]
    clips = []
    for parts in pieces:
        end_s = max(notes[-1].end_s for notes in parts.values() if notes)
        for start_s in np.arange(0.0, end_s - 4.0, 4.0):
            within = [
                any(start_s < note.end_s and note.onset_s < start_s + 4 for note in its) for its in parts.values()
            ]
            clips.append(within)
    shares = np.mean(clips, axis=0)
    assert np.all((shares > 0.3) & (shares < 1.0))
    assert np.all(np.any(clips, axis=1))


def test_stems_are_labelled_as_slakh_labels_them(rendered: Path) -> None:
    for piece in load_corpus("Slakh2100", rendered, purpose="training").pieces:
        made = compose_band(piece.name, 3, MUSIC)
        for part in piece.parts:
            name = {0: "Piano", 30: "Guitar", 33: "Bass"}[part.program or 0]
            notes = read_notes(part)
            assert sorted(notes.pitch.tolist()) == sorted(float(note.pitch) for note in made[name])
            np.testing.assert_allclose(notes.onset_s, [note.onset_s for note in made[name]], atol=2e-3)


def test_a_note_sounds_where_the_track_says(rendered: Path, tmp_path: Path) -> None:
    pieces = load_corpus("Slakh2100", rendered, purpose="training").pieces
    assert prepare_scored_tracks(pieces, INSTRUMENTS, tmp_path, jobs=1) == ()
    for track in read_scored_tracks([tmp_path], INSTRUMENTS.names, 16_000):
        for samples, notes in zip(track.samples.astype(float), track.notes, strict=True):
            if not len(notes):
                assert not samples.any()
                continue
            inside = np.zeros(len(samples), dtype=bool)
            for onset, end, _ in notes:
                inside[int(onset) : int(end) + 8_000] = True
            assert np.square(samples[inside]).sum() > 0.98 * np.square(samples).sum()


def test_the_mixture_does_not_clip_and_is_the_sum_of_the_stems(rendered: Path) -> None:
    for piece in load_corpus("Slakh2100", rendered, purpose="training").pieces:
        stems = [read_audio(part.stem).samples for part in piece.parts]
        assert np.abs(sum(stems)).max() < 1.0


def test_finished_tracks_are_kept(rendered: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in rendered.rglob("*") if path.is_file()}
    assert render_band(library(rendered)) == ()
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("changes", [{"fonts": ()}, {"subsets": {}}, {"subsets": {"train": 0}}])
def test_a_library_without_fonts_or_tracks_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="one or more fonts and tracks"):
        BandLibrary(**{"out": Path(), "subsets": {"train": 1}, **changes})
