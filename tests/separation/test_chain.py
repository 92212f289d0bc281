from dataclasses import replace

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from rebalance.cli import causality
from rebalance.separation import WHOLE_CHAIN, SeparatorInfo, load_separator, measure_chain
from rebalance.separation._chain import REMIX_AND_AID, SEPARATOR, tone_sources
from rebalance.separation.convtasnet._convtasnet_separator import load_network

PLAYERS = ("Violin", "Cello")


def measure(separator):
    return measure_chain(separator, PLAYERS, duration_s=0.5, n_positions=1)


def test_remix_and_hearing_aid_look_no_sample_ahead():
    measured = measure(load_separator("mixture"))
    assert [measured[stage].samples for stage in (SEPARATOR, REMIX_AND_AID, WHOLE_CHAIN)] == [0, 0, 0]


def test_the_look_ahead_of_a_separator_is_that_of_the_chain(convtasnet_folder):
    """A causal ConvTasNet looks ahead by its window less one sample: 20 samples at a hop of 10."""
    measured = measure(load_separator(f"convtasnet-causal:{convtasnet_folder}", device="cpu"))
    shape = load_network(convtasnet_folder / "ConvTasNet_Violin_Causal" / "model.safetensors").shape
    assert measured[SEPARATOR].samples == shape.filter_length - 1
    assert measured[WHOLE_CHAIN].samples == shape.filter_length - 1
    assert measured[WHOLE_CHAIN].within(5.0)


def test_a_separator_that_is_not_trusted_does_not_count_for_the_chain(convtasnet_folder):
    separator = load_separator(f"convtasnet-causal:{convtasnet_folder}", device="cpu")
    measured = measure(replace(separator, info=SeparatorInfo(shrinkage=0.0)))
    assert measured[SEPARATOR].samples == 19
    assert measured[WHOLE_CHAIN].samples == 0


def test_a_non_causal_network_normalises_over_the_whole_signal(convtasnet_folder):
    measured = measure(load_separator(f"convtasnet:{convtasnet_folder}", device="cpu"))
    assert measured[WHOLE_CHAIN].to_the_end
    assert not measured[WHOLE_CHAIN].within(5.0)


def test_a_mask_looks_ahead_by_its_window():
    """Frames start a hop apart; the first one to hold sample t began at most 4095 samples before it."""
    measured = measure(load_separator("ideal-ratio-mask"))
    assert 4095 - 1023 <= measured[SEPARATOR].samples <= 4095
    assert not measured[WHOLE_CHAIN].within(5.0)


def test_test_tones_are_the_same_every_time_and_sound_throughout():
    first, second = (tone_sources(PLAYERS, 0.5, 44_100) for _ in range(2))
    assert np.array_equal(first, second)
    frames = first[..., :22_000].reshape(2, 2, -1, 1000)
    assert np.sqrt(np.mean(frames**2, axis=-1)).min() > 1e-3


@pytest.fixture
def run():
    app = Typer()
    app.command()(causality)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_the_command_shows_all_stages_and_passes_a_causal_chain(run):
    result = run("--separator", "mixture", "--require-causal", "--seconds", "0.5")
    assert result.exit_code == 0
    assert result.stdout.count("causal") == 3
    assert "not causal" not in result.stdout


def test_the_command_fails_a_chain_that_looks_ahead_only_when_asked_to(run):
    arguments = ("--separator", "ideal-binary-mask", "--seconds", "0.5", "--instruments", "flute,oboe")
    assert run(*arguments).exit_code == 0
    failed = run(*arguments, "--require-causal")
    assert failed.exit_code == 1
    assert "not causal (over 5 ms)" in failed.stdout
