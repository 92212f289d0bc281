"""A separator of one's own: checked against the contract, measured, and used on the embedded task.

    python docs/examples/own_separator.py

It splits by register: what lies below 300 Hz goes to the cello, the rest is shared by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from rebalance import estimate_sources, load_task, read_source
from rebalance.assets import demo_folder
from rebalance.separation import SeparatorInfo, check_separator, checked_mixture, sdr_db, source_names


@dataclass(frozen=True, kw_only=True)
class RegisterSeparator:
    """Gives the low register to the cello, the rest to the others in equal parts; causal."""

    device: str = "auto"
    name: str = "register"
    sample_rate: int = 44_100
    info: SeparatorInfo = SeparatorInfo(  # noqa: RUF009 - frozen
        shrinkage=0.5, mixture_consistent=True, n_parameters=0, lookahead_ms=0.0, external_training_data=False
    )

    def __call__(self, mixture: NDArray[np.floating], instruments: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Estimate every source of a mixture."""
        names = source_names(instruments)
        checked = checked_mixture(mixture)
        cellos = [name for name in names if name.startswith("Cello")]
        others = [name for name in names if name not in cellos]
        if not cellos or not others:
            return {name: checked / np.float32(len(names)) for name in names}
        low = sosfilt(butter(2, 300.0, fs=self.sample_rate, output="sos"), checked).astype(np.float32)
        shares = dict.fromkeys(cellos, low / np.float32(len(cellos)))
        shares |= dict.fromkeys(others, (checked - low) / np.float32(len(others)))
        return {name: shares[name].copy() for name in names}


def main() -> None:
    """Check the separator, then print how much better than the mixture its estimates are."""
    separator = RegisterSeparator()
    print(check_separator(separator).text())
    task = load_task(demo_folder(), "valid")
    segment = task.scenes["S50001"].segment
    mixture = read_source(task, segment.mixture)
    estimates = estimate_sources(separator, task, segment)
    for source in segment.sources:
        truth = read_source(task, source)
        gained_db = sdr_db(truth, estimates[source.name]) - sdr_db(truth, mixture)
        print(f"{source.label}: {gained_db:+.1f} dB SDR against the mixture")


if __name__ == "__main__":
    main()
