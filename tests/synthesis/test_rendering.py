import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pyloudnorm
import pytest
import soundfile
from jsonschema import Draft202012Validator

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.audio import amplitude_from_db, loudness_lufs, read_audio
from rebalance.synthesis.notation import Score, arrange, parse_ensemble, write_note_table
from rebalance.synthesis.performance import HUMANISING, HumaniseName, perform, tempo_map
from rebalance.synthesis.rendering import (
    RenderSettings,
    draw_plan,
    dry_stem,
    long_term_spectrum_db,
    measure_stem,
    mix_down,
    read_plan,
    render,
    render_stems,
    spectral_distance_db,
    write_piece,
    write_plan,
)
from rebalance.synthesis.sound import SampleEngine

pytest.importorskip("pyroomacoustics")
SCHEMA = Path(__file__).parents[2] / "metadata" / "schema" / "annotations.schema.json"

REPLAY = """
import sys, hashlib
from pathlib import Path
from rebalance.synthesis.notation import read_note_table
from rebalance.synthesis.rendering import read_plan, render
piece = render(read_note_table(Path(sys.argv[1])), read_plan(Path(sys.argv[2])))
print(hashlib.sha256(piece.mixture.tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def settings(sampled_notes: Path) -> RenderSettings:
    return RenderSettings(fonts=(str(sampled_notes),))


def test_stems_add_up_to_the_mixture_exactly_and_the_mixture_is_at_the_loudness_of_the_challenge(
    arranged_duet: Score, settings: RenderSettings
) -> None:
    piece = render(arranged_duet, draw_plan(arranged_duet, settings, name="a", seed=1))
    assert list(piece.stems) == ["Flute", "Cello"]
    assert np.array_equal(sum(stem.astype(int) for stem in piece.stems.values()), piece.mixture)
    assert loudness_lufs(piece.mixture / 32_768, 44_100) == pytest.approx(-40.0, abs=0.05)
    for stem in piece.stems.values():
        assert stem.shape == piece.mixture.shape
        assert np.abs(stem).max() > 50


def test_the_same_plan_read_from_its_file_gives_the_same_bits_in_another_process(
    tmp_path: Path, arranged_duet: Score, settings: RenderSettings
) -> None:
    plan = draw_plan(arranged_duet, settings, name="a", seed=7)
    write_plan(tmp_path / "plan.json", plan)
    write_note_table(tmp_path / "notes.json", arranged_duet)
    here = hashlib.sha256(render(arranged_duet, plan).mixture.tobytes()).hexdigest()
    command = [sys.executable, "-c", REPLAY, str(tmp_path / "notes.json"), str(tmp_path / "plan.json")]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert here == there
    assert read_plan(tmp_path / "plan.json") == plan


def test_other_seeds_and_names_give_other_performances(arranged_duet: Score, settings: RenderSettings) -> None:
    plans = [draw_plan(arranged_duet, settings, name=name, seed=seed) for name, seed in (("a", 1), ("a", 2), ("b", 1))]
    assert len({json.dumps(plan.annotations.articulations) for plan in plans}) > 1
    assert len({plan.hall.seed for plan in plans if plan.hall}) == 3


@pytest.mark.parametrize("humanise", list(HUMANISING))
def test_the_plan_on_disk_follows_its_schema(
    tmp_path: Path, arranged_duet: Score, settings: RenderSettings, humanise: HumaniseName
) -> None:
    write_plan(
        tmp_path / "plan.json",
        draw_plan(arranged_duet, replace(settings, humanise=humanise), name="a", seed=1),
    )
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    content = json.loads((tmp_path / "plan.json").read_text())
    validator.validate(content)
    content["voices"]["Flute"]["player"]["loudness"] = 1
    assert not validator.is_valid(content)


@pytest.mark.parametrize("content", ["{}", "[]", '{"version": 2}', "not json"])
def test_what_is_no_plan_is_refused_with_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(MetadataError, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


def test_humanising_in_full_is_out_of_tune_uneven_and_never_digitally_silent(
    arranged_duet: Score, settings: RenderSettings
) -> None:
    measured = {}
    for humanise in ("none", "full"):
        plan = draw_plan(arranged_duet, replace(settings, humanise=humanise), name="a", seed=3)
        tempo = tempo_map(arranged_duet, plan.annotations)
        part = arranged_duet.parts[0]
        played = perform(part, plan.annotations, tempo, plan.voices["Flute"].player)
        stem = dry_stem(played, part, plan.voices["Flute"], SampleEngine(), int((tempo.duration_s + 1) * 44_100))
        measured[humanise] = measure_stem(stem, played.notes)
    plain, full = measured["none"], measured["full"]
    assert plain.tuning_spread_cents < 2
    assert 3 < full.tuning_spread_cents < 15
    assert full.level_spread_db > 2 * plain.level_spread_db
    assert full.swell_db > plain.swell_db + 2
    assert plain.floor_db < -90
    assert -70 < full.floor_db < -40


def test_the_random_equaliser_moves_the_spectrum_by_what_was_asked(
    arranged_duet: Score, settings: RenderSettings
) -> None:
    plan = draw_plan(arranged_duet, replace(settings, humanise="none", room="dry"), name="a", seed=1)
    flute = plan.voices["Flute"]
    bent = replace(flute, player=replace(flute.player, eq_db=(0.0, 0.0, 6.0, 0.0, -6.0, -6.0, 0.0, 0.0)))
    plain, coloured = (
        long_term_spectrum_db(
            render_stems(arranged_duet, replace(plan, voices={**plan.voices, "Flute": voice}))["Flute"][0]
        )
        for voice in (flute, bent)
    )
    assert spectral_distance_db(plain, plain) == 0.0
    assert 2.0 < spectral_distance_db(plain, coloured) < 8.0


def test_players_stand_from_left_to_right(arranged_duet: Score, settings: RenderSettings) -> None:
    plan = draw_plan(arranged_duet, replace(settings, humanise="none", room="dry", spacing_deg=60), name="a", seed=1)
    flute, cello = render(arranged_duet, plan).stems.values()
    energies = [np.sum(stem.astype(float) ** 2, axis=1) for stem in (flute, cello)]
    assert energies[0][0] > energies[0][1]
    assert energies[1][0] < energies[1][1]


def test_the_left_right_correlation_of_halls_is_that_of_coincident_microphones(
    duet: Score, settings: RenderSettings
) -> None:
    score = arrange(duet, parse_ensemble(["Flute", "Oboe", "Cello"])).score
    found = [
        np.corrcoef(render(score, draw_plan(score, settings, name="a", seed=seed)).mixture.astype(float))[0, 1]
        for seed in range(5)
    ]
    assert 0.7 < np.mean(found) < 0.9
    assert all(0.6 < correlation < 0.95 for correlation in found)


def test_a_measured_room_takes_the_place_of_a_simulated_one(
    tmp_path: Path, arranged_duet: Score, settings: RenderSettings
) -> None:
    response = np.zeros((2000, 4), dtype=np.float32)
    response[10, :2] = [1 / np.sqrt(2), 1.0]
    response[900, 0] = 0.3
    soundfile.write(tmp_path / "chapel.wav", response, 44_100, subtype="FLOAT")
    plan = draw_plan(arranged_duet, replace(settings, room=str(tmp_path)), name="a", seed=1)
    assert plan.hall is None
    assert plan.response == str(tmp_path / "chapel.wav")
    assert render(arranged_duet, plan).mixture.any()
    with pytest.raises(ConfigError, match="B-format"):
        draw_plan(arranged_duet, replace(settings, room=str(tmp_path / "nowhere")), name="a", seed=1)


def test_the_files_of_a_piece_hold_what_was_rendered(
    tmp_path: Path, arranged_duet: Score, settings: RenderSettings
) -> None:
    piece = render(arranged_duet, draw_plan(arranged_duet, settings, name="a", seed=1))
    written = write_piece(tmp_path, PurePosixPath("valid/a"), piece, name="a", dataset="Test")
    assert written.duration_s == piece.duration_s
    for label, track in written.stems.items():
        samples = read_audio(tmp_path / track, expected_sample_rate=44_100, expected_channels=2).samples
        assert np.array_equal(samples * 32_768, piece.stems[label])


def test_silence_and_clipping_are_refused() -> None:
    with pytest.raises(AudioError, match="silent"):
        mix_down({"Flute": np.zeros((2, 44_100), dtype=np.float32)}, where="nothing")
    tone = np.sin(np.arange(44_100) * 0.05, dtype=np.float32)[None].repeat(2, axis=0)
    with pytest.raises(AudioError, match="clips"):
        mix_down({"Flute": 200 * tone, "Oboe": -199 * tone}, where="cancelling")


@pytest.mark.parametrize("n_samples", [17_640, 17_641, 44_100])
def test_a_mixture_is_set_to_the_loudness_that_pyloudnorm_measures(n_samples: int) -> None:
    rng = np.random.default_rng(3)
    stems = {label: 0.1 * rng.standard_normal((2, n_samples)).astype(np.float32) for label in ("Flute", "Oboe")}
    mixture = stems["Flute"] + stems["Oboe"]
    measured = pyloudnorm.Meter(44_100).integrated_loudness(mixture.T.astype(np.float64))
    assert loudness_lufs(mixture, 44_100) == measured
    gain = np.float32(amplitude_from_db(-40.0 - measured) * 32_768)
    piece = mix_down(stems, where="noises")
    assert all(np.array_equal(piece.stems[label], np.rint(stem * gain)) for label, stem in stems.items())


def test_a_mixture_shorter_than_a_gating_block_is_refused() -> None:
    with pytest.raises(AudioError, match=r"loudness: expected at least 0.4 s, got 0.40 s"):
        mix_down({"Flute": np.full((2, 17_639), 0.1, dtype=np.float32)}, where="short")
