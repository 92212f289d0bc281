"""Training trackers and refiners on a tiny library of tones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import SMALL_CAUSAL_TRACKER, SMALL_REFINER, SMALL_TRACKER, small_tracker

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, checkpoint_header, load_separator
from rebalance.separation._checkpoints import digest_file
from rebalance.separation.player_tracker import (
    Refiner,
    TrackerNetwork,
    load_tracker_checkpoint,
    save_tracker_checkpoint,
)
from rebalance.training import TrainSettings, progress_of_run
from rebalance.training._ear_distance import EarBank
from rebalance.training._experiment import Data
from rebalance.training._losses import LossSettings
from rebalance.training._pitch_labels import (
    IGNORED,
    PitchTargets,
    pitch_labels,
    pitch_targets,
    sounding_notes,
    source_pitches,
)
from rebalance.training._refining import RefinerExperiment, RefiningObjective, run_refiner_experiment
from rebalance.training._tracker_exporting import export_tracker, stamp_tracker
from rebalance.training._tracking_objective import TrackingLoss, state_loss
from rebalance.training._transcribing import TrackerExperiment, VariedMixer, begin_with, run_tracker_experiment
from rebalance.training.data import Batch, MixingSettings, open_library
from rebalance.training.data._stem_library import StemLibrary, read_manifest, write_notes

from .conftest import PLAIN, SAMPLE_RATE, mixer_of, tone

N_PITCHES = 288


def bin_of(midi: float) -> int:
    return round(3 * (midi - 33))


def batch_of(sources: list[np.ndarray], notes: tuple[np.ndarray | None, ...] = ()) -> Batch:
    signals = torch.from_numpy(np.stack(sources).astype(np.float32))[None, :, None].expand(-1, -1, 2, -1)
    slots = torch.tensor([[14, 2, -1][: len(sources)]])  # violin, cello, nobody
    return Batch(sources=signals, slots=slots, gains_db=torch.zeros(slots.shape), notes=(notes,) if notes else ())


def small_settings(steps: int = 2) -> TrainSettings:
    return TrainSettings(steps=steps, log_every=1, save_every=1, validate_every=2, loss=LossSettings(masks_only=True))


def tracker_experiment(folder: Path, steps: int = 2) -> TrackerExperiment:
    return TrackerExperiment(
        data=Data(train=(folder,), held_out={"same": folder}),
        network=SMALL_TRACKER,
        mixing=MixingSettings(batch_size=1, crop_samples=32_768, **PLAIN),  # type: ignore[arg-type]
        train=small_settings(steps),
        validation_batches=1,
    )


@pytest.mark.parametrize("mono_share", [0.0, 1.0])
def test_noise_is_as_wide_as_the_mixture_it_lies_behind(library: StemLibrary, mono_share: float) -> None:
    mixer = mixer_of(library, batch_size=6, background_db=(-30.0, -20.0), **PLAIN)
    plain, varied = mixer.batch(0), VariedMixer(mixer=mixer, mono_share=mono_share).batch(0)
    assert plain.background is not None
    assert varied.background is not None
    alike = 0
    for before, noise, after, varied_noise in zip(
        plain.sources, plain.background, varied.sources, varied.background, strict=True
    ):
        if mono_share:
            assert torch.equal(varied_noise[0], varied_noise[1])
            assert torch.allclose(varied_noise[0], noise.mean(dim=0))
        else:
            swapped = torch.equal(after, before.flip(1))
            assert torch.equal(varied_noise, noise.flip(0) if swapped else noise)
            alike += not swapped
    assert mono_share or 0 < alike < 6


def refiner_experiment(folder: Path, tracker: Path, steps: int = 2) -> RefinerExperiment:
    return RefinerExperiment(
        data=Data(train=(folder,), held_out={}),
        tracker=tracker,
        tracker_network=SMALL_TRACKER,
        network=SMALL_REFINER,
        mixing=MixingSettings(batch_size=1, crop_samples=32_768, **PLAIN),  # type: ignore[arg-type]
        train=small_settings(steps),
    )


def test_labels_are_the_pitches_of_tones_and_silence() -> None:
    sources = [tone(76, seconds=2), tone(48, seconds=2, silent_s=1.0), np.zeros(2 * SAMPLE_RATE)]
    labels = pitch_labels(small_tracker(), batch_of(sources))[0]
    middle = labels[:, 10:30]
    assert ((middle[0] - bin_of(76)).abs() <= 1).all()
    assert (middle[1] == N_PITCHES).all()
    assert ((labels[1, 55:80] - bin_of(48)).abs() <= 1).all()
    assert (labels[2] == IGNORED).all()


def test_pitches_of_sources_are_midi_pitches_and_none_in_silence() -> None:
    signals = np.stack([np.stack([sound] * 2) for sound in (tone(76, seconds=2), tone(48, seconds=2, silent_s=1.0))])
    pitches = source_pitches(small_tracker(), signals.astype(np.float32), ("Flute", "Cello"))
    assert np.abs(pitches[0, 10:30] - 76).max() <= 0.5
    assert np.isnan(pitches[1, 10:30]).all()
    assert np.abs(pitches[1, 55:80] - 48).max() <= 0.5


def test_what_is_asked_of_a_tracker_ahead_is_what_sounds_so_many_frames_later() -> None:
    sources = [tone(76, seconds=2), tone(48, seconds=2, silent_s=1.0)]
    now, later = (
        pitch_targets(small_tracker(config=replace(SMALL_CAUSAL_TRACKER, ahead_frames=n_frames)), batch_of(sources))
        for n_frames in (0, 2)
    )
    assert torch.equal(later.labels[..., :-2], now.labels[..., 2:])
    assert torch.equal(later.label_offsets[..., :-2], now.label_offsets[..., 2:])
    assert (later.labels[..., -2:] == IGNORED).all()
    assert (now.labels != IGNORED).all()
    network = small_tracker(config=SMALL_CAUSAL_TRACKER)
    pitches = source_pitches(network, batch_of(sources).sources[0].numpy(), ("Violin", "Cello"))
    assert np.isnan(pitches[:, -1]).all()


def test_a_causal_tracker_trains_and_ships(stem_folder: Path, tmp_path: Path) -> None:
    experiment = replace(tracker_experiment(stem_folder), network=SMALL_CAUSAL_TRACKER)
    run_tracker_experiment(experiment, tmp_path / "run", device="cpu")
    validation = pd.read_csv(tmp_path / "run" / "validation.csv")
    assert validation["same/frames"].between(0, 1).all()
    path = tmp_path / "causal.safetensors"
    export_tracker(tmp_path / "run", None, path, ModelCard(), tracker=SMALL_CAUSAL_TRACKER, refiner=SMALL_REFINER)
    stamp_tracker(path)
    assert load_separator(path, device="cpu").info.lookahead_ms == pytest.approx(4.966, abs=1e-3)
    assert checkpoint_header(path)["look_ahead_ms"] == "4.966"  # type: ignore[index]
    assert "4.97 ms of look-ahead" in path.with_suffix(".md").read_text(encoding="utf-8")


def test_notes_keep_a_label_from_the_octave_above() -> None:
    octave = tone(60, harmonics=1) * 0.01 + tone(72)
    notes = np.array([[0.0, 3 * SAMPLE_RATE, 60.0]])
    free, told = (pitch_labels(small_tracker(), batch_of([octave], known))[0, 0, 20:80] for known in ((), (notes,)))
    assert ((free - bin_of(72)).abs() <= 1).all()
    assert ((told - bin_of(60)).abs() <= 2).all()


def test_the_newest_note_counts_and_the_one_before_while_it_may_ring() -> None:
    notes = np.array([[1.0, 2.0, 60.0], [3.0, 4.0, 62.0], [4.0, 5.0, 62.0]])
    newest, before = sounding_notes(notes, np.array([0.5, 1.0, 2.5, 3.5, 9.0]), sample_rate=4)
    assert np.isnan(newest[0])
    assert newest[1:].tolist() == [60.0, 60.0, 62.0, 62.0]
    assert before[3] == 60.0  # 1.5 samples after its end, of two
    assert np.isnan(np.delete(before, 3)).all()  # nothing before, or too long ago
    assert all(np.isnan(found).all() for found in sounding_notes(np.zeros((0, 3)), np.array([1.0]), 4))


def test_a_note_that_rings_louder_than_the_next_is_the_label() -> None:
    before, after = tone(60, seconds=2), tone(67, seconds=2)
    before[SAMPLE_RATE:] *= np.exp(-np.arange(SAMPLE_RATE) / (0.1 * SAMPLE_RATE))  # rings on
    after[: round(1.2 * SAMPLE_RATE)] = 0.0  # speaks late
    notes = np.array([[0.0, SAMPLE_RATE, 60.0], [SAMPLE_RATE, 2 * SAMPLE_RATE, 67.0]])
    batch = batch_of([before + after], (notes,))
    targets, labels = pitch_targets(small_tracker(), batch), pitch_labels(small_tracker(), batch)
    times_s = (np.arange(labels.shape[-1]) + 1) * 1024 / SAMPLE_RATE - 2048 / SAMPLE_RATE
    ringing, spoken = (times_s > 1.02) & (times_s < 1.1), (times_s > 1.35) & (times_s < 1.45)
    assert ((labels[0, 0, ringing] - bin_of(60)).abs() <= 1).all()
    assert (targets.share[0, 0, ringing] > 0.9).all()
    assert ((labels[0, 0, spoken] - bin_of(67)).abs() <= 1).all()
    assert (targets.share[0, 0, spoken] < 0.1).all()
    assert (targets.share[0, 0, times_s < 0.9] == 0).all()


def test_notes_move_with_crop_and_tuning(stem_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stems"
    folder.mkdir()
    for path in stem_folder.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(stem_folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    pitches = {"Violin_1": 76.0, "Violin_2": 69.0, "Cello": 48.0, "Flute": 81.0, "Clarinet": 62.0, "Bassoon": 45.0}
    for entry in read_manifest(folder):
        onset = 1.5 * SAMPLE_RATE if entry.label == "Cello" else 0.0
        write_notes(folder, entry, np.array([[onset, 3 * SAMPLE_RATE, pitches[entry.label]]]))
    library = open_library([folder])
    mixer = mixer_of(library, **{**PLAIN, "random_detune_cents": 100.0, "crop_samples": 65_536})
    network = small_tracker()
    n_checked = 0
    for step in range(3):
        batch = mixer.batch(step)
        labels = pitch_labels(network, batch)
        for mixture, its_notes in enumerate(batch.notes):
            for source, notes in enumerate(its_notes):
                assert notes is not None
                if int(batch.slots[mixture, source]) < 0:
                    continue
                found = labels[mixture, source]
                sounding = found[(found >= 0) & (found < N_PITCHES)]
                if len(sounding) and len(notes):
                    n_checked += 1
                    assert abs(float(sounding.float().median()) - 3 * (notes[-1, 2] - 33)) <= 1.5
    assert n_checked > 4


def test_the_loss_of_states_is_least_for_the_true_ones() -> None:
    labels = torch.tensor([[[10, 20, N_PITCHES], [IGNORED] * 3]])
    nothing = torch.zeros(labels.shape)
    targets = PitchTargets(
        states=labels, earlier=torch.zeros_like(labels), share=nothing, offsets=nothing, earlier_offsets=nothing
    )
    right = torch.full((1, 2, N_PITCHES + 1, 3), -5.0)
    for frame, state in enumerate((10, 20, N_PITCHES)):
        right[0, 0, state, frame] = 8.0
    wrong = right.roll(30, dims=2)
    losses = [float(state_loss(logits, targets, TrackingLoss())) for logits in (right, torch.zeros_like(right), wrong)]
    assert losses == sorted(losses)
    exact = TrackingLoss(smoothing=0.0, spread=0.0)
    assert float(state_loss(right * 10, targets, exact)) == pytest.approx(0.0, abs=1e-3)
    halves = replace(targets, earlier=torch.full_like(labels, 40), share=torch.full(labels.shape, 0.5))
    shared = right.clone()
    shared[0, 0, 40] = 8.0
    shared[0, 0, N_PITCHES, 2] = shared[0, 0, 40, 2] = 8.0
    assert float(state_loss(shared * 10, halves, exact)) == pytest.approx(np.log(2), abs=1e-3)


@pytest.mark.parametrize("cents", [-16, -8, 0, 4, 14])
def test_what_is_asked_for_between_two_states_has_the_pitch_as_its_mean(cents: int) -> None:
    midi = 57 + cents / 100
    targets = pitch_targets(small_tracker(), batch_of([tone(midi)]))
    middle = slice(20, 60)
    place = targets.labels + targets.label_offsets
    assert (place[0, 0, middle] - 3 * (midi - 33)).abs().max() <= 0.2  # 7 cents
    logits = torch.zeros((1, 1, N_PITCHES + 1, targets.states.shape[-1]), requires_grad=True)
    state_loss(logits, targets, TrackingLoss(smoothing=0.0)).backward()
    assert logits.grad is not None
    wanted = (1 / (N_PITCHES + 1) / targets.states.numel() - logits.grad[0, 0]).clamp(min=0)[:-1, middle]
    wanted = torch.where(wanted > 2 / (N_PITCHES + 1) / targets.states.numel(), wanted, 0.0)
    mean = (wanted * torch.arange(N_PITCHES)[:, None]).sum(dim=0) / wanted.sum(dim=0)
    assert (mean - 3 * (midi - 33)).abs().max() <= 0.25


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_what_damaged_ears_hear_is_part_of_what_a_refiner_minimises(
    stem_folder: Path, tmp_path: Path, weight: float
) -> None:
    run_tracker_experiment(tracker_experiment(stem_folder), tmp_path / "tracker", device="cpu")
    experiment = replace(refiner_experiment(stem_folder, tmp_path / "tracker" / "state.safetensors"), ear=weight)
    run_refiner_experiment(experiment, tmp_path / "refiner", device="cpu")
    log = pd.read_csv(tmp_path / "refiner" / "log.csv")
    parts = log["spectrum"] + log["remix"] + log["energy"] + weight * log["ear"]
    assert np.allclose(log["loss"], parts, atol=1e-4)
    assert (log["ear"] > 0).all() == bool(weight)


def test_a_refiner_learns_on_what_both_trackers_find(stem_folder: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.safetensors" for name in ("first", "second", "joined")]
    networks = [small_tracker(seed=seed) for seed in (1, 2, 1)]
    for path, network in zip(paths, networks, strict=True):
        save_tracker_checkpoint(path, network, ModelCard())
    stamp_tracker(paths[2], second="second.safetensors")
    losses = {}
    for path in paths:
        experiment = replace(refiner_experiment(stem_folder, path), truth_share=0.0)
        run_refiner_experiment(experiment, tmp_path / path.stem, device="cpu")
        losses[path.stem] = pd.read_csv(tmp_path / path.stem / "log.csv")["loss"].iloc[0]
    assert len({round(loss, 4) for loss in losses.values()}) == 3

    batch = batch_of([tone(76), tone(48)])
    objective = RefiningObjective(
        trackers=tuple(networks[:2]), experiment=experiment, bank=EarBank.of(n_bins=2049, sample_rate=SAMPLE_RATE)
    )
    pitched, _ = objective.pitches(batch, 1)
    with torch.no_grad():
        first, second = (torch.softmax(each(batch.mixture, batch.slots).logits, dim=2) for each in networks[:2])
    both = torch.softmax((torch.log(first + 1e-6) + torch.log(second + 1e-6)) / 2, dim=2)
    torch.testing.assert_close(pitched[:, :, 0], both[:, :, :-1, 0], atol=1e-5, rtol=1e-4)


def test_a_tracker_and_a_refiner_train_resume_and_ship(stem_folder: Path, tmp_path: Path) -> None:
    tracker_run, refiner_run = tmp_path / "tracker", tmp_path / "refiner"
    run_tracker_experiment(tracker_experiment(stem_folder), tracker_run, device="cpu")
    run_tracker_experiment(tracker_experiment(stem_folder, steps=3), tracker_run, device="cpu")
    assert progress_of_run(tracker_experiment(stem_folder), tracker_run).step == 3
    state = tracker_run / "state.safetensors"
    run_refiner_experiment(refiner_experiment(stem_folder, state), refiner_run, device="cpu")
    assert progress_of_run(refiner_experiment(stem_folder, state), refiner_run).step == 2
    path = tmp_path / "shipped.safetensors"
    export_tracker(tracker_run, refiner_run, path, ModelCard(), tracker=SMALL_TRACKER, refiner=SMALL_REFINER)
    stamp_tracker(path, shrinkage=(0.5,), training={"Budget": "3 steps"})
    separator = load_separator(path, device="cpu")
    assert separator.info.shrinkage == (0.5,)
    assert "3 steps" in path.with_suffix(".md").read_text(encoding="utf-8")
    mixture = np.stack([tone(76) + tone(48)] * 2).astype(np.float32)
    estimates = separator(mixture, ("Violin", "Cello"))
    np.testing.assert_allclose(sum(estimates.values()), mixture, atol=1e-5)
    again = tmp_path / "again.safetensors"
    export_tracker(tracker_run, path, again, ModelCard(), tracker=SMALL_TRACKER, refiner=SMALL_REFINER)
    kept, before = (load_tracker_checkpoint(each).refiner for each in (again, path))
    assert kept is not None
    assert before is not None
    assert all(torch.equal(kept.state_dict()[name], value) for name, value in before.state_dict().items())


def test_runs_begin_with_weights_that_ship(stem_folder: Path, tmp_path: Path) -> None:
    tracker, refiner = TrackerNetwork(SMALL_TRACKER), Refiner(SMALL_REFINER)
    path, bare = tmp_path / "shipped.safetensors", tmp_path / "bare.safetensors"
    save_tracker_checkpoint(path, tracker, ModelCard(), refiner=refiner)
    save_tracker_checkpoint(bare, tracker, ModelCard())
    for trained in (tracker, refiner):
        begun = TrackerNetwork(SMALL_TRACKER) if trained is tracker else Refiner(SMALL_REFINER)
        begin_with(begun, path)
        for name, value in trained.state_dict().items():
            assert torch.equal(begun.state_dict()[name], value.to(torch.float16).float()), name
    with pytest.raises(ConfigError, match="expected a tracker with a refiner"):
        begin_with(refiner, bare)
    with pytest.raises(ConfigError, match="does not fit the network"):
        begin_with(TrackerNetwork(replace(SMALL_TRACKER, width=SMALL_TRACKER.width * 2)), path)
    with pytest.raises(ConfigError, match="does not fit the network"):
        begin_with(Refiner(replace(SMALL_REFINER, channels=(4, 16))), path)
    with pytest.raises(ConfigError, match="expected the state"):
        begin_with(tracker, digest_file(path))


def test_a_larger_tracker_begins_with_what_the_smaller_gives(tmp_path: Path) -> None:
    smaller, path = small_tracker(), tmp_path / "smaller.safetensors"
    save_tracker_checkpoint(path, smaller, ModelCard())
    smaller = load_tracker_checkpoint(path).network
    larger = replace(SMALL_TRACKER, longer_windows=(8192, 16_384), timbre=True, n_layers=2, n_player_layers=3)
    grown = TrackerNetwork(larger).eval()
    begin_with(grown, path)
    mixture = 0.05 * torch.randn(2, 2, 40_000, generator=torch.Generator().manual_seed(0))
    slots = torch.tensor([[14, 2, -1], [0, 4, 6]])
    with torch.inference_mode():
        found, expected = (network(mixture, slots) for network in (grown, smaller))
    torch.testing.assert_close(found.first, expected.first, rtol=0, atol=1e-4)
    torch.testing.assert_close(found.logits, expected.logits, rtol=0, atol=1e-4)
    with pytest.raises(ConfigError, match="does not fit the network"):
        begin_with(TrackerNetwork(replace(SMALL_TRACKER, channels=(4, 8, 8), time_strides=(2, 1))), path)


def test_other_settings_do_not_continue_a_run(stem_folder: Path, tmp_path: Path) -> None:
    experiment = tracker_experiment(stem_folder, steps=1)
    run_tracker_experiment(experiment, tmp_path, device="cpu")
    with pytest.raises(ConfigError, match="tracking"):
        run_tracker_experiment(replace(experiment, loss=TrackingLoss(first=0.1)), tmp_path, device="cpu")
