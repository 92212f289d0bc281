"""Hearing: audiograms, prescriptions, NAL-R, the compressors of the challenge's hearing aids, simulated losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names
from rebalance.hearing._audiogram import (
    SITE_SEVERITY_FREQUENCIES_HZ,
    Audiogram,
    EarFitting,
    Fitting,
    Listener,
    Severity,
    SeverityDefinition,
    looks_like_khz,
)
from rebalance.hearing._prescriptions import prescribe
from rebalance.hearing._standard_audiograms import STANDARD_AUDIOGRAMS

if TYPE_CHECKING:
    from rebalance.hearing._crossovers import Crossover
    from rebalance.hearing._loss_live import (
        MAX_LIVE_RATE,
        MIN_LIVE_RATE,
        LiveLossFilter,
        LiveLossFilters,
        live_loss_filters,
    )
    from rebalance.hearing._loss_simulation import HearingLossSimulator, simulate_hearing_loss
    from rebalance.hearing._multiband import CHALLENGE_AID, AidSettings, MultibandCompressor, amplify
    from rebalance.hearing._nal_r import NalR, nal_r_filter

__all__ = [
    "CHALLENGE_AID",
    "MAX_LIVE_RATE",
    "MIN_LIVE_RATE",
    "SITE_SEVERITY_FREQUENCIES_HZ",
    "STANDARD_AUDIOGRAMS",
    "AidSettings",
    "Audiogram",
    "Crossover",
    "EarFitting",
    "Fitting",
    "HearingLossSimulator",
    "Listener",
    "LiveLossFilter",
    "LiveLossFilters",
    "MultibandCompressor",
    "NalR",
    "Severity",
    "SeverityDefinition",
    "amplify",
    "live_loss_filters",
    "looks_like_khz",
    "nal_r_filter",
    "prescribe",
    "simulate_hearing_loss",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Crossover": "_crossovers",
        "HearingLossSimulator": "_loss_simulation",
        "simulate_hearing_loss": "_loss_simulation",
        "LiveLossFilter": "_loss_live",
        "LiveLossFilters": "_loss_live",
        "MAX_LIVE_RATE": "_loss_live",
        "MIN_LIVE_RATE": "_loss_live",
        "live_loss_filters": "_loss_live",
        "CHALLENGE_AID": "_multiband",
        "AidSettings": "_multiband",
        "MultibandCompressor": "_multiband",
        "amplify": "_multiband",
        "NalR": "_nal_r",
        "nal_r_filter": "_nal_r",
    },
)
