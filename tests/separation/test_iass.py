"""IASS: parameter counts, what reaches a frame, the instrument weight, files, and the separator over its networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import (
    ModelCard,
    WeightedSeparator,
    check_separator,
    frame_median_db,
    load_activity_detector,
    load_separator,
    sdr_db,
    separate_at_rate,
    silent_energy_db,
)
from rebalance.separation.iass import (
    Iass,
    IassConfig,
    IassSeparator,
    active_frames,
    activity_scores,
    instrument_weight,
    load_iass_models,
    read_through,
    save_iass,
)

TINY = IassConfig(target="Flute", channels=(2, 3, 4))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def tiny(target: str = "Flute", seed: int = 0, bias: float = 0.0, **changes: object) -> Iass:
    torch.manual_seed(seed)
    network = Iass(replace(TINY, target=target, **changes)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        network.linear.weight.normal_(std=0.2)
        network.head[-1].bias.fill_(bias)
    return network


def decided(target: str, *, plays: bool) -> Iass:
    network = tiny(target, bias=1.0 if plays else -1.0)
    torch.nn.init.zeros_(network.head[-1].weight)
    return network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_iass(tmp_path / "flute.safetensors", tiny("Flute"), ModelCard(data=("tones",), shrinkage=(0.5,)))
    save_iass(tmp_path / "cello.safetensors", tiny("Cello", seed=1), ModelCard())
    return tmp_path


@pytest.fixture
def mixture() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((2, 30_000))).astype(np.float32)


def test_the_published_network_has_the_published_number_of_parameters_in_every_part() -> None:
    network = Iass(IassConfig(target="Vocals"))
    assert [count(block) for block in network.encoder] == [3_360, 17_664, 43_392]
    assert [count(skip) for skip in network.skips] == [2_320, 9_248]
    assert [count(block) for block in network.decoder] == [47_496, 17_048, 2_033]
    assert count(network.head) == 7_137
    assert count(network.linear) == 3_048_912
    scales = (network.input_mean, network.input_scale, network.output_mean, network.output_scale)
    assert sum(map(torch.numel, scales)) == 7_072
    assert count(network) == 3_205_682


def test_every_block_divides_1487_bins_by_three_and_leaves_time_as_it_is() -> None:
    network, values = Iass(IassConfig(target="Vocals")).eval(), torch.rand(1, 1, 1487, 3)
    shapes = []
    for block in network.encoder:
        values = block(values)
        shapes.append(tuple(values.shape[1:]))
    assert shapes == [(16, 495, 3), (32, 165, 3), (48, 55, 3)]
    assert network.head(values).shape == (1, 1, 1, 3)
    assert network(torch.rand(1, 2049, 3)).mask.shape == (1, 2049, 3)


def test_norms_stand_before_the_activation_on_the_way_down_and_after_it_on_the_way_up() -> None:
    network = Iass(IassConfig(target="Vocals"))

    def kinds(layers: torch.nn.Sequential) -> list[str]:
        return [type(layer).__name__ for layer in layers]

    assert kinds(network.encoder[0].body) == ["Conv2d", "BatchNorm2d", "LeakyReLU"] * 2
    assert kinds(network.decoder[0].body) == ["ConvTranspose2d", "LeakyReLU", "BatchNorm2d"] * 2
    assert kinds(network.decoder[2].body) == ["ConvTranspose2d", "LeakyReLU", "BatchNorm2d", "ConvTranspose2d"]
    assert kinds(network.head) == ["Conv2d", "BatchNorm2d"] * 3 + ["Conv2d"]
    assert network.encoder[0].body[1].momentum == 0.1
    assert network.encoder[0].body[2].negative_slope == 0.01


def test_the_input_loses_its_mean_and_is_divided_by_its_scale() -> None:
    network, magnitudes = tiny(), torch.rand(1, 2049, 4)
    mean, scale = torch.full((1487,), 2.0), torch.full((1487,), 4.0)
    plain = network(magnitudes).mask
    network.standardise(mean, scale)
    torch.testing.assert_close(network(4.0 * magnitudes + 2.0).mask, plain, atol=1e-4, rtol=1e-4)


def reached(change: torch.Tensor) -> tuple[int, int]:
    """Return how far before and after frame 50 something changed."""
    frames = torch.nonzero(change > 1e-9).flatten()
    return 50 - int(frames.min()), int(frames.max()) - 50


def test_a_mask_sees_twelve_frames_either_way_and_the_logit_six() -> None:
    network = tiny().double()
    magnitudes = torch.rand(1, 2049, 100, dtype=torch.float64)
    changed = magnitudes.clone()
    changed[..., 50] += 5.0
    with torch.no_grad():
        before, after = network(magnitudes), network(changed)
    mask_reach = reached((after.mask - before.mask).abs().amax(dim=(0, 1)))
    logit_reach = reached((after.activity - before.activity).abs()[0])
    assert max(mask_reach) <= 12
    assert min(mask_reach) >= 11
    assert logit_reach == (6, 6)


def test_blocks_give_what_all_frames_at_once_give() -> None:
    network, magnitudes = tiny(), torch.rand(2049, 540)
    reading = read_through(network, magnitudes)
    with torch.inference_mode():
        whole = network(magnitudes[None])
    torch.testing.assert_close(reading.mask, whole.mask[0], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(reading.logits, whole.activity[0].numpy(), atol=1e-5)


@pytest.mark.parametrize(("n_frames", "stays"), [(10, False), (11, True)])
def test_a_blip_of_ten_frames_vanishes_and_a_gap_of_ten_closes(n_frames: int, stays: bool) -> None:
    blip = np.full(100, -3.0)
    blip[40 : 40 + n_frames] = 3.0
    assert instrument_weight(blip).any() == stays
    assert (not instrument_weight(-blip).all()) == stays


def test_a_probability_of_a_half_is_not_enough_and_ends_are_reflected() -> None:
    assert not instrument_weight(np.zeros(30)).any()
    at_the_start = np.where(np.arange(60) < 6, 1.0, -1.0)  # reflected: eleven frames
    assert instrument_weight(at_the_start)[0]
    assert not instrument_weight(np.where(np.arange(60) < 5, 1.0, -1.0)).any()
    assert instrument_weight(np.ones(3)).all()  # shorter than the filter
    assert instrument_weight(np.full(30, 1.0), threshold=0.8).sum() == 0
    with pytest.raises(ConfigError, match="odd number of frames"):
        instrument_weight(np.zeros(30), n_frames=20)
    with pytest.raises(AudioError, match="finite values"):
        instrument_weight(np.array([np.nan]))


def test_a_frame_is_active_within_60_db_of_the_loudest_of_the_track() -> None:
    signal = torch.cat([torch.ones(400), 1.1e-3 * torch.ones(400), 0.9e-3 * torch.ones(400)])
    active = active_frames(signal, 100, 100)
    assert active.tolist()[1:12] == [True] * 8 + [False] * 3
    crop = signal[800:]
    assert active_frames(crop, 100, 100).all()  # by itself it is as loud as it gets
    assert not active_frames(crop, 100, 100, loudest_rms=torch.tensor(1.0)).any()
    assert not active_frames(torch.zeros(500), 100, 100).any()


def test_activity_that_nobody_could_find_has_no_scores() -> None:
    silent, found = np.zeros(4, dtype=bool), np.array([True, False, False, False])
    scores = activity_scores(silent, silent)
    assert (scores.precision, scores.recall, scores.f1) == (None, None, None)
    assert (activity_scores(silent, found).precision, activity_scores(silent, found).recall) == (0.0, None)
    assert activity_scores(found, silent).recall == 0.0
    with pytest.raises(AudioError, match="frames of shape"):
        activity_scores(silent, found[:2])


def test_an_inactive_instrument_gives_exactly_nothing_and_an_active_one_what_its_mask_gives(
    mixture: np.ndarray, tmp_path: Path
) -> None:
    for name, plays in (("Flute", False), ("Cello", True)):
        save_iass(tmp_path / f"{name}.safetensors", decided(name, plays=plays), ModelCard())
    weighted = load_separator(f"iass:{tmp_path}", device="cpu")(mixture, ("Flute", "Cello"))
    plain = load_separator(f"iass-unweighted:{tmp_path}", device="cpu")(mixture, ("Flute", "Cello"))
    assert not weighted["Flute"].any()
    assert plain["Flute"].any()
    np.testing.assert_array_equal(weighted["Cello"], plain["Cello"])


def test_a_change_17_frames_away_does_not_move_what_is_heard_of_a_frame(folder: Path) -> None:
    separator = load_separator(f"iass:{folder}", device="cpu")
    rng = np.random.default_rng(1)
    mixture = (0.1 * rng.standard_normal((1, 130 * 1024))).astype(np.float32)
    changed = mixture.copy()
    changed[:, : 60 * 1024] = 0.1 * rng.standard_normal((1, 60 * 1024))
    near, far = separator(mixture, ("Flute",))["Flute"], separator(changed, ("Flute",))["Flute"]
    beyond = (60 + 2 + 17 + 2) * 1024  # half a window of analysis, the reach, half a window of synthesis
    np.testing.assert_allclose(far[:, beyond:], near[:, beyond:], atol=1e-6)
    assert not np.allclose(far[:, : 60 * 1024], near[:, : 60 * 1024], atol=1e-4)


def test_two_targets_serve_as_one_separator_with_the_mixtures_phase(folder: Path, mixture: np.ndarray) -> None:
    separator = load_separator(f"iass:{folder}", device="cpu")
    assert isinstance(separator, IassSeparator)
    estimates = separator(mixture, ("Flute", "Cello", "Flute"))
    assert list(estimates) == ["Flute_1", "Cello", "Flute_2"]
    assert {estimate.shape for estimate in estimates.values()} == {mixture.shape}
    np.testing.assert_array_equal(estimates["Flute_1"], estimates["Flute_2"])
    assert separator.info.n_parameters == count(tiny()) * 2
    assert separator.info.external_training_data is True
    with pytest.raises(ConfigError, match=r"instruments among Cello, Flute, got \['Sax'\]"):
        separator(mixture, ("Flute", "Sax"))


def test_stereo_of_two_equal_channels_is_separated_like_mono(folder: Path, mixture: np.ndarray) -> None:
    separator = load_separator(f"iass-unweighted:{folder}", device="cpu")
    mono = mixture[:1]
    both = separator(np.concatenate([mono, mono]), ("Cello",))["Cello"]
    alone = separator(mono, ("Cello",))["Cello"]
    np.testing.assert_allclose(both, np.concatenate([alone, alone]), atol=1e-6)


def test_a_wiener_step_shares_the_mixture_by_the_squares_of_the_masks(mixture: np.ndarray, tmp_path: Path) -> None:
    for name, mask in (("Flute", 0.5), ("Cello", 1.5)):
        network = decided(name, plays=True)
        torch.nn.init.zeros_(network.output_scale)
        torch.nn.init.constant_(network.output_mean, mask)
        save_iass(tmp_path / f"{name}.safetensors", network, ModelCard())
    separator = load_separator(f"iass-wiener:{tmp_path}", device="cpu")
    estimates = separator(mixture, ("Flute", "Cello"))
    np.testing.assert_allclose(estimates["Flute"], 0.1 * mixture, atol=2e-4)
    np.testing.assert_allclose(sum(estimates.values()), mixture, atol=2e-4)
    alone = separator(mixture, ("Flute",))["Flute"]  # shared with what its mask leaves, as much again
    np.testing.assert_allclose(alone, 0.5 * mixture, atol=2e-4)


def test_a_network_that_knows_its_level_hears_every_mixture_at_it(mixture: np.ndarray, tmp_path: Path) -> None:
    network = tiny()
    network.standardise(torch.zeros(1487), torch.ones(1487), 0.1)
    save_iass(tmp_path / "flute.safetensors", network, ModelCard())
    separator = load_separator(f"iass-unweighted:{tmp_path}", device="cpu")
    loud, soft = (separator(gain * mixture, ("Flute",))["Flute"] for gain in (np.float32(1.0), np.float32(0.01)))
    np.testing.assert_allclose(100.0 * soft, loud, rtol=1e-3, atol=1e-4)
    told = separator.at_level(float(np.mean(mixture**2)))
    np.testing.assert_allclose(told(mixture, ("Flute",))["Flute"], loud, rtol=1e-3, atol=1e-4)


def test_silence_stays_silent_and_nobody_plays_in_it(folder: Path) -> None:
    separator = load_separator(f"iass:{folder}", device="cpu")
    silence = np.zeros((2, 9_000), dtype=np.float32)
    assert not separator(silence, ("Flute",))["Flute"].any()
    activity = separator.activity(silence, ("Flute", "Cello"))
    assert not activity.active.any()
    assert activity.active.shape == (2, 9)
    assert activity.frame_times_s[1] == pytest.approx(1024 / 44_100)


@pytest.mark.parametrize("n_samples", [1, 100, 2_048, 4_097])
def test_files_shorter_than_a_window_are_separated(folder: Path, n_samples: int) -> None:
    separator = load_separator(f"iass:{folder}", device="cpu")
    short = np.full((1, n_samples), 0.1, dtype=np.float32)
    assert separator(short, ("Cello",))["Cello"].shape == (1, n_samples)
    assert separator.activity(short, ("Cello",)).active.shape == (1, 1 + (n_samples - 1) // 1024)


def test_what_is_no_sound_is_refused_and_another_rate_is_converted(folder: Path, mixture: np.ndarray) -> None:
    separator = load_separator(f"iass:{folder}", device="cpu")
    broken = mixture.copy()
    broken[0, 7] = np.nan
    for bad in (broken, mixture[:, :0], mixture[0]):
        with pytest.raises(AudioError):
            separator(bad, ("Flute",))
        with pytest.raises(AudioError):
            separator.activity(bad, ("Flute",))
    other_rate = separate_at_rate(separator, mixture, ("Flute",), sample_rate=48_000)
    assert np.shape(other_rate["Flute"]) == mixture.shape


def test_the_contract_of_separators_holds(tmp_path: Path) -> None:
    for seed, name in enumerate(("Violin", "Viola", "Cello", "Flute", "Oboe")):
        save_iass(tmp_path / f"{name}.safetensors", tiny(name, seed), ModelCard())
    report = check_separator(load_separator(f"iass:{tmp_path}", device="cpu"))
    assert report.passed, report.text()


def test_what_is_no_model_or_does_not_fit_the_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected models of IASS"):
        load_separator(f"iass:{tmp_path}", device="cpu")
    save_iass(tmp_path / "first.safetensors", tiny(), ModelCard())
    save_iass(tmp_path / "second.safetensors", tiny(), ModelCard())
    with pytest.raises(ConfigError, match="models with different targets"):
        load_separator(f"iass:{tmp_path}", device="cpu")
    save_iass(tmp_path / "second.safetensors", tiny("Cello", hop=512), ModelCard())
    with pytest.raises(ConfigError, match="one sample rate, window and hop"):
        load_separator(f"iass:{tmp_path}", device="cpu")
    (tmp_path / "second.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ConfigError, match=r"second\.safetensors: expected a checkpoint of format 'rebalance-iass/1'"):
        load_separator(f"iass:{tmp_path}", device="cpu")
    (tmp_path / "second.safetensors").unlink()
    with (tmp_path / "first.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(ConfigError, match="sha256"):
        load_separator(f"iass:{tmp_path}", device="cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"target": " "},
        {"channels": (0, 1, 1)},
        {"window": 512, "hop": 512},
        {"bandwidth_hz": 5_000.0},
        {"n_pitches": -1},
    ],
)
def test_sizes_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="IASS: expected"):
        replace(TINY, **changes)  # type: ignore[arg-type]


def test_a_model_is_found_by_its_path_and_says_its_widths(folder: Path, mixture: np.ndarray) -> None:
    (model,) = load_iass_models(folder / "flute.safetensors", device=torch.device("cpu"))
    assert model.card.training["Widths"] == "small"
    assert IassConfig(target="Any").widths == "published"
    alone = load_separator(folder / "flute.safetensors", device="cpu")
    together = load_separator(f"iass:{folder}", device="cpu")
    np.testing.assert_array_equal(alone(mixture, ("Flute",))["Flute"], together(mixture, ("Flute",))["Flute"])
    assert load_activity_detector(folder / "flute.safetensors", device="cpu") is not None
    assert load_activity_detector("mixture") is None


def test_a_head_for_pitches_leaves_mask_and_activity_alone(mixture: np.ndarray) -> None:
    network = tiny(n_pitches=40, lowest_midi=55)
    output = network(network.spectra(torch.from_numpy(mixture[:1])).abs())
    assert output.pitches.shape == (1, 40, output.activity.shape[-1])
    assert count(network) == count(tiny()) + 40 * (4 * 55 + 1)


def test_the_weight_is_offered_to_any_separator(tmp_path: Path, mixture: np.ndarray) -> None:
    for name, plays in (("Flute", False), ("Cello", True)):
        save_iass(tmp_path / f"{name}.safetensors", decided(name, plays=plays), ModelCard(data=("tones",)))
    separator = load_separator(f"mixture@iass:{tmp_path}", device="cpu")
    assert isinstance(separator, WeightedSeparator)
    assert separator.name == f"mixture@iass:{tmp_path}"
    estimates = separator(mixture, ("Flute", "Cello", "Viola"))
    assert not estimates["Flute"].any()
    np.testing.assert_allclose(estimates["Cello"], mixture / 3, atol=1e-7)
    np.testing.assert_allclose(estimates["Viola"], mixture / 3, atol=1e-7)  # no network knows it
    assert separator.info.weights != load_separator(f"iass:{tmp_path}", device="cpu").info.weights
    assert separator.info.external_training_data is True
    levelled = separator.at_level(0.01).beginning_at(3.0)
    np.testing.assert_array_equal(levelled(mixture, ("Cello",))["Cello"], mixture)
    with pytest.raises(ConfigError, match="one of Cello, Flute among the instruments, got Viola"):
        separator(mixture, ("Viola",))
    with pytest.raises(ConfigError, match="without true sources"):
        load_separator(f"oracle@iass:{tmp_path}", device="cpu")


def test_energy_in_silence_is_told_where_the_ratios_of_museval_see_nothing() -> None:
    source = np.concatenate([np.ones(8_192), np.zeros(8_192)])
    leaking = np.concatenate([np.ones(8_192), np.full(8_192, 0.01)])
    assert silent_energy_db(source, leaking) == pytest.approx(-40.0)
    assert silent_energy_db(source, source) == -100.0
    assert silent_energy_db(np.ones(8_192), np.ones(8_192)) is None
    stereo = np.stack([source, source])
    assert silent_energy_db(stereo, np.stack([leaking, leaking])) == pytest.approx(-40.0)
    with pytest.raises(AudioError, match="silence"):
        silent_energy_db(np.zeros(8_192), np.zeros(8_192))
    with pytest.raises(AudioError, match="shape"):
        silent_energy_db(source, source[:-1])
    with pytest.raises(AudioError, match="finite"):
        silent_energy_db(source, np.full_like(source, np.nan))


def test_a_leak_into_rests_does_not_move_the_sdr_of_museval() -> None:
    rng, rate = np.random.default_rng(0), 8_192
    played, error = 0.1 * rng.standard_normal((2, 2 * rate)) * [[1.0], [0.1]]
    rests = np.zeros(2 * rate)
    source, clean = np.concatenate([played, rests]), np.concatenate([played + error, rests])
    leaking = np.concatenate([played + error, 0.05 * rng.standard_normal(2 * rate)])
    of_museval = [frame_median_db(sdr_db, source, each, rate, rules="museval") for each in (clean, leaking)]
    assert of_museval[0] == of_museval[1] == pytest.approx(20.0, abs=0.2)
    assert silent_energy_db(source, clean) == -100.0
    assert silent_energy_db(source, leaking) == pytest.approx(-6.0, abs=0.2)
    assert sdr_db(source, leaking) < sdr_db(source, clean) - 10
