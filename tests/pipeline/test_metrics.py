"""Metrics of other packages: found, held to their promises, and a column in the scores."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebalance._base.errors import AudioError, ConfigError
from rebalance.pipeline import (
    EnhanceOptions,
    HeardSignals,
    Metric,
    check_metric,
    enhance_task,
    list_metrics,
    load_metric,
    score_metrics,
    score_task,
    system_of_run,
)
from rebalance.pipeline._heard_metrics import heard_example
from rebalance.task import Pair, load_task

DOCS = Path(__file__).parents[2] / "docs" / "add-a-metric.md"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example package of the documentation, as if it were installed, and one that is broken."""
    text = DOCS.read_text(encoding="utf-8")
    module = text.split('```python title="level_error.py"\n')[1].split("```")[0]
    (tmp_path / "level_error.py").write_text(module)
    (tmp_path / "no_metric_at_all.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint(name="level_error", value="level_error:LEVEL_ERROR", group="rebalance.metrics"),
        EntryPoint(name="broken", value="no_such_package:x", group="rebalance.metrics"),
        EntryPoint(name="si_sdr", value="no_such_package:x", group="rebalance.metrics"),
        EntryPoint(name="wrong", value="no_metric_at_all:x", group="rebalance.metrics"),
    ]
    monkeypatch.setattr(
        "rebalance.pipeline._heard_metrics.entry_points", lambda *, group: EntryPoints(points).select(group=group)
    )


@pytest.mark.parametrize("name", list_metrics())
def test_every_metric_here_keeps_its_promises(name: str) -> None:
    assert check_metric(load_metric(name)) == ()


@pytest.mark.usefixtures("installed")
def test_the_example_of_the_documentation_is_found_and_keeps_its_promises() -> None:
    assert list_metrics() == ("si_sdr", "broken", "level_error", "wrong")
    metric = load_metric("level_error")
    assert (metric.unit, metric.higher_is_better) == ("dB", False)
    assert check_metric(metric) == ()


@pytest.mark.usefixtures("installed")
def test_a_metric_that_cannot_be_had_is_an_error_of_one_line() -> None:
    with pytest.raises(ConfigError, match="metric 'broken': cannot import it"):
        load_metric("broken")
    with pytest.raises(ConfigError, match="got int"):
        load_metric("wrong")
    with pytest.raises(ConfigError, match="metric 'nowhere:x': cannot import it"):
        load_metric("nowhere:x")
    with pytest.raises(ConfigError, match="did you mean 'level_error'"):
        load_metric("level_eror")
    assert load_metric("si_sdr").title == "SI-SDR"  # what is built in cannot be replaced


def metric_of(function, *, higher_is_better: bool = True) -> Metric:
    return Metric(name="mine", title="Mine", unit="", higher_is_better=higher_is_better, function=function)


def spoiling(heard: HeardSignals) -> float:
    heard.processed[:] = 0.0
    return 1.0


def test_the_contract_finds_what_breaks_it() -> None:
    error = lambda heard: float(np.nan_to_num(np.mean((heard.reference - heard.processed) ** 2)))  # noqa: E731
    draws = iter(range(100))
    assert "a signal with NaN in it gave" in check_metric(metric_of(error, higher_is_better=False))[0]
    assert any("more noise is not always worse" in line for line in check_metric(metric_of(error)))
    assert any("it changed its input" in line for line in check_metric(metric_of(spoiling)))
    assert any("gave 0.0 and then 1.0" in line for line in check_metric(metric_of(lambda _: next(draws))))
    assert "raised on ordinary sound: ZeroDivisionError" in check_metric(metric_of(lambda _: 1 / 0))[0]


def test_a_number_that_is_not_finite_is_no_score() -> None:
    with pytest.raises(AudioError, match="metric mine: expected a finite number, got nan"):
        metric_of(lambda _: float("nan")).value(heard_example(0.1))


def test_names_and_shapes_are_checked() -> None:
    with pytest.raises(ConfigError, match="small letters"):
        Metric(name="My Metric", title="", unit="", higher_is_better=True, function=abs)
    heard = heard_example(0.1)
    with pytest.raises(AudioError, match="two signals of shape"):
        HeardSignals(
            reference=heard.reference,
            processed=heard.processed[:, :-1],
            sample_rate=heard.sample_rate,
            listener=heard.listener,
            scene=heard.scene,
        )


def test_a_metric_becomes_a_column_of_the_scores_and_is_not_computed_twice(
    tiny_task_root: Path, tmp_path: Path
) -> None:
    task = load_task(tiny_task_root, "valid")
    pairs = [Pair(scene="S50003", listener="L0002"), Pair(scene="S50004", listener="L0003")]
    part, run = task.subset(pairs), tmp_path / "run"
    with ThreadPoolExecutor(1) as executor:
        enhance_task(part, run, EnhanceOptions(separator="oracle"), executor=executor)
        system = system_of_run(run, "valid")
        assert score_task(part, [system], executor=executor) == ()
        assert score_metrics(part, system, ["si_sdr"], executor=executor) == ()
        table = pd.read_csv(run / "scores.csv")
        kept = run / "scores" / "si_sdr" / "S50003_L0002.json"
        kept.write_text(json.dumps(json.loads(kept.read_text()) | {"value": 7.0}))
        (run / "enhanced_signals" / "valid" / "S50004_L0003_remix.flac").write_bytes(b"not music")
        (failure,) = score_metrics(part, system, ["si_sdr"], executor=executor)
    assert (table["si_sdr"] > 10).all()  # the true remix in 16 bits
    assert list(table.columns[:6]) == ["scene", "song", "listener", "left_haaqi", "right_haaqi", "avg_haaqi"]
    assert "scene S50004, listener L0003" in failure.item
    again = pd.read_csv(run / "scores.csv").set_index("scene")
    assert again.loc["S50003", "si_sdr"] == 7.0
