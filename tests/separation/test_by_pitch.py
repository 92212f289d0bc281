"""Separation by pitch, with pitches known and with a tracker of random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_networks import small_tracker

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import ModelCard, load_checkpoint, sdr_db
from rebalance.separation.player_tracker._by_pitch import PitchSeparator
from rebalance.separation.player_tracker._combs import CombSettings, finer_pitches, harmonic_combs, released
from rebalance.separation.player_tracker._tracker import Tracker, load_tracker
from rebalance.transcription import Posteriors, separate_by_pitch

SAMPLE_RATE = 44_100
PITCHES = 33 + np.arange(288) / 3


def tone(midi: float, seconds: float = 1.5, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    frequency = 440 * 2 ** ((midi - 69) / 12)
    return (sum(np.sin(2 * np.pi * frequency * h * time + h) / h for h in range(1, 9)) * 0.05).astype(np.float32)


def steady(midi: dict[str, float], seconds: float = 1.5) -> Posteriors:
    times = np.arange(0, seconds, 0.02)
    values = np.zeros((len(midi), len(times), len(PITCHES) + 1), dtype=np.float32)
    for player, pitch in enumerate(midi.values()):
        values[player, :, int(np.argmin(np.abs(PITCHES - pitch)))] = 1.0
    return Posteriors(values=values, pitches_midi=PITCHES, frame_times_s=times, instruments=tuple(midi))


def tracker() -> Tracker:
    return Tracker(name="small", network=small_tracker(), card=ModelCard())


@pytest.mark.parametrize("sample_rate", [SAMPLE_RATE, 16_000])
def test_two_tones_of_known_pitch_come_apart(sample_rate: int) -> None:
    sources = {"Violin": tone(76, sample_rate=sample_rate), "Cello": tone(50, sample_rate=sample_rate)}
    mixture = np.stack([sum(sources.values())] * 2)
    estimates = separate_by_pitch(mixture, steady({"Violin": 76, "Cello": 50}), sample_rate=sample_rate)
    np.testing.assert_allclose(sum(estimates.values()), mixture, atol=1e-5)
    for name, source in sources.items():
        error = np.sum((estimates[name][0] - source) ** 2) / np.sum(source**2)
        assert 10 * np.log10(error) < -10


def test_a_player_known_to_be_silent_gets_next_to_nothing() -> None:
    posteriors = steady({"Violin": 76, "Cello": 50})
    values = posteriors.values.copy()
    values[1] = 0.0
    values[1, :, -1] = 1.0
    silent = Posteriors(
        values=values,
        pitches_midi=PITCHES,
        frame_times_s=posteriors.frame_times_s,
        instruments=posteriors.instruments,
    )
    estimates = separate_by_pitch(tone(76)[None], silent, sample_rate=SAMPLE_RATE)
    assert np.sum(estimates["Cello"] ** 2) < 1e-3 * np.sum(estimates["Violin"] ** 2)


def test_an_envelope_replaces_the_usual_amplitudes() -> None:
    usual, odd = (
        harmonic_combs(np.array([430.6640625]), SAMPLE_RATE, CombSettings(), envelope)
        for envelope in (None, (1.0, 0.0))
    )
    assert usual[0, [40, 80]].tolist() == pytest.approx([1.0, 0.5])
    assert odd[0, [40, 80]].tolist() == pytest.approx([1.0, 0.0])


def test_a_pitch_lingers_as_the_release_says() -> None:
    pitched = np.zeros((1, 4, 1), dtype=np.float32)
    pitched[0, 0] = 1.0
    assert released(pitched, (0.5, 0.25))[0, :, 0].tolist() == [1.0, 0.5, 0.25, 0.0]
    assert pitched[0, 1, 0] == 0.0


def test_finer_pitches_lie_at_the_mean_of_the_likeliest() -> None:
    pitched = np.zeros((2, 3, 20), dtype=np.float32)
    pitched[0, 0, [7, 8, 15]] = 0.5, 0.25, 0.25  # a third above 7, and another pitch
    pitched[0, 1, [0, 1]] = 0.5, 0.5
    pitched[1, 2, 19] = 1.0
    finer = finer_pitches(pitched, 3)
    assert finer.shape == (2, 3, 60)
    assert {place: float(finer[0, 0, place]) for place in finer[0, 0].nonzero()[0]} == {22: 0.75, 45: 0.25}
    assert finer[0, 1].nonzero()[0].tolist() == [2]
    assert finer[1, 2].nonzero()[0].tolist() == [57]
    np.testing.assert_allclose(finer.sum(axis=-1), pitched.sum(axis=-1))
    np.testing.assert_array_equal(finer_pitches(pitched[1], 3), finer[1])


def test_a_pitch_between_two_states_is_separated_by_combs_there() -> None:
    between = 57 + 1 / 6
    mixture = tone(between, 2.0) + tone(72.4, 2.0)
    n_frames = len(mixture) // 1024 + 3
    places = np.interp([between, 72.4], PITCHES, np.arange(len(PITCHES)))

    def sdr_of_cello(places: np.ndarray) -> float:
        values = np.zeros((2, n_frames, len(PITCHES) + 1), dtype=np.float32)
        for player, place in enumerate(places):
            values[player, :, int(place)] = 1 - place % 1
            values[player, :, int(place) + 1] = place % 1
        posteriors = Posteriors(
            values=values,
            pitches_midi=PITCHES,
            frame_times_s=np.arange(n_frames) * 1024 / SAMPLE_RATE,
            instruments=("Cello", "Violin"),
        )
        estimates = separate_by_pitch(mixture[None], posteriors, sample_rate=SAMPLE_RATE)
        return sdr_db(tone(between, 2.0)[None], estimates["Cello"])

    exact = sdr_of_cello(places)
    assert exact > sdr_of_cello(np.rint(3 * places) / 3) + 1.0  # a ninth of a semitone
    assert exact > sdr_of_cello(np.rint(places)) + 3.0  # a third


def test_a_grid_is_as_fine_as_asked_for() -> None:
    values = np.full((1, 2, len(PITCHES) + 1), 1 / (len(PITCHES) + 1), dtype=np.float32)
    posteriors = Posteriors(values=values, pitches_midi=PITCHES, frame_times_s=np.arange(2.0), instruments=("Cello",))
    assert len(posteriors.finer(4).pitches_midi) == 4 * len(PITCHES)
    assert posteriors.finer(1) is posteriors
    with pytest.raises(ConfigError, match="n_steps: expected a positive number"):
        posteriors.finer(0)


def test_two_of_one_instrument_are_drawn_together_by_as_much_as_the_card_says() -> None:
    mixture = np.stack([tone(76) + tone(72) + tone(50)] * 2)
    separator = PitchSeparator(name="small", tracker=tracker())
    players = ("Violin", "Violin", "Cello")
    apart, halfway, together = (separator.trusting_voices(trust)(mixture, players) for trust in (1.0, 0.5, 0.0))
    mean = (apart["Violin_1"] + apart["Violin_2"]) / 2
    assert np.abs(apart["Violin_1"] - mean).max() > 1e-3
    np.testing.assert_allclose(together["Violin_1"], mean, atol=1e-6)
    np.testing.assert_allclose(together["Violin_2"], mean, atol=1e-6)
    np.testing.assert_allclose(halfway["Violin_1"], (apart["Violin_1"] + mean) / 2, atol=1e-6)
    np.testing.assert_array_equal(together["Cello"], apart["Cello"])


@pytest.mark.parametrize("n_samples", [1, 1000, 70_001])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_any_length_mono_or_stereo(n_samples: int, n_channels: int) -> None:
    mixture = np.random.default_rng(0).standard_normal((n_channels, n_samples)).astype(np.float32) * 0.1
    estimates = PitchSeparator(name="small", tracker=tracker())(mixture, ("Flute", "Flute", "Bassoon"))
    np.testing.assert_allclose(sum(estimates.values()), mixture, atol=1e-5)


def test_chunks_agree_with_the_whole_where_attention_sees_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = np.stack([np.concatenate([tone(76, 5.0), tone(72, 5.0), tone(69, 5.0)])] * 2)
    whole = tracker()(mixture, ("Violin", "Cello"))
    monkeypatch.setattr("rebalance.separation.player_tracker._tracker._CHUNK_S", 9.0)
    monkeypatch.setattr("rebalance.separation.player_tracker._tracker._MARGIN_S", 2.0)
    parts = tracker()(mixture, ("Violin", "Cello"))
    assert parts.values.shape == whole.values.shape
    assert np.abs(parts.values - whole.values).mean() < 0.02


def test_a_tracker_resamples_what_it_is_given() -> None:
    posteriors = tracker()(np.zeros((1, 16_000), dtype=np.float32), ("Oboe",), 16_000)
    assert posteriors.frame_times_s[-1] == pytest.approx(1.0, abs=0.05)
    assert posteriors.values.shape == (1, len(posteriors.frame_times_s), 289)
    np.testing.assert_allclose(posteriors.activity, 1 - posteriors.values[..., -1])


def test_nobody_plays_what_the_instrument_cannot() -> None:
    mixture = np.random.default_rng(0).standard_normal((1, 30_000)).astype(np.float32)
    posteriors = tracker()(mixture, ("Flute",))
    assert posteriors.values[0, :, posteriors_below(posteriors, 58.0)].max() < 1e-6


def posteriors_below(posteriors: Posteriors, midi: float) -> np.ndarray:
    return np.flatnonzero(posteriors.pitches_midi < midi)


def test_posteriors_that_are_no_shares_are_refused() -> None:
    good = steady({"Violin": 76})
    with pytest.raises(AudioError, match="sum to 1"):
        Posteriors(
            values=good.values * 2,
            pitches_midi=PITCHES,
            frame_times_s=good.frame_times_s,
            instruments=good.instruments,
        )
    with pytest.raises(AudioError, match="expected shape"):
        Posteriors(
            values=good.values[:, 1:],
            pitches_midi=PITCHES,
            frame_times_s=good.frame_times_s,
            instruments=good.instruments,
        )


def test_what_is_no_tracker_is_not_loaded_as_one(tracker_checkpoint: Path, network_checkpoint: Path) -> None:
    assert load_tracker(tracker_checkpoint, device="cpu").weights
    with pytest.raises(ConfigError, match="rebalance-tracker/1"):
        load_tracker(network_checkpoint, device="cpu")
    with pytest.raises(ConfigError, match="rebalance-separator/1"):
        load_checkpoint(tracker_checkpoint)
    with pytest.raises(ConfigError, match="expected the path"):
        load_tracker("no such tracker", device="cpu")
