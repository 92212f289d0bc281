from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import signal

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import ConfigError
from rebalance.synthesis.sound import decode_stereo
from rebalance.synthesis.sound._rooms import BFormatResponse
from rebalance.training.data import Mixer, MixingSettings, open_rooms
from rebalance.training.data._mixing import random_gains_db
from rebalance.training.data._mixture_colour import draw_equalisers
from rebalance.training.data._room_bank import PLAYERS, TAPS
from rebalance.training.data._stem_library import StemLibrary

from .conftest import PLAIN, VOICES, mixer_of


def test_a_step_gives_the_same_batch_whatever_was_made_before(library: StemLibrary) -> None:
    first, second = mixer_of(library), mixer_of(library)
    for step in range(3):
        second.batch(step)
    assert torch.equal(first.batch(7).sources, second.batch(7).sources)
    assert not torch.equal(first.batch(7).sources, first.batch(8).sources)


def test_processes_get_different_batches_of_one_step(library: StemLibrary) -> None:
    mixer = mixer_of(library)
    assert not torch.equal(mixer.batch(0, rank=0).mixture, mixer.batch(0, rank=1).mixture)


def test_slots_of_a_batch_name_what_was_mixed_and_padding_is_silent(library: StemLibrary) -> None:
    mixer = mixer_of(library, batch_size=6)
    batch = mixer.batch(3)
    for sources, slots in zip(batch.sources, batch.slots, strict=True):
        present = slots[slots >= 0].tolist()
        assert len(set(present)) == len(present) >= 2
        assert {VOICES[slot][0] for slot in present} <= set(library.by_instrument)
        assert not sources[slots < 0].any()


def test_the_higher_of_two_voices_is_the_first(library: StemLibrary) -> None:
    mixer = mixer_of(library, coherent_share=1.0, n_sources_weights=(0.0, 1.0, 0.0, 0.0), batch_size=8, **PLAIN)
    batch = mixer.batch(0)
    found = 0
    for sources, slots in zip(batch.sources, batch.slots.tolist(), strict=True):
        for voice, pitch in ((1, 76), (2, 69)):
            slot = VOICES.index(("Violin", voice))
            if slot in slots:
                spectrum = np.abs(np.fft.rfft(sources[slots.index(slot)].mean(dim=0).numpy()))
                peak_hz = np.argmax(spectrum) * 44_100 / sources.shape[-1]
                assert peak_hz == pytest.approx(440 * 2 ** ((pitch - 69) / 12), abs=4)
                found += 1
    assert found


def test_where_notes_are_known_the_higher_in_the_crop_is_the_first(library: StemLibrary) -> None:
    upper, lower = (stem.entry for stem in library.stems if stem.entry.instrument == "Violin")
    mixer = mixer_of(library)
    late = 10.0 * mixer.settings.crop_samples
    crossing = np.array([[0, 1000, 60], [late, 2 * late, 90]], dtype=np.float32)
    steady = np.array([[-5000, 1000, 69]], dtype=np.float32)
    first, second = (VOICES.index(("Violin", voice)) for voice in (1, 2))
    assert mixer._slots((upper, lower), (None, None)) == [first, second]
    assert mixer._slots((upper, lower), (crossing, steady)) == [second, first]
    assert mixer._slots((upper, lower), (crossing[1:], steady)) == [first, second]  # it rests: as the whole part is


def test_mixtures_of_one_section_hold_strings_or_woodwinds(library: StemLibrary) -> None:
    mixer = mixer_of(library, coherent_share=0.0, section_share=1.0, batch_size=16)
    kinds = set()
    for slots in mixer.batch(0).slots.tolist():
        kind = {VOICES[slot][0] in {"Cello", "Viola", "Violin"} for slot in slots if slot >= 0}
        assert len(kind) == 1
        kinds |= kind
    assert kinds == {True, False}


def moving_sums(values: np.ndarray, n_samples: int) -> np.ndarray:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return sums[n_samples:] - sums[:-n_samples]


def test_without_augmentation_a_dry_source_is_its_stem_scaled(library: StemLibrary) -> None:
    mixer = mixer_of(library, coherent_share=1.0, batch_size=4, **PLAIN)
    batch = mixer.batch(2)
    stems = {stem.entry.instrument: stem for stem in library.stems if stem.entry.instrument != "Violin"}
    for sources, slots in zip(batch.sources, batch.slots.tolist(), strict=True):
        for source, slot in zip(sources, slots, strict=True):
            if slot >= 0 and VOICES[slot][0] in stems:
                samples = stems[VOICES[slot][0]].samples.astype(np.float64)
                left = source[0].double().numpy()
                correlation = signal.correlate(samples, left, mode="valid", method="fft")
                if len(correlation) > 1 and left[0] and left[-1]:
                    energy = np.sqrt(np.sum(left**2) * moving_sums(samples**2, len(left)))
                    assert np.max(correlation / np.maximum(energy, 1e-9)) > 0.999


def test_silent_crops_are_drawn_again(library: StemLibrary) -> None:
    mixer = mixer_of(library, coherent_share=0.0, batch_size=12, n_sources_weights=(1.0, 0.0, 0.0, 0.0))
    batch = mixer.batch(1)
    levels = batch.sources.square().mean(dim=(2, 3)).sqrt()
    assert (levels[batch.slots >= 0] > 1e-4).all()


def test_pairs_of_one_instrument_come_only_where_the_challenge_allows_them(library: StemLibrary) -> None:
    mixer = mixer_of(library, coherent_share=0.0, pair_share=1.0, batch_size=16, n_sources_weights=(0.0, 0.0, 1.0, 0.0))
    names = [[VOICES[slot][0] for slot in slots if slot >= 0] for slots in mixer.batch(0).slots.tolist()]
    doubled = {name for mixture in names for name in mixture if mixture.count(name) == 2}
    assert doubled
    assert doubled <= set(CAD2_TASK2.doubling_instruments)


def test_an_equaliser_and_another_tuning_change_the_sound_but_not_its_level(library: StemLibrary) -> None:
    plain = mixer_of(library, **PLAIN)
    bent = replace(
        plain, settings=replace(plain.settings, eq_db=6.0, random_detune_cents=100.0, coherent_detune_cents=50.0)
    )
    before, after = plain.batch(0), bent.batch(0)
    assert not torch.allclose(before.sources, after.sources, atol=1e-4)
    level = (before.mixture.square().mean().sqrt() / after.mixture.square().mean().sqrt()).item()
    assert level == pytest.approx(1.0, abs=0.02)


COLOURED = {**PLAIN, "resonance_db": 12.0, "wander_share": 1.0, "background_db": (-40.0, -20.0)}


def test_noise_leaves_the_draws_of_the_sources_as_they_are(library: StemLibrary) -> None:
    mixer = mixer_of(library)
    altered = replace(mixer, settings=MixingSettings(**{**asdict(mixer.settings), "background_db": (-60.0, -60.0)}))
    assert torch.equal(mixer.batch(0).sources[0], altered.batch(0).sources[0])  # noise is drawn last


def test_resonances_change_the_sound_of_a_source_but_not_its_level(library: StemLibrary) -> None:
    before = mixer_of(library, batch_size=1, **PLAIN).batch(0)
    after = mixer_of(library, batch_size=1, **PLAIN | {"resonance_db": 12.0}).batch(0)
    assert torch.equal(before.slots, after.slots)
    assert not torch.allclose(before.sources, after.sources, atol=1e-4)
    assert rms(after.mixture).item() == pytest.approx(rms(before.mixture).item(), rel=0.02)


def test_resonances_are_narrow_and_within_their_height() -> None:
    settings = MixingSettings(crop_samples=16_384, **PLAIN | {"resonance_db": 12.0})  # type: ignore[arg-type]
    frequencies_hz = np.fft.rfftfreq(settings.n_fft, 1 / 44_100)
    heard = (frequencies_hz > 150) & (frequencies_hz < 12_000)
    tallest, apart = [], []
    for seed in range(20):
        gains_db = 20 * np.log10(draw_equalisers(("Flute", "Oboe"), settings, np.random.default_rng(seed)))
        assert gains_db.shape == (2, settings.n_fft // 2 + 1)
        tallest.append(np.abs(gains_db).max())
        semitone = np.searchsorted(frequencies_hz, frequencies_hz[heard] * 2 ** (1 / 12))
        apart.append(np.abs(gains_db[:, semitone] - gains_db[:, heard]).max())
    assert 6 < np.max(tallest) < 30  # several may meet
    assert np.median(apart) > 2  # two notes a semitone apart sound unlike


def test_a_wandering_source_is_not_one_filter_of_its_stem(library: StemLibrary) -> None:
    settings = {**PLAIN, "eq_db": 12.0, "batch_size": 1, "n_sources_weights": (1.0, 0.0, 0.0, 0.0)}
    steady, wandering = (mixer_of(library, **settings, wander_share=share).batch(0).sources[0] for share in (0.0, 1.0))

    def spread_db(sources: torch.Tensor) -> float:
        levels = sources[:, 0].unfold(-1, 2048, 2048).square().mean(dim=-1)
        return float((10 * torch.log10(levels)).std(dim=-1).min())

    assert spread_db(wandering) > 5 * spread_db(steady)


def test_noise_lies_behind_the_mixture_and_belongs_to_no_source(library: StemLibrary) -> None:
    batch = mixer_of(library, batch_size=4, **COLOURED).batch(0)
    assert batch.background is not None
    assert batch.background.shape == batch.mixture.shape
    assert torch.allclose(batch.mixture - batch.sources.sum(dim=1), batch.background, atol=1e-6)
    level_db = 20 * torch.log10(rms(batch.background) / rms(batch.sources.sum(dim=1)))
    assert ((level_db > -40.5) & (level_db < -19.5)).all()
    assert len(set(level_db.tolist())) == 4


def test_coloured_mixtures_do_not_depend_on_what_was_made_before(library: StemLibrary) -> None:
    first, second = mixer_of(library, **COLOURED), mixer_of(library, **COLOURED)
    second.batch(0)
    assert torch.equal(first.batch(3).mixture, second.batch(3).mixture)


def test_settings_without_what_came_later_are_those_of_older_runs() -> None:
    plain = MixingSettings()
    assert "resonance_db" not in plain.lasting
    assert replace(plain, resonance_db=3.0).lasting == {**plain.lasting, "resonance_db": 3.0}
    coloured = MixingSettings(**COLOURED)  # type: ignore[arg-type]
    assert coloured.plain == MixingSettings(**{**PLAIN, "dry_share": 1.0})  # type: ignore[arg-type]


def rms(sound: torch.Tensor) -> torch.Tensor:
    return sound.square().mean(dim=(1, 2)).sqrt()


def test_random_gains_follow_the_rule_of_the_challenge() -> None:
    rng = np.random.default_rng(0)
    seen = set()
    for n_sources in (2, 3, 4, 5):
        for _ in range(200):
            gains = random_gains_db(n_sources, rng)
            altered = [gain for gain in gains if gain]
            assert 1 <= len(altered) < n_sources
            seen |= set(altered)
    assert seen == set(CAD2_TASK2.altered_gains_db)


def test_an_instrument_the_network_has_no_voice_for_is_refused(library: StemLibrary) -> None:
    mixer = replace(mixer_of(library), voices=(("Flute", 1),))
    with pytest.raises(ConfigError, match="no voice for"):
        mixer.batch(0)


def test_a_room_is_decoded_as_the_renderer_decodes_it(tmp_path: Path, library: StemLibrary) -> None:
    rng = np.random.default_rng(1)
    responses = np.zeros((2, PLAYERS, 3, TAPS), dtype=np.float32)
    responses[..., :300] = rng.standard_normal((2, PLAYERS, 3, 300)) * np.exp(-np.arange(300) / 50)
    np.save(tmp_path / "rooms.npy", responses)
    n_fft = 65_536
    bank = open_rooms(tmp_path / "rooms.npy", n_fft=n_fft, device=torch.device("cpu"))
    angles = torch.tensor([0.1, -0.2]), torch.tensor([0.9, 0.9])
    spectra = bank.stereo(torch.tensor([0, 1]), torch.tensor([2, 4]), *angles)
    for row, (hall, player, azimuth) in enumerate(((0, 2, 0.1), (1, 4, -0.2))):
        expected = decode_stereo(
            BFormatResponse(channels=responses[hall, player].astype(np.float64)),
            azimuth_deg=float(np.rad2deg(azimuth)),
            half_angle_deg=float(np.rad2deg(0.9)),
        )
        found = np.fft.irfft(spectra[row].numpy(), n_fft)[:, :TAPS]
        np.testing.assert_allclose(found, expected, atol=1e-4)
    wet = Mixer(
        stem_library=library,
        rooms=open_rooms(tmp_path / "rooms.npy", n_fft=16_384 + TAPS, device=torch.device("cpu")),
        voices=VOICES,
        settings=replace(mixer_of(library).settings, dry_share=0.0),
        seed=5,
        device=torch.device("cpu"),
    )
    assert torch.isfinite(wet.batch(0).sources).all()
