"""Any recording for one person: any length and rate, seams that cannot be heard, nothing clipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebalance._base.errors import AudioError, ConfigError, RebalanceError
from rebalance.audio import Blocking, Recording, RecordingStream, changes_of, loudness_lufs, read_audio, write_audio
from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener, prescribe
from rebalance.pipeline import (
    RemixRequest,
    common_attenuation_db,
    estimate_balance,
    gains_by_source,
    rebalance_recording,
    rebalance_stems,
    remix_stream,
    separate_recording,
)
from rebalance.pipeline._block_separation import SEPARATION_BLOCKING
from rebalance.separation import SeparatorInfo, load_separator, source_names

FREQUENCIES_HZ = (250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0)


def recording(
    duration_s: float = 2.0, sample_rate: int = 44_100, n_channels: int = 2, level: float = 0.05
) -> Recording:
    shape = (n_channels, int(duration_s * sample_rate))
    noise = np.random.default_rng(0).normal(0, level, shape)
    return Recording(samples=noise.astype(np.float32), sample_rate=sample_rate)


TRUSTED = SeparatorInfo(shrinkage=0.7)


@dataclass(frozen=True)
class ShareSeparator:
    """Gives the first source a fixed share of the mixture and the others nothing."""

    share: float = 0.5
    name: str = "share"
    sample_rate: int = 44_100
    info: SeparatorInfo = field(default_factory=SeparatorInfo)

    def __call__(self, mixture, instruments: Sequence[str]):
        names = source_names(instruments)
        return {name: mixture * (self.share if name == names[0] else 0.0) for name in names}


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_stems_have_the_length_rate_and_channels_of_the_recording(sample_rate: int, n_channels: int) -> None:
    music = recording(1.3, sample_rate, n_channels)
    stems = separate_recording(music, ("Flute", "Flute", "Cello"), load_separator("mixture"))
    assert list(stems) == ["Flute_1", "Flute_2", "Cello"]
    assert {stem.shape for stem in stems.values()} == {music.samples.shape}
    assert {stem.dtype for stem in stems.values()} == {music.samples.dtype}


def test_blocks_join_without_a_seam() -> None:
    music = recording(150.0, 16_000, 1)
    stems = separate_recording(music, ("Flute", "Cello"), ShareSeparator(sample_rate=16_000))
    np.testing.assert_allclose(stems["Flute"], 0.5 * music.samples, atol=1e-7)


WHOLE = SEPARATION_BLOCKING.hop + SEPARATION_BLOCKING.fade + 2 * SEPARATION_BLOCKING.margin


@pytest.mark.parametrize(
    ("n_samples", "n_blocks"), [(500, 1), (WHOLE, 1), (WHOLE + 1, 2), (WHOLE + SEPARATION_BLOCKING.hop + 1, 3)]
)
def test_blocks_begin_every_hop_and_the_last_is_whole(n_samples: int, n_blocks: int) -> None:
    done: list[float] = []
    music = Recording(samples=np.full((1, n_samples), 0.1, dtype=np.float32), sample_rate=44_100)
    stems = separate_recording(music, ("Flute", "Cello"), ShareSeparator(), on_progress=done.append)
    ends = [WHOLE + index * SEPARATION_BLOCKING.hop for index in range(n_blocks - 1)]
    assert done == pytest.approx([*(end / n_samples for end in ends), 1.0])
    np.testing.assert_allclose(stems["Flute"], 0.5 * music.samples, atol=1e-7)


def test_a_block_fades_into_the_next_beyond_what_serves_as_context() -> None:
    n_samples = WHOLE + 1_000
    music = Recording(samples=np.full((1, n_samples), 0.5, dtype=np.float32), sample_rate=1000)
    calls: list[int] = []

    def numbered(mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        calls.append(mixture.shape[1])
        return {name: np.full_like(mixture, len(calls)) for name in source_names(instruments)}

    numbered.sample_rate = 1000
    found = separate_recording(music, ("Flute", "Cello"), numbered)["Cello"][0]
    hop, fade, margin = SEPARATION_BLOCKING.hop, SEPARATION_BLOCKING.fade, SEPARATION_BLOCKING.margin
    assert calls == [WHOLE, n_samples - hop]
    begin = hop + margin
    np.testing.assert_array_equal(found[:begin], 1.0)
    np.testing.assert_allclose(found[begin : begin + fade], 1 + (np.arange(fade) + 0.5) / fade, atol=1e-6)
    np.testing.assert_array_equal(found[begin + fade :], 2.0)


class LevelSeparator(ShareSeparator):
    """Gives the first source more of what is loud beside the level it judges by: what networks do, drastically."""

    level: float | None = None

    def at_level(self, mean_square: float) -> LevelSeparator:
        other = LevelSeparator()
        object.__setattr__(other, "level", mean_square)
        return other

    def __call__(self, mixture, instruments: Sequence[str]):
        level = float(np.mean(np.square(mixture, dtype=np.float64))) if self.level is None else self.level
        share = np.abs(mixture) / (np.abs(mixture) + np.float32(np.sqrt(level)))
        first, second = source_names(instruments)
        return {first: mixture * share, second: mixture * (1 - share)}


@pytest.mark.parametrize("sample_rate", [44_100, 22_050])
def test_results_do_not_depend_on_where_blocks_begin(sample_rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    swell = np.repeat([1.0, 0.1, 0.5, 0.02, 1.0, 0.3], 16 * sample_rate)
    noise = recording(96.0, sample_rate, 1, level=0.1)
    music = Recording(samples=(noise.samples * swell).astype(np.float32), sample_rate=sample_rate)
    found = []
    for hop in (55 * 2**14, 40 * 2**14, 110 * 2**14):
        blocking = replace(SEPARATION_BLOCKING, hop=hop)
        monkeypatch.setattr("rebalance.pipeline._block_separation.SEPARATION_BLOCKING", blocking)
        found.append(separate_recording(music, ("Flute", "Cello"), LevelSeparator())["Flute"])
    for other in found[1:]:
        assert np.std(other - found[0]) <= 10 ** (-90 / 20) * np.std(found[0])
    assert np.std(found[0][:, : 16 * sample_rate]) > 2 * np.std(found[0][:, 48 * sample_rate : 64 * sample_rate])


def test_progress_rises_to_one() -> None:
    heard: list[float] = []
    separate_recording(recording(60.0, 44_100, 1), ("Flute", "Cello"), ShareSeparator(), on_progress=heard.append)
    assert heard == sorted(heard)
    assert len(heard) == 3
    assert heard[-1] == 1.0


def test_progress_is_told_of_a_rebalanced_recording_too() -> None:
    heard: list[float] = []
    music = recording(40.0, 44_100, 1)
    rebalance_recording(music, ("Flute", "Cello"), {"Flute": 6.0}, ShareSeparator(), on_progress=heard.append)
    assert heard == pytest.approx([WHOLE / (40 * 44_100), 1.0])


def test_silence_stays_silent_where_no_loudness_is_needed() -> None:
    silence = Recording(samples=np.zeros((2, 4410), dtype=np.float32), sample_rate=44_100)
    for gains_db in ({}, {"Flute": 6.0}):
        mix = rebalance_recording(silence, ("Flute", "Cello"), gains_db, ShareSeparator())
        np.testing.assert_array_equal(mix.recording.samples, silence.samples)
        assert mix.attenuation_db == 0.0


@given(st.integers(1, 60))
def test_the_shortest_recordings_come_back(n_samples: int) -> None:
    music = Recording(samples=np.full((1, n_samples), 0.1, dtype=np.float32), sample_rate=44_100)
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Cello": 6.0}, load_separator("mixture"))
    np.testing.assert_array_equal(mix.recording.samples, music.samples)


def test_equal_gains_return_the_file_bit_for_bit(tmp_path: Path) -> None:
    write_audio(tmp_path / "in.flac", recording().samples, 48_000)
    music = read_audio(tmp_path / "in.flac")
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 3.0, "Cello": 3.0}, ShareSeparator())
    write_audio(tmp_path / "out.flac", mix.recording.samples, 48_000)
    np.testing.assert_array_equal(read_audio(tmp_path / "out.flac").samples, music.samples)


def test_a_gain_changes_what_the_separator_found() -> None:
    music = recording()
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 6.0}, ShareSeparator())
    power = (10**0.6 + 1) / 2
    factor = 1 + 0.5 * (10**0.3 / np.sqrt(power) - 1)
    np.testing.assert_allclose(mix.recording.samples, music.samples * factor, rtol=1e-4, atol=1e-6)


def test_a_loud_result_is_turned_down_whole() -> None:
    music = recording(level=0.3)
    mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 20.0}, ShareSeparator(share=3.0))
    assert mix.attenuation_db > 0
    assert np.max(np.abs(mix.recording.samples)) == pytest.approx(1.0)


def test_a_mono_recording_becomes_one_channel_for_each_ear() -> None:
    mild, severe = ([20.0] * 8, [60.0] * 8)
    ears = [Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=tuple(levels)) for levels in (mild, severe)]
    fitting = prescribe(Listener(name="me", left=ears[0], right=ears[1]))
    mix = rebalance_recording(
        recording(n_channels=1), ("Flute", "Cello"), {"Cello": 3.0}, load_separator("mixture"), fitting=fitting
    )
    left, right = np.sqrt(np.mean(mix.recording.samples**2, axis=1))
    assert right > 2 * left


def test_silence_cannot_be_levelled_for_a_listener() -> None:
    flat = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(40.0,) * 8)
    fitting = prescribe(Listener(name="me", left=flat, right=flat))
    silence = Recording(samples=np.zeros((2, 44_100), dtype=np.float32), sample_rate=44_100)
    with pytest.raises(AudioError, match="silence"):
        rebalance_recording(silence, ("Flute", "Cello"), {}, load_separator("mixture"), fitting=fitting)


def test_quiet_music_is_levelled_like_loud_music() -> None:
    flat = Audiogram(frequencies_hz=FREQUENCIES_HZ, thresholds_db_hl=(40.0,) * 8)
    fitting = prescribe(Listener(name="me", left=flat, right=flat))
    loud = recording(level=0.1)
    quiet = Recording(samples=loud.samples * np.float32(1e-4), sample_rate=loud.sample_rate)
    mixes = [
        rebalance_recording(music, ("Flute", "Cello"), {"Cello": 3.0}, load_separator("mixture"), fitting=fitting)
        for music in (loud, quiet)
    ]
    first, second = (np.sqrt(np.mean(mix.recording.samples**2)) for mix in mixes)
    assert second == pytest.approx(first, rel=0.1)


def test_more_than_two_channels_are_refused() -> None:
    with pytest.raises(AudioError, match="6 channels"):
        separate_recording(recording(0.1, n_channels=6), ("Flute", "Cello"), load_separator("mixture"))


def test_an_instrument_means_all_its_players_and_a_player_one() -> None:
    players = ("Violin", "Violin", "Cello")
    assert gains_by_source({"violin": 3.0}, players) == {"Violin_1": 3.0, "Violin_2": 3.0}
    assert gains_by_source({"VIOLIN_2": -6.0}, players) == {"Violin_2": -6.0}
    requests = {"cello": 1.0, "violin": 3.0, "violin_2": -6.0}  # what is said last of a player holds
    assert gains_by_source(requests, players) == {"Cello": 1.0, "Violin_1": 3.0, "Violin_2": -6.0}


def test_a_gain_for_somebody_absent_suggests_who_is_there() -> None:
    with pytest.raises(ConfigError, match="did you mean 'Cello'"):
        gains_by_source({"chello": 3.0}, ("Violin", "Cello"))


def tone(amplitudes: Sequence[float], sample_rate: int, frequency_hz: float = 997.0) -> Recording:
    time_s = np.arange(5 * sample_rate) / sample_rate
    samples = np.array(amplitudes)[:, np.newaxis] * np.sin(2 * np.pi * frequency_hz * time_s)
    return Recording(samples=samples.astype(np.float32), sample_rate=sample_rate)


def fitting_of(ratios: Sequence[float], gains_db: Sequence[float]) -> Fitting:
    ear = EarFitting(ratios=tuple(ratios), gains_db=tuple(gains_db))
    return Fitting(left=ear, right=ear)


def heard_levels_db(music: Recording, fitting: Fitting) -> list[float]:
    """Levels of both ears in dB re a sine at full scale, once compressors and filters have settled."""
    mix = rebalance_recording(music, ("Flute", "Cello"), {}, load_separator("mixture"), fitting=fitting)
    assert mix.recording.sample_rate == music.sample_rate
    assert mix.recording.samples.shape == (2, music.samples.shape[1])
    assert mix.attenuation_db == 0.0
    settled = mix.recording.samples[:, 2 * music.sample_rate : 4 * music.sample_rate].astype(np.float64)
    return (10 * np.log10(2 * np.mean(settled**2, axis=1))).tolist()


# A sine of 997 Hz at full scale in one channel has -3.01 LUFS by BS.1770, in both 0 LUFS.
BOTH_DB = 10 * np.log10((1 + 0.5**2) / 2)  # of a channel at full scale and one at half, beside two at full scale
LEVELS_AT_THE_COMPRESSORS = [
    ((0.5,), [-40.0, -40.0]),
    ((0.0005,), [-40.0, -40.0]),
    ((0.3, 0.3), [-40.0, -40.0]),
    ((0.8, 0.4), [-40.0 - BOTH_DB, -46.02 - BOTH_DB]),
]


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize(("amplitudes", "expected_db"), LEVELS_AT_THE_COMPRESSORS)
def test_the_compressors_are_fed_music_at_minus_forty_lufs(
    sample_rate: int, amplitudes: Sequence[float], expected_db: list[float]
) -> None:
    neutral = fitting_of([1.0] * 6, [0.0] * 6)  # its bands add up to an all-pass: what comes out is what went in
    assert heard_levels_db(tone(amplitudes, sample_rate), neutral) == pytest.approx(expected_db, abs=0.1)


@pytest.mark.parametrize("sample_rate", [22_050, 48_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_compressors_work_at_their_own_rate_whatever_that_of_the_recording(
    sample_rate: int, n_channels: int
) -> None:
    fitting = fitting_of([1.0, 1.2, 3.0, 1.5, 1.2, 1.0], [0.0, 6.0, 20.0, 12.0, 6.0, 0.0])
    for frequency_hz in (300.0, 997.0, 2500.0):
        levels_db = [
            heard_levels_db(tone([0.2] * n_channels, rate, frequency_hz), fitting) for rate in (sample_rate, 44_100)
        ]
        assert levels_db[0] == pytest.approx(levels_db[1], abs=0.3)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_equal_gains_return_every_bit_of_a_float_recording(n_channels: int) -> None:
    music = recording(n_channels=n_channels)
    for gains_db in ({}, {"Flute": -6.0, "Cello": -6.0}):
        mix = rebalance_recording(music, ("Flute", "Cello"), gains_db, ShareSeparator())
        assert mix.recording.samples.tobytes() == music.samples.tobytes()
        assert mix.recording.samples.dtype == music.samples.dtype
        assert mix.attenuation_db == 0.0


def test_equal_gains_need_no_separation() -> None:
    def refuse(mixture: np.ndarray, instruments: Sequence[str]) -> dict[str, np.ndarray]:
        raise AssertionError

    mix = rebalance_recording(recording(), ("Flute", "Cello"), {"Flute": 3.0, "Cello": 3.0}, refuse)
    assert mix.attenuation_db == 0.0


class BackwardsSeparator(ShareSeparator):
    """The same estimates, last one first."""

    def __call__(self, mixture, instruments: Sequence[str]):
        return dict(reversed(super().__call__(mixture, instruments).items()))


def test_the_order_of_the_estimates_changes_nothing() -> None:
    music, duo = recording(1.0), ("Flute", "Cello")
    stems, backwards = (
        separate_recording(music, duo, separator) for separator in (ShareSeparator(), BackwardsSeparator())
    )
    assert list(backwards) == ["Flute", "Cello"]
    for name, stem in stems.items():
        np.testing.assert_array_equal(backwards[name], stem)


def test_a_separator_with_other_names_is_refused() -> None:
    class Misspelt(ShareSeparator):
        def __call__(self, mixture, instruments: Sequence[str]):
            return {name.lower(): mixture for name in source_names(instruments)}

    with pytest.raises(ConfigError, match="missing"):
        rebalance_recording(recording(1.0), ("Flute", "Cello"), {"Flute": 6.0}, Misspelt())


def test_gains_are_understood_in_any_language_and_number() -> None:
    players = ("Geige", "violins", "Violoncelli")
    assert gains_by_source({"Geige 2": 3.0, "celli": -6.0}, players) == {"Violin_2": 3.0, "Cello": -6.0}
    assert gains_by_source({"Violinen": 3.0}, players) == {"Violin_1": 3.0, "Violin_2": 3.0}
    with pytest.raises(ConfigError, match="'violin_3'"):
        gains_by_source({"violin_3": 3.0}, players)


SEVERE = fitting_of([2.1, 1.5, 1.3, 1.5, 2.4, 3.7], [9.6, 11.9, 12.9, 16.4, 19.0, 28.0])


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("fitting", [fitting_of([1.0] * 6, [0.0] * 6), SEVERE])
def test_a_listener_gets_the_loudness_of_the_recording_whatever_the_loss(n_channels: int, fitting: Fitting) -> None:
    music = recording(4.0, 44_100, n_channels, level=0.02)
    options = {"fitting": fitting, "loudness": "recording"}
    mix = rebalance_recording(music, ("Flute", "Cello"), {}, load_separator("mixture"), **options)
    stereo = np.repeat(music.samples, 2, axis=0)[:2] if n_channels == 1 else music.samples
    expected = loudness_lufs(stereo, 44_100)
    assert mix.level.loudness_lufs == pytest.approx(expected, abs=0.01)
    assert loudness_lufs(mix.recording.samples, 44_100) == pytest.approx(expected, abs=0.01)
    plain = rebalance_recording(music, ("Flute", "Cello"), {}, load_separator("mixture"), fitting=fitting)
    gain = 10 ** (mix.level.gain_db / 20)  # one for both ears
    np.testing.assert_allclose(mix.recording.samples, gain * plain.recording.samples, rtol=1e-5, atol=1e-7)


def test_a_loudness_is_reached_without_a_listener_too() -> None:
    mix = rebalance_recording(recording(2.0), ("Flute",), {}, load_separator("mixture"), loudness=-30.0)
    assert loudness_lufs(mix.recording.samples, 44_100) == pytest.approx(-30.0, abs=0.01)
    assert mix.level.attenuation_db == 0.0


def test_a_loudness_beyond_full_scale_is_missed_by_what_is_told() -> None:
    mix = rebalance_recording(recording(2.0), ("Flute",), {}, load_separator("mixture"), loudness=-3.0)
    assert np.abs(mix.recording.samples).max() == pytest.approx(1.0)
    reached = loudness_lufs(mix.recording.samples, 44_100)
    assert mix.level.loudness_lufs == pytest.approx(reached, abs=0.01)
    assert reached + mix.level.attenuation_db == pytest.approx(-3.0, abs=0.01)


@pytest.mark.parametrize("loudness", [3.0, -80.0, float("nan")])
def test_a_loudness_nobody_can_mean_is_refused(loudness: float) -> None:
    with pytest.raises(ConfigError, match="LUFS"):
        rebalance_recording(recording(0.5), ("Flute",), {}, load_separator("mixture"), loudness=loudness)


def test_the_aid_does_not_hear_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds and a half in blocks of one, whose context is enough for the compressors, and at once."""
    swell = np.repeat([1.0, 0.05, 0.6, 0.02, 0.8, 0.1, 1.0, 0.3, 0.01], 44_100)
    music = Recording(samples=(recording(9.0).samples * swell).astype(np.float32), sample_rate=44_100)
    mixes = []
    for hop in (2**20, 44_100):
        blocking = Blocking(hop=hop, fade=4_410, margin=88_200)
        monkeypatch.setattr("rebalance.pipeline._levelling._AID_BLOCKING", blocking)
        mix = rebalance_recording(music, ("Flute",), {}, load_separator("mixture"), fitting=SEVERE)
        mixes.append(mix.recording.samples)
    np.testing.assert_allclose(mixes[1], mixes[0], atol=1e-6)


@pytest.mark.parametrize("fitted", [False, True])
def test_a_remix_of_stems_is_that_of_the_recording(fitted: bool) -> None:
    music = recording(33.0, 16_000, 2)
    separator, players, gains_db = ShareSeparator(sample_rate=16_000, info=TRUSTED), ("Flute", "Cello"), {"Flute": 6.0}
    ear = EarFitting(ratios=(1.5,) * 6, gains_db=(3.0,) * 6)
    fitting = Fitting(left=ear, right=ear) if fitted else None
    expected = rebalance_recording(music, players, gains_db, separator, fitting=fitting)
    stems = separate_recording(music, players, separator)
    found = rebalance_stems(music, stems, gains_db, shrinkage=TRUSTED.shrinkage, fitting=fitting)
    np.testing.assert_allclose(found.samples, expected.recording.samples, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("peaks", "expected_db"),
    [
        ([(0.5, -0.25)], 0.0),
        ([(2.0, -0.5)], 6.0208),  # 32,768 / 32,767 louder than the largest sample of 16 bits
        ([(0.1, -2.0)], 6.0206),
        ([(0.1, -0.1), (0.2, -4.0), (1.5, 0.0)], 12.0412),
        ([(32_767 / 32_768, -1.0)], 0.0),
        ([], 0.0),
    ],
)
def test_the_common_attenuation_is_that_of_the_loudest_sample(peaks: list, expected_db: float) -> None:
    signals = [np.array([[high, low], [0.0, 0.01]]) for high, low in peaks]
    assert common_attenuation_db(signals) == pytest.approx(expected_db, abs=2e-4)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 1.5])
def test_strength_makes_more_of_the_request_and_the_balance_says_so(strength: float) -> None:
    music = recording(1.0, level=0.02)
    separator = ShareSeparator(info=SeparatorInfo(shrinkage=0.5))
    instruments, gains_db = ("Flute", "Cello"), {"Flute": 6.0, "Cello": 0.0}
    mix = rebalance_recording(music, instruments, gains_db, separator, strength=strength)
    change = changes_of(gains_db, shrinkage=0.5, strength=strength)["Flute"]
    expected = music.samples * (1.0 + 0.5 * change)
    np.testing.assert_allclose(mix.recording.samples, expected, atol=1e-5)
    assert mix.recording.remarks == ()
    assert mix.balance.asked_db == gains_db
    assert mix.balance.strength == strength
    assert any(mix.balance.made_db.values()) == (strength != 0.0)


@pytest.mark.parametrize("strength", [-0.01, 1.51])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ConfigError, match=r"strength: expected 0 to 1\.5"):
        RemixRequest(instruments=("Flute",), gains_db={}, separator=ShareSeparator(), strength=strength)


@pytest.mark.parametrize("loudness", [-70.0, 0.0, "recording", None])
def test_loudness_at_its_limits_is_taken(loudness: float | str | None) -> None:
    RemixRequest(instruments=("Flute",), gains_db={}, separator=ShareSeparator(), loudness=loudness)  # type: ignore[arg-type]


def test_a_streamed_remix_is_kept_where_it_is_told_and_in_the_precision_asked(tmp_path: Path) -> None:
    music = recording(1.0)
    request = RemixRequest(instruments=("Flute", "Cello"), gains_db={"Flute": 6.0}, separator=ShareSeparator())
    fitted = replace(request, fitting=fitting_of([1.0] * 6, [0.0] * 6))
    for asked in (request, fitted):
        with pytest.raises(RebalanceError, match="cannot write"):
            remix_stream(RecordingStream(music), asked, folder=tmp_path / "none")
        single = remix_stream(RecordingStream(music), asked, folder=str(tmp_path))
        assert single.spool.folder == tmp_path
        assert {piece.dtype for piece in single.pieces()} == {np.dtype(np.float32)}
        single.spool.close()
        double = remix_stream(RecordingStream(music), asked, double=True)
        assert {piece.dtype for piece in double.pieces()} == {np.dtype(np.float64)}


def test_stems_are_brought_to_a_loudness_as_the_recording_is() -> None:
    music = recording(3.0)
    separator = ShareSeparator()
    stems = separate_recording(music, ("Flute", "Cello"), separator)
    for loudness in (-30.0, "recording"):
        mix = rebalance_recording(music, ("Flute", "Cello"), {"Flute": 10.0}, separator, loudness=loudness)  # type: ignore[arg-type]
        same = rebalance_stems(music, stems, {"Flute": 10.0}, shrinkage=1.0, loudness=loudness)  # type: ignore[arg-type]
        np.testing.assert_allclose(same.samples, mix.recording.samples, atol=1e-6)
        assert same.samples.dtype == np.float32
        assert same.remarks == ()
        wanted = loudness_lufs(music.samples, music.sample_rate) if loudness == "recording" else loudness
        assert loudness_lufs(same.samples, music.sample_rate) == pytest.approx(wanted, abs=0.1)


def test_gains_may_be_pairs_and_two_for_one_player_are_told() -> None:
    instruments = ("violin", "violin", "cello")
    assert gains_by_source([("cello", 3.0), ("violin", -2.0), ("violin 1", 1.0)], instruments) == {
        "Violin_1": 1.0,
        "Violin_2": -2.0,
        "Cello": 3.0,
    }
    with pytest.raises(ConfigError, match=r"'celli': expected one gain for Cello, got \+3 dB and -1 dB"):
        gains_by_source([("cello", 3.0), ("celli", -1.0)], instruments)
    with pytest.raises(ConfigError, match=r"expected one of \['Cello', 'Violin', 'Violin_1', 'Violin_2'\]"):
        gains_by_source({"tuba": 1.0}, instruments)


def test_without_an_estimate_the_balance_knows_what_was_asked_only() -> None:
    balance = estimate_balance({"Flute": 0.0}, ShareSeparator(), None)
    assert balance.asked_db == {"Flute": 0.0}


@pytest.mark.parametrize("n_samples", [43_999, 44_001])
def test_a_stem_of_another_length_is_refused(n_samples: int) -> None:
    music = recording(44_000 / 44_100)
    stems = {"Flute": np.zeros((2, 44_000)), "Cello": np.zeros((2, n_samples))}
    with pytest.raises(
        AudioError, match=rf"Cello: expected the recording's shape \(2, 44000\), got \(2, {n_samples}\)"
    ):
        rebalance_stems(music, stems, {"Cello": 3.0}, shrinkage=1.0)
