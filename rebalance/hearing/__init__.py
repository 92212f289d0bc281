"""Hearing: audiograms, prescriptions, NAL-R, and the multiband compressor of the challenge's hearing aids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names
from rebalance.hearing._audiogram import Audiogram, EarFitting, Fitting, Listener, Severity, SeverityDefinition
from rebalance.hearing._prescriptions import prescribe
from rebalance.hearing._standard_audiograms import STANDARD_AUDIOGRAMS

if TYPE_CHECKING:
    from rebalance.hearing._crossovers import Crossover
    from rebalance.hearing._multiband import CHALLENGE_AID, AidSettings, MultibandCompressor, amplify
    from rebalance.hearing._nal_r import NalR, nal_r_filter

__all__ = [
    "CHALLENGE_AID",
    "STANDARD_AUDIOGRAMS",
    "AidSettings",
    "Audiogram",
    "Crossover",
    "EarFitting",
    "Fitting",
    "Listener",
    "MultibandCompressor",
    "NalR",
    "Severity",
    "SeverityDefinition",
    "amplify",
    "nal_r_filter",
    "prescribe",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Crossover": "_crossovers",
        "CHALLENGE_AID": "_multiband",
        "AidSettings": "_multiband",
        "MultibandCompressor": "_multiband",
        "amplify": "_multiband",
        "NalR": "_nal_r",
        "nal_r_filter": "_nal_r",
    },
)
