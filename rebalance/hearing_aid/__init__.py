"""Hearing aids: crossovers, the six-band compressor, NAL-R and prescriptions."""

from __future__ import annotations

from rebalance.hearing_aid.crossovers import Crossover
from rebalance.hearing_aid.multiband import CHALLENGE_AID, AidSettings, MultibandCompressor, amplify
from rebalance.hearing_aid.nal_r import NalR, nal_r_filter
from rebalance.hearing_aid.prescriptions import prescribe

__all__ = [
    "CHALLENGE_AID",
    "AidSettings",
    "Crossover",
    "MultibandCompressor",
    "NalR",
    "amplify",
    "nal_r_filter",
    "prescribe",
]
