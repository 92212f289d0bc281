"""How far estimates can be trusted: shrinkage and trust in voices, fitted on held-out tasks."""

from __future__ import annotations

from rebalance.training.calibration._reliability import Reliability, measure_reliability
from rebalance.training.calibration._shrinkage import Fit, fit_shrinkage
from rebalance.training.calibration._voice_trust import fit_voice_trust

__all__ = ["Fit", "Reliability", "fit_shrinkage", "fit_voice_trust", "measure_reliability"]
