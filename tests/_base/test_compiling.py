"""Loops compile wherever the package lies."""

from __future__ import annotations

import subprocess
import sys


def test_a_loop_runs_where_nothing_can_be_kept_on_disk() -> None:
    code = (
        "from numba.core import caching; caching.CacheImpl._locator_classes = []\n"
        "import numpy as np, rebalance.haaqi\n"
        "from rebalance.hearing import EarFitting, Fitting, amplify\n"
        "ear = EarFitting(ratios=(2.0,) * 6, gains_db=(10.0,) * 6)\n"
        "print(np.isfinite(amplify(np.full((2, 441), 0.01), Fitting(left=ear, right=ear))).all())\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "True"), result.stderr
