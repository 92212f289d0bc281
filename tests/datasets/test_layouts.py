"""What is particular to each data set's layout."""

import numpy as np
import pytest

from rebalance._base.errors import MetadataError
from rebalance.datasets import load_corpus, read_notes


def loaded(name, root):
    return {piece.name: piece for piece in load_corpus(name, root, purpose="evaluation").pieces}


def labels(piece):
    return [part.label for part in piece.parts]


def test_ensembleset_prefers_the_mix_and_keeps_the_other_microphones(stand_in):
    piece = loaded("EnsembleSet", stand_in("EnsembleSet"))["anitrasdance"]
    assert labels(piece) == ["Cello", "Viola", "Violin_1", "Violin_2"]
    assert [part.instrument for part in piece.parts] == ["Cello", "Viola", "Violin", "Violin"]
    assert piece.mixture.name == "mix_anitrasdance.flac"
    assert {part.stem.parent.name for part in piece.parts} == {"Mix_1"}
    assert sorted(piece.parts[0].microphones) == ["Close", "Mix_1"]
    assert piece.parts[0].microphones["Close"].parent.name == "Close"


def test_ensembleset_is_also_read_as_its_makers_pack_it(own_copy):
    root = own_copy("EnsembleSet")
    (root / "EnsembleSet").rename(root / "BBCSO_Ensembles")
    assert list(loaded("EnsembleSet", root)) == ["Trout", "anitrasdance"]
    assert list(loaded("EnsembleSet", root / "BBCSO_Ensembles")) == ["Trout", "anitrasdance"]


def test_only_ensembles_of_the_challenge_are_called_so(stand_in):
    pieces = loaded("EnsembleSet", stand_in("EnsembleSet"))
    assert pieces["anitrasdance"].is_of_challenge
    assert not pieces["Trout"].is_of_challenge
    assert not loaded("URMP", stand_in("URMP"))["15_Surprise_tpt_tpt_tbn"].is_of_challenge


def test_two_mixtures_in_one_folder_are_an_error(own_copy, tone):
    root = own_copy("CadenzaWoodwind")
    tone(root / "CadenzaWoodwind" / "gavotte" / "fl_cl_ob_bn" / "another.flac", channels=2)
    with pytest.raises(MetadataError, match=r"expected one mixture beside the stems, got \['another.flac'"):
        loaded("CadenzaWoodwind", root)


def test_cadenza_woodwind_has_one_piece_per_orchestration(stand_in):
    pieces = loaded("CadenzaWoodwind", stand_in("CadenzaWoodwind"))
    assert list(pieces) == ["gavotte_fl_cl_ob_bn", "gavotte_fl_sax_ob_bn"]
    assert labels(pieces["gavotte_fl_sax_ob_bn"]) == ["Bassoon", "Flute", "Oboe", "Sax"]
    assert pieces["gavotte_fl_sax_ob_bn"].mixture.name == "gavotte_fl_sax_ob_bn_mixture.flac"


def test_urmp_trusts_file_names_in_piece_15(stand_in):
    piece = loaded("URMP", stand_in("URMP"))["15_Surprise_tpt_tpt_tbn"]
    assert labels(piece) == ["Trumpet_1", "Trumpet_2", "Trumpet_3"]


def test_urmp_pieces_may_have_digits_in_their_names(stand_in):
    piece = loaded("URMP", stand_in("URMP"))["44_K515_vn_vn_va_va_vc"]
    assert labels(piece) == ["Violin_1", "Violin_2", "Viola_1", "Viola_2", "Cello"]


def test_urmp_reads_any_folder_of_stems(own_copy, tone):
    root = own_copy("URMP")
    (root / "01_Jupiter_vn_vc").rename(root / "Jupiter, K. 551 (duet)")
    assert len(loaded("URMP", root)) == 3


@pytest.mark.parametrize("name", ["AuSep_4_vn_01_Jupiter.wav", "AuSep_2_vn_01_Jupiter.wav", "AuSep_3_Vn.wav"])
def test_urmp_refuses_stems_that_leave_a_gap_or_share_a_number(own_copy, tone, name):
    root = own_copy("URMP")
    tone(root / "01_Jupiter_vn_vc" / name)
    with pytest.raises(MetadataError, match="01_Jupiter_vn_vc: expected stems AuSep_1"):
        loaded("URMP", root)


def test_urmp_frequencies_become_pitches_with_their_tuning(stand_in):
    violin = loaded("URMP", stand_in("URMP"))["01_Jupiter_vn_vc"].parts[0]
    notes = read_notes(violin)
    np.testing.assert_allclose(notes.onset_s, [0.03, 0.24])
    np.testing.assert_allclose(notes.duration_s, [0.2, 0.1])
    np.testing.assert_allclose(notes.pitch, [69.0, 70.0], atol=1e-4)


def test_urmp_refuses_an_instrument_code_it_does_not_know(own_copy, tone):
    root = own_copy("URMP")
    tone(root / "01_Jupiter_vn_vc" / "AuSep_3_kazoo_01_Jupiter.wav")
    with pytest.raises(MetadataError, match=r"unknown instrument codes \['kazoo'\]"):
        loaded("URMP", root)


@pytest.mark.parametrize("line", ["0.1 440.0", "0.1 abc 0.2", "0.1 0.0 0.2", "0.1 440 -1", "nan 440 1"])
def test_a_note_table_with_a_bad_line_is_an_error_that_names_the_file(own_copy, line):
    root = own_copy("URMP")
    (root / "01_Jupiter_vn_vc" / "Notes_1_vn_01_Jupiter.txt").write_text(f"0.0 440.0 0.1\n{line}\n")
    with pytest.raises(MetadataError, match=r"Notes_1_vn_01_Jupiter\.txt: "):
        read_notes(loaded("URMP", root)["01_Jupiter_vn_vc"].parts[0])


def test_bach10_notes_last_until_the_next_of_their_part(stand_in):
    piece = loaded("BACH10", stand_in("BACH10"))["01-AchGottundHerr"]
    assert labels(piece) == ["Violin", "Clarinet", "Sax", "Bassoon"]
    violin = read_notes(piece.parts[0])
    np.testing.assert_allclose(violin.onset_s, [0.01, 0.26])
    np.testing.assert_allclose(violin.duration_s, [0.25, 0.24])
    np.testing.assert_allclose(violin.pitch, [67, 69])
    np.testing.assert_allclose(read_notes(piece.parts[3]).pitch, [43])


def test_bach10_without_one_of_its_stems_is_an_error(own_copy):
    root = own_copy("BACH10")
    (root / "01-AchGottundHerr" / "01-AchGottundHerr-saxphone.wav").unlink()
    with pytest.raises(MetadataError, match=r"missing 01-AchGottundHerr-saxphone\.wav"):
        loaded("BACH10", root)


def test_synthsod_takes_the_main_microphones_and_the_subset_of_its_lists(stand_in):
    piece = loaded("SynthSOD", stand_in("SynthSOD"))["symphony_7"]
    assert piece.subset == "train"
    assert labels(piece) == ["Flute", "Violin_1", "EnglishHorn", "UntunedPercussion"]
    assert {part.stem.parent.name for part in piece.parts} == {"Tree"}
    assert sorted(piece.parts[0].microphones) == ["Close_1", "Tree"]


@pytest.mark.parametrize("document", ["[]", '{"songs": []}', '{"songs": {"0": {}}}', '{"songs": {"0": 3}}'])
def test_a_synthsod_list_of_another_shape_is_an_error(own_copy, document):
    root = own_copy("SynthSOD")
    (root / "SynthSOD_metadata_train.json").write_text(document)
    with pytest.raises(MetadataError, match=r"SynthSOD_metadata_train\.json: expected"):
        loaded("SynthSOD", root)


def test_slakh_numbers_equal_instruments_and_leaves_out_what_was_not_rendered(stand_in):
    piece = loaded("Slakh2100", stand_in("Slakh2100"))["Track00001"]
    assert labels(piece) == ["Violin_1", "Violin_2", "Slap Bass 1"]
    assert piece.subset == "train"
    np.testing.assert_allclose(read_notes(piece.parts[0]).duration_s, [0.25, 0.125], atol=1e-3)


@pytest.mark.parametrize(
    "text", ["stems: [", "!!python/object/apply:os.system ['true']", "- a", "stems: 3", "stems: {S00: 1}"]
)
def test_slakh_metadata_that_is_no_plain_yaml_of_stems_is_an_error(own_copy, text):
    root = own_copy("Slakh2100")
    (root / "slakh2100_flac_redux" / "train" / "Track00001" / "metadata.yaml").write_text(text)
    with pytest.raises(MetadataError, match=r"metadata\.yaml: "):
        loaded("Slakh2100", root)


def test_a_broken_midi_file_is_an_error(own_copy):
    root = own_copy("Slakh2100")
    midi = root / "slakh2100_flac_redux" / "train" / "Track00001" / "MIDI" / "S00.mid"
    midi.write_bytes(midi.read_bytes()[:20])
    with pytest.raises(MetadataError, match=r"S00\.mid: cannot read the MIDI file"):
        read_notes(loaded("Slakh2100", root)["Track00001"].parts[0])


def test_musdb18_hq_has_four_stems_the_mixture_beside_them_and_two_subsets(stand_in):
    pieces = loaded("MUSDB18-HQ", stand_in("MUSDB18-HQ"))
    assert [piece.subset for piece in pieces.values()] == ["train", "test"]
    piece = pieces["Zeno - Signs"]
    assert labels(piece) == ["Vocals", "Drums", "Bass", "Other"]
    assert piece.mixture.name == "mixture.wav"


def test_musdb18_hq_without_one_of_its_stems_is_an_error(own_copy):
    root = own_copy("MUSDB18-HQ")
    (root / "musdb18hq" / "test" / "Zeno - Signs" / "bass.wav").unlink()
    with pytest.raises(MetadataError, match=r"Zeno - Signs: expected .*, missing bass\.wav"):
        loaded("MUSDB18-HQ", root)


def test_medleydb_names_instruments_as_its_metadata_do(stand_in):
    piece = loaded("MedleyDB", stand_in("MedleyDB"))["MusicDelta_Rock"]
    assert labels(piece) == ["drum set", "electric bass", "male singer_1", "male singer_2"]
    assert piece.parts[0].stem.name == "MusicDelta_Rock_STEM_01.wav"
    assert piece.mixture.name == "MusicDelta_Rock_MIX.wav"


def test_mixing_secrets_is_read_like_medleydb(stand_in):
    piece = loaded("MixingSecrets", stand_in("MixingSecrets"))["AmContra_Heart"]
    assert labels(piece)[1:] == ["piano", "clean electric guitar", "acoustic guitar"]
    assert piece.corpus == "MixingSecrets"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MusicDelta_Rock_STEM_02.wav", "../../MusicDelta_Rock_MIX.wav", "the name of a stem"),
        ("MusicDelta_Rock_STEM_02.wav", "absent.wav", "S02: expected a stem, missing absent.wav"),
        ("instrument: electric bass", "instrument: [a, b]", "S02: expected an instrument"),
        ("instrument: electric bass", "instrument: ''", "S02: expected an instrument"),
    ],
)
def test_medleydb_metadata_that_lead_elsewhere_or_nowhere_are_an_error(own_copy, old, new, message):
    root = own_copy("MedleyDB")
    path = root / "Audio" / "MusicDelta_Rock" / "MusicDelta_Rock_METADATA.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(MetadataError, match=message):
        loaded("MedleyDB", root)
