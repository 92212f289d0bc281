"""Training the systems of Solos: mixtures, losses, curriculum, scores, and the study that resumes."""

from __future__ import annotations

import csv
import functools
import importlib.util
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rebalance import AudioError, ConfigError, MetadataError
from rebalance.separation import ModelCard, load_separator
from rebalance.separation.solos import (
    LogSpectrumConfig,
    MultiHeadConfig,
    MultiHeadUNet,
    PixelsConfig,
    SoundOfPixels,
    VisionConfig,
    VisionNetwork,
    ratio_masks,
    save_solos_network,
)
from rebalance.synthesis.performers import EnsemblePlan, SoloPlan, write_ensembles, write_solos
from rebalance.training import SolosStudy, TrainSettings, _solos_training, read_recipe, run_solos_study
from rebalance.training._loop import train
from rebalance.training._loss_validation import LossValidation
from rebalance.training._run_state import progress_of, save_weights
from rebalance.training._schedule import CurriculumSettings
from rebalance.training._solos_training import SolosMaterial, train_system
from rebalance.training.solos import (
    EnsemblePiece,
    MultiHeadObjective,
    PixelsObjective,
    SightNetwork,
    SightObjective,
    SoloClip,
    SoloLibrary,
    SoloMixer,
    SoloMixingSettings,
    divided,
    open_pieces,
    open_solos,
    ordering_lines,
    score_system,
    sight_lines,
    system_lines,
    weighted_bce,
)

RECIPE = Path(__file__).parents[2] / "recipes" / "solos"
HEADS = ("Violin", "Cello", "Flute", "Tuba")
SPECTRUM = LogSpectrumConfig(segment_samples=4_095, n_rows=32)
VISION = VisionConfig(widths=(2, 4), blocks=(1, 1), frame_size=8, frame_spacing_s=0.5)
CPU = torch.device("cpu")


def library(*instruments: str, n_samples: int = 12_000) -> SoloLibrary:
    rng = np.random.default_rng(0)
    clips = [
        SoloClip(
            instrument=name,
            identifier=identifier,
            samples=(0.2 * np.sin(0.05 * (place + 1) * np.arange(n_samples))).astype(np.float32),
            frames=np.full((3, 3, 8, 8), 40 * place, np.uint8) + rng.integers(0, 9, (3, 3, 8, 8)).astype(np.uint8),
        )
        for place, name in enumerate(instruments)
        for identifier in "ab"
    ]
    return SoloLibrary(clips=tuple(clips), sample_rate=11_025)


def mixer(**settings: object) -> SoloMixer:
    return SoloMixer(
        solos=library(*HEADS),
        heads=HEADS,
        spectrum=SPECTRUM,
        vision=VISION,
        settings=SoloMixingSettings(**{"batch_size": 4, **settings}),  # type: ignore[arg-type]
        seed=0,
    )


def test_the_same_step_gives_the_same_batch_and_another_another() -> None:
    one, again, other = (mixer().batch(step).sources for step in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_a_mixture_has_different_instruments_each_stretched_to_its_share_of_full_scale() -> None:
    batch = mixer(n_sources=(2, 4), batch_size=30).batch(0)
    for sources, slots in zip(batch.sources, batch.slots, strict=True):
        present = slots[slots >= 0].tolist()
        assert len(set(present)) == len(present) >= 2
        peaks = sources[slots >= 0].abs().amax(dim=(-2, -1))
        assert torch.allclose(peaks, torch.full_like(peaks, 1 / len(present)), atol=1e-6)
        assert not sources[slots < 0].any()
    assert batch.mixture.abs().max() <= 1.0
    assert {int((slots >= 0).sum()) for slots in batch.slots} == {2, 3, 4}


def test_later_stages_have_more_sources() -> None:
    largest = [
        max(int((slots >= 0).sum()) for slots in mixer(batch_size=40).at_stage(stage).batch(0).slots)
        for stage in range(3)
    ]
    assert largest == [2, 3, 4]
    with pytest.raises(ConfigError, match="expected 5 instruments for the largest mixture, got 4"):
        mixer().at_stage(3)


def test_players_are_shown_beside_what_they_play() -> None:
    batch = mixer(shows_players=True, stretched=False).batch(0)
    assert batch.frames is not None
    assert batch.frames.shape == (4, 2, 3, 3, 8, 8)
    brightness = batch.frames.mean(dim=(-4, -3, -2, -1)) * 255
    assert torch.allclose(brightness, 40.0 * batch.slots + 4.0, atol=2.0)
    assert batch.sources.abs().max() <= 0.5


def test_instruments_without_a_head_and_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"expected instruments with a head, Violin, got \['Cello', 'Flute', 'Tuba'\]"
    ):
        replace(mixer(), heads=("Violin",))
    for settings in (
        {"n_sources": (3, 2)},
        {"batch_size": 0},
        {"volumes": (0.0, 1.0)},
        {"n_sources": (2, 3), "shows_players": True},
    ):
        with pytest.raises(ConfigError, match="mixing"):
            SoloMixingSettings(**settings)


def test_recordings_are_divided_class_by_class_and_one_alone_is_refused() -> None:
    kept, held = divided(library("Violin", "Tuba"))
    assert [(clip.instrument, clip.identifier) for clip in held.clips] == [("Violin", "b"), ("Tuba", "b")]
    assert len(kept.clips) == 2
    with pytest.raises(MetadataError, match="solos: Violin: expected two or more recordings, got 1"):
        divided(kept)


def test_the_loss_of_the_heads_is_the_distance_from_ratio_masks_absent_ones_included() -> None:
    network = MultiHeadUNet(MultiHeadConfig(heads=HEADS, widths=(2, 4), spectrum=SPECTRUM)).eval()
    batch = mixer().batch(0)
    transform = network.transform
    wanted = []
    for sources, slots in zip(batch.sources[:, :, 0], batch.slots, strict=True):
        magnitudes = torch.zeros(4, 32, 16)
        for signal, slot in zip(sources, slots, strict=True):
            magnitudes[slot] = transform.warp(transform.spectra(signal).abs())
        wanted.append(ratio_masks(magnitudes))
    from rebalance.separation.solos import normalised_levels

    masks = network(normalised_levels(transform.warp(transform.spectra(batch.mixture[:, 0]).abs())))
    expected = (masks - torch.stack(wanted)).square().mean()
    assert MultiHeadObjective()(network, batch)["loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_weighted_cross_entropy_has_its_hand_values() -> None:
    loss = functools.partial(weighted_bce, torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
    assert loss(torch.full((1, 1, 1), math.e - 1)).item() == pytest.approx(math.log(2))
    assert loss(torch.zeros(1, 1, 1)).item() == pytest.approx(1e-3 * math.log(2))
    assert loss(torch.full((1, 1, 1), 1e9)).item() == pytest.approx(10 * math.log(2))


def pixels() -> SoundOfPixels:
    torch.manual_seed(0)
    return SoundOfPixels(PixelsConfig(widths=(2, 4), n_components=3, vision=VISION, spectrum=SPECTRUM))


@pytest.mark.parametrize("objective", [MultiHeadObjective(), PixelsObjective(), SightObjective()])
def test_an_objective_refuses_another_network(objective) -> None:
    with pytest.raises(ConfigError, match="objective"):
        objective(torch.nn.Linear(1, 1), mixer(shows_players=True).batch(0))


def test_training_the_sound_of_pixels_lowers_its_loss(tmp_path: Path) -> None:
    batches, objective = mixer(shows_players=True, stretched=False), PixelsObjective(masks="complementary")
    settings = TrainSettings(steps=40, learning_rate=2e-2, warmup_steps=1, decay_steps=1, log_every=1)
    train(pixels(), batches, settings, tmp_path, device=CPU, objective=objective)
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_parts_of_a_network_learn_at_their_own_rate(tmp_path: Path) -> None:
    batches, objective = mixer(shows_players=True, stretched=False), PixelsObjective()
    start = {name: value.clone() for name, value in pixels().named_parameters()}
    network = pixels()
    settings = TrainSettings(steps=1, learning_rate=1e-3, warmup_steps=1, decay_steps=1, weight_decay=0.0)
    train(network, batches, settings, tmp_path, device=CPU, objective=objective)
    moved = {name: (value - start[name]).abs().max().item() for name, value in network.named_parameters()}
    assert moved["audio.to_components.weight"] == pytest.approx(1e-3, rel=0.01)
    trunk = max(value for name, value in moved.items() if name.startswith("vision.trunk"))
    assert trunk == pytest.approx(1e-4, rel=0.01)


def test_momentum_resumes_bit_for_bit_and_the_rate_falls_where_it_is_told(tmp_path: Path) -> None:
    batches, objective = mixer(shows_players=True, stretched=False), PixelsObjective()
    settings = TrainSettings(
        steps=4, warmup_steps=1, decay_steps=1, save_every=2, log_every=1, optimiser="sgd", falls_at=(2,)
    )
    whole = train(pixels(), batches, settings, tmp_path / "whole", device=CPU, objective=objective)
    train(pixels(), batches, settings, tmp_path / "parts", device=CPU, objective=objective, stop_after=2)
    parts = train(pixels(), batches, settings, tmp_path / "parts", device=CPU, objective=objective)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, parts.state_dict()[name]), name
    with (tmp_path / "parts" / "log.csv").open(encoding="utf-8") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_a_curriculum_is_logged_and_resumes_where_it_was(tmp_path: Path) -> None:
    objective = MultiHeadObjective()
    settings = TrainSettings(
        steps=6,
        learning_rate=1e-9,  # so that nothing improves
        warmup_steps=1,
        decay_steps=1,
        validate_every=1,
        save_every=3,
        curriculum=CurriculumSettings(stages=3, patience=0),
    )
    validate = LossValidation(figures=objective, batches=mixer(batch_size=1), n_batches=1)

    def run(folder: Path, stop_after: int | None = None) -> None:
        torch.manual_seed(0)
        network = MultiHeadUNet(MultiHeadConfig(heads=HEADS, widths=(2, 4), spectrum=SPECTRUM, dropout=0.0))
        train(
            network,
            mixer(batch_size=1),
            settings,
            folder,
            device=CPU,
            objective=objective,
            validate=validate,
            stop_after=stop_after,
        )

    run(tmp_path / "whole")
    run(tmp_path / "parts", stop_after=3)
    run(tmp_path / "parts")
    logs = [(tmp_path / name / "validation.csv").read_text() for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    stages = [row["stage"] for row in csv.DictReader(logs[0].splitlines())]
    assert stages[0] == "0"
    assert stages == sorted(stages)
    assert stages[-1] == "2"
    assert progress_of(tmp_path / "parts" / "state.safetensors", {"train": settings.lasting}).schedule.stage == 2


def test_sight_learns_to_tell_instruments(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SightNetwork(VisionNetwork(VISION, 8), HEADS)
    settings = TrainSettings(steps=40, learning_rate=2e-2, warmup_steps=1, decay_steps=10)
    train(network, mixer(shows_players=True, batch_size=8), settings, tmp_path, device=CPU, objective=SightObjective())
    from rebalance.training.solos import sight_accuracy

    assert sight_accuracy(network, library(*HEADS)) == 1.0
    assert sight_accuracy(network, library("Tuba", "Flute", "Cello", "Violin")) < 0.5


def piece(*players: str, n_samples: int = 9_000) -> EnsemblePiece:
    stems = np.random.default_rng(0).standard_normal((len(players), n_samples)).astype(np.float32)
    return EnsemblePiece(
        name="noise",
        players=players,
        mixture=stems.sum(axis=0),
        stems=stems,
        frames=np.zeros((len(players), 1, 8, 8, 3), np.uint8),
        frame_times_s=np.zeros(1),
    )


def score(system, scored: EnsemblePiece) -> pd.DataFrame:
    return score_system(system, [scored], segment_samples=4_000, sample_rate=11_025)


def test_pieces_are_scored_in_whole_consecutive_segments() -> None:
    starts: list[float] = []

    def system(scored, mixture, sources, start_s):
        starts.append(start_s)
        return np.stack([mixture] * len(sources))

    scores = score(system, piece("Tuba", "Horn"))
    assert starts == pytest.approx([0.0, 4_000 / 11_025])
    assert len(scores) == 4
    assert scores["sdr"].mean() == pytest.approx(0.0, abs=1.0)


def test_two_players_of_one_instrument_are_one_source() -> None:
    scored = piece("Violin", "Tuba", "Violin")
    assert scored.instruments == ("Violin", "Tuba")
    assert np.allclose(scored.merged(scored.stems)[0], scored.stems[0] + scored.stems[2])
    assert set(score(lambda p, m, s, t: s.copy(), scored)["n_sources"]) == {2}


def test_a_segment_with_a_silent_source_or_estimate_does_not_count() -> None:
    silent = replace(piece("Tuba", "Horn"))
    silent.stems[1, :4_000] = 0.0
    assert set(score(lambda p, m, s, t: np.stack([m, m]), silent)["segment"]) == {1}
    assert score(lambda p, m, s, t: np.stack([m, 0 * m]), piece("Tuba", "Horn")).empty


@pytest.mark.parametrize("made", [np.zeros((2, 3), np.float32), np.full((2, 4_000), np.nan, np.float32)])
def test_estimates_that_cannot_be_scored_are_refused(made: np.ndarray) -> None:
    with pytest.raises(AudioError, match="noise: expected finite estimates"):
        score(lambda p, m, s, t: made, piece("Tuba", "Horn"))


def test_a_piece_without_video_or_with_too_little_of_it_is_refused(tmp_path: Path) -> None:
    write_ensembles(tmp_path, EnsemblePlan(sizes=(2,), duration_s=2.0, fonts=(("timgm", 0),), side=32))
    video = next(tmp_path.glob("*/Vid_*.mp4"))
    from rebalance.video import write_video

    write_video(video, np.zeros((25, 32, 64, 3), np.uint8), frame_rate=25)
    with pytest.raises(MetadataError, match=r"expected 2\.0 s of pictures, found 1\.0 s"):
        open_pieces(tmp_path, sample_rate=11_025)
    video.unlink()
    with pytest.raises(MetadataError, match="expected a mixture and a video, found only stems"):
        open_pieces(tmp_path, sample_rate=11_025)


def test_the_study_runs_from_its_command_once_and_goes_on_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("solos_study_command", RECIPE / "study.py")
    assert spec is not None
    assert spec.loader is not None
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    results, work = tmp_path / "results", tmp_path / "work"
    command.main([str(results), "--work", str(work), "--smoke"])
    printed = capsys.readouterr().out
    assert printed.count("\n| ") > 14
    for title in ("ideal ratio masks", "Sound of Pixels, fine-tuned", "multi-head U-Net", "from scratch <= fine-tuned"):
        assert title in printed
    scores, cells = pd.read_csv(results / "scores.csv"), pd.read_csv(results / "cells.csv")
    assert len(cells) == 7
    means = scores.groupby("system")["sdr"].mean()
    assert means["ideal-binary"] > means["mixture"] + 5
    assert means["ideal-ratio"] > means["mixture"] + 5
    assert {tuple(each) for each in scores[["n_sources"]].to_numpy()} == {(2,), (3,)}
    before = (results / "scores.csv").read_bytes()
    assert load_separator(f"sound-of-pixels:{work / 'models' / 'pixels-fine-tuned-0'}", device="cpu").weights
    cells[cells["system"] != "mixture"].to_csv(results / "cells.csv", index=False)  # as after an interruption
    run_solos_study(read_recipe(RECIPE, "smoke", SolosStudy), work, results)
    assert len(pd.read_csv(results / "cells.csv")) == 7
    again = pd.read_csv(results / "scores.csv")
    keys = ["system", "seed", "piece", "segment", "instrument"]
    assert again.sort_values(keys).reset_index(drop=True).equals(scores.sort_values(keys).reset_index(drop=True))
    command.main([str(results), "--table"])
    assert "ideal binary masks" in capsys.readouterr().out
    assert before


def test_an_activation_map_is_painted_and_what_is_no_time_refused_in_one_line(tmp_path: Path) -> None:
    from rebalance.video import write_video

    save_solos_network(tmp_path / "model" / "m.safetensors", pixels(), ModelCard())
    tone = 0.2 * np.sin(np.arange(11_025.0) * 0.3)[None]
    write_video(tmp_path / "x.mp4", np.zeros((25, 32, 64, 3), np.uint8), frame_rate=25, sound=tone, sample_rate=11_025)

    def painted(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(RECIPE / "activation_map.py"), "model", "x.mp4", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = painted("2", "map.png", "0.5")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["player 1", "player 2"]
    assert (tmp_path / "map.png").stat().st_size > 100
    for start_s, message in (("abc", "expected seconds from 0, got 'abc'"), ("9", "expected less than 1.0 s, got 9")):
        refused = painted("2", "other.png", start_s)
        assert refused.returncode == 1
        assert refused.stderr == f"activation_map.py: START_S: {message}\n"
    assert not (tmp_path / "other.png").exists()


class BegunError(Exception):
    """Raised in place of a training."""


def test_a_run_begins_with_the_weights_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = read_recipe(RECIPE, "smoke", SolosStudy)
    begun: dict[str, torch.nn.Module] = {}

    def begin(network: torch.nn.Module, *_: object, **__: object) -> None:
        begun["network"] = network
        raise BegunError

    monkeypatch.setattr(_solos_training, "train", begin)
    own = {"pixels-fine-tuned": SoundOfPixels(study.pixels), "multi-head-u-net": MultiHeadUNet(study.multi_head)}
    for name, network in own.items():
        save_weights(tmp_path / f"{name}.safetensors", network)
    study = replace(
        study,
        pixels_start=tmp_path / "pixels-fine-tuned.safetensors",
        multi_head_start=tmp_path / "multi-head-u-net.safetensors",
    )
    solos = (library("Violin", "Tuba"), library("Violin", "Tuba"))
    material = SolosMaterial(solos=solos, other=solos, pieces=())
    for name, network in own.items():
        with pytest.raises(BegunError):
            train_system(study, material, tmp_path, name, 5)  # type: ignore[arg-type]
        for key, value in network.state_dict().items():
            assert torch.equal(begun["network"].state_dict()[key], value), key
    with pytest.raises(ConfigError, match="does not fit the network"):
        train_system(replace(study, multi_head_start=study.pixels_start), material, tmp_path, "multi-head-u-net", 5)


def test_more_stages_than_there_are_instruments_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    stages = ("multi_head_train.curriculum.stages=3", f"ensembles_root={tmp_path / 'none'}")
    study = read_recipe(RECIPE, "smoke", SolosStudy, stages)
    with pytest.raises(ConfigError, match="expected 4 instruments for the largest mixture, got 2"):
        _solos_training.open_material(study, tmp_path)
    solos = (library("Violin", "Tuba"), library("Violin", "Tuba"))
    material = SolosMaterial(solos=solos, other=solos, pieces=())
    with pytest.raises(ConfigError, match="expected 4 instruments for the largest mixture, got 2"):
        train_system(study, material, tmp_path, "multi-head-u-net", 0)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("variant", ["default", "smoke", "longer", "published"])
def test_every_variant_of_the_recipe_can_be_built(variant: str) -> None:
    study = read_recipe(RECIPE, variant, SolosStudy)
    sizes = {study.multi_head.sizes, study.pixels.sizes}
    assert sizes == {"published" if variant == "published" else "small"}
    assert study.cells[0] == ("mixture", 0)
    assert len(study.cells) == 3 + 4 * len(study.seeds)


def test_the_published_variant_trains_by_the_published_schedules() -> None:
    study = read_recipe(RECIPE, "published", SolosStudy)
    pixels, heads = study.pixels_train, study.multi_head_train
    for settings in (pixels, heads):  # a constant rate from the first step to the last, and no clipping
        assert (settings.warmup_steps, settings.decay_steps, settings.gradient_clip) == (1, 1, 1000)
        assert settings.average_decay == 0.0
    assert (pixels.optimiser, pixels.learning_rate, pixels.weight_decay) == ("sgd", 1e-3, 1e-4)
    assert pixels.falls_at == (40_000, 80_000)
    assert pixels.validate_every == pixels.save_every == 1_000
    assert [pixels.learning_rate_at(step) for step in (0, 39_999, 40_000, 80_000)] == pytest.approx(
        [1e-3, 1e-3, 1e-4, 1e-5]
    )
    assert (heads.optimiser, heads.learning_rate, heads.weight_decay) == ("adam", 1e-4, 5e-4)
    assert heads.learning_rate_at(0) == heads.learning_rate_at(100_000) == 1e-4
    assert heads.curriculum == CurriculumSettings(stages=6, patience=10, threshold=1e-4)


def test_the_written_tables_are_those_of_the_results() -> None:
    written = (RECIPE / "README.md").read_text(encoding="utf-8")
    page = (RECIPE.parents[1] / "docs" / "literature.md").read_text(encoding="utf-8")
    scores, cells = (pd.read_csv(RECIPE / "results" / f"{name}.csv") for name in ("scores", "cells"))
    for line in (*system_lines(scores), *ordering_lines(scores)):
        assert line in written
        assert line in page
    assert all(line in written for line in sight_lines(cells))


def test_results_of_other_columns_and_systems_without_pairs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("system,seed\n")
    with pytest.raises(MetadataError, match=r"cells\.csv: expected columns system, seed, steps"):
        run_solos_study(read_recipe(RECIPE, "smoke", SolosStudy), tmp_path, tmp_path)
    facts = {
        "seed": 0,
        "piece": "a",
        "segment": 0,
        "n_sources": 2,
        "instrument": "Tuba",
        "sdr": 1.0,
        "sir": 1.0,
        "sar": 1.0,
    }
    scores = pd.DataFrame([{"system": "mixture", **facts}])
    assert len(list(system_lines(scores))) == 3
    with pytest.raises(MetadataError, match="expected sources scored for pixels-other-corpus and pixels-scratch"):
        list(ordering_lines(scores))


def test_what_was_decoded_is_kept_in_files_and_the_same_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts = (("timgm", 0),)
    plan = SoloPlan(instruments=("Tuba",), per_instrument=1, duration_s=2.0, fonts=fonts, side=32)
    write_solos(tmp_path / "solos", plan)
    write_ensembles(tmp_path / "urmp", EnsemblePlan(sizes=(2,), duration_s=2.0, fonts=fonts, side=32))
    opened = functools.partial(open_solos, tmp_path / "solos", sample_rate=11_025, frame_size=16)
    pieces = functools.partial(open_pieces, tmp_path / "urmp", sample_rate=11_025)
    (clip,), (piece,) = opened().clips, pieces()
    (kept,), (kept_piece,) = opened(keep_in=tmp_path / "kept").clips, pieces(keep_in=tmp_path / "kept")
    assert isinstance(kept.frames, np.memmap)
    assert isinstance(kept_piece.frames, np.memmap)
    assert np.array_equal(kept.frames, clip.frames)
    assert np.array_equal(kept.samples, clip.samples)
    assert np.array_equal(kept.seen([0.0, 1.2]), clip.seen([0.0, 1.2]))
    assert np.array_equal(kept_piece.players_at([0.0, 1.2]), piece.players_at([0.0, 1.2]))

    def decode(*_: object) -> None:
        raise BegunError

    monkeypatch.setattr("rebalance.training.solos._solo_library.stream_frames", decode)
    (again,) = opened(keep_in=tmp_path / "kept").clips
    assert np.array_equal(again.frames, clip.frames)
    with pytest.raises(BegunError):
        opened()


def test_batches_are_made_where_they_are_used_and_a_device_that_is_none_is_refused(tmp_path: Path) -> None:
    batch = replace(mixer(shows_players=True, stretched=False), device=torch.device("meta")).batch(0)
    assert batch.frames is not None
    assert {each.device.type for each in (batch.sources, batch.slots, batch.gains_db, batch.frames)} == {"meta"}
    study = replace(read_recipe(RECIPE, "smoke", SolosStudy), device="abacus")
    solos = (library("Violin", "Tuba"), library("Violin", "Tuba"))
    material = SolosMaterial(solos=solos, other=solos, pieces=())
    with pytest.raises(ConfigError, match="abacus"):
        train_system(study, material, tmp_path, "multi-head-u-net", 0)


def test_silence_among_solos_is_refused(tmp_path: Path) -> None:
    from rebalance.video import write_video

    (tmp_path / "videos" / "Tuba").mkdir(parents=True)
    frames, silence = np.zeros((50, 16, 16, 3), np.uint8), np.zeros((1, 22_050))
    write_video(tmp_path / "videos" / "Tuba" / "x.mp4", frames, frame_rate=25, sound=silence, sample_rate=11_025)
    (tmp_path / "solos_ids.json").write_text('{"Tuba": ["x"]}')
    (tmp_path / "solos_timestamps.json").write_text('{"Tuba": {"x": [[0, 49]]}}')
    with pytest.raises(MetadataError, match=r"x\.mp4: expected music, found silence"):
        open_solos(tmp_path, sample_rate=11_025, frame_size=8)
