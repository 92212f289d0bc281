"""Splitting a mixture of known instruments into its sources."""

from __future__ import annotations

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
    XUMX_FORMAT,
    checked_header,
    checkpoint_header,
    reading_checkpoint,
    shipped_weights,
    write_tensors,
)
from rebalance.separation._contract import CONTRACT, Check, CheckResult, ContractReport, check_separator
from rebalance.separation._describing import Described
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
from rebalance.separation._model_card import ModelCard
from rebalance.separation._overlap_add import Chunking, official_chunks, overlap_add
from rebalance.separation._overview import (
    OWN_MODELS,
    SeparatorEntry,
    installed_separators,
    list_separators,
    measure_cost,
)
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
from rebalance.separation._saved_networks import (
    Checkpoint,
    info_of_checkpoints,
    load_checkpoint,
    load_network,
    save_checkpoint,
    save_network,
)
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
    "OWN_MODELS",
    "PIXELS_FORMAT",
    "SCORE_FORMAT",
    "SEPARATORS",
    "SILENCE_DB_FS",
    "TRACKER_FORMAT",
    "WEIGHTS_FOLDER",
    "WHOLE_CHAIN",
    "WINDOW_SIZE",
    "XUMX_FORMAT",
    "ActivityDetector",
    "AverageSpectrumSeparator",
    "Check",
    "CheckResult",
    "Checkpoint",
    "Chunking",
    "ContractReport",
    "Described",
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
    "checked_estimates",
    "checked_header",
    "checked_mixture",
    "checkpoint_header",
    "floor_estimates",
    "frame_median_db",
    "info_of",
    "info_of_checkpoints",
    "informed",
    "installed_separators",
    "inverse_spectrogram",
    "is_silent",
    "known_instruments",
    "list_separators",
    "load_activity_detector",
    "load_checkpoint",
    "load_network",
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
    "save_network",
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
