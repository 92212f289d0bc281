"""The checks of the contract find what they are for: each breach is made on purpose, and found by its check alone."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from rebalance._base.errors import ConfigError
from rebalance.cli import check_separator as command
from rebalance.separation import (
    CONTRACT,
    SeparatorInfo,
    check_separator,
    checked_mixture,
    separate_at_rate,
    source_names,
)

HONEST = SeparatorInfo(shrinkage=0.5, mixture_consistent=True, lookahead_ms=0.0)


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Gives every source the same share: keeps every promise."""

    device: str = "auto"
    name: Any = "sharing"
    sample_rate: Any = 44_100
    info: Any = HONEST

    def __call__(self, mixture, instruments):
        names = source_names(instruments)
        share = checked_mixture(mixture) / np.float32(len(names))
        return {name: self.changed(name, share.copy(), mixture) for name in names}

    def changed(self, name, share, mixture):
        return share


class Misspelling(Sharing):
    def __call__(self, mixture, instruments):
        return {name.lower(): estimate for name, estimate in super().__call__(mixture, instruments).items()}


class Listing(Sharing):
    def __call__(self, mixture, instruments):
        return list(super().__call__(mixture, instruments).values())


class Double(Sharing):
    def changed(self, name, share, mixture):
        return share.astype(np.float64)


class Longer(Sharing):
    def changed(self, name, share, mixture):
        return np.pad(share, ((0, 0), (0, 1)))


class FirstTakesMore(Sharing):
    def __call__(self, mixture, instruments):
        made = super().__call__(mixture, instruments)
        first, *_ = made
        made[first] *= np.float32(1.01)
        return made


class Whole(Sharing):
    def changed(self, name, share, mixture):
        return checked_mixture(mixture).copy()


class ShortOnly(Sharing):
    def changed(self, name, share, mixture):
        if share.shape[1] < 20:
            raise IndexError("window of 20")
        return share


class TwoOnly(Sharing):
    def __call__(self, mixture, instruments):
        if len(instruments) > 3:
            raise KeyError("at most three")
        return super().__call__(mixture, instruments)


class NoHighRates(Sharing):
    def changed(self, name, share, mixture):
        if share.shape == (2, 44_100 // 8):
            raise ValueError("recording")
        return share


class Humming(Sharing):
    def changed(self, name, share, mixture):
        return share + np.float32(1e-7)


class Writing(Sharing):
    def changed(self, name, share, mixture):
        if isinstance(mixture, np.ndarray) and mixture.size > 10_000:
            mixture[0, 0] += 1.0
        return share


class Handing(Sharing):
    def __call__(self, mixture, instruments):
        share = checked_mixture(mixture) / np.float32(len(instruments))
        return dict.fromkeys(source_names(instruments), share)


class Drifting(Sharing):
    calls = 0

    def changed(self, name, share, mixture):
        Drifting.calls += 1
        return share * np.float32(1.0 + 1e-6 * Drifting.calls)


class SingleOnly(Sharing):
    def __call__(self, mixture, instruments):
        if isinstance(mixture, np.ndarray) and mixture.dtype == np.float64:
            raise TypeError("float32 wanted")
        return super().__call__(mixture, instruments)


class Credulous(Sharing):
    def __call__(self, mixture, instruments):
        return dict.fromkeys(instruments, np.asarray(mixture))


class Peeking(Sharing):
    def changed(self, name, share, mixture):
        return np.roll(share, -441, axis=1)


class OldFashioned:
    """Says how far to trust it beside its info."""

    name, sample_rate, shrinkage = "old", 44_100, 0.5

    def __call__(self, mixture, instruments):
        return {}


class Half:
    """Lacks most of the protocol."""

    name = "half"

    def __call__(self, mixture, instruments):
        return {}


BREACHES = [
    ("attributes", Half(), "lacks sample_rate"),
    ("attributes", Sharing(sample_rate=44_100.5), "whole number of Hz"),
    ("attributes", Sharing(info={"shrinkage": 0.5}), "a SeparatorInfo, got a dict"),
    ("attributes", Sharing(name=""), "a name"),
    ("attributes", OldFashioned(), "shrinkage in info = SeparatorInfo(shrinkage=...)"),
    ("names", Misspelling(), "missing"),
    ("names", Listing(), "a dict of estimates by source name, got a list"),
    ("shapes", Double(), "NumPy array of float32, got float64"),
    ("shapes", Longer(), "shape"),
    ("order", FirstTakesMore(), "in another order"),
    ("sum", Whole(), "sum to the mixture"),
    ("pair", Whole(), "times the energy"),
    ("lengths", ShortOnly(), "1 channels and 1 samples: it raised IndexError: window of 20"),
    ("players", TwoOnly(), "4 sources: it raised KeyError"),
    ("other rates", NoHighRates(), "a recording at 22050 Hz: it raised ValueError"),
    ("silence", Humming(), "where the mixture is silent"),
    ("input", Writing(), "wrote into the mixture"),
    ("input", Handing(), "shares its memory"),
    ("determinism", Drifting(), "when called again"),
    ("precision", SingleOnly(), "it raised TypeError: float32 wanted"),
    ("refusals", Credulous(), "an unknown instrument: expected AudioError or ConfigError, it returned estimates"),
    ("causality", Peeking(), "at most the 0 ms it declares, it looks"),
]


def test_a_separator_that_keeps_every_promise_passes_every_check():
    seen = []
    report = check_separator(Sharing(), on_check=seen.append)
    assert report.passed, report.text()
    assert [result.name for result in seen] == list(CONTRACT)
    assert repr(report) == f"ContractReport('sharing': {len(CONTRACT)} of {len(CONTRACT)} checks passed)"
    assert list(report.table()["outcome"]) == ["passed"] * len(CONTRACT)
    assert "<table" in report._repr_html_()


@pytest.mark.parametrize(
    ("check", "separator", "words"), BREACHES, ids=[f"{b[0]}-{type(b[1]).__name__}" for b in BREACHES]
)
def test_a_breach_is_found_and_said(check, separator, words):
    (result,) = check_separator(separator, checks=[check]).results
    assert result.outcome == "failed"
    assert words in result.detail


def test_every_check_has_a_breach_that_it_finds():
    assert {check for check, _, _ in BREACHES} == set(CONTRACT)


def test_what_a_separator_does_not_say_of_its_look_ahead_is_measured():
    (result,) = check_separator(
        replace(Peeking(), info=replace(HONEST, lookahead_ms=11.0)), checks=["causality"]
    ).results
    assert (result.outcome, result.detail) == ("passed", "looks 10.00 ms ahead")
    (result,) = check_separator(
        replace(Peeking(), info=replace(HONEST, lookahead_ms=math.inf)), checks=["causality"]
    ).results
    assert (result.outcome, result.detail) == ("passed", "it says that it sees the whole signal")


def test_a_separator_of_another_rate_works_at_its_own_and_answers_at_that_of_the_mixture():
    heard = []

    class Low(Sharing):
        def changed(self, name, share, mixture):
            heard.append(mixture.shape)
            return share

    time_s = np.arange(44_100) / 44_100
    mixture = np.stack([np.sin(2 * np.pi * 440 * time_s)] * 2)
    made = separate_at_rate(Low(sample_rate=16_000), mixture, ("Viola", "Cello"), sample_rate=44_100)
    assert set(heard) == {(2, 16_000)}
    np.testing.assert_allclose(made["Cello"][:, 2000:-2000], mixture[:, 2000:-2000] / 2, atol=1e-3)
    same = separate_at_rate(Sharing(), mixture, ("Viola", "Cello"), sample_rate=44_100)
    assert list(same) == ["Viola", "Cello"]


@pytest.fixture
def typed(tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(command)
    monkeypatch.syspath_prepend(tmp_path)
    module = """
from tests_own_separator_base import Sharing
class Mine(Sharing): pass
class Bad(Sharing):
    def __call__(self, mixture, instruments):
        return {name.lower(): estimate for name, estimate in super().__call__(mixture, instruments).items()}
"""
    monkeypatch.setitem(sys.modules, "tests_own_separator_base", sys.modules[__name__])
    (tmp_path / "own_module.py").write_text(module)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_command_shows_a_table_and_ends_with_1_where_a_check_fails(typed):
    done = typed("own_module:Mine")
    assert done.exit_code == 0
    assert "keeps the contract" in done.stdout
    failed = typed("own_module:Bad")
    assert failed.exit_code == 1
    assert "checks failed" in failed.stdout
    told = json.loads(typed("own_module:Bad", "--json").stdout)
    assert told["passed"] is False
    assert told["checks"]["names"]["outcome"] == "failed"
    assert isinstance(typed("own_module:Nothing").exception, ConfigError)
