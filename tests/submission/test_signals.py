"""Signals read straight from an archive."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from rebalance._base.errors import AudioError, RebalanceError
from rebalance.audio import read_audio
from rebalance.submission import ArchivedSignals
from rebalance.task import Pair

PAIR = Pair(scene="S50001", listener="L0002")


def test_a_signal_from_the_archive_is_that_of_the_folder(helpers, good_zip, good_run, task):
    signals = ArchivedSignals.of(good_zip, task)
    for pair in task.pairs:
        wanted = read_audio(helpers.signal_path(good_run, pair.scene, pair.listener))
        found = signals.read(pair)
        assert found.sample_rate == wanted.sample_rate == 32_000
        assert found.samples.dtype == wanted.samples.dtype
        np.testing.assert_array_equal(found.samples, wanted.samples)


def test_signals_travel_to_other_processes(good_zip, task):
    signals = ArchivedSignals.of(good_zip, task)
    travelled = pickle.loads(pickle.dumps(signals))
    assert travelled == signals
    assert len(pickle.dumps(signals)) < 2000
    np.testing.assert_array_equal(travelled.read(PAIR).samples, signals.read(PAIR).samples)


def test_a_fingerprint_changes_with_the_signal(helpers, run, good_zip, task, tmp_path):
    before = ArchivedSignals.of(good_zip, task)
    exchanged = helpers.signal_path(run, "S50001", "L0002")
    exchanged.write_bytes(exchanged.read_bytes())
    again = ArchivedSignals.of(helpers.pack(run, task, tmp_path / "same"), task)
    assert [again.fingerprint(pair) for pair in task.pairs] == [before.fingerprint(pair) for pair in task.pairs]
    assert len({before.fingerprint(pair) for pair in task.pairs}) == len(task.pairs)


def test_a_signal_that_is_not_there_is_an_error_and_has_no_fingerprint(good_zip, task):
    signals = ArchivedSignals.of(good_zip, task)
    absent = Pair(scene="S50009", listener="L0002")
    assert signals.fingerprint(absent) == ""
    with pytest.raises(AudioError, match="no signal for scene S50009, listener L0002"):
        signals.read(absent)


def test_a_file_that_is_no_archive_is_refused_at_once(task, tmp_path):
    path = tmp_path / "submission_T001_causal.zip"
    path.write_bytes(b"nothing")
    with pytest.raises(RebalanceError, match="not a whole zip archive"):
        ArchivedSignals.of(path, task)
