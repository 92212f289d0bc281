"""What holds for every separator there is."""

import numpy as np
import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance.separation import CONTRACT, SEPARATORS, Oracle, check_separator, load_separator, source_names

TRIO = ("Violin", "Violin", "Cello")


@pytest.fixture(params=[*sorted(SEPARATORS), "network", "causal network", "tracker"])
def separator(request, convtasnet_folder, network_checkpoint, causal_checkpoint, tracker_checkpoint):
    name = request.param
    checkpoints = {
        "network": network_checkpoint,
        "causal network": causal_checkpoint,
        "tracker": tracker_checkpoint,
    }
    if name.startswith("convtasnet"):
        return load_separator(f"{name}:{convtasnet_folder}", device="cpu")
    return load_separator(checkpoints.get(name, name), device="cpu")


def separate(separator, mixture, instruments, sources=None):
    """Call a separator; oracles first learn the given sources, or equal parts of the mixture."""
    if isinstance(separator, Oracle):
        names = source_names(instruments)
        parts = dict.fromkeys(names, mixture / np.float32(len(names)))
        separator = separator.informed_by(sources or parts)
    return separator(mixture, instruments)


@pytest.mark.parametrize("check", CONTRACT)
def test_it_keeps_the_contract(separator, check):
    """What `rebalance check-separator` tries on a separator of one's own."""
    (result,) = check_separator(separator, checks=[check]).results
    assert result.outcome in ("passed", "does not apply"), result.detail


def test_estimates_stand_in_the_order_of_the_instruments(separator, scene):
    sources, mixture = scene
    assert separator.sample_rate == 44_100
    assert tuple(separate(separator, mixture, TRIO, sources)) == ("Violin_1", "Violin_2", "Cello")
    backwards = separate(separator, mixture, ("Cello", "Violin", "Violin"), sources)
    assert tuple(backwards) == ("Cello", "Violin_1", "Violin_2")


def test_mono_and_the_same_in_stereo_agree(separator, rng):
    mono = (0.1 * rng.standard_normal((1, 3000))).astype(np.float32)
    once = separate(separator, mono, ("Flute", "Oboe"))
    twice = separate(separator, np.repeat(mono, 2, axis=0), ("Flute", "Oboe"))
    for name, estimate in once.items():
        np.testing.assert_allclose(twice[name].mean(axis=0, keepdims=True), estimate, atol=1e-6)


def test_sources_of_an_oracle_are_not_handed_out(separator, scene):
    sources, mixture = scene
    before = {name: source.copy() for name, source in sources.items()}
    for estimate in separate(separator, mixture, TRIO, sources).values():
        np.add(estimate, 1.0, out=estimate)
    assert all(np.array_equal(sources[name], before[name]) for name in sources)


def test_an_unknown_instrument_is_named_with_the_closest_known_one(separator, scene):
    with pytest.raises(ConfigError, match=r"'Vioiln'.*did you mean 'Violin'"):
        separator(scene[1], ("Vioiln", "Cello"))


def test_integer_samples_are_refused_by_their_kind(separator):
    with pytest.raises(AudioError, match="int16"):
        separator(np.zeros((2, 100), dtype=np.int16), TRIO)
