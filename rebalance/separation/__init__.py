"""Splitting a mixture of known instruments into its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance._base.lazy import lazy_names

if TYPE_CHECKING:
    from rebalance.separation._activity_detection import ActivityDetector, InstrumentActivity
    from rebalance.separation._average_spectra import AverageSpectrumSeparator, read_spectra
    from rebalance.separation._causality import LookAhead, measure_look_ahead
    from rebalance.separation._chain import WHOLE_CHAIN, measure_chain
    from rebalance.separation._checkpoints import (
        IASS_FORMAT,
        MULTI_HEAD_FORMAT,
        PIXELS_FORMAT,
        SCORE_FORMAT,
        TRACKER_FORMAT,
        WEIGHTS_FOLDER,
        ModelCard,
        checked_digest,
        checked_header,
        checkpoint_header,
        load_checkpoint,
        reading_checkpoint,
        save_checkpoint,
        shipped_weights,
        write_tensors,
    )
    from rebalance.separation._contract import CONTRACT, Check, CheckResult, ContractReport, check_separator
    from rebalance.separation._describing import described, described_as_html
    from rebalance.separation._estimates import checked_estimates
    from rebalance.separation._floors import floor_estimates
    from rebalance.separation._info import SeparatorInfo, info_of
    from rebalance.separation._metrics import (
        LIMIT_DB,
        SILENCE_DB_FS,
        bss_eval,
        frame_median_db,
        is_silent,
        museval_frames_db,
        sdr_db,
        si_sdr_db,
    )
    from rebalance.separation._overlap_add import Chunking, official_chunks, overlap_add
    from rebalance.separation._overview import SeparatorEntry, installed_separators, list_separators, measure_cost
    from rebalance.separation._placing import Placed, placed_at
    from rebalance.separation._protocol import (
        Levelled,
        OfficialTargets,
        Oracle,
        Separator,
        checked_mixture,
        informed,
        known_instruments,
        shared_among_voices,
        source_names,
    )
    from rebalance.separation._rates import separate_at_rate
    from rebalance.separation._registry import SEPARATORS, load_activity_detector, load_separator, source_digest
    from rebalance.separation._sighted import PlayersAt, Sighted
    from rebalance.separation._silent_energy import silent_energy_db
    from rebalance.separation._stft import HOP_SIZE, WINDOW_SIZE, inverse_spectrogram, spectrogram
    from rebalance.separation._weighted_separator import WeightedSeparator
    from rebalance.separation._wiener import wiener

__all__ = [
    "CONTRACT",
    "HOP_SIZE",
    "IASS_FORMAT",
    "LIMIT_DB",
    "MULTI_HEAD_FORMAT",
    "PIXELS_FORMAT",
    "SCORE_FORMAT",
    "SEPARATORS",
    "SILENCE_DB_FS",
    "TRACKER_FORMAT",
    "WEIGHTS_FOLDER",
    "WHOLE_CHAIN",
    "WINDOW_SIZE",
    "ActivityDetector",
    "AverageSpectrumSeparator",
    "Check",
    "CheckResult",
    "Chunking",
    "ContractReport",
    "InstrumentActivity",
    "Levelled",
    "LookAhead",
    "ModelCard",
    "OfficialTargets",
    "Oracle",
    "Placed",
    "PlayersAt",
    "Separator",
    "SeparatorEntry",
    "SeparatorInfo",
    "Sighted",
    "WeightedSeparator",
    "bss_eval",
    "check_separator",
    "checked_digest",
    "checked_estimates",
    "checked_header",
    "checked_mixture",
    "checkpoint_header",
    "described",
    "described_as_html",
    "floor_estimates",
    "frame_median_db",
    "info_of",
    "informed",
    "installed_separators",
    "inverse_spectrogram",
    "is_silent",
    "known_instruments",
    "list_separators",
    "load_activity_detector",
    "load_checkpoint",
    "load_separator",
    "measure_chain",
    "measure_cost",
    "measure_look_ahead",
    "museval_frames_db",
    "official_chunks",
    "overlap_add",
    "placed_at",
    "read_spectra",
    "reading_checkpoint",
    "save_checkpoint",
    "sdr_db",
    "separate_at_rate",
    "shared_among_voices",
    "shipped_weights",
    "si_sdr_db",
    "silent_energy_db",
    "source_digest",
    "source_names",
    "spectrogram",
    "wiener",
    "write_tensors",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "_activity_detection": ("ActivityDetector", "InstrumentActivity"),
        "_average_spectra": ("AverageSpectrumSeparator", "read_spectra"),
        "_causality": ("LookAhead", "measure_look_ahead"),
        "_chain": ("WHOLE_CHAIN", "measure_chain"),
        "_checkpoints": (
            "IASS_FORMAT",
            "MULTI_HEAD_FORMAT",
            "ModelCard",
            "PIXELS_FORMAT",
            "SCORE_FORMAT",
            "TRACKER_FORMAT",
            "WEIGHTS_FOLDER",
            "checked_digest",
            "checked_header",
            "checkpoint_header",
            "load_checkpoint",
            "reading_checkpoint",
            "save_checkpoint",
            "shipped_weights",
            "write_tensors",
        ),
        "_contract": ("CONTRACT", "Check", "CheckResult", "ContractReport", "check_separator"),
        "_describing": ("described", "described_as_html"),
        "_estimates": ("checked_estimates",),
        "_floors": ("floor_estimates",),
        "_info": ("SeparatorInfo", "info_of"),
        "_metrics": (
            "LIMIT_DB",
            "SILENCE_DB_FS",
            "bss_eval",
            "frame_median_db",
            "is_silent",
            "museval_frames_db",
            "sdr_db",
            "si_sdr_db",
        ),
        "_overlap_add": ("Chunking", "official_chunks", "overlap_add"),
        "_overview": ("SeparatorEntry", "installed_separators", "list_separators", "measure_cost"),
        "_placing": ("Placed", "placed_at"),
        "_protocol": (
            "Levelled",
            "OfficialTargets",
            "Oracle",
            "Separator",
            "checked_mixture",
            "informed",
            "known_instruments",
            "shared_among_voices",
            "source_names",
        ),
        "_rates": ("separate_at_rate",),
        "_registry": ("SEPARATORS", "load_activity_detector", "load_separator", "source_digest"),
        "_sighted": ("PlayersAt", "Sighted"),
        "_silent_energy": ("silent_energy_db",),
        "_stft": ("HOP_SIZE", "WINDOW_SIZE", "inverse_spectrogram", "spectrogram"),
        "_weighted_separator": ("WeightedSeparator",),
        "_wiener": ("wiener",),
    },
)
