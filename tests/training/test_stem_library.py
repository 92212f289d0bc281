from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import MetadataError
from rebalance.training.data import open_library
from rebalance.training.data._stem_library import StemEntry, StemLibrary, write_manifest, write_stem

from .conftest import SAMPLE_RATE, tone


def test_samples_come_back_as_written_to_16_bits(library: StemLibrary) -> None:
    stem = next(stem for stem in library.stems if stem.entry.label == "Flute")
    np.testing.assert_allclose(stem.crop(100, 5000), tone(81)[100:5100], atol=0.6 / 32_768)


def test_a_crop_is_silent_beyond_the_ends(library: StemLibrary) -> None:
    stem = library.stems[0]
    before, after = stem.crop(-500, 1000), stem.crop(len(stem.samples) - 300, 1000)
    assert not before[:500].any()
    assert before[500:].any()
    assert after[:300].any()
    assert not after[300:].any()


def test_activity_tells_where_a_stem_sounds(library: StemLibrary) -> None:
    cello = next(stem for stem in library.stems if stem.entry.instrument == "Cello")
    assert cello.activity(0, SAMPLE_RATE) == 0.0
    assert cello.activity(2 * SAMPLE_RATE, SAMPLE_RATE // 2) > 0.9


def test_stems_are_found_by_instrument_and_by_rendition(library: StemLibrary) -> None:
    assert {library.stems[index].entry.label for index in library.by_instrument["Violin"]} == {"Violin_1", "Violin_2"}
    assert len(library.by_rendition["second"]) == 3


def test_what_has_one_name_in_two_folders_is_two_renditions(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("first", "second", "third"):
        facts = {"rendition": "chorale", "family": name, "file": "oboe.npy"}
        entry = StemEntry(label="Oboe", instrument="Oboe", mean_pitch=70.0, **facts)
        write_stem(tmp_path / name, entry, 0.1 * rng.standard_normal(50_000))
        write_manifest(tmp_path / name, [entry])
    library = open_library([tmp_path / name for name in ("first", "second", "third")])
    assert library.by_rendition == {"chorale": (0,), "chorale (2)": (1,), "chorale (3)": (2,)}
    assert library.by_instrument == {"Oboe": (0, 1, 2)}


def test_a_silent_stem_is_left_out_and_silence_alone_is_refused(tmp_path: Path) -> None:
    entry = StemEntry(rendition="r", label="Oboe", instrument="Oboe", family="f", mean_pitch=70.0, file="silent.npy")
    write_stem(tmp_path, entry, np.zeros(50_000))
    write_manifest(tmp_path, [entry])
    with pytest.raises(MetadataError, match="at least one that sounds"):
        open_library([tmp_path])


def test_an_instrument_outside_the_challenge_is_refused(tmp_path: Path) -> None:
    row = {"rendition": "r", "label": "Tuba", "instrument": "Tuba", "family": "f", "mean_pitch": 40.0, "file": "t.npy"}
    (tmp_path / "stems.json").write_text(json.dumps({"version": 1, "stems": [row]}), encoding="utf-8")
    with pytest.raises(MetadataError, match="'Tuba' is no instrument"):
        open_library([tmp_path])


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 1, "stems": [{"label": 1}]}', '{"version": 9, "stems": []}'], ids=repr
)
def test_a_wrong_manifest_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "stems.json").write_text(text, encoding="utf-8")
    with pytest.raises(MetadataError, match=r"stems\.json"):
        open_library([tmp_path])


def test_samples_that_are_no_16_bit_integers_are_refused(tmp_path: Path) -> None:
    entry = StemEntry(rendition="r", label="Oboe", instrument="Oboe", family="f", mean_pitch=70.0, file="oboe.npy")
    np.save(tmp_path / "oboe.npy", np.zeros(10))
    write_manifest(tmp_path, [entry])
    with pytest.raises(MetadataError, match="16-bit integers"):
        open_library([tmp_path])
