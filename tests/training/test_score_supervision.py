"""Learning to separate from scores: hand values, what moves what, and the three steps on a tiny library."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance._base.errors import ConfigError
from rebalance.separation import ModelCard, load_separator
from rebalance.separation.score_supervised import N_NOTES, ScoreSupervisedSeparator, ScoreTcn, TcnConfig
from rebalance.training import (
    ScoredData,
    ScoreExperiment,
    _loop,
    export_score_separator,
    run_score_experiment,
    trained_score_network,
)
from rebalance.training._loss_validation import LossValidation
from rebalance.training._schedule import PlateauSettings
from rebalance.training._score_steps import without_adversary
from rebalance.training.data import (
    ClipMaker,
    ClipSettings,
    clips_at,
    open_library,
    prepare_library_tracks,
    read_scored_tracks,
)
from rebalance.training.data._stem_library import read_manifest, write_notes
from rebalance.training.score_supervision import (
    ScoreLossSettings,
    SemiSupervisedObjective,
    _score_objectives as objectives,
    adversarial_mixture_loss,
    adversarial_transcription_loss,
    classification_loss,
    clip_activity,
    harmonic_activity,
    harmonic_matrix,
    instrument_loss,
    mixture_loss,
    own_score_loss,
    piano_roll,
    pitch_loss,
    score_loss,
    transcription_loss,
)

from .conftest import PLAIN, SAMPLE_RATE, mixer_of

TRIO = ("Piano", "Guitar", "Bass")
SMALL = {"bottleneck": 8, "hidden": 8, "n_repeats": 1, "n_blocks": 3}
CHANCES = torch.tensor([[0.8, 0.1], [0.3, 0.6]])[None, :, :, None]
ROLL = torch.eye(2)[None, :, :, None]


def small(role: str) -> ScoreTcn:
    torch.manual_seed(0)
    return ScoreTcn(TcnConfig(role=role, **SMALL))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (score_loss(CHANCES, ROLL), 1.1960),
        (pitch_loss(CHANCES, ROLL), 0.7340),
        (instrument_loss(CHANCES, ROLL), 0.7340),
        (transcription_loss(CHANCES, ROLL), 1.2914),
        (own_score_loss(CHANCES, ROLL, 0), 1.6015),
        (adversarial_mixture_loss(CHANCES, ROLL), -1.1960),
        (adversarial_transcription_loss(CHANCES, ROLL, 0), 2.5823),
    ],
)
def test_losses_have_their_hand_values(value: torch.Tensor, expected: float) -> None:
    assert float(value) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("active", "expected"), [([1.0, 1.0], 2.0), ([1.0, 0.0], 6.0)])
def test_the_mixture_loss_by_the_clip_has_its_hand_values(active: list[float], expected: float) -> None:
    mixture = torch.tensor([5.0, 3.0])[None, :, None]
    estimates = torch.tensor([[4.0, 1.0], [2.0, 1.0]])[None, :, :, None]
    assert float(mixture_loss(mixture, estimates, torch.tensor(active)[None, :, None, None])) == expected


def test_the_mixture_loss_by_the_bin_has_its_hand_value() -> None:
    mixture = torch.tensor([5.0, 3.0])[None, :, None]
    estimates = torch.tensor([[4.0, 1.0], [2.0, 1.0]])[None, :, :, None]
    active = torch.tensor([[1.0, 1.0], [0.0, 1.0]])[None, :, :, None]
    assert float(mixture_loss(mixture, estimates, active)) == 4.0


def test_weights_of_instruments_weigh_their_part_of_the_loss() -> None:
    alone = score_loss(CHANCES, ROLL, torch.tensor([1.0, 0.0]))
    assert float(alone) == pytest.approx(-math.log(0.8) - math.log(0.9), abs=1e-5)
    weights = ScoreLossSettings(activity=(0.41, 0.14, 0.67)).instrument_weights()
    assert weights is not None
    assert float(weights.mean()) == pytest.approx(1.0)
    assert weights.argmax() == 1


def test_an_instrument_that_never_plays_weighs_as_much_as_the_mean() -> None:
    weights = ScoreLossSettings(activity=(0.5, 0.0, 0.25)).instrument_weights()
    assert weights is not None
    torch.testing.assert_close(weights, torch.tensor([2 / 3, 1.0, 4 / 3]))
    assert ScoreLossSettings(activity=(0.0, 0.0)).instrument_weights() is None


def test_a_loss_stays_finite_where_the_transcriptor_is_sure_and_wrong() -> None:
    assert torch.isfinite(score_loss(1.0 - ROLL, ROLL)).all()
    assert torch.isfinite(adversarial_mixture_loss(1.0 - ROLL, ROLL)).all()


def test_a_classifier_in_doubt_loses_ln_2_a_frame() -> None:
    loss = classification_loss(torch.zeros(1, 2, 1, 5), torch.ones(1, 2, 5))
    assert float(loss) == pytest.approx(10 * math.log(2), abs=1e-4)


@pytest.mark.parametrize(
    ("role", "hidden", "bottleneck", "expected"),
    [
        ("transcriptor", 128, 64, 705_467),
        ("separator", 128, 64, 888_182),
    ],
)
def test_networks_have_the_number_of_parameters(role: str, hidden: int, bottleneck: int, expected: int) -> None:
    network = ScoreTcn(TcnConfig(role=role, instruments=TRIO, hidden=hidden, bottleneck=bottleneck))
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_four_seconds_are_129_frames_and_every_output_may_see_all_of_them() -> None:
    network = small("separator")
    assert network.spectra(torch.zeros(1, 64_000)).shape == (1, 1025, 129)
    assert 2 * TcnConfig(role="separator").reach_frames + 1 == 1531


def test_the_transform_is_undone_exactly() -> None:
    signal = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (2, 64_000)).astype(np.float32))
    network = small("separator")
    back = network.signals(network.spectra(signal), signal.shape[-1])
    torch.testing.assert_close(back, signal, atol=1e-6, rtol=0)


def test_the_windows_are_square_roots_of_hann_windows_with_silence_beyond_the_ends() -> None:
    signal = torch.from_numpy(np.random.default_rng(1).normal(0, 0.1, (2, 16_000)).astype(np.float32))
    expected = torch.stft(
        signal, 2048, 500, window=torch.hann_window(2048).sqrt(), pad_mode="constant", return_complex=True
    )
    network = small("separator")
    assert torch.equal(network.spectra(signal), expected)
    assert "window" not in network.state_dict()


def test_harmonics_begin_with_the_fundamental() -> None:
    matrix = harmonic_matrix(TcnConfig(role="separator"), 2)
    a4 = 69 - 21
    assert matrix[a4].nonzero().flatten().tolist() == [55, 56, 57, 112, 113, 114]


def test_activity_follows_the_score() -> None:
    roll = torch.zeros(1, 2, N_NOTES, 3)
    roll[0, 1, 48, 1] = 1.0
    active = harmonic_activity(roll, harmonic_matrix(TcnConfig(role="separator"), 1))
    assert active.nonzero().tolist() == [[0, 1, bin_, 1] for bin_ in (55, 56, 57)]
    assert clip_activity(roll).flatten().tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([[0.0, 100.0, 20.0]], "from 21 to 108, got 20"),
        ([[0.0, 100.0, 109.0]], "from 21 to 108, got 109"),
        ([[0.0, math.nan, 60.0]], "NaN or infinity"),
    ],
)
def test_notes_that_no_piano_has_are_refused(notes: list[list[float]], words: str) -> None:
    config = TcnConfig(role="transcriptor")
    with pytest.raises(ConfigError, match=words):
        piano_roll([(0, np.array(notes, dtype=np.float32))], config, 10, sample_rate=16_000)


def test_a_score_without_notes_is_an_empty_roll() -> None:
    roll = piano_roll([(0, np.zeros((0, 3), np.float32))], TcnConfig(role="transcriptor"), 5, sample_rate=16_000)
    assert not roll.any()


def test_notes_before_and_after_the_clip_are_cut() -> None:
    notes = np.array([[-5000.0, -100.0, 60.0], [-500.0, 500.0, 62.0], [2000.0, 9000.0, 64.0]], dtype=np.float32)
    roll = piano_roll([(0, notes)], TcnConfig(role="transcriptor"), 5, sample_rate=16_000)
    assert not roll[0, 60 - 21].any()
    assert roll[0, 62 - 21].tolist() == [1, 0, 0, 0, 0]
    assert roll[0, 64 - 21].tolist() == [0, 0, 0, 0, 1]


@pytest.fixture(scope="module")
def scored_stems(stem_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    for path in stem_folder.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(stem_folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    pitches = {"Violin_1": 76.0, "Violin_2": 69.0, "Cello": 48.0, "Flute": 81.0, "Clarinet": 62.0, "Bassoon": 45.0}
    for entry in read_manifest(folder):
        onset = 1.5 * SAMPLE_RATE if entry.label == "Cello" else 0.0
        write_notes(folder, entry, np.array([[onset, 3 * SAMPLE_RATE, pitches[entry.label]]]))
    return folder


@pytest.fixture
def batch(scored_stems: Path):
    settings = {**PLAIN, "coherent_share": 1.0, "crop_samples": 44_100, "batch_size": 3, "least_activity": 0.0}
    return mixer_of(open_library([scored_stems]), **settings).batch(0)


def gradients(network: torch.nn.Module) -> list[bool]:
    return [p.grad is not None and bool(p.grad.any()) for p in network.parameters()]


def test_the_score_of_a_clip_sounds_in_its_bins(batch) -> None:
    clips = objectives.clips_of(batch, small("separator"))
    inside = harmonic_activity(clips.roll, harmonic_matrix(TcnConfig(role="separator"), 8)).bool()
    energy = objectives.sources_of(clips, small("separator")).square()
    playing = (clips.roll.amax(dim=2) > 0)[:, :, None].expand_as(energy)
    assert float(energy[inside].sum() / energy[playing].sum()) > 0.9


def test_the_critic_stays_as_it_is(batch) -> None:
    separator, critic = small("separator"), small("transcriptor")
    objective = objectives.CriticObjective(settings=ScoreLossSettings(), transcriptor=critic)
    objective(separator, batch)["loss"].backward()
    assert all(parameter.grad is None for parameter in critic.parameters())
    assert any(gradients(separator))
    assert all(parameter.requires_grad for parameter in critic.parameters())


@pytest.mark.parametrize("adversary", ["none", "mixture", "transcription"])
def test_neither_of_both_moves_the_other(batch, adversary: str) -> None:
    settings = ScoreLossSettings(adversary=adversary)
    both = objectives.Joint(small("separator"), small("transcriptor"))
    found = objectives.JointObjective(settings=settings)(both, batch)
    found["loss"].backward()
    separator, transcriptor = small("separator"), small("transcriptor")
    objectives.CriticObjective(settings=settings, transcriptor=transcriptor)(separator, batch)["loss"].backward()
    for joint, alone in zip(both.separator.parameters(), separator.parameters(), strict=True):
        torch.testing.assert_close(joint.grad, alone.grad)
    if adversary == "none":
        objectives.TranscriptionObjective(settings=settings)(transcriptor, batch)["loss"].backward()
        for joint, alone in zip(both.transcriptor.parameters(), transcriptor.parameters(), strict=True):
            torch.testing.assert_close(joint.grad, alone.grad)
    else:
        assert found["adversary"].item() != 0.0


def test_remixed_clips_take_every_instrument_from_another_clip() -> None:
    estimates = torch.arange(9.0).reshape(3, 3, 1, 1)
    roll = torch.arange(9.0).reshape(3, 3, 1, 1)
    remixed, scores = objectives.remixed_clips(estimates, roll)
    assert scores[0].flatten().tolist() == [0.0, 4.0, 8.0]
    assert remixed.flatten().tolist() == [12.0, 12.0, 12.0]


def test_a_source_is_judged_by_the_level_of_its_mixture(batch) -> None:
    clips = objectives.clips_of(batch, small("separator"))
    sources = objectives.sources_of(clips, small("separator"))
    assert float(clips.mixture.square().flatten(1).mean(dim=1).sqrt().sub(1).abs().max()) < 1e-4
    assert float(sources.square().flatten(2).mean(dim=2).max()) < 2.0


def test_stems_without_notes_are_refused(stem_folder: Path) -> None:
    settings = {**PLAIN, "coherent_share": 1.0, "crop_samples": 44_100}
    batch = mixer_of(open_library([stem_folder]), **settings).batch(0)
    with pytest.raises(ConfigError, match="no notes beside it"):
        objectives.clips_of(batch, small("transcriptor"))


@pytest.fixture(scope="module")
def tracks(scored_stems: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracks")
    prepare_library_tracks([scored_stems], TcnConfig(role="transcriptor").instruments, folder)
    return folder


def experiment(folder: Path, step: str, **changes: object) -> ScoreExperiment:
    plain = {"warmup_steps": 1, "decay_steps": 1, "save_every": 1, "validate_every": 1, "gradient_clip": 1e3}
    return ScoreExperiment(
        step=step,
        data=ScoredData(train=(folder,), validation=(folder,), stems=(folder,)),
        network=TcnConfig(role="transcriptor", **SMALL),
        clips=ClipSettings(batch_size=3, clip_s=1.0),
        train=_loop.TrainSettings(steps=2, **plain),
        validation_batches=1,
        **changes,
    )


def test_all_steps_run_resume_and_ship(tracks: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    step_1 = experiment(tracks, "transcriptor")
    run_score_experiment(step_1, first, device="cpu", stop_after=1)
    run_score_experiment(step_1, first, device="cpu")
    step_2 = experiment(tracks, "separator", transcriptor=first)
    run_score_experiment(step_2, second, device="cpu")
    step_3 = experiment(
        tracks, "joint", transcriptor=first, separator=second, loss=ScoreLossSettings(adversary="mixture")
    )
    run_score_experiment(step_3, third, device="cpu")
    best = trained_score_network(step_3, third)
    path = tmp_path / "mine.safetensors"
    export_score_separator(step_3, third, path, ModelCard(shrinkage=(0.5,)))
    separator = load_separator(path, device="cpu")
    assert isinstance(separator, ScoreSupervisedSeparator)
    for name, value in best.separator.state_dict().items():
        torch.testing.assert_close(separator.network.state_dict()[name], value.to(torch.float16).float())


def test_what_is_compared_with_runs_too(tracks: Path, tmp_path: Path) -> None:
    run_score_experiment(experiment(tracks, "supervised"), tmp_path / "stems", device="cpu")
    run_score_experiment(experiment(tracks, "classifier"), tmp_path / "classifier", device="cpu")
    baseline = experiment(tracks, "classified", transcriptor=tmp_path / "classifier")
    run_score_experiment(baseline, tmp_path / "classified", device="cpu")
    run_score_experiment(experiment(tracks, "transcriptor"), tmp_path / "critic", device="cpu")
    few = experiment(tracks, "semi-supervised", transcriptor=tmp_path / "critic")
    run_score_experiment(few, tmp_path / "few", device="cpu")


def test_the_loss_falls(tracks: Path, tmp_path: Path) -> None:
    settings = experiment(tracks, "transcriptor")
    longer = replace(settings, train=replace(settings.train, steps=40, learning_rate=0.01, decay_steps=5, log_every=1))
    run_score_experiment(longer, tmp_path, device="cpu")
    rows = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    assert rows["loss"][-5:].mean() < 0.5 * rows["loss"][:5].mean()


@pytest.mark.parametrize(
    ("step", "changes", "words"),
    [
        ("separator", {}, "expected transcriptor, the run of the first step"),
        ("joint", {"transcriptor": Path("a")}, "expected separator, the run of the second step"),
        ("fourth", {}, "step: expected one of transcriptor"),
    ],
)
def test_a_step_that_lacks_another_is_refused(step: str, changes: dict[str, Path], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        experiment(Path(), step, **changes)


def test_estimates_are_remixed_from_three_clips_at_least(tracks: Path) -> None:
    whole = experiment(tracks, "joint", transcriptor=Path("a"), separator=Path("b"))
    with pytest.raises(ConfigError, match="3 or more clips"):
        replace(whole, loss=ScoreLossSettings(adversary="mixture"), clips=replace(whole.clips, batch_size=2))


def test_a_step_is_judged_by_what_it_has_not_seen_and_keeps_its_best(tracks: Path, tmp_path: Path) -> None:
    whole = experiment(tracks, "transcriptor")
    run_score_experiment(whole, tmp_path, device="cpu")
    rows = np.genfromtxt(tmp_path / "validation.csv", delimiter=",", names=True)
    held_out = ClipMaker(
        tracks=read_scored_tracks([tracks], whole.network.instruments, 16_000), settings=whole.clips, seed=0
    )
    weights = replace(ScoreLossSettings(), activity=(1.0,) * 8)
    objective = objectives.TranscriptionObjective(settings=weights)
    validation = LossValidation(figures=without_adversary(objective), batches=held_out, n_batches=1)
    found = validation(trained_score_network(replace(whole, weigh_instruments=False), tmp_path), 0)
    assert len(rows) == 2
    assert np.isfinite(found["loss"])
    assert found["selection"] == -found["loss"]


def test_a_step_halves_its_rate_and_stops_when_validation_stays(tracks: Path, tmp_path: Path) -> None:
    whole = experiment(tracks, "supervised")
    stuck = replace(
        whole.train,
        steps=30,
        learning_rate=1e-12,
        plateau=PlateauSettings(factor=0.5, patience=1, threshold=0.5),
        stop_after_flat=5,
        log_every=1,
    )
    run_score_experiment(replace(whole, train=stuck), tmp_path, device="cpu")
    log = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    validated = np.genfromtxt(tmp_path / "validation.csv", delimiter=",", names=True)
    assert len(validated) < 30
    assert np.atleast_1d(log["learning_rate"])[-1] <= 0.5e-12


def test_what_is_adversarial_is_left_out_of_the_validation(tracks: Path) -> None:
    whole = experiment(tracks, "supervised")
    clips = ClipMaker(
        tracks=read_scored_tracks([tracks], whole.network.instruments, 16_000), settings=whole.clips, seed=0
    )
    both = objectives.Joint(small("separator"), small("transcriptor")).eval()
    losses = [
        LossValidation(
            figures=without_adversary(objectives.JointObjective(settings=ScoreLossSettings(adversary=adversary))),
            batches=clips,
            n_batches=1,
        )(both, 0)["loss"]
        for adversary in ("none", "mixture", "transcription")
    ]
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-5)


def test_only_clips_with_stems_are_held_against_stems(batch) -> None:
    separator, critic = small("separator"), small("transcriptor")
    settings = ScoreLossSettings()
    alone = objectives.CriticObjective(settings=settings, transcriptor=critic)(separator, batch)["loss"]
    clips = objectives.clips_of(batch, separator)
    distances = objectives.stem_loss(objectives.estimates_of(separator, clips), objectives.sources_of(clips, separator))
    found = SemiSupervisedObjective(settings=settings, transcriptor=critic, n_with_stems=2)(separator, batch)
    assert float(found["stems"].detach()) == pytest.approx(float(distances[:2].mean().detach()), rel=1e-5)
    assert float(found["loss"].detach()) == pytest.approx(float((alone + found["stems"]).detach()), rel=1e-5)


def test_a_semi_supervised_step_needs_tracks_with_stems(tracks: Path) -> None:
    whole = experiment(tracks, "semi-supervised", transcriptor=Path("a"))
    with pytest.raises(ConfigError, match=r"expected data\.stems"):
        replace(whole, data=replace(whole.data, stems=()))


def test_inference_takes_no_score() -> None:
    assert list(inspect.signature(ScoreSupervisedSeparator.__call__).parameters) == ["self", "mixture", "instruments"]
    assert list(inspect.signature(ScoreTcn.forward).parameters) == ["self", "magnitudes", "players"]


def test_a_separator_that_is_told_who_plays_gives_the_others_silence() -> None:
    torch.manual_seed(0)
    config = TcnConfig(role="separator", bottleneck=8, hidden=8, n_blocks=2, told_players=True)
    network = ScoreTcn(config).eval()
    mixture = torch.rand(1, config.n_bins, 9)
    players = torch.tensor([[name in ("Flute", "Cello") for name in config.instruments]])
    masks = network.masks(mixture, players)
    assert (masks[:, ~players[0]] == 0).all()
    assert (masks[:, players[0]] > 0).all()
    others = players.roll(1, dims=1) | players
    assert not torch.allclose(masks[:, players[0]], network.masks(mixture, others)[:, players[0]])
    with pytest.raises(ConfigError, match="expected who plays"):
        network(mixture)
    separator = ScoreSupervisedSeparator(name="told", network=network, card=ModelCard())
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 16_000)).astype(np.float32)
    assert not np.allclose(separator(noise, ("Flute", "Cello"))["Flute"], separator(noise, ("Flute",))["Flute"])


def test_only_separators_are_told_who_plays(tracks: Path) -> None:
    transcriptor = ScoreTcn(TcnConfig(role="transcriptor", bottleneck=8, hidden=8, n_blocks=2, told_players=True))
    assert transcriptor.players is None
    before, told = (
        replace(experiment(tracks, "transcriptor").network, told_players=told_players) for told_players in (False, True)
    )
    steps = ("transcriptor", "supervised")
    same = [
        replace(experiment(tracks, step), network=before).description
        == replace(experiment(tracks, step), network=told).description
        for step in steps
    ]
    assert same == [True, False]


def test_clips_tell_who_plays_in_the_piece(tracks: Path) -> None:
    config = TcnConfig(role="separator", **SMALL)
    track = read_scored_tracks([tracks], config.instruments, config.sample_rate)[0]
    silent = replace(track, notes=tuple(played[:0] for played in track.notes))
    clips = objectives.clips_of(clips_at([(track, 0), (silent, 0)], 1.0), ScoreTcn(config))
    assert clips.players[0].tolist() == [len(played) > 0 for played in track.notes]
    assert not clips.players[1].any()
    assert clips.players[0].any()


def test_leaving_silent_estimates_out_of_the_criticism_moves_the_separator_alike(tracks: Path) -> None:
    torch.manual_seed(0)
    separator, critic = ScoreTcn(TcnConfig(role="separator", told_players=True, **SMALL)), small("transcriptor")
    track = read_scored_tracks([tracks], separator.config.instruments, separator.config.sample_rate)[0]
    clips = objectives.clips_of(clips_at([(track, 0)], 1.0), separator)
    assert not clips.players.all()
    gradients = []
    for heard in (clips.players, torch.ones_like(clips.players)):
        separator.zero_grad()
        estimates = objectives.estimates_of(separator, clips)
        objectives.criticised(estimates, critic.eval(), clips, ScoreLossSettings(), heard)["loss"].backward()
        gradients.append([part.grad.clone() for part in separator.parameters() if part.grad is not None])
    for some, every in zip(*gradients, strict=True):
        torch.testing.assert_close(some, every)
