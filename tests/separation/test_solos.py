"""The two systems of Solos: counts, hand values, separators, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rebalance import AudioError, ConfigError
from rebalance.separation import ModelCard, Separator, Sighted, check_separator, load_separator, placed_at
from rebalance.separation.solos import (
    MULTI_HEAD_WIDTHS,
    SOLOS_INSTRUMENTS,
    AudioUNet,
    LogSpectrum,
    LogSpectrumConfig,
    MultiHeadConfig,
    MultiHeadSeparator,
    MultiHeadUNet,
    PixelsConfig,
    PixelsSeparator,
    SoundOfPixels,
    VisionConfig,
    activation_maps,
    binary_masks,
    framed,
    multi_head_estimates,
    normalised_levels,
    pixels_estimates,
    ratio_masks,
    save_solos_network,
)

SHORT = LogSpectrumConfig(segment_samples=4_095, n_rows=32)  # 16 frames
SMALL_HEADS = MultiHeadConfig(widths=(2, 4), spectrum=SHORT)
SMALL_PIXELS = PixelsConfig(
    widths=(2, 4),
    n_components=3,
    vision=VisionConfig(widths=(2, 4), blocks=(1, 1), frame_size=16, frame_spacing_s=0.1),
    spectrum=SHORT,
)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def heads() -> MultiHeadUNet:
    torch.manual_seed(0)
    return MultiHeadUNet(SMALL_HEADS).eval()


def pixels() -> SoundOfPixels:
    torch.manual_seed(0)
    network = SoundOfPixels(SMALL_PIXELS).eval()
    torch.nn.init.normal_(network.audio.to_components.weight, 0.0, 3.0)  # so that some bins fall to each side
    return network


def dark(n_players: int):
    return lambda times_s: np.zeros((n_players, len(times_s), 16, 16, 3), np.uint8)


def noise(*shape: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(shape)).astype(np.float32)


def test_the_multi_head_unet_has_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        network = MultiHeadUNet(MultiHeadConfig())
        assert (count(network.encoder), count(network.decoders[0]), count(network)) == (
            2_794_720,
            2_358_139,
            33_450_527,
        )
        assert count(MultiHeadUNet(MultiHeadConfig(shared_decoder=True))) == 5_154_719
        assert count(MultiHeadUNet(MultiHeadConfig(widths=MULTI_HEAD_WIDTHS["paper"]))) == 98_904_495
    assert MultiHeadConfig(widths=MULTI_HEAD_WIDTHS["paper"]).sizes == "published"


def test_the_sound_of_pixels_has_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        network = SoundOfPixels(PixelsConfig())
    assert count(network.audio) == 30_274_210
    assert (count(network.vision.trunk), count(network.vision.to_components)) == (11_176_512, 147_488)
    assert network.scales.numel() + network.bias.numel() == 33
    assert count(network) == 30_274_210 + 11_176_512 + 147_488 + 33


def test_a_published_frame_gives_maps_of_fourteen_by_fourteen() -> None:
    vision = SoundOfPixels(
        PixelsConfig(widths=(2, 4), vision=VisionConfig(widths=(2, 2, 2, 2), blocks=(2, 2, 2, 2)))
    ).vision
    assert vision.maps(torch.zeros(1, 1, 3, 224, 224)).shape == (1, 32, 14, 14)


def test_a_published_segment_gives_512_by_256_bins_and_256_rows() -> None:
    config = LogSpectrumConfig()
    transform = LogSpectrum(config)
    spectra = transform.spectra(torch.zeros(65_535))
    assert (config.n_bins, config.n_frames, config.bound) == (512, 256, 511.0)
    assert spectra.shape == (512, 256)
    assert transform.warp(spectra.abs()).shape == (256, 256)
    assert config.segment_s == pytest.approx(5.944, abs=1e-3)


def test_rows_read_the_bins_of_the_released_code() -> None:
    places = LogSpectrum(LogSpectrumConfig()).row_places[[0, 1, 64, 128, 192, 255]]
    assert places.tolist() == pytest.approx([0.0, 0.31, 29.3, 92.2, 227.4, 511.0], abs=0.06)


def test_the_warp_equals_grid_sampling_with_aligned_corners() -> None:
    transform = LogSpectrum(LogSpectrumConfig())
    image = torch.rand(1, 1, 512, 7)
    rows = torch.linspace(-1, 1, 256)
    down = (21 ** ((rows + 1) / 2) - 11) / 10
    grid = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 7), down, indexing="xy"), dim=-1)[None]
    sampled = torch.nn.functional.grid_sample(image, grid, align_corners=True)
    assert torch.allclose(transform.warp(image), sampled, atol=2e-4)
    bins = torch.linspace(-1, 1, 512)
    back = 2 * torch.log(10 * bins + 11) / np.log(21) - 1
    grid = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 7), back, indexing="xy"), dim=-1)[None]
    small = torch.rand(1, 1, 256, 7)
    again = torch.nn.functional.grid_sample(small, grid, align_corners=True)
    assert torch.allclose(transform.unwarp(small), again, atol=2e-4)


def test_the_edges_are_not_halved_and_a_constant_stays_one() -> None:
    transform = LogSpectrum(LogSpectrumConfig())
    ones = torch.ones(512, 3)
    assert torch.allclose(transform.warp(ones), torch.ones(256, 3))
    assert torch.allclose(transform.unwarp(transform.warp(ones)), ones)


def test_a_smooth_spectrum_survives_warp_and_unwarp() -> None:
    transform = LogSpectrum(LogSpectrumConfig())
    smooth = torch.cos(torch.linspace(0, 6, 512))[:, None]
    assert (transform.unwarp(transform.warp(smooth)) - smooth).abs().max() < 1e-3


def test_full_scale_reaches_the_bound_and_what_is_louder_is_clamped_to_it() -> None:
    transform = LogSpectrum(LogSpectrumConfig())
    loudest = transform.spectra(torch.ones(65_535)).abs().max().item()
    assert loudest == pytest.approx(511.0, rel=1e-5)
    assert transform.bounded(transform.spectra(3.0 * torch.ones(65_535))).max().item() == 511.0


def test_levels_are_stretched_from_minus_one_to_one_and_silence_is_minus_one() -> None:
    levels = normalised_levels(torch.tensor([[0.0, 1.0], [10.0, 511.0]]))
    assert (levels.amin().item(), levels.amax().item()) == (-1.0, 1.0)
    assert (normalised_levels(torch.zeros(4, 4)) == -1).all()


def test_ratio_masks_of_three_and_one_are_three_quarters_and_one() -> None:
    masks = ratio_masks(torch.tensor([3.0, 1.0])[:, None, None]).flatten().tolist()
    assert masks == pytest.approx([0.75, 0.25], abs=1e-4)
    assert ratio_masks(torch.zeros(13, 1, 1)).flatten().tolist() == pytest.approx([1 / 13] * 13)


def test_complementary_masks_give_every_bin_to_one_source_where_thresholds_do_not() -> None:
    equal = torch.ones(2, 1, 1)
    assert binary_masks(equal, torch.full((1, 1), 1.5)).sum() == 2
    assert binary_masks(equal, torch.full((1, 1), 2.1)).sum() == 0
    assert binary_masks(equal, torch.full((1, 1), 2.1), complementary=True).flatten().tolist() == [1.0, 0.0]


def test_the_synthesiser_weighs_components_by_sight() -> None:
    network = SoundOfPixels(PixelsConfig(widths=(2, 4), n_components=2, vision=SMALL_PIXELS.vision, spectrum=SHORT))
    torch.nn.init.constant_(network.bias, 0.1)
    components = torch.tensor([2.0, 4.0]).reshape(1, 2, 1, 1)
    logit = network.chosen(components, torch.tensor([[[0.5, 0.25]]]))
    assert logit.item() == pytest.approx(2.1)
    assert logit.sigmoid().item() == pytest.approx(0.8909, abs=1e-4)


def test_the_masks_of_all_heads_sum_to_one_and_one_logit_of_three_gives_at_most_626() -> None:
    masks = heads()(torch.randn(2, 32, 16))
    assert torch.allclose(masks.sum(dim=1), torch.ones(2, 32, 16), atol=1e-6)
    assert torch.tensor([3.0] + [0.0] * 12).softmax(dim=0)[0].item() == pytest.approx(0.626, abs=1e-3)


def test_a_rectified_output_never_falls_below_zero_and_a_plain_one_does() -> None:
    levels = torch.randn(1, 32, 16)
    lowest = {}
    for rectified in (True, False):
        network = MultiHeadUNet(MultiHeadConfig(widths=(2, 4), spectrum=SHORT, rectified_output=rectified)).train()
        found: list[torch.Tensor] = []
        for decoder in network.decoders:
            decoder.register_forward_hook(lambda module, given, made, found=found: found.append(made))
        network(levels)
        lowest[rectified] = min(scores.min().item() for scores in found)
    assert lowest[True] >= 0 > lowest[False]


def test_the_audio_network_starts_with_small_weights() -> None:
    network = AudioUNet((4, 8, 8), 3)
    weights = torch.cat(
        [module.weight.flatten() for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    )
    assert 0.0008 < weights.std().item() < 0.0012


def test_frames_are_taken_about_the_middle_and_never_outside_a_segment() -> None:
    vision = VisionConfig()
    assert vision.times_s(10.0, 8.0) == (11.0, 14.0, 17.0)
    assert vision.times_s(10.0, 4.0) == (10.0, 12.0, 14.0)
    assert VisionConfig(n_frames=1).times_s(0.0, 4.0) == (2.0,)


def test_the_middle_square_of_a_frame_is_what_is_seen() -> None:
    frame = np.zeros((20, 60, 3), np.uint8)
    frame[:, 20:40] = 255
    assert framed(frame, 10).shape == (3, 10, 10)
    assert framed(frame, 10).mean() > 0.95


@pytest.mark.parametrize("n_samples", [1, 300, 4_095, 9_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_estimates_have_the_shape_of_any_mixture(n_samples: int, n_channels: int) -> None:
    mixture = noise(n_channels, n_samples)
    assert multi_head_estimates(heads(), mixture, ["Tuba", "Horn"]).shape == (2, n_channels, n_samples)
    made = pixels_estimates(pixels(), mixture, dark(3), n_players=3)
    assert made.shape == (3, n_channels, n_samples)


def test_the_estimates_of_all_thirteen_heads_sum_to_the_mixture() -> None:
    mixture = noise(2, 9_000)
    estimates = multi_head_estimates(heads(), mixture, SOLOS_INSTRUMENTS)
    assert np.abs(estimates.sum(axis=0) - mixture).max() < 1e-5


def test_silence_stays_silent() -> None:
    silence = np.zeros((1, 5_000), np.float32)
    assert not multi_head_estimates(heads(), silence, ["Tuba"]).any()
    assert not pixels_estimates(pixels(), silence, dark(2), n_players=2).any()


def test_the_separator_of_the_multi_head_unet_keeps_the_contract() -> None:
    report = check_separator(MultiHeadSeparator(name="heads", network=heads(), card=ModelCard()))
    assert report.passed, [result for result in report.results if result.outcome == "failed"]


def test_an_instrument_without_a_head_is_refused() -> None:
    separator = MultiHeadSeparator(
        name="duo",
        network=MultiHeadUNet(MultiHeadConfig(heads=("Violin",), widths=(2, 4), spectrum=SHORT)),
        card=ModelCard(),
    )
    with pytest.raises(
        ConfigError, match=r"separator 'duo': expected instruments with a head, Violin, got \['Cello'\]"
    ):
        separator(noise(1, 100), ("Violin", "Cello"))


def test_two_voices_of_an_instrument_share_its_head() -> None:
    made = MultiHeadSeparator(name="heads", network=heads(), card=ModelCard())(noise(1, 4_000), ("Violin", "Violin"))
    assert np.array_equal(made["Violin_1"], made["Violin_2"])


def test_a_separator_that_looks_has_to_be_shown_the_players() -> None:
    separator = PixelsSeparator(name="eyes", network=pixels(), card=ModelCard())
    assert isinstance(separator, Sighted)
    assert isinstance(separator, Separator)
    with pytest.raises(ConfigError, match="separator 'eyes': expected a video beside the mixture"):
        separator(noise(1, 100), ("Violin",))
    with pytest.raises(ConfigError, match="video: expected 3 players in view, got 2"):
        separator.shown(dark(2))(noise(1, 4_000), ("Violin", "Cello", "Flute"))


@pytest.mark.parametrize("spoilt", [np.full((1, 100), np.nan, np.float32), np.zeros((3, 100), np.float32)])
def test_a_mixture_that_cannot_be_used_is_refused(spoilt: np.ndarray) -> None:
    with pytest.raises(AudioError):
        PixelsSeparator(name="eyes", network=pixels(), card=ModelCard()).shown(dark(1))(spoilt, ("Violin",))
    with pytest.raises(AudioError):
        activation_maps(pixels(), spoilt, np.zeros((1, 3, 16, 16, 3), np.uint8))


def test_a_block_of_a_recording_sees_the_frames_of_its_own_time() -> None:
    asked: list[float] = []

    def players_at(times_s):
        asked.extend(times_s)
        return np.zeros((1, len(times_s), 16, 16, 3), np.uint8)

    shown = PixelsSeparator(name="eyes", network=pixels(), card=ModelCard()).shown(players_at)
    placed_at(shown, 30.0)(noise(1, 8_000), ("Violin",))
    block_s = SHORT.n_frames * SHORT.hop / SHORT.sample_rate
    middles = [30.0 + SHORT.segment_s / 2, 30.0 + block_s + (8_000 / 11_025 - block_s) / 2]
    assert asked[1::3] == pytest.approx(middles)


def test_what_is_seen_changes_what_is_heard() -> None:
    network, mixture = pixels(), noise(1, 4_000)
    torch.nn.init.normal_(network.vision.to_components.weight, 0.0, 3.0)
    light = lambda times_s: np.full((1, len(times_s), 16, 16, 3), 255, np.uint8)  # noqa: E731
    assert not np.array_equal(
        pixels_estimates(network, mixture, dark(1), n_players=1), pixels_estimates(network, mixture, light, n_players=1)
    )


def test_models_come_back_from_a_folder_and_by_their_path(tmp_path: Path) -> None:
    save_solos_network(tmp_path / "heads" / "model.safetensors", heads(), ModelCard(data=("tones",)))
    save_solos_network(tmp_path / "pixels" / "model.safetensors", pixels(), ModelCard())
    mixture = noise(1, 4_000)
    expected = multi_head_estimates(heads(), mixture, ["Flute"])[0]
    for name in (f"multi-head-u-net:{tmp_path / 'heads'}", str(tmp_path / "heads" / "model.safetensors")):
        separator = load_separator(name, device="cpu")
        assert np.array_equal(separator(mixture, ("Flute",))["Flute"], expected)
        assert separator.card.training["Widths"] == "small"
        assert separator.info.external_training_data
    looking = load_separator(f"sound-of-pixels:{tmp_path / 'pixels'}", device="cpu")
    assert isinstance(looking, PixelsSeparator)
    assert looking.info.n_parameters == count(pixels())


def test_models_of_another_kind_missing_or_damaged_are_refused(tmp_path: Path) -> None:
    save_solos_network(tmp_path / "pixels.safetensors", pixels(), ModelCard())
    with pytest.raises(ConfigError, match="expected a checkpoint of format 'rebalance-multi-head-u-net/1'"):
        load_separator(f"multi-head-u-net:{tmp_path}", device="cpu")
    save_solos_network(tmp_path / "second.safetensors", pixels(), ModelCard())
    with pytest.raises(ConfigError, match=r"found pixels\.safetensors, second\.safetensors"):
        load_separator(f"sound-of-pixels:{tmp_path}", device="cpu")
    with pytest.raises(ConfigError, match="expected a checkpoint"):
        load_separator(f"sound-of-pixels:{tmp_path / 'nowhere'}", device="cpu")
    spoilt = bytearray((tmp_path / "second.safetensors").read_bytes())
    spoilt[-1] ^= 1
    (tmp_path / "second.safetensors").write_bytes(spoilt)
    with pytest.raises(ConfigError, match="the file is damaged or changed"):
        load_separator(tmp_path / "second.safetensors", device="cpu")


def test_a_map_is_brightest_where_the_picture_lets_the_mixture_through() -> None:
    network = pixels()
    torch.nn.init.zeros_(network.audio.to_components.weight)
    torch.nn.init.constant_(network.audio.to_components.bias, 4.0)  # every component lets everything through
    torch.nn.init.constant_(network.bias, -4.0)
    frames = np.zeros((1, 3, 16, 16, 3), np.uint8)
    maps = activation_maps(network, noise(1, 4_000), frames)
    with torch.inference_mode():
        seen = network.vision.maps(torch.from_numpy(framed(frames, 16))).sigmoid()[0]
    expected = (4.0 * seen.sum(dim=0) - 4.0).sigmoid()
    assert maps.shape == (1, 4, 4)
    assert np.allclose(maps[0], expected.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogSpectrumConfig(hop=512),
        lambda: LogSpectrumConfig(segment_samples=100),
        lambda: MultiHeadConfig(heads=("Violin", "Violin")),
        lambda: MultiHeadConfig(heads=()),
        lambda: MultiHeadConfig(widths=(4,)),
        lambda: MultiHeadConfig(widths=(2,) * 9),
        lambda: PixelsConfig(widths=(2,) * 9),
        lambda: PixelsConfig(n_components=0),
        lambda: VisionConfig(widths=(2, 4), blocks=(1,)),
    ],
)
def test_sizes_that_cannot_be_built_are_refused(make) -> None:
    with pytest.raises(ConfigError):
        make()
