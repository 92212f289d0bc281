"""Training IASS and its comparison: the loss by hand, learning, resuming, figures, and the study from end to end."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rebalance._base.errors import ConfigError, MetadataError
from rebalance.audio import write_audio
from rebalance.datasets import load_corpus
from rebalance.separation import ModelCard, load_separator
from rebalance.separation.iass import Iass, IassConfig, load_iass_models
from rebalance.separation.xumx import Xumx, XumxConfig
from rebalance.training import (
    NO_WEIGHT,
    TRUE_WEIGHT,
    IassData,
    IassExperiment,
    IassStudy,
    TrainSettings,
    WeightTrial,
    equal_hidden_size,
    export_iass,
    measured_weight,
    read_iass_results,
    read_settings,
    run_iass_experiment,
    run_iass_study,
    trained_iass,
)
from rebalance.training._iass_networks import _open_unmix_size, untrained_network
from rebalance.training.data import (
    Batch,
    PlainMixer,
    PlainMixingSettings,
    RestSettings,
    open_library,
    rest_gains,
    write_corpus_stems,
    write_rested_stems,
)
from rebalance.training.data._stem_library import StemEntry, StemLibrary, write_manifest, write_notes, write_stem
from rebalance.training.instrument_aware import IassObjective, measured_bounds, measured_network, pitch_roll

ROOT = Path(__file__).parents[2]
TINY = IassConfig(target="Cello", channels=(2, 2, 2), window=2048, hop=512)
MIXING = PlainMixingSettings(targets={"Cello": ("Cello",)}, batch_size=2, crop_samples=16_384, crops_per_piece=8)
PLAN = TrainSettings(steps=3, warmup_steps=0, decay_steps=0, average_decay=0.0, optimiser="adam", save_every=1)


def experiment_on(folder: Path, **changes: object) -> IassExperiment:
    base = IassExperiment(data=IassData(train=(folder,)), network=TINY, mixing=MIXING, train=PLAN, statistics_batches=2)
    return replace(base, **changes)  # type: ignore[arg-type]


def cello_mixer(library: StemLibrary, **changes: object) -> PlainMixer:
    settings = replace(MIXING, **changes)  # type: ignore[arg-type]
    return PlainMixer(stem_library=library, settings=settings, seed=0, device=torch.device("cpu"))


def test_a_batch_says_how_loud_the_whole_track_gets_even_where_its_crop_is_silent(library: StemLibrary) -> None:
    mixer = cello_mixer(library, batch_size=16, gains=(0.5, 0.5), crop_samples=4_096)
    batch = mixer.batch(0)
    assert batch.loudest_rms is not None
    silent = ~batch.sources[:, 0, 0].any(dim=-1)
    there = batch.loudest_rms[:, 0] > 0
    assert (silent & there).any()  # the cello rests for the first half of its piece
    cello = next(stem for stem in library.stems if stem.entry.label == "Cello")
    loudest = np.sqrt(np.mean(cello.crop(70_000, 44_100) ** 2))
    assert batch.loudest_rms[there, 0].numpy() == pytest.approx(0.5 * loudest, rel=0.05)


def test_the_loss_is_the_distance_of_magnitudes_and_the_weighted_cross_entropy(library: StemLibrary) -> None:
    torch.manual_seed(0)
    network, batch = Iass(TINY).eval(), cello_mixer(library).batch(0)
    torch.nn.init.zeros_(network.head[-1].weight)
    torch.nn.init.zeros_(network.head[-1].bias)
    figures = IassObjective(activity_weight=2.0)(network, batch)
    assert figures["activity"].item() == pytest.approx(0.6931, abs=1e-4)
    magnitudes = network.spectra(batch.mixture[:, 0]).abs()
    error = network(magnitudes).mask * magnitudes - network.spectra(batch.sources[:, 0, 0]).abs()
    assert figures["magnitude"].item() == pytest.approx(error.square().mean().item(), rel=1e-5)
    assert figures["pitch"].item() == 0.0
    assert figures["loss"].item() == pytest.approx(figures["magnitude"].item() + 2.0 * 0.6931, abs=1e-3)


def test_a_logit_is_judged_by_whether_the_target_sounds_in_its_frame(library: StemLibrary) -> None:
    network = Iass(TINY).eval()
    torch.nn.init.zeros_(network.head[-1].weight)
    torch.nn.init.constant_(network.head[-1].bias, 8.0)
    sources = torch.zeros(1, 2, 1, 16_384)
    sources[:, 0] = 0.1
    slots = torch.tensor([[0, 1]])
    loud = Batch(sources=sources, slots=slots, gains_db=torch.zeros(1, 2), loudest_rms=torch.tensor([[0.1, 0.0]]))
    assert IassObjective()(network, loud)["activity"].item() < 1e-3
    louder_elsewhere = replace(loud, loudest_rms=torch.tensor([[200.0, 0.0]]))
    assert IassObjective()(network, louder_elsewhere)["activity"].item() == pytest.approx(8.0, abs=1e-2)
    with pytest.raises(ConfigError, match="batches of a plain mixer"):
        IassObjective()(network, replace(loud, loudest_rms=None))
    with pytest.raises(ConfigError, match="expected an IASS, got Linear"):
        IassObjective()(torch.nn.Linear(1, 1), loud)
    with pytest.raises(ConfigError, match="weights from 0"):
        IassObjective(activity_weight=-1.0)


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    entry = StemEntry(rendition="solo", label="Flute", instrument="Flute", family="tones", mean_pitch=0, file="f.npy")
    write_stem(tmp_path, entry, 0.1 * np.sin(2 * np.pi * 262 * np.arange(88_200) / 44_100))
    write_notes(tmp_path, entry, np.array([[0, 44_100, 60], [44_100, 88_200, 64]], dtype=np.float32))
    write_manifest(tmp_path, [entry])
    return tmp_path


def test_a_head_for_pitches_learns_from_the_notes_beside_the_stems(noted: Path) -> None:
    config = IassConfig(target="Flute", channels=(2, 2, 2), n_pitches=12, lowest_midi=60)
    settings = replace(MIXING, targets={"Flute": ("Flute",)}, crop_samples=88_200)
    mixer = PlainMixer(stem_library=open_library([noted]), settings=settings, seed=0, device=torch.device("cpu"))
    batch = mixer.batch(0)
    roll = pitch_roll(batch.notes[0][0], config, 87)
    assert np.flatnonzero(roll[:, 20]).tolist() == [0]
    assert np.flatnonzero(roll[:, 60]).tolist() == [4]
    network = Iass(config).eval()
    figures = IassObjective(pitch_weight=0.5)(network, batch)
    assert figures["pitch"].item() > 0.1
    rest = figures["magnitude"] + figures["activity"] + 0.5 * figures["pitch"]
    assert figures["loss"].item() == pytest.approx(rest.item(), rel=1e-5)
    with pytest.raises(ConfigError, match="no notes beside them"):
        IassObjective()(network, replace(batch, notes=((None,), (None,))))


def test_a_small_network_learns_its_target_and_when_it_plays(tmp_path: Path, stem_folder: Path) -> None:
    plan = replace(PLAN, steps=40, learning_rate=0.01, save_every=40)
    mixing = replace(MIXING, batch_size=4, crop_samples=8_192)
    experiment = experiment_on(stem_folder, train=plan, mixing=mixing, network=replace(TINY, channels=(4, 4, 4)))
    average = run_iass_experiment(experiment, tmp_path, device="cpu")
    log = pd.read_csv(tmp_path / "log.csv")
    assert list(log.columns[3:7]) == ["loss", "magnitude", "activity", "pitch"]
    batch = cello_mixer(open_library([stem_folder]), batch_size=8, crop_samples=8_192).batch(1_000)
    begun = run_iass_experiment(experiment, tmp_path / "short", device="cpu", stop_after=1)
    before, after = (IassObjective()(network.eval(), batch) for network in (begun, average))
    assert after["loss"] < 0.8 * before["loss"]
    assert after["activity"] < before["activity"]
    assert float(average.mixture_rms) == pytest.approx(0.04, abs=0.03)


def test_a_run_resumes_and_refuses_other_settings(tmp_path: Path, stem_folder: Path) -> None:
    experiment = experiment_on(stem_folder, mixing=replace(MIXING, crop_samples=8_192))
    whole = run_iass_experiment(experiment, tmp_path / "whole", device="cpu")
    run_iass_experiment(experiment, tmp_path / "parts", device="cpu", stop_after=1)
    resumed = run_iass_experiment(experiment, tmp_path / "parts", device="cpu")
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name)
    other = replace(experiment, objective=IassObjective(activity_weight=0.5))
    with pytest.raises(ConfigError, match="other settings of objective"):
        run_iass_experiment(other, tmp_path / "parts", device="cpu")


def test_the_best_weights_by_validation_are_exported_for_the_separator(tmp_path: Path, stem_folder: Path) -> None:
    plan = replace(PLAN, validate_every=1)
    data = IassData(train=(stem_folder,), valid=(stem_folder,))
    experiment = experiment_on(stem_folder, data=data, train=plan, validation_batches=1)
    run_iass_experiment(experiment, tmp_path / "run", device="cpu")
    validation = pd.read_csv(tmp_path / "run" / "validation.csv")
    np.testing.assert_allclose(validation["selection"], -validation["loss"])
    export_iass(experiment, tmp_path / "run", tmp_path / "weights" / "cello.safetensors", ModelCard(data=("tones",)))
    separator = load_separator(f"iass:{tmp_path / 'weights'}", device="cpu")
    noise = (0.1 * np.random.default_rng(0).standard_normal((2, 9_000))).astype(np.float32)
    assert separator(noise, ("Cello",))["Cello"].shape == noise.shape


def test_an_open_unmix_has_as_many_parameters_and_the_same_stft(tmp_path: Path, stem_folder: Path) -> None:
    for config in (TINY, IassConfig(target="Cello", channels=(8, 16, 24), bandwidth_hz=8_000.0)):
        experiment = experiment_on(stem_folder, system="open-unmix", network=config)
        wanted = sum(each.numel() for each in Iass(config).parameters())
        network = untrained_network(experiment)
        found = sum(each.numel() for each in network.parameters())
        assert found == _open_unmix_size(config, equal_hidden_size(config))
        assert found == pytest.approx(wanted, rel=0.01)
    trained = run_iass_experiment(experiment_on(stem_folder, system="open-unmix"), tmp_path, device="cpu")
    assert isinstance(trained, Xumx)
    assert (trained.config.window, trained.config.n_seen_bins) == (2_048, TINY.n_seen_bins)


def test_without_cross_entropy_the_head_is_not_trained(tmp_path: Path, stem_folder: Path) -> None:
    plan = replace(PLAN, weight_decay=0.0)
    experiment = experiment_on(stem_folder, system="iass-no-bce", train=plan)
    network = run_iass_experiment(experiment, tmp_path, device="cpu")
    torch.manual_seed(plan.seed)
    assert torch.equal(network.head[-1].weight, Iass(TINY).head[-1].weight)


def test_settings_that_cannot_be_are_refused(stem_folder: Path) -> None:
    with pytest.raises(ConfigError, match="system: expected one of iass"):
        experiment_on(stem_folder, system="demucs")
    with pytest.raises(ConfigError, match="expected Cello alone, got Violin"):
        experiment_on(stem_folder, mixing=replace(MIXING, targets={"Violin": ("Violin",)}))
    changes = {"network": replace(TINY, target="Tuba"), "mixing": replace(MIXING, targets={"Tuba": ("Tuba",)})}
    absent = experiment_on(stem_folder, **changes)
    with pytest.raises(MetadataError, match="expected some of Tuba, found none"):
        run_iass_experiment(absent, "nowhere", device="cpu")


def test_rests_take_their_share_and_are_silent_throughout() -> None:
    settings = RestSettings(play_s=(2.0, 4.0), rest_s=(2.0, 4.0), fade_s=0.1)
    gains = rest_gains(100_000, 1_000, settings, np.random.default_rng(0))
    assert 0.4 < (gains == 0).mean() < 0.6
    assert np.abs(np.diff(gains)).max() <= 0.0101
    assert rest_gains(100_000, 1_000, settings, np.random.default_rng(0)).tolist() == gains.tolist()
    assert {float(rest_gains(9, 1, RestSettings(), np.random.default_rng(seed))[0]) for seed in range(9)} == {0.0, 1.0}
    with pytest.raises(ConfigError, match="bounds above 0"):
        RestSettings(play_s=(4.0, 2.0))


def test_a_rested_library_keeps_the_others_and_loses_the_notes_in_rests(tmp_path: Path, noted: Path) -> None:
    settings = RestSettings(play_s=(1.0, 1.0), rest_s=(1.0, 1.0))
    assert write_rested_stems(noted, tmp_path / "rested", ["Flute"], settings, seed=0) == 1
    (stem,) = open_library([tmp_path / "rested"]).stems
    assert stem.notes is not None
    assert len(stem.notes) == 1
    middle = int(stem.notes[0, :2].mean())
    assert stem.samples[middle - 2_000 : middle + 2_000].any()
    assert write_rested_stems(noted, tmp_path / "same", [], settings, seed=0) == 0
    assert np.array_equal(open_library([tmp_path / "same"]).stems[0].samples, open_library([noted]).stems[0].samples)


def test_a_corpus_becomes_stems_to_train_with(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for subset in ("train", "test"):
        for name in ("mixture", "vocals", "drums", "bass", "other"):
            write_audio(
                tmp_path / "db" / subset / "song" / f"{name}.wav", 0.1 * rng.standard_normal((2, 48_000)), 48_000
            )
    (tmp_path / "db" / "test" / "song").rename(tmp_path / "db" / "test" / "second")
    corpus = load_corpus("MUSDB18-HQ", tmp_path / "db", purpose="training")
    assert write_corpus_stems(corpus, tmp_path / "stems", subset="test") == 4
    library = open_library([tmp_path / "stems"], any_instrument=True)
    assert {stem.entry.rendition for stem in library.stems} == {"MUSDB18-HQ/second"}
    assert {len(stem.samples) for stem in library.stems} == {44_100}
    voice = replace(MIXING, targets={"Vocals": ("Vocals",)})
    batch = PlainMixer(stem_library=library, settings=voice, seed=0, device=torch.device("cpu")).batch(0)
    assert batch.sources[:, 0].any()
    with pytest.raises(MetadataError, match="MUSDB18-HQ: subset: expected one of"):
        write_corpus_stems(corpus, tmp_path / "stems", subset="valid")
    write_audio(tmp_path / "db" / "test" / "second" / "bass.wav", np.zeros((2, 100)), 48_000)
    with pytest.raises(MetadataError, match="stems of one length"):
        write_corpus_stems(corpus, tmp_path / "stems", subset="test")


def test_figures_of_bounds_and_networks_have_the_order_they_must_have(stem_folder: Path) -> None:
    pieces = {"first": cello_mixer(open_library([stem_folder])).whole_pieces()["first"]}
    bounds = {figures.system: figures for figures in measured_bounds("Cello", pieces)}
    assert bounds["ideal binary mask"].sdr_db > 15 > bounds["input"].sdr_db
    assert bounds["input"].silent_db is not None
    assert bounds["input"].silent_db > 0 > bounds["ideal binary mask"].silent_db
    assert 0.4 < bounds["input"].active_share < 0.6
    network = Iass(TINY).eval()
    torch.nn.init.zeros_(network.head[-1].weight)
    torch.nn.init.constant_(network.head[-1].bias, -1.0)
    rows = {figures.system: figures for figures in measured_network("iass", network, pieces, 3)}
    assert rows["iass, weight"].sdr_db == pytest.approx(0.0, abs=1e-6)  # silence
    assert (rows["iass, weight"].seed, rows["iass, weight"].recall) == (3, 0.0)
    assert rows["iass, no weight"].sdr_db < 0


def test_open_unmix_is_measured_with_the_phase_of_the_mixture_and_no_wiener_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def quarter(_: Xumx, magnitudes: torch.Tensor) -> torch.Tensor:
        return torch.full_like(magnitudes[:, None], 0.25)

    monkeypatch.setattr(Xumx, "masks", quarter)
    network = Xumx(XumxConfig(targets=("Cello",), hidden_size=2, window=2048, hop=512)).eval()
    noise = (0.1 * np.random.default_rng(0).standard_normal(600_000)).astype(np.float32)  # two blocks of frames
    sources = np.stack([0.25 * noise, 0.75 * noise])
    (row,) = measured_network("open-unmix", network, {"duet": sources}, 0)
    assert row.sdr_db > 60  # a Wiener step with what the mask leaves would give a tenth, and 4.4 dB


def test_a_study_trains_what_is_missing_and_nothing_twice(tmp_path: Path, stem_folder: Path) -> None:
    study = IassStudy(
        experiment=experiment_on(stem_folder, train=replace(PLAN, steps=1)),
        targets={"Cello": ("Cello",), "Violin": ("Violin",)},
        systems=("iass",),
        seeds=(0,),
        test=(stem_folder,),
    )
    results = tmp_path / "results.csv"
    cells = run_iass_study(study, results, tmp_path)
    assert next(cells) == "bounds-Cello"
    assert set(read_iass_results(results)["cell"]) == {"bounds-Cello"}
    cells.close()
    assert list(run_iass_study(study, results, tmp_path)) == ["bounds-Violin", "iass-Cello-0", "iass-Violin-0"]
    before = results.read_text()
    assert list(run_iass_study(study, results, tmp_path)) == []
    assert results.read_text() == before
    assert set(read_iass_results(results)["piece"]) == {"first"}  # the other piece has neither
    separator = load_separator(f"iass:{tmp_path / 'weights' / 'iass-seed-0'}", device="cpu")
    assert separator.detected_instruments == ("Cello", "Violin")
    results.write_text("system,piece\n")
    with pytest.raises(MetadataError, match="expected columns"):
        read_iass_results(results)
    with pytest.raises(ConfigError, match="targets, systems, seeds and stems"):
        replace(study, seeds=())


def test_a_target_that_is_silent_wherever_it_is_measured_is_refused(tmp_path: Path, stem_folder: Path) -> None:
    entry = StemEntry(rendition="rest", label="Cello", instrument="Cello", family="x", mean_pitch=0, file="c.npy")
    other = replace(entry, label="Flute", instrument="Flute", file="f.npy")
    write_stem(tmp_path / "silent", entry, np.zeros(44_100))
    write_stem(tmp_path / "silent", other, np.full(44_100, 0.1))
    write_manifest(tmp_path / "silent", [entry, other])
    study = IassStudy(
        experiment=experiment_on(stem_folder),
        targets={"Cello": ("Cello",)},
        systems=("iass",),
        seeds=(0,),
        test=(tmp_path / "silent",),
    )
    with pytest.raises(MetadataError, match=r"cell bounds-Cello: expected a piece in which Cello sounds, in .*silent"):
        list(run_iass_study(study, tmp_path / "results.csv", tmp_path))
    assert not (tmp_path / "results.csv").exists()


class Leaky:
    """Gives every instrument a third of all the others beside itself."""

    name, sample_rate = "leaky", 44_100

    def __init__(self, sources: dict[str, np.ndarray]) -> None:
        self.sources = sources

    def __call__(self, mixture: np.ndarray, instruments: tuple[str, ...]) -> dict[str, np.ndarray]:
        return {name: source + (mixture - source) / 3 for name, source in self.sources.items()}


def test_a_listener_gains_by_true_activity_where_a_boosted_instrument_rests(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    flute = 0.1 * np.sin(2 * np.pi * 880 * np.arange(66_150) / 44_100)
    flute[22_050:] = 0.0
    cello = 0.02 * rng.standard_normal(66_150)
    entries = []
    for name, samples in (("Cello", cello), ("Flute", flute)):
        entry = StemEntry(rendition="duet", label=name, instrument=name, family="x", mean_pitch=0, file=f"{name}.npy")
        write_stem(tmp_path, entry, samples)
        entries.append(entry)
    write_manifest(tmp_path, entries)
    library = open_library([tmp_path])
    trial = WeightTrial(weighted=("Flute",), start_s=0.0, duration_s=1.5, seed=3)
    assert trial.gains_db("duet", ("Cello", "Flute")) == trial.gains_db("duet", ("Cello", "Flute"))
    sources = {stem.entry.label: np.tile(stem.crop(0, 66_150), (2, 1)) for stem in library.stems}
    rows = {row.weight: row.haaqi_gain for row in measured_weight([Leaky(sources)], {}, library, trial)}
    assert set(rows) == {NO_WEIGHT, TRUE_WEIGHT}
    assert rows[TRUE_WEIGHT] > rows[NO_WEIGHT]
    assert replace(trial, n_pieces=2).chosen("abcdef") == ("a", "d")
    assert trial.chosen("abc") == ("a", "b", "c")
    with pytest.raises(ConfigError, match="instruments and an excerpt"):
        WeightTrial(weighted=())


@pytest.mark.parametrize("config", ["published.yaml", "medleydb.yaml"])
def test_the_published_settings_of_the_recipe_have_the_published_sizes(config: str) -> None:
    experiment = read_settings(ROOT / "recipes" / "iass" / config, IassExperiment)
    assert experiment.network.widths == "published"
    assert experiment.mixing.crop_samples == 6 * 44_100
    assert experiment.train.plateau is not None
    assert (experiment.train.plateau.patience, experiment.train.plateau.factor) == (80, 0.3)


def made_here(folder: Path, *arguments: str) -> None:
    """Run a script of the recipe in a folder."""
    command = [sys.executable, str(ROOT / "recipes" / "iass" / arguments[0]), *arguments[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def write_song(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("mixture", "vocals", "drums", "bass", "other"):
        write_audio(folder / f"{name}.wav", 0.1 * rng.standard_normal((2, 44_100)), 44_100)


def write_track(folder: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [f"mix_filename: {folder.name}_MIX.wav", "stems:"]
    for number, instrument in enumerate(("drum set", "clean electric guitar"), start=1):
        stem = f"{folder.name}_STEM_{number:02}.wav"
        write_audio(folder / f"{folder.name}_STEMS" / stem, 0.1 * rng.standard_normal((2, 44_100)), 44_100)
        lines += [f"  S{number:02}:", f"    filename: {stem}", f"    instrument: {instrument}"]
    (folder / f"{folder.name}_METADATA.yaml").write_text("\n".join(lines) + "\n")


TINY_TRAINING = (
    *("network.channels=[2,2,2]", "network.window=2048", "train.steps=1", "mixing.batch_size=1"),
    *("mixing.crop_samples=8192", "statistics_batches=1", "validation_batches=1"),
)


def rendition_names(folder: Path) -> set[str]:
    return {stem.entry.rendition for stem in open_library([folder], any_instrument=True).stems}


def test_the_corpus_of_the_published_settings_trains_a_network_that_separates(tmp_path: Path) -> None:
    for name in ("train/song", "train/Leaf - Summerghost", "test/another"):
        write_song(tmp_path / "musdb18hq" / name)
    made_here(
        tmp_path,
        "corpus_stems.py",
        "MUSDB18-HQ",
        "musdb18hq",
        "runs/musdb/train",
        "train",
        "--valid",
        "runs/musdb/valid",
    )
    assert rendition_names(tmp_path / "runs/musdb/train") == {"MUSDB18-HQ/song"}
    assert rendition_names(tmp_path / "runs/musdb/valid") == {"MUSDB18-HQ/Leaf - Summerghost"}
    made_here(tmp_path, "train.py", "run", str(ROOT / "recipes/iass/published.yaml"), *TINY_TRAINING)
    (model,) = load_iass_models(tmp_path / "run" / "weights", device=torch.device("cpu"))
    assert model.network.config.target == "Vocals"
    assert model.card.training["System"] == "iass"


def test_medley_tracks_train_a_network_that_separates(tmp_path: Path) -> None:
    for name in (
        "MedleyDB/Audio/Band_One",
        "MedleyDB/Audio/Band_Two",
        "MixingSecrets/Duo_One",
        "MixingSecrets/Duo_Two",
    ):
        write_track(tmp_path / name)
    for corpus, folder in (("MedleyDB", "medleydb"), ("MixingSecrets", "mixing-secrets")):
        made_here(
            tmp_path, "corpus_stems.py", corpus, corpus, f"runs/{folder}/train", "--valid", f"runs/{folder}/valid"
        )
    assert rendition_names(tmp_path / "runs/medleydb/valid") == {"MedleyDB/Band_Two"}
    made_here(tmp_path, "train.py", "run", str(ROOT / "recipes/iass/medleydb.yaml"), *TINY_TRAINING)
    assert (tmp_path / "run" / "validation.csv").exists()
    (model,) = load_iass_models(tmp_path / "run" / "weights", device=torch.device("cpu"))
    assert model.network.config.target == "ElectricGuitar"


def test_pieces_that_a_corpus_does_not_have_cannot_be_asked_for(tmp_path: Path) -> None:
    write_song(tmp_path / "train" / "song")
    corpus = load_corpus("MUSDB18-HQ", tmp_path, purpose="training")
    with pytest.raises(MetadataError, match="MUSDB18-HQ: expected pieces another, found none"):
        write_corpus_stems(corpus, tmp_path / "stems", pieces=["another"])
    with pytest.raises(MetadataError, match="MUSDB18-HQ: expected pieces to write, found none"):
        write_corpus_stems(corpus, tmp_path / "stems", pieces=[])


def test_the_smoke_run_of_the_study_does_everything(tmp_path: Path) -> None:
    pytest.importorskip("music21")
    command = [sys.executable, str(ROOT / "recipes" / "iass" / "study.py"), "--smoke", "seeds=[0]", "systems=[iass]"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| Flute | iass, weight |" in done.stdout
    assert "| Flute less Cello | iass, weight > iass, no weight (sdr_db) |" in done.stdout
    table = read_iass_results(tmp_path / "runs" / "smoke" / "results.csv")
    assert set(table["cell"]) == {"bounds-Flute", "bounds-Cello", "iass-Flute-0", "iass-Cello-0"}


def test_the_study_asks_whether_iass_is_at_least_as_good_as_open_unmix() -> None:
    spec = importlib.util.spec_from_file_location("iass_study", ROOT / "recipes" / "iass" / "study.py")
    assert spec is not None
    assert spec.loader is not None
    study = importlib.util.module_from_spec(spec)
    sys.modules["iass_study"] = study  # where its dataclass looks for its own types
    spec.loader.exec_module(study)
    compared = [ordering for ordering in study.ORDERINGS if ordering.than == "open-unmix"]
    assert [ordering.expected for ordering in compared] == ["not lower"] * 3


def test_a_network_is_read_back_as_it_was_trained(tmp_path: Path, stem_folder: Path) -> None:
    experiment = experiment_on(stem_folder)
    average = run_iass_experiment(experiment, tmp_path, device="cpu")
    for name, value in trained_iass(experiment, tmp_path).state_dict().items():
        assert torch.equal(value, average.state_dict()[name])
