"""Models of families: libraries from corpora, training that resumes, adaptation, export, and the evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from rebalance._base.errors import AudioError, ConfigError, MetadataError
from rebalance.datasets import Part, Piece
from rebalance.separation import ModelCard, load_separator, sdr_db
from rebalance.separation.xumx import ROWS, XUMX_FAMILIES, Xumx, XumxConfig, score_track, summarise
from rebalance.training import (
    CropSettings,
    FamilyExperiment,
    FamilySizes,
    FamilyTraining,
    best_of_family,
    export_family,
    read_recipe,
    score_families,
    train_family,
)
from rebalance.training._families import family_mixer
from rebalance.training._family_adaptation import magnitude_statistics, reversed_gradient
from rebalance.training.data import open_library, write_piece_library
from rebalance.training.data._stem_library import StemEntry, write_manifest, write_stem

RATE = 8_000
SIZES = FamilySizes(hidden_size=8, n_layers=1, dropout=0.0, window=256, hop=64, sample_rate=RATE, bandwidth_hz=4_000.0)
PITCHES = {"Violin_1": 660.0, "Viola": 330.0, "Cello": 165.0, "Flute": 880.0, "Bassoon": 110.0, "Harp": 440.0}


def write_piece(folder: Path, name: str, *, seconds: float = 3.0, shift: float = 1.0) -> Piece:
    times_s = np.arange(int(seconds * 44_100)) / 44_100
    parts = []
    for label, pitch_hz in PITCHES.items():
        tone = sum(np.sin(2 * np.pi * shift * pitch_hz * k * times_s) / k for k in (1, 2, 3)) * 0.05
        path = folder / name / f"{label}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.stack([tone, tone], axis=1), 44_100)
        parts.append(Part(label=label, instrument=label.split("_")[0], stem=path, microphones={"Tree": path}))
    return Piece(corpus="Tones", name=name, parts=tuple(parts))


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    folder = tmp_path_factory.mktemp("pieces")
    return [write_piece(folder, "first"), write_piece(folder, "second", shift=1.1)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, pieces: list[Piece]) -> Path:
    return write_piece_library(pieces, tmp_path_factory.mktemp("stems"), microphone="Tree", sample_rate=RATE)


def experiment(library: Path, **changes: object) -> FamilyExperiment:
    plain = FamilyExperiment(
        family="strings",
        stems=(library,),
        held_out=(library,),
        network=SIZES,
        mixing=CropSettings(batch_size=2, crop_s=0.5, crops_per_piece=4),
        train=FamilyTraining(steps=6, validations=3, learning_rate=1e-2, stop_after_flat=None, plateau=None, seed=1),
        validation_batches=2,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_recipe_trains_with_the_published_settings() -> None:
    published = read_recipe(Path("recipes/synthsod"), "default", FamilyExperiment)
    assert published.config.widths == "published"
    assert published.config.targets == ("Violin", "Viola", "Cello", "Bass")
    settings = published.train.settings(steps_per_epoch=3)
    assert (settings.steps, settings.validate_every) == (3000, 3)
    assert (settings.learning_rate_at(0), settings.learning_rate_at(2999)) == (1e-4, 1e-4)
    assert (settings.optimiser, settings.weight_decay, settings.stop_after_flat) == ("adam", 1e-5, 20)
    assert (published.mixing.batch_size, published.mixing.crop_s, published.mixing.crops_per_piece) == (7, 6.0, 64)
    assert read_recipe(Path("recipes/synthsod"), "small", FamilyExperiment).config.widths == "small"


@pytest.mark.parametrize(("family", "expected"), [("strings", 28_315_272), ("percussion", 21_236_454)])
def test_a_family_has_the_published_number_of_parameters(family: str, expected: int) -> None:
    with torch.device("meta"):
        network = Xumx(FamilySizes().config(tuple(XUMX_FAMILIES[family])))
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_six_seconds_are_259_frames() -> None:
    network = Xumx(XumxConfig(targets=("Harp",), hidden_size=2, n_layers=1))
    assert network.spectra(torch.zeros(1, 264_600)).shape[-1] == 259


def test_violins_are_one_target_and_everything_else_is_in_the_mixture(library: Path) -> None:
    mixer = family_mixer(experiment(library), (library,), torch.device("cpu"), 0)
    name = next(iter(mixer.stem_library.by_rendition))
    whole = mixer.whole_piece(name)
    assert whole.shape[0] == 5
    assert whole[0].any()
    assert not whole[3].any()  # no double bass
    stems = open_library([library], any_instrument=True, sample_rate=RATE)
    own = [stems.stems[index] for index in stems.by_rendition[name]]
    rest = sum(stem.crop(0, len(whole[4])) for stem in own if stem.entry.label in {"Flute", "Bassoon", "Harp"})
    assert np.allclose(whole[4], rest, atol=1e-6)


def test_a_bassoon_is_no_bass(library: Path) -> None:
    mixer = family_mixer(experiment(library, family="woodwinds"), (library,), torch.device("cpu"), 0)
    bassoon = mixer.whole_piece(next(iter(mixer.stem_library.by_rendition)))[3]
    assert int(np.abs(np.fft.rfft(bassoon)).argmax() * RATE / len(bassoon)) == pytest.approx(110, abs=1)


def test_fixed_crops_of_a_track_differ(library: Path) -> None:
    mixer = family_mixer(experiment(library), (library,), torch.device("cpu"), 0)
    crops = [mixer.batch(step).sources for step in range(3)]
    assert not torch.equal(crops[0], crops[1])
    assert torch.equal(mixer.batch(1).sources, crops[1])


def test_training_learns_goes_on_where_it_was_and_serves(library: Path, tmp_path: Path) -> None:
    long = experiment(library, train=replace(experiment(library).train, steps=30, validations=3))
    train_family(long, tmp_path / "run")
    rows = (tmp_path / "run" / "validation.csv").read_text().splitlines()[1:]
    losses = [float(row.split(",")[1]) for row in rows]
    assert len(losses) == 3
    assert min(losses) < losses[0]
    again = train_family(long, tmp_path / "run")
    best = best_of_family(long, tmp_path / "run")
    assert sum(each.numel() for each in again.parameters()) == sum(each.numel() for each in best.parameters())
    export_family(long, tmp_path / "run", tmp_path / "models", ModelCard(data=("tones",)))
    winds = experiment(library, family="woodwinds")
    train_family(winds, tmp_path / "winds")
    export_family(winds, tmp_path / "winds", tmp_path / "models", ModelCard())
    separator = load_separator(f"xumx:{tmp_path / 'models'}", device="cpu")
    mixture = np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32)
    estimates = separator(mixture, ["Violin", "Violin", "Cello", "Flute"])
    assert set(estimates) == {"Violin_1", "Violin_2", "Cello", "Flute"}


def test_a_run_of_other_settings_is_refused(library: Path, tmp_path: Path) -> None:
    train_family(experiment(library), tmp_path)
    with pytest.raises(ConfigError, match="other settings of mixing"):
        train_family(experiment(library, mixing=CropSettings(batch_size=3, crop_s=0.5)), tmp_path)


def test_training_begins_with_the_statistics_of_the_mixtures(library: Path) -> None:
    mixer = family_mixer(experiment(library), (library,), torch.device("cpu"), 3)
    mean, scale = magnitude_statistics(Xumx(experiment(library).config), mixer)
    assert mean.shape == scale.shape == (experiment(library).config.n_seen_bins,)
    assert torch.isfinite(mean).all()
    assert (scale >= 0).all()
    assert int(mean.argmax()) < 60  # the tones lie below 2 kHz


def test_new_statistics_change_no_weight(library: Path, tmp_path: Path) -> None:
    first = experiment(library)
    train_family(first, tmp_path / "run")
    changed = experiment(library, adaptation="statistics", start=tmp_path / "run")
    before, after = best_of_family(first, tmp_path / "run"), train_family(changed, tmp_path / "new")
    pairs = zip(before.state_dict().items(), after.state_dict().values(), strict=True)
    moved = {name.split(".")[-1] for (name, old), new in pairs if not torch.equal(old, new)}
    assert moved <= {"input_mean", "input_scale", "running_mean", "running_var", "num_batches_tracked"}
    assert {"input_mean", "running_mean"} <= moved
    assert torch.equal(
        best_of_family(changed, tmp_path / "new").branches[0].input_mean,  # type: ignore[union-attr]
        after.branches[0].input_mean,  # type: ignore[union-attr]
    )


def test_an_adversary_turns_the_gradient_and_trains(library: Path, tmp_path: Path) -> None:
    values = torch.ones(2, requires_grad=True)
    reversed_gradient(values).sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert values.grad.tolist() == [-1.0, -1.0]
    adversarial = experiment(library, adaptation="adversarial", unlabelled=(library,))
    train_family(adversarial, tmp_path / "run")
    assert "adversary" in (tmp_path / "run" / "log.csv").read_text().splitlines()[0]
    assert isinstance(best_of_family(adversarial, tmp_path / "run"), Xumx)


def test_experiments_that_cannot_be_are_refused() -> None:
    facts = {"stems": (Path("stems"),), "held_out": (Path("held-out"),)}
    with pytest.raises(ConfigError, match="family: expected one of strings"):
        FamilyExperiment(family="guitars", **facts)
    with pytest.raises(ConfigError, match="a run to begin with"):
        FamilyExperiment(family="brass", adaptation="statistics", **facts)
    with pytest.raises(ConfigError, match="unlabelled"):
        FamilyExperiment(family="brass", adaptation="adversarial", **facts)


def test_a_library_without_the_family_is_refused(library: Path, tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="expected some of Horn"):
        train_family(experiment(library, family="brass"), tmp_path)


def test_a_stem_that_is_missing_or_cut_is_an_error(tmp_path: Path) -> None:
    piece = write_piece(tmp_path, "first", seconds=0.5)
    (tmp_path / "first" / "Cello.flac").write_bytes(b"fLaC")
    with pytest.raises(AudioError, match=r"Cello\.flac"):
        write_piece_library([piece], tmp_path / "stems", sample_rate=RATE)
    (tmp_path / "first" / "Cello.flac").unlink()
    with pytest.raises(AudioError, match=r"Cello\.flac"):
        write_piece_library([piece], tmp_path / "stems", sample_rate=RATE)
    soundfile.write(tmp_path / "first" / "Cello.flac", np.zeros((100, 2)), 44_100)
    with pytest.raises(MetadataError, match="stems of one length"):
        write_piece_library([piece], tmp_path / "stems", sample_rate=RATE)


def test_a_library_is_kept_and_another_refused(pieces: list[Piece], tmp_path: Path) -> None:
    write_piece_library(pieces[:1], tmp_path / "stems", sample_rate=RATE)
    assert write_piece_library(pieces[:1], tmp_path / "stems", sample_rate=RATE) == tmp_path / "stems"
    with pytest.raises(ConfigError, match="other pieces or settings"):
        write_piece_library(pieces, tmp_path / "stems", sample_rate=RATE)
    with pytest.raises(MetadataError, match="expected microphone Close"):
        write_piece_library(pieces, tmp_path / "close", microphone="Close")
    with pytest.raises(ConfigError, match="got none"):
        write_piece_library([], tmp_path / "none")


def test_the_floors_of_four_equal_sources_are_those_worked_out_by_hand() -> None:
    rng = np.random.default_rng(0)
    names = ("Violin", "Flute", "Horn", "Harp")
    sources = {name: rng.standard_normal(20 * RATE).astype(np.float32) for name in names}
    scores = score_track("noises", sources, np.zeros(20 * RATE, np.float32), [], sample_rate=RATE)
    found = {(score.row, score.target): score for score in scores}
    for name in names:
        assert found["silence", name].median_db == pytest.approx(0.0, abs=1e-6)
        assert found["x/n", name].median_db == pytest.approx(1.25, abs=0.05)
        assert found["no separation", name].median_db == pytest.approx(-4.77, abs=0.05)
        assert found["oracle, Wiener", name].median_db > found["oracle, mixture phase", name].median_db > 1.25
        assert found["silence", name].n_frames == 20


def test_models_have_two_rows_and_the_wiener_step_sums_to_the_mixture() -> None:
    torch.manual_seed(0)
    network = Xumx(SIZES.config(("Violin", "Viola"))).eval()
    rng = np.random.default_rng(0)
    sources = {name: rng.standard_normal(2 * RATE).astype(np.float32) for name in ("Violin", "Viola")}
    scores = score_track("noises", sources, np.zeros(2 * RATE, np.float32), [network], sample_rate=RATE)
    assert [score.row for score in scores if score.target == "Viola"] == list(ROWS)
    total = {score.row: score.median_db for score in scores if score.target == "strings (sum)"}
    assert total["Wiener"] > 40  # the family is the whole mixture
    assert total["no separation"] == pytest.approx(0.0, abs=1e-3)  # the mixture twice


def test_there_is_no_wiener_step_where_a_target_has_no_model() -> None:
    network = Xumx(SIZES.config(("Violin", "Viola"))).eval()
    rng = np.random.default_rng(0)
    sources = {name: rng.standard_normal(RATE).astype(np.float32) for name in ("Violin", "Tuba")}
    scores = score_track("noises", sources, np.zeros(RATE, np.float32), [network], sample_rate=RATE)
    assert "Wiener" not in {score.row for score in scores}
    assert {score.target for score in scores if score.row == "mixture phase"} == {"Violin", "strings (sum)"}


def test_only_frames_of_exact_silence_are_left_out_and_the_last_part_of_a_second_too() -> None:
    source = np.concatenate([np.ones(RATE), np.zeros(RATE), np.full(RATE, 3e-5), np.ones(RATE // 2)])
    sources = {"Harp": source.astype(np.float32), "Timpani": np.ones(len(source), np.float32)}
    scores = score_track("steps", sources, np.zeros(len(source), np.float32), [], sample_rate=RATE)
    harp = next(score for score in scores if (score.row, score.target) == ("no separation", "Harp"))
    assert harp.n_frames == 2
    counted = {score.target: score.n_frames for score in scores if score.row == "silence"}
    assert (counted["Harp"], counted["Timpani"]) == (2, 3)  # a silent harp takes no frame from the others
    expected = (sdr_db(source[:RATE], 1 + source[:RATE]) + 20 * np.log10(3e-5)) / 2
    assert harp.median_db == pytest.approx(expected, abs=0.01)


def test_the_table_counts_tracks_and_frames(library: Path) -> None:
    cells = {(cell.row, cell.target): cell for cell in summarise(score_families(library, [], sample_rate=RATE))}
    assert cells["silence", "Viola"].n_tracks == 2
    assert cells["silence", "Viola"].n_frames == 6
    assert ("silence", "Horn") not in cells
    assert ("oracle, Wiener", "percussion (sum)") in cells


def test_stems_of_another_rate_are_refused_and_not_taken_for_longer_ones(library: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected stems at 16000 Hz, got 8000 Hz"):
        score_families(library, [], sample_rate=16_000)
    other = experiment(library, network=replace(SIZES, sample_rate=16_000))
    with pytest.raises(ConfigError, match="expected stems at 16000 Hz, got 8000 Hz"):
        train_family(other, tmp_path / "run", device="cpu")


@pytest.mark.parametrize(("seconds", "shown", "reason"), [(3.0, ("Violin_1",), "alone"), (1801.0, (), "half an hour")])
def test_duets_of_one_instrument_and_very_long_tracks_are_left_out_and_named(
    seconds: float, shown: tuple[str, ...], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rate = 3_000
    judged = [("ok", "Violin_1", 4.0), ("ok", "Viola", 4.0)]
    left_out = [("other", label, seconds) for label in shown or ("Violin_1", "Viola")]
    entries = []
    for rendition, label, long_s in [*judged, *left_out]:
        facts = {"instrument": label.split("_")[0], "family": "x", "mean_pitch": 0.0, "sample_rate": rate}
        entry = StemEntry(rendition=rendition, label=label, file=f"{rendition}-{label}.npy", **facts)
        write_stem(tmp_path, entry, 0.1 * np.random.default_rng(0).standard_normal(int(long_s * rate)))
        entries.append(entry)
    write_manifest(tmp_path, entries)
    scores = score_families(tmp_path, [], sample_rate=rate, window=64, hop=16)
    assert {score.track for score in scores} == {"ok"}
    assert "other is left out: " in caplog.text
    assert reason in caplog.text


def test_a_track_of_more_than_half_an_hour_or_of_another_rate_is_refused() -> None:
    network = Xumx(SIZES.config(("Harp",)))
    source = {"Harp": np.ones(1801, np.float32)}
    with pytest.raises(AudioError, match="at most half an hour"):
        score_track("long", source, np.zeros(1801, np.float32), [], sample_rate=1)
    with pytest.raises(ConfigError, match=r"models for 44100 Hz, got \[8000\]"):
        score_track("other", source, np.zeros(1801, np.float32), [network], sample_rate=44_100)
    with pytest.raises(AudioError, match="a target that sounds"):
        score_track("none", {"Harp": np.zeros(9, np.float32)}, np.zeros(9, np.float32), [], sample_rate=1)
