"""The numbers of the Second Cadenza Challenge, Task 2 (CAD2-T2), as one frozen value."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rebalance._base.errors import MetadataError

Split: TypeAlias = Literal["train", "valid", "test"]
Ear: TypeAlias = Literal["left", "right"]

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
EARS: tuple[Ear, ...] = ("left", "right")
# Folder of a submission and of a run that holds the signals, split by split.
SIGNALS_FOLDER = "enhanced_signals"

_SCENE_ID = re.compile(r"S(\d+)", flags=re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Every number and naming rule the task fixes.

    Rates are in Hz, times in the unit of their name, levels in dB re full scale unless named
    otherwise. Per-band tuples run from the lowest to the highest compressor band.

    Parameters
    ----------
    instruments
        Those that may play, without voices.
    doubling_instruments
        Those of which two may play.
    altered_gains_db
        Gains a listener may ask of a source beside 0 dB.
    n_sources
        How many may play.
    n_channels
        Of mixtures, sources and remixes.
    segment_duration_s
        Length of a segment in seconds.
    mixture_sample_rate, remix_sample_rate, haaqi_sample_rate
        Rates in Hz of the mixtures, of what is submitted, and of the model of HAAQI.
    mixture_loudness_lufs
        Loudness the mixtures were set to, in LUFS.
    reference_level_db_spl
        Level in dB SPL that a signal of RMS 1 stands for when it is scored.
    lookahead_limit_ms
        The furthest a causal system may look ahead, in ms.
    audiogram_frequencies_hz
        Where thresholds are given.
    compressor_band_frequencies_hz
        Centres of the compressor's bands.
    crossover_frequencies_hz
        Where the bands meet, one fewer than bands.
    compressor_threshold_db
        Level above which a band is compressed, in dB re full scale.
    compressor_attack_ms, compressor_release_ms
        Time constants of every band.
    compressor_ratio_limit
        The highest compression ratio a listener's fitting may have.

    Examples
    --------
    >>> from rebalance import CAD2_TASK2
    >>> CAD2_TASK2.instruments
    ('Bassoon', 'Cello', 'Clarinet', 'Flute', 'Oboe', 'Sax', 'Viola', 'Violin')
    >>> CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.remix_sample_rate, CAD2_TASK2.haaqi_sample_rate
    (44100, 32000, 24000)
    >>> CAD2_TASK2.split_of("S50001")
    'valid'

    Source: the CAD2-T2 data and baseline pages and the configuration of the official recipe.
    """

    instruments: tuple[str, ...]
    doubling_instruments: tuple[str, ...]
    altered_gains_db: tuple[float, ...]
    n_sources: tuple[int, ...]
    n_channels: int
    segment_duration_s: float
    mixture_sample_rate: int
    remix_sample_rate: int
    haaqi_sample_rate: int
    mixture_loudness_lufs: float
    reference_level_db_spl: float
    lookahead_limit_ms: float
    audiogram_frequencies_hz: tuple[float, ...]
    compressor_band_frequencies_hz: tuple[float, ...]
    crossover_frequencies_hz: tuple[float, ...]
    compressor_threshold_db: tuple[float, ...]
    compressor_attack_ms: tuple[float, ...]
    compressor_release_ms: tuple[float, ...]
    compressor_ratio_limit: float

    @property
    def gain_values_db(self) -> tuple[float, ...]:
        """All gains a source may carry, unaltered included, ascending, in dB."""
        return tuple(sorted((*self.altered_gains_db, 0.0)))

    def split_of(self, scene_id: str) -> Split:
        """Return the split a scene id belongs to: train below S50000, validation below S60000, else test.

        Source: the ranges of the data page (train S10001.., validation S50001.., evaluation from
        S60001). The official rule excludes its own borders and files S49999, S50000 and S59999
        under test; this one does not.

        Raises
        ------
        MetadataError
            If the id is not an S followed by digits.
        """
        number = self._scene_number(scene_id)
        if number < 50_000:
            return "train"
        return "valid" if number < 60_000 else "test"

    def remix_file_name(self, scene_id: str, listener_id: str) -> str:
        """Return the name a submitted signal must have.

        Parameters
        ----------
        scene_id
            Such as ``"S50001"``.
        listener_id
            Such as ``"L0001"``.
        """
        return f"{scene_id}_{listener_id}_remix.flac"

    def scene_seed(self, scene_id: str) -> int:
        """Return the seed of a scene's auditory-threshold noise, the same for all its listeners.

        Source: ``set_song_seed`` of the official evaluator: MD5 of the id modulo 10**8.
        """
        return int(hashlib.md5(scene_id.encode(), usedforsecurity=False).hexdigest(), 16) % 10**8

    @staticmethod
    def _scene_number(scene_id: str) -> int:
        if not (match := _SCENE_ID.fullmatch(scene_id)):
            raise MetadataError(where=f"scene {scene_id!r}", expected="'S' and digits such as 'S50001'")
        return int(match[1])


CAD2_TASK2 = Challenge(
    instruments=("Bassoon", "Cello", "Clarinet", "Flute", "Oboe", "Sax", "Viola", "Violin"),
    doubling_instruments=("Flute", "Sax", "Viola", "Violin"),
    altered_gains_db=(-10.0, -6.0, -3.0, 3.0, 6.0, 10.0),
    n_sources=(2, 3, 4, 5),
    n_channels=2,
    segment_duration_s=15.0,
    mixture_sample_rate=44_100,
    remix_sample_rate=32_000,
    haaqi_sample_rate=24_000,
    mixture_loudness_lufs=-40.0,
    reference_level_db_spl=65.0,
    lookahead_limit_ms=5.0,
    audiogram_frequencies_hz=(250.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0),
    compressor_band_frequencies_hz=(250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0),
    crossover_frequencies_hz=(353.55, 707.11, 1414.21, 2828.43, 5656.85),
    compressor_threshold_db=(-30.0,) * 6,
    compressor_attack_ms=(11.0, 11.0, 14.0, 13.0, 11.0, 11.0),
    compressor_release_ms=(80.0, 80.0, 80.0, 80.0, 100.0, 100.0),
    compressor_ratio_limit=6.0,
)
