"""Tiny stand-ins of the data sets, with names and formats as they are on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

CHORALE = "01-AchGottundHerr"


def write_tone(path: Path, *, channels=1, sample_rate=44_100, duration_s=0.5, frequency_hz=440.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(int(duration_s * sample_rate)) / sample_rate
    tone = 0.1 * np.sin(2 * np.pi * frequency_hz * time_s)
    soundfile.write(path, np.stack([tone] * channels, axis=1), sample_rate, subtype="PCM_16")


def write_midi(path: Path, notes):
    """Write (onset s, duration s, pitch) at 120 quarter notes per minute, 480 ticks each."""
    import mido

    path.parent.mkdir(parents=True, exist_ok=True)
    events = [(onset, "note_on", pitch) for onset, _, pitch in notes]
    events += [(onset + duration, "note_off", pitch) for onset, duration, pitch in notes]
    track, before = mido.MidiTrack(), 0
    for seconds, kind, pitch in sorted(events):
        ticks = round(seconds * 960)
        track.append(mido.Message(kind, note=pitch, velocity=64, time=ticks - before))
        before = ticks
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)


def make_ensembleset(root: Path):
    for microphone in ("Mix_1", "Close"):
        for instrument in ("Violin_1", "Violin_2", "Viola", "Cello"):
            write_tone(root / "EnsembleSet" / "anitrasdance" / microphone / f"{instrument}.flac", channels=2)
    write_tone(root / "EnsembleSet" / "anitrasdance" / "Mix_1" / "mix_anitrasdance.flac", channels=2)
    write_tone(root / "EnsembleSet" / "Trout" / "Mix_1" / "Bass.flac", channels=2)
    (root / "EnsembleSet" / ".cache").mkdir()


def make_cadenza_woodwind(root: Path):
    for orchestration, reed in (("fl_cl_ob_bn", "Clarinet"), ("fl_sax_ob_bn", "Sax")):
        folder = root / "CadenzaWoodwind" / "gavotte" / orchestration
        for instrument in ("Flute", reed, "Oboe", "Bassoon"):
            write_tone(folder / f"{instrument}.flac", channels=2)
        write_tone(folder / f"gavotte_{orchestration}_mixture.flac", channels=2)


def make_urmp(root: Path):
    pieces = (
        ("01_Jupiter_vn_vc", ("vn", "vc")),
        ("15_Surprise_tpt_tpt_tbn", ("tpt", "tpt", "tpt")),
        ("44_K515_vn_vn_va_va_vc", ("vn", "vn", "va", "va", "vc")),
    )
    for folder, codes in pieces:
        number, name = folder.split("_")[:2]
        write_tone(root / folder / f"AuMix_{folder}.wav", sample_rate=48_000)
        for part, code in enumerate(codes, 1):
            write_tone(root / folder / f"AuSep_{part}_{code}_{number}_{name}.wav", sample_rate=48_000)
            notes = root / folder / f"Notes_{part}_{code}_{number}_{name}.txt"
            notes.write_text("0.030\t440.000\t0.200\n0.240\t466.164\t0.100\n")
            (root / folder / f"F0s_{part}_{code}_{number}_{name}.txt").write_text("0.023 440.0\n")
    (root / "Supplementary_Files").mkdir()


def make_bach10(root: Path):
    folder = root / CHORALE
    for suffix in ("violin", "clarinet", "saxphone", "bassoon"):
        write_tone(folder / f"{CHORALE}-{suffix}.wav")
    write_tone(folder / f"{CHORALE}.wav")
    rows = [(10, 0, 67, 1), (10, 0, 60, 2), (260, 500, 69, 1), (300, 600, 64, 2), (10, 0, 55, 3), (10, 0, 43, 4)]
    (folder / f"{CHORALE}.txt").write_text("\n".join("\t".join(map(str, row)) for row in rows) + "\n")


def make_synthsod(root: Path):
    for microphone in ("Tree", "Close_1"):
        for instrument in ("Violin_1", "Flute", "coranglais", "untunedpercussion"):
            write_tone(root / "SynthSOD_data" / "symphony_7" / microphone / f"{instrument}.flac", channels=2)
    for subset, song in (("train", "symphony_7"), ("test", "absent")):
        document = {"songs": {"0": {"song_name": song, "duration": 0.5}}}
        (root / f"SynthSOD_metadata_{subset}.json").write_text(json.dumps(document))


def make_slakh(root: Path):
    folder = root / "slakh2100_flac_redux" / "train" / "Track00001"
    stems = [
        ("S00", "Violin", 40, True),
        ("S01", "Violin", 40, True),
        ("S02", "Slap Bass 1", 36, True),
        ("S03", "Oboe", 68, False),
    ]
    lines = ["UUID: 1a81ae092884234f3264e2f45927f00a", "normalized: true", "stems:"]
    for name, program_name, program, rendered in stems:
        lines += [f"  {name}:", f"    audio_rendered: {str(rendered).lower()}", "    is_drum: false"]
        lines += [f"    midi_program_name: {program_name}", f"    program_num: {program}", "    inst_class: Strings"]
        if rendered:
            write_tone(folder / "stems" / f"{name}.flac")
            write_midi(folder / "MIDI" / f"{name}.mid", [(0.0, 0.25, 60), (0.25, 0.125, 64)])
    folder.joinpath("metadata.yaml").write_text("\n".join(lines) + "\n")
    write_tone(folder / "mix.flac")


def make_musdb18_hq(root: Path):
    for subset, song in (("train", "A Classic Education - NightOwl"), ("test", "Zeno - Signs")):
        for name in ("mixture", "vocals", "drums", "bass", "other"):
            write_tone(root / "musdb18hq" / subset / song / f"{name}.wav", channels=2)


def make_medleydb(root: Path):
    make_medley_track(root / "Audio" / "MusicDelta_Rock", ("drum set", "electric bass", "male singer", "male singer"))


def make_mixing_secrets(root: Path):
    make_medley_track(root / "AmContra_Heart", ("drum set", "piano", "clean electric guitar", "acoustic guitar"))


def make_medley_track(folder: Path, instruments):
    lines = ["artist: nobody", f"mix_filename: {folder.name}_MIX.wav", "stems:"]
    for number, instrument in enumerate(instruments, 1):
        stem = f"{folder.name}_STEM_{number:02}.wav"
        write_tone(folder / f"{folder.name}_STEMS" / stem, channels=2)
        lines += [f"  S{number:02}:", "    component: ''", f"    filename: {stem}", f"    instrument: {instrument}"]
    (folder / f"{folder.name}_METADATA.yaml").write_text("\n".join(lines) + "\n")
    write_tone(folder / f"{folder.name}_MIX.wav", channels=2)


MAKERS = {
    "BACH10": make_bach10,
    "CadenzaWoodwind": make_cadenza_woodwind,
    "EnsembleSet": make_ensembleset,
    "MUSDB18-HQ": make_musdb18_hq,
    "MedleyDB": make_medleydb,
    "MixingSecrets": make_mixing_secrets,
    "Slakh2100": make_slakh,
    "SynthSOD": make_synthsod,
    "URMP": make_urmp,
}


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory):
    """Return the root folder of a stand-in by the corpus's name; not to be written into."""
    roots = {}

    def root_of(name):
        if name not in roots:
            roots[name] = tmp_path_factory.mktemp(name)
            MAKERS[name](roots[name])
        return roots[name]

    return root_of


@pytest.fixture
def own_copy(tmp_path):
    """Return the root folder of a fresh stand-in that the test may change."""

    def make(name):
        MAKERS[name](tmp_path)
        return tmp_path

    return make


@pytest.fixture
def tone():
    return write_tone


@pytest.fixture
def write_notes():
    return write_midi
