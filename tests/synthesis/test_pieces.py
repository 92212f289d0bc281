import functools
import itertools
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation import select_pieces
from rebalance.synthesis.notation._curated_pieces import BACH10_CHORALES, EXCLUDED, curated_pieces, split_of_piece

music21 = pytest.importorskip("music21")
CORPUS = Path(music21.__file__).parent / "corpus"

# The recordings of BACH10 by the numbers of their chorales, and what the corpus has besides of the same settings.
BACH10_NUMBERS = ("255", "256", "274", "62.6", "275", "296", "297", "326", "327", "364", "385")
TWIN_NUMBERS = ("48.3", "258", "114.7")
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
RUN_LENGTH = 8
MAX_SHARE = 0.1


def file_of(name: str) -> Path:
    """Return the corpus file of a piece."""
    return next(
        CORPUS / f"{name}{suffix}" for suffix in (".mxl", ".xml", ".krn") if (CORPUS / f"{name}{suffix}").is_file()
    )


def document(path: Path) -> ET.Element:
    """Return the score inside a MusicXML file, packed or not, without the library under test."""
    if path.suffix != ".mxl":
        return ET.parse(path).getroot()
    with zipfile.ZipFile(path) as archive:
        inner = next(name for name in archive.namelist() if not name.startswith("META-INF") and "xml" in name)
        return ET.fromstring(archive.read(inner))


@functools.cache
def interval_runs(name: str) -> frozenset[tuple[int, ...]]:
    """Return every run of eight intervals of every voice: the same in any key, whatever the rhythm."""
    runs = set()
    for part in document(file_of(name)).iter("part"):
        pitches = [sounding(note) for note in part.iter("note") if begins_a_tone(note)]
        steps = [later - earlier for earlier, later in itertools.pairwise(pitches)]
        runs |= {tuple(steps[at : at + RUN_LENGTH]) for at in range(len(steps) - RUN_LENGTH + 1)}
    return frozenset(runs)


def begins_a_tone(note: ET.Element) -> bool:
    tied_over = any(tie.get("type") == "stop" for tie in note.findall("tie"))
    return (
        note.find("pitch") is not None and note.find("chord") is None and note.find("grace") is None and not tied_over
    )


def sounding(note: ET.Element) -> int:
    pitch = note.find("pitch")
    assert pitch is not None
    alteration = int(float(pitch.findtext("alter") or 0))
    return SEMITONES[pitch.findtext("step") or ""] + alteration + 12 * int(pitch.findtext("octave") or 0)


def shared(one: str, other: str) -> float:
    """Return the share of the shorter piece's runs that the other has too."""
    runs, others = interval_runs(one), interval_runs(other)
    return len(runs & others) / max(1, min(len(runs), len(others)))


def test_no_chorale_of_bach10_is_among_the_pieces_by_number() -> None:
    names = set(curated_pieces())
    for number in (*BACH10_NUMBERS, *TWIN_NUMBERS):
        assert f"bach/bwv{number}" in EXCLUDED
        assert f"bach/bwv{number}" not in names
        assert not any(name.startswith(f"bach/bwv{number}-") for name in names)


def test_no_chorale_of_bach10_is_among_the_pieces_by_its_notes() -> None:
    chorales = [name for name in curated_pieces() if name.startswith("bach/")]
    found = {
        (name, forbidden): share
        for name in chorales
        for forbidden in sorted(BACH10_CHORALES)
        if (share := shared(name, forbidden)) >= MAX_SHARE
    }
    assert not found


def test_the_fingerprint_finds_the_same_chorale_under_another_number_and_in_another_setting() -> None:
    assert shared("bach/bwv274", "bach/bwv62.6") > 0.8
    assert shared("bach/bwv326", "bach/bwv327") > MAX_SHARE
    assert shared("bach/bwv255", "bach/bwv48.3") > MAX_SHARE
    assert shared("bach/bwv256", "bach/bwv258") > MAX_SHARE


def test_every_piece_is_in_the_installed_corpus_once() -> None:
    names = curated_pieces()
    assert len(names) == len(set(names)) > 400
    assert all(file_of(name).is_file() for name in names)


def test_whole_works_belong_to_one_split_and_the_demo_to_validation() -> None:
    train, valid = curated_pieces("train"), curated_pieces("valid")
    assert set(train) | set(valid) == set(curated_pieces())
    works = [{name.partition("/movement")[0] for name in split} for split in (train, valid)]
    assert not works[0] & works[1]
    assert 0.1 < len(valid) / len(curated_pieces()) < 0.25
    assert {split_of_piece("haydn/opus74no1/movement1"), split_of_piece("mozart/k155/movement2")} == {"valid"}


def test_pieces_are_chosen_by_pattern_name_or_file(tmp_path: Path) -> None:
    (tmp_path / "song.mid").touch()
    chosen = select_pieces(["haydn/*", "bach/bwv1.6", str(tmp_path), str(tmp_path / "song.mid")], "valid")
    names = [piece.name for piece in chosen]
    assert "haydn/opus74no1/movement1" in names
    assert names[-2:] == ["bach/bwv1.6", "song"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("bach/bwv255", "evaluation material"),
        ("bach/bwv257", "evaluation material"),
        ("haydn/opus74no1/movement9", "did you mean 'haydn/opus74no1/movement4'|nothing in train"),
        ("palestrina/*", "nothing in train"),
    ],
)
def test_evaluation_material_and_unknown_pieces_are_refused(wanted: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        select_pieces([wanted], "train")
