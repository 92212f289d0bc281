"""Hearing: audiograms, prescriptions, NAL-R, the compressors of the challenge's hearing aids, simulated losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
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
    from rebalance.hearing._prescriptions import prescribe
    from rebalance.hearing._standard_audiograms import STANDARD_AUDIOGRAMS

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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_audiogram": (
            "Audiogram",
            "EarFitting",
            "Fitting",
            "Listener",
            "SITE_SEVERITY_FREQUENCIES_HZ",
            "Severity",
            "SeverityDefinition",
            "looks_like_khz",
        ),
        "_crossovers": ("Crossover",),
        "_loss_live": ("LiveLossFilter", "LiveLossFilters", "MAX_LIVE_RATE", "MIN_LIVE_RATE", "live_loss_filters"),
        "_loss_simulation": ("HearingLossSimulator", "simulate_hearing_loss"),
        "_multiband": ("AidSettings", "CHALLENGE_AID", "MultibandCompressor", "amplify"),
        "_nal_r": ("NalR", "nal_r_filter"),
        "_prescriptions": ("prescribe",),
        "_standard_audiograms": ("STANDARD_AUDIOGRAMS",),
    },
)
