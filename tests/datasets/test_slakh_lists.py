"""Slakh2100-split2, the known errors of its labels, and pieces of chosen programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebalance._base.errors import MetadataError
from rebalance.datasets import (
    WRONG_STEMS,
    Part,
    Piece,
    load_corpus,
    read_notes,
    resplit_slakh,
    with_programs,
    without_wrong_stems,
)


def piece(name: str, subset: str | None = "train", stem: str = "S00") -> Piece:
    part = Part(label="Piano", instrument="Piano", stem=Path(name, "stems", f"{stem}.flac"), program=0)
    return Piece(corpus="Slakh2100", name=name, parts=(part,), subset=subset)


def division(folder: Path, content: object) -> Path:
    path = folder / "splits_v2.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_list_moves_keeps_and_omits_tracks(tmp_path: Path) -> None:
    path = division(
        tmp_path,
        {
            "Track00001": {"action": None},
            "Track00003": {"action": "move", "source_split": "train", "destination_split": "test"},
            "Track00004": {"action": "omit", "source_split": "train"},
        },
    )
    found = resplit_slakh([piece("Track00001"), piece("Track00003"), piece("Track00004")], path)
    assert [(its.name, its.subset) for its in found] == [("Track00001", "train"), ("Track00003", "test")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "Track00001: expected an action null, move or omit, got None"),
        ({"Track00001": {"action": "burn"}}, "expected an action null, move or omit"),
        ({"Track00001": {"action": "move"}}, "expected a destination_split, got None"),
        ([], "expected an object of tracks, got list"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(MetadataError, match=words):
        resplit_slakh([piece("Track00001")], division(tmp_path, content))


def test_a_list_that_is_missing_or_damaged_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="cannot read the division"):
        resplit_slakh([], tmp_path / "absent.json")
    (tmp_path / "damaged.json").write_text("{", encoding="utf-8")
    with pytest.raises(MetadataError, match="cannot read the division"):
        resplit_slakh([], tmp_path / "damaged.json")


def test_pieces_with_a_stem_that_is_known_to_be_wrong_are_left_out() -> None:
    (track, stem), *_ = WRONG_STEMS
    found = without_wrong_stems([piece(track, stem=stem), piece(track, stem="S99"), piece("Track00002", stem=stem)])
    assert [(its.name, its.parts[0].stem.stem) for its in found] == [(track, "S99"), ("Track00002", stem)]


def test_parts_of_other_programs_are_left_out(stand_in) -> None:
    pieces = load_corpus("Slakh2100", stand_in("Slakh2100"), purpose="training").pieces
    assert [part.program for part in with_programs(pieces, {36})[0].parts] == [36]
    assert with_programs(pieces, {36})[0].mixture is None
    assert with_programs(pieces, {0}) == ()


def test_basses_are_read_an_octave_below_what_is_written_and_without_what_was_not_rendered(
    own_copy, write_notes
) -> None:
    root = own_copy("Slakh2100")
    midi = root / "slakh2100_flac_redux" / "train" / "Track00001" / "MIDI"
    for name in ("S00", "S02"):
        write_notes(midi / f"{name}.mid", [(0.0, 0.25, 47), (0.5, 0.25, 79), (1.0, 0.25, 80)])
    violin, _, bass = load_corpus("Slakh2100", root, purpose="training").pieces[0].parts
    assert read_notes(violin).pitch.tolist() == [47.0, 79.0, 80.0]
    assert read_notes(bass).pitch.tolist() == [35.0, 67.0]
