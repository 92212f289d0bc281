import sys
from pathlib import Path

import numpy as np
import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation import SEPARATORS, informed, load_separator


@pytest.mark.parametrize("name", sorted(SEPARATORS))
def test_every_entry_loads_under_its_own_name(name):
    assert load_separator(name).name == name


def test_a_misspelt_name_gets_the_closest_one():
    with pytest.raises(ConfigError, match="did you mean 'ideal-ratio-mask'"):
        load_separator("ideal-ration-mask")


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"/nowhere/weights\.safetensors': no such file or folder"):
        load_separator("/nowhere/weights.safetensors")


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """The example of docs/separation.md as a module."""
    page = Path(__file__).parents[2] / "docs" / "separation.md"
    example = page.read_text().split('```python title="halves.py"\n')[1].split("```")[0]
    (tmp_path / "halves.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    yield "halves"
    sys.modules.pop("halves", None)


def test_the_documented_separator_of_ones_own_loads_and_separates(own_module, scene):
    separator = load_separator(f"{own_module}:HalfSeparator")
    estimates = separator(scene[1], ("Violin", "Cello"))
    np.testing.assert_allclose(sum(estimates.values()), scene[1], atol=1e-6)
    assert informed(separator, {}) is separator


def test_a_callable_that_is_not_there_is_refused(own_module):
    with pytest.raises(ConfigError, match="cannot import it"):
        load_separator(f"{own_module}:Nothing")
    with pytest.raises(ConfigError, match="cannot import it"):
        load_separator("no_such_package_anywhere:Separator")


def test_a_callable_that_makes_something_else_is_refused():
    with pytest.raises(ConfigError, match="it made a dict"):
        load_separator("builtins:dict")


def test_a_callable_need_not_take_a_device(own_module, tmp_path):
    example = tmp_path / "halves.py"
    example.write_text(example.read_text() + "\n\ndef plain():\n    return HalfSeparator(device='cpu')\n")
    assert load_separator(f"{own_module}:plain").sample_rate > 0


@pytest.mark.parametrize("body", ["raise OSError('no weights')", "return 1 / 0"])
def test_a_callable_that_fails_is_named_with_its_reason(tmp_path, monkeypatch, body):
    (tmp_path / "failing_factory.py").write_text(f"def make(device):\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"failing_factory:make.*failed with (OSError: no weights|ZeroDivisionError)"):
        load_separator("failing_factory:make")
    sys.modules.pop("failing_factory")
