from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.synthesis.notation._instruments import INSTRUMENTS
from rebalance.synthesis.performance import PlayedNote
from rebalance.synthesis.rendering._realism import pitch_error_cents
from rebalance.synthesis.sound import EngineName, Layer, Preset, SampleEngine, find_font, presets_of, soundfont_engine
from rebalance.synthesis.sound._engines import SoundfontEngine
from rebalance.synthesis.sound._fonts import FONT_FAMILIES
from rebalance.synthesis.sound._samples import pitch_of_name, sample_files

RATE = 44_100
NOTES = tuple(
    PlayedNote(onset_s=0.5 * at, duration_s=0.6, pitch=62 + 2 * at, velocity=90, detune_cents=10.0 * (at - 2))
    for at in range(5)
)


def is_installed(name: str) -> bool:
    try:
        find_font(name)
    except ConfigError:
        return False
    return True


FAMILIES = [name for name in FONT_FAMILIES if name != "musescore" and is_installed(name)] or ["none"]


def engine_named(name: EngineName) -> SoundfontEngine:
    try:
        return soundfont_engine(name)
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("player", ["fluidsynth", "tinysoundfont"])
def test_a_soundfont_plays_the_notes_where_and_as_detuned_as_told(player: EngineName, family: str) -> None:
    engine = engine_named(player)
    if family == "none":
        pytest.skip("no soundfont installed")
    layer = Layer(source=family, preset=Preset(program=73))
    stem = engine.render(NOTES, layer, 3 * RATE)
    assert stem.shape == (3 * RATE,)
    assert np.array_equal(stem, engine.render(NOTES, layer, 3 * RATE))
    in_tune = engine.render([PlayedNote(onset_s=0, duration_s=0.6, pitch=64, velocity=90)], layer, RATE)
    sharp = engine.render([PlayedNote(onset_s=0, duration_s=0.6, pitch=64, velocity=90, detune_cents=25)], layer, RATE)
    middle = slice(6000, 20_000)
    raised = pitch_error_cents(sharp[middle], 64) - pitch_error_cents(in_tune[middle], 64)
    assert raised == pytest.approx(25, abs=3)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_neighbouring_note_tuned_back_has_the_same_pitch_and_another_sound(family: str) -> None:
    engine = engine_named("fluidsynth")
    if family == "none":
        pytest.skip("no soundfont installed")
    note = [PlayedNote(onset_s=0, duration_s=0.8, pitch=64, velocity=90)]
    plain, shifted = (
        engine.render(note, Layer(source=family, preset=Preset(program=71), neighbour_semitones=by), RATE)
        for by in (0, 2)
    )
    middle = slice(6000, 25_000)
    assert pitch_error_cents(shifted[middle], 64) == pytest.approx(pitch_error_cents(plain[middle], 64), abs=12)
    assert not np.allclose(plain, shifted)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_preset_the_font_has_not_is_named_with_the_font(family: str) -> None:
    engine = engine_named("fluidsynth")
    if family == "none":
        pytest.skip("no soundfont installed")
    with pytest.raises(ConfigError, match=r"no preset for bank 77, program 73"):
        engine.render(NOTES, Layer(source=family, preset=Preset(bank=77, program=73)), RATE)


def test_a_missing_font_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebalance.synthesis.sound._fonts.font_folders", lambda: iter(()))
    with pytest.raises(ConfigError, match=r"apt install timgm6mb-soundfont"):
        find_font("timgm")
    with pytest.raises(ConfigError, match="none of the known families"):
        find_font("nosuch.sf2")


def test_a_font_is_found_in_the_folder_of_the_environment_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "TimGM6mb.sf2").write_bytes(b"RIFF")
    monkeypatch.setenv("REBALANCE_SOUNDFONTS", str(tmp_path))
    assert find_font("timgm") == tmp_path / "TimGM6mb.sf2"


def test_a_file_that_is_no_font_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF0000junk")
    with pytest.raises(ConfigError, match="cannot load"):
        engine_named("fluidsynth").render(NOTES, Layer(source=str(broken), preset=Preset(program=0)), RATE)


def test_two_families_of_recordings_are_independent_and_every_instrument_has_a_preset() -> None:
    assert FONT_FAMILIES["fluidr3"].samples == FONT_FAMILIES["musescore"].samples != FONT_FAMILIES["timgm"].samples
    assert all(presets_of(instrument)[0].program == instrument.program for instrument in INSTRUMENTS.values())


@pytest.mark.parametrize(
    ("name", "pitch"),
    [
        ("Violin_A4_ff", 69),
        ("flute.C#5", 73),
        ("cello-Bb2-mf", 46),
        ("C-1", 0),
        ("tone-060", 60),
        ("take2", None),
        ("Cello", None),
    ],
)
def test_pitches_are_read_from_file_names(name: str, pitch: int | None) -> None:
    assert pitch_of_name(name) == pitch


def test_recorded_notes_are_played_at_the_pitch_wanted(sampled_notes: Path) -> None:
    layer = Layer(source=str(sampled_notes), preset=Preset(program=0))
    notes = [
        PlayedNote(onset_s=1.0 * at, duration_s=0.8, pitch=pitch, velocity=100, detune_cents=cents)
        for at, (pitch, cents) in enumerate(((60, 0.0), (61, 20.0), (70, -15.0)))
    ]
    stem = SampleEngine().render(notes, layer, 3 * RATE)
    errors = [
        pitch_error_cents(stem[at * RATE + 5000 : at * RATE + 30_000], note.pitch) for at, note in enumerate(notes)
    ]
    assert errors == pytest.approx([0.0, 20.0, -15.0], abs=2)
    assert not stem[int(0.9 * RATE) : RATE].any()


def test_an_sfz_file_names_its_samples_pitches_and_velocities(tmp_path: Path, sampled_notes: Path) -> None:
    sfz = tmp_path / "flute.sfz"
    (tmp_path / "notes").mkdir(exist_ok=True)
    for name in ("tone 060.wav", "b.wav"):
        (tmp_path / "notes" / name).touch()
    sfz.write_text(
        "// a flute\n<control> default_path=notes/\n<group> lovel=0 hivel=80 tune=5\n"
        "<region> sample=tone 060.wav pitch_keycenter=60 lokey=58 hikey=62\n<region> sample=b.wav key=c5\n"
    )
    first, second = sample_files(sfz)
    assert (first.path, first.pitch, first.highest_velocity, first.tune_cents) == (
        tmp_path / "notes" / "tone 060.wav",
        60,
        80,
        5.0,
    )
    assert second.pitch == 72


def test_a_folder_without_pitches_and_a_note_out_of_reach_are_refused(tmp_path: Path, sampled_notes: Path) -> None:
    with pytest.raises(ConfigError, match="named by pitch"):
        sample_files(tmp_path)
    far = [PlayedNote(onset_s=0, duration_s=1, pitch=120, velocity=90)]
    with pytest.raises(ConfigError, match="pitch 120"):
        SampleEngine().render(far, Layer(source=str(sampled_notes), preset=Preset(program=0)), RATE)
