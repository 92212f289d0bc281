"""What every corpus in the registry promises."""

import dataclasses

import numpy as np
import pytest

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.audio import probe_audio
from rebalance.datasets import LOADERS, load_corpus, read_notes

every_corpus = pytest.mark.parametrize("name", sorted(LOADERS))
EVALUATION_MATERIAL = {"BACH10", "URMP"}


@every_corpus
def test_a_corpus_says_what_it_is_and_to_whom_it_is_owed(name):
    info = LOADERS[name].info
    assert info.name == name
    assert all((info.title, info.licence, info.citation, info.origin))
    assert "://" not in info.origin
    assert info.evaluation_material == (name in EVALUATION_MATERIAL)


@every_corpus
def test_pieces_come_sorted_and_named_once(stand_in, name):
    pieces = load_corpus(name, stand_in(name), purpose="evaluation").pieces
    names = [piece.name for piece in pieces]
    assert names == sorted(set(names))
    assert names
    assert all(piece.corpus == name for piece in pieces)


@every_corpus
def test_every_stem_and_mixture_can_be_read(stand_in, name):
    for piece in load_corpus(name, stand_in(name), purpose="evaluation").pieces:
        files = [part.stem for part in piece.parts] + ([piece.mixture] if piece.mixture else [])
        files += [file for part in piece.parts for file in part.microphones.values()]
        assert all(probe_audio(file).duration_s == 0.5 for file in files)
        assert piece.mixture not in [part.stem for part in piece.parts]


@every_corpus
def test_labels_differ_and_begin_with_their_instrument(stand_in, name):
    for piece in load_corpus(name, stand_in(name), purpose="evaluation").pieces:
        assert len({part.label for part in piece.parts}) == len(piece.parts)
        assert all(part.label.startswith(part.instrument) for part in piece.parts)


@every_corpus
def test_notes_lie_within_the_recording(stand_in, name):
    for piece in load_corpus(name, stand_in(name), purpose="evaluation").pieces:
        for part in piece.parts:
            if part.notes is None:
                with pytest.raises(MetadataError, match="has no notes"):
                    read_notes(part)
            else:
                notes = read_notes(part)
                assert len(notes) > 0
                assert np.all(notes.onset_s + notes.duration_s <= 0.5 + 1e-9)
                assert np.all((notes.pitch > 20) & (notes.pitch < 110))


@every_corpus
def test_values_cannot_be_changed(stand_in, name):
    corpus = load_corpus(name, stand_in(name), purpose="evaluation")
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.pieces[0].name = "another"


@every_corpus
def test_a_folder_without_pieces_is_an_error(tmp_path, name):
    with pytest.raises(MetadataError, match=rf"expected pieces of {name} .*, found none"):
        load_corpus(name, tmp_path, purpose="evaluation")
    with pytest.raises(MetadataError, match="expected the folder of a corpus, got no folder"):
        load_corpus(name, tmp_path / "absent", purpose="evaluation")


@every_corpus
def test_evaluation_material_is_for_training_only_in_so_many_words(stand_in, name):
    words = f"I know that {name} is evaluation material"
    if name not in EVALUATION_MATERIAL:
        assert not load_corpus(name, stand_in(name), purpose="training").trains_on_evaluation_material
        return
    for wrong in (None, "yes", words.lower()):
        with pytest.raises(
            ConfigError, match=f"{name} is evaluation material: to train on it all the same, say '{words}'"
        ):
            load_corpus(name, stand_in(name), purpose="training", allow_evaluation_material=wrong)
    corpus = load_corpus(name, stand_in(name), purpose="training", allow_evaluation_material=words)
    assert corpus.trains_on_evaluation_material
    assert all(piece.evaluation_material for piece in corpus.pieces)
    assert not load_corpus(name, stand_in(name), purpose="evaluation").trains_on_evaluation_material


def test_an_unknown_corpus_is_answered_with_the_nearest_name(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'EnsembleSet'"):
        load_corpus("ensembleset", tmp_path, purpose="evaluation")
