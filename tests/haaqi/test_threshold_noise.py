import numpy as np
import pytest
from scipy import stats

from rebalance._base.errors import ConfigError
from rebalance.haaqi import NoiseTape, _threshold_noise as threshold_noise
from rebalance.haaqi._bands import N_BANDS
from rebalance.haaqi._threshold_noise import add_noise, copied, drawn_rows, noise_stream, seeded


@pytest.mark.parametrize("lengths", [(5,), (1, 1, 1), (1000, 1), (1247, 1248, 33), (624 * 8 + 1, 7, 20_001)])
@pytest.mark.parametrize("before", [0, 1, 313])
def test_legacy_stream_draws_what_numpy_draws_and_leaves_what_numpy_leaves(lengths, before):
    ours, theirs = np.random.RandomState(7), np.random.RandomState(7)
    ours.standard_normal(before)
    theirs.standard_normal(before)
    stream = noise_stream(ours)
    for length in lengths:
        row = np.empty(length, dtype=np.float32)
        stream.fill(row)
        np.testing.assert_allclose(row, theirs.standard_normal(length), rtol=2e-7)
    stream.finish(3)
    theirs.standard_normal((2, N_BANDS, 3))
    np.testing.assert_array_equal(ours.standard_normal(5000), theirs.standard_normal(5000))


@pytest.mark.parametrize("words", [1, 2, 3, 621, 622, 623, 624])
def test_legacy_stream_starts_from_any_word(words):
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    for rng in (ours, theirs):
        rng.randint(0, 2**32, size=words, dtype=np.uint32)
    row = np.empty(3001, dtype=np.float32)
    stream = noise_stream(ours)
    stream.fill(row)
    stream.finish(0)
    np.testing.assert_allclose(row, theirs.standard_normal(3001), rtol=2e-7)
    np.testing.assert_array_equal(ours.randint(0, 1000, 700), theirs.randint(0, 1000, 700))


def test_noise_is_standard_normal_and_white():
    rows = drawn_rows(noise_stream(np.random.RandomState(5)), 20_001)
    row = np.concatenate([part.copy() for part in rows]).astype(np.float64)
    n = len(row)
    assert stats.kstest(row, "norm").pvalue > 1e-3
    assert abs(row.mean()) < 4 / np.sqrt(n)
    assert abs(row.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(stats.kurtosis(row)) < 4 * np.sqrt(24 / n)
    half = 20_001 // 2
    for lag in (1, 2, half, half + 1, 20_001):
        assert abs(np.mean(row[lag:] * row[:-lag])) < 4.5 / np.sqrt(n - lag)


def test_a_generator_gives_other_noise_each_time_and_the_same_again_from_its_seed():
    def first(rng):
        row = np.empty(99, dtype=np.float32)
        noise_stream(seeded(rng)).fill(row)
        return row

    rng = np.random.default_rng(1)
    one, two = first(rng), first(rng)
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(one, first(np.random.default_rng(1)))


def test_noise_waits_with_its_band_at_ten_decibels_below_the_threshold():
    motion = np.zeros((2, 6), dtype=np.float32)
    rows = [np.ones(6, dtype=np.float32), np.full(6, 2.0, dtype=np.float32)]
    add_noise(motion, rows, 30.0, np.array([0, 4]))
    np.testing.assert_allclose(motion[0], 0.01, rtol=1e-6)
    np.testing.assert_allclose(motion[1], [0, 0, 0, 0, 0.02, 0.02], rtol=1e-6)


def test_another_bit_generator_than_numpys_old_one_is_refused():
    with pytest.raises(ConfigError, match="MT19937"):
        noise_stream(np.random.RandomState(np.random.PCG64(1)))


def test_every_listener_reads_from_a_tape_what_a_generator_would_have_drawn(monkeypatch):
    monkeypatch.setattr(threshold_noise, "_TAPE_BLOCK", 1000)
    tape = NoiseTape(9)
    for n_left, n_segments, n_right in ((1501, 7, 900), (1499, 0, 2000), (3, 20, 5)):
        reader, rng = tape.reader(), np.random.RandomState(9)
        for length in (n_left, n_right):
            stream, expected_stream = noise_stream(reader), noise_stream(rng)
            for _ in range(2):
                found, expected = np.empty((2, length), dtype=np.float32)
                stream.fill(found)
                expected_stream.fill(expected)
                np.testing.assert_array_equal(found, expected)
            stream.finish(n_segments)
            expected_stream.finish(n_segments)


def test_a_copied_reader_leaves_the_other_where_it_is():
    reader = NoiseTape(np.random.default_rng(2)).reader()
    other = copied(reader)
    ahead, behind = np.empty((2, 50), dtype=np.float32)
    noise_stream(other).fill(ahead)
    noise_stream(reader).fill(behind)
    np.testing.assert_array_equal(ahead, behind)


def test_a_tape_is_read_by_its_readers_only():
    tape = NoiseTape(np.random.default_rng(2))
    with pytest.raises(ConfigError, match=r"reader\(\)"):
        copied(tape)
    with pytest.raises(ConfigError, match="RandomState or Generator"):
        NoiseTape(tape.reader())
