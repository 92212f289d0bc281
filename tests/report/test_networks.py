from __future__ import annotations

import numpy as np
import pandas as pd

from rebalance.report import network_lines
from rebalance.report._network_comparison import FIGURES


def table(values: list[float]) -> pd.DataFrame:
    rows = pd.DataFrame({"sounds": "tones", "mixture": range(len(values))})
    return rows.assign(**dict.fromkeys(FIGURES, values))


def test_networks_are_compared_mixture_by_mixture() -> None:
    """Mixtures differ far more than networks: only the paired difference shows that one is better."""
    rng = np.random.default_rng(0)
    before = (10 * rng.standard_normal(40)).tolist()
    lines = list(network_lines({"old": table(before), "new": table([value + 1.0 for value in before])}))
    assert lines[0] == "|  | sounds | SDR, dB | remix, dB | HAAQI |"
    assert lines[2].startswith("| old | tones |")
    assert "[" not in lines[2]
    assert lines[3].count("+1.000 [+1.000, +1.000]") == 3


def test_mixtures_nobody_can_hear_are_left_out_of_both() -> None:
    old, new = table([0.0, 1.0, 2.0]), table([np.nan, 1.5, 2.5])
    assert "+2.000, +0.500 [+0.500, +0.500]" in list(network_lines({"old": old, "new": new}))[-1]
    assert not any("nan" in line for line in network_lines({"old": old, "new": new}))
