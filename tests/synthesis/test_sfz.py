"""SFZ instruments as people publish them: read right, or refused by the name of what is not understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rebalance._base.errors import ConfigError
from rebalance.synthesis.performance import PlayedNote
from rebalance.synthesis.sound._engines import SAMPLE_RATE, Layer
from rebalance.synthesis.sound._samples import SampleEngine, SampleFile, pitch_of_name, sample_files

C4_HZ = 261.626


@pytest.fixture
def instrument(tmp_path: Path):
    (tmp_path / "sfz" / "Samples").mkdir(parents=True)
    tone = 0.3 * np.sin(2 * np.pi * C4_HZ * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    soundfile.write(tmp_path / "sfz" / "Samples" / "C4.wav", tone, SAMPLE_RATE)
    soundfile.write(tmp_path / "outside.wav", tone, SAMPLE_RATE)
    count = iter(range(100))

    def written(text: str | bytes) -> Path:
        path = tmp_path / "sfz" / f"{next(count)}.sfz"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


S = "sample=Samples/C4.wav"
READ = {
    "plain": (f"<region> {S} key=60", (60, 0, 127, 0)),
    "back slashes": ("<region> sample=Samples\\C4.wav key=60", (60, 0, 127, 0)),
    "other capitals": ("<region> sample=samples/c4.WAV key=60", (60, 0, 127, 0)),
    "quotes": ('<region> sample="Samples/C4.wav" key=60', (60, 0, 127, 0)),
    "master": (f"<master> {S} tune=7\n<region> key=61", (61, 0, 127, 7)),
    "master over group": (f"<global> {S} lovel=1\n<master> lovel=2\n<group> lovel=3\n<region> key=60", (60, 3, 127, 0)),
    "a master ends a group": (f"<group> lovel=9\n<master> {S}\n<region> key=60", (60, 0, 127, 0)),
    "a global ends a master": (f"<master> lovel=9\n<global> {S}\n<region> key=60", (60, 0, 127, 0)),
    "define": ("#define $DIR Samples\n<region> sample=$DIR/C4.wav key=60", (60, 0, 127, 0)),
    "define a velocity": (f"#define $LO 10\n<region> {S} key=60 lovel=$LO hivel=63", (60, 10, 63, 0)),
    "the longer name": (f"#define $K 6\n#define $KEY 62\n<region> {S} key=$KEY", (62, 0, 127, 0)),
    "a name and more": (f"#define $K 6\n<region> {S} key=$K2", (62, 0, 127, 0)),
    "include": ('#include "map.inc"', (60, 0, 127, 0)),
    "include uses a define": ('#define $P 65\n#include "var.inc"', (65, 0, 127, 0)),
    "block comment": (f"/*\n<region> sample=gone.wav key=62\n*/\n<region> {S} key=60", (60, 0, 127, 0)),
    "line comment": (f"<region> {S} key=60 // lovel=5", (60, 0, 127, 0)),
    "transpose": (f"<region> {S} pitch_keycenter=60 lokey=0 hikey=127 transpose=12 tune=-5", (60, 0, 127, 1195)),
    "note offset": (f"<control> note_offset=12\n<region> {S} key=48", (60, 0, 127, 0)),
    "octave offset": (f"<control> octave_offset=-1\n<region> {S} key=c5", (60, 0, 127, 0)),
    "control adds up": (
        "<control> note_offset=12\n<control> default_path=Sam\n<region> sample=ples/C4.wav key=48",
        (60, 0, 127, 0),
    ),
    "no centre": (f"<region> {S} lokey=55 hikey=65", (60, 0, 127, 0)),
    "a later key counts": (f"<group> pitch_keycenter=50\n<region> {S} key=62", (62, 0, 127, 0)),
    "a later centre counts": (f"<group> key=50\n<region> {S} pitch_keycenter=62", (62, 0, 127, 0)),
    "release": (
        f"<group> trigger=release <region> sample=no.wav key=1 <group> trigger=attack <region> {S} key=60",
        (60, 0, 127, 0),
    ),
    "flat": (f"<region> {S} key=db4", (61, 0, 127, 0)),
    "sharp": (f"<region> {S} key=F#3", (54, 0, 127, 0)),
    "floats": (f"<region> {S} key=60 tune=+3.5 hivel=63.5", (60, 0, 63, 3.5)),
    "never by key": (f"<region> sample=no.wav hikey=-1 <region> {S} key=60", (60, 0, 127, 0)),
    "key switches": (
        f"<global> sw_default=24 <region> sample=no.wav sw_last=25 key=60 <region> {S} sw_last=c1 key=60",
        (60, 0, 127, 0),
    ),
    "controllers": (
        f"<control> set_cc1=100\n<region> sample=no.wav hicc1=63 key=60 <region> {S} locc1=64 key=60",
        (60, 0, 127, 0),
    ),
    "by a controller": (f"<region> sample=no.wav on_locc64=126 on_hicc64=127 <region> {S} key=60", (60, 0, 127, 0)),
    "silence": (f"<region> sample=*silence key=1 <region> {S} key=60", (60, 0, 127, 0)),
    "curves": (f"<curve> curve_index=7 v000=0 <region> {S} key=60 ampeg_release=0.4", (60, 0, 127, 0)),
}


@pytest.mark.parametrize("case", READ)
def test_it_is_read_right(instrument, case: str) -> None:
    text, expected = READ[case]
    path = instrument(text)
    (path.parent / "map.inc").write_text(f"<region> {S} key=60")
    (path.parent / "var.inc").write_text(f"<region> {S} key=$P")
    (found,) = sample_files(path)
    assert (found.pitch, found.lowest_velocity, found.highest_velocity, found.tune_cents) == expected
    assert found.path.is_file()


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"// Fl\xf6te\n", "// Flöte\r\n".encode()])
def test_texts_in_other_encodings_are_read(instrument, prefix: bytes) -> None:
    (found,) = sample_files(instrument(prefix + f"<region> {S} key=60".encode()))
    assert found.pitch == 60


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"<region> {S} pitch_keycenter=sample", "pitch_keycenter=sample is not supported"),
        (f"<region> {S} key=60 pitch_keytrack=0", "pitch_keytrack=0 is not supported"),
        (f"<region> {S} key=60 sw_last=24", "sw_last=24 without sw_default"),
        (f"<region> {S} key=60 sw_down=24", "sw_down is not supported"),
        ("<sample> name=x base64data=AAAA", "<sample> is not supported"),
        (f"<region> {S} key=h4", "key: expected a key number or note name, got 'h4'"),
        (f"<region> {S} key=60 lovel=$X", r"lovel: expected a number, got '\$X'"),
        (f"<region> {S} key=60 tune=nan", "tune: expected a number"),
        ("<region> sample=Samples/gone.wav key=60", "the sample 'Samples/gone.wav' is not there"),
        ("<region> sample=../../outside.wav key=60", "outside the folder"),
        ("<region> sample=/etc/passwd key=60", "outside the folder"),
        ("<region> sample=C:/x.wav key=60", "outside the folder"),
        ('#include "../../x.sfz"', "outside the folder"),
        ('#include "gone.sfz"', "the included file 'gone.sfz' is not there"),
        ('#include "0.sfz"', "or itself"),
        ("", "found none"),
        (f"<group> trigger=release <region> {S} key=60", "found none"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(instrument, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        sample_files(instrument(text))


def test_samples_beside_the_folder_of_programs_are_found(instrument) -> None:
    path = instrument("<region> sample=../sfz/Samples/C4.wav key=60")
    assert [found.pitch for found in sample_files(path)] == [60]


@pytest.mark.parametrize(
    ("opcodes", "expected_hz"),
    [
        ("key=60", C4_HZ),
        ("pitch_keycenter=60 transpose=12", 2 * C4_HZ),
        ("pitch_keycenter=67", C4_HZ * 2 ** (-7 / 12)),
        ("key=60 tune=100", C4_HZ * 2 ** (1 / 12)),
    ],
)
def test_a_key_sounds_as_the_instrument_says(instrument, opcodes: str, expected_hz: float) -> None:
    layer = Layer(source=str(instrument(f"<region> {S} {opcodes}")), preset=0)
    note = PlayedNote(onset_s=0.0, duration_s=0.4, pitch=60, velocity=127)
    sound = SampleEngine().render([note], layer, SAMPLE_RATE // 2)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    assert np.argmax(spectrum) * SAMPLE_RATE / (1 << 18) == pytest.approx(expected_hz, rel=0.002)


@pytest.mark.parametrize(
    ("name", "pitch"), [("Horn_D♭4", 61), ("Horn_D♯4", 63), ("Violin_Es4", 63), ("violin_As5_1", 82), ("Bb3", 58)]
)
def test_accidentals_of_names_are_read(name: str, pitch: int) -> None:
    assert pitch_of_name(name) == pitch


def test_files_of_a_folder_are_read_as_before(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "Violin_A4_ff.wav", np.ones(100) * 0.1, SAMPLE_RATE)
    assert sample_files(tmp_path) == (SampleFile(path=tmp_path / "Violin_A4_ff.wav", pitch=69),)
