"""The level of a result as a whole: what an aid needs, the loudness that was asked for, and nothing clipped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from rebalance._base.challenge import CAD2_TASK2, EARS
from rebalance._base.errors import AudioError
from rebalance._base.files import StrPath, expanded
from rebalance.audio import (
    Audio,
    Block,
    Blocking,
    LevelMeter,
    ResampledStream,
    Spool,
    Stream,
    aligned_pieces,
    amplitude_from_db,
    db_from_amplitude,
    resampled_pieces,
)
from rebalance.hearing import Fitting, amplify

LoudnessTarget: TypeAlias = float | Literal["recording"] | None

_MAX_SAMPLE = 1.0 - 2.0**-15
_TWICE_DB = 10.0 * np.log10(2.0)  # two ears hear what one channel of a mono recording holds
_AID_BLOCKING = Blocking(hop=2**20, fade=4_410, margin=88_200)  # in two seconds the compressors forget what was


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLevel:
    """What was done to the level of a remix as a whole.

    Parameters
    ----------
    gain_db
        The one gain applied at the end, the same in all channels.
    attenuation_db
        By how much that is less than was wanted, so that nothing clips; at least 0.
    loudness_lufs
        Of the result; None where it was not measured.
    """

    gain_db: float
    attenuation_db: float
    loudness_lufs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledMix:
    """A rebalanced recording of any length, before its last gain.

    Parameters
    ----------
    spool
        Holds it.
    level
        What is done to its level as a whole, `pieces` included.
    """

    spool: Spool
    level: OutputLevel

    def pieces(self) -> Iterator[Audio]:
        """Give consecutive pieces of the result, shape ``(n_channels, n)``."""
        gain = amplitude_from_db(self.level.gain_db)
        for piece in self.spool.pieces():
            yield piece * gain if gain != 1.0 else piece


def common_attenuation_db(signals: Iterable[Audio]) -> float:
    """Return by how many dB signals have to be turned down together so that none is clipped in 16 bits; at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.pipeline import common_attenuation_db
    >>> quiet, loud = np.array([[0.1, -0.5]]), np.array([[0.3, -2.0]])
    >>> round(common_attenuation_db([quiet, loud]), 2), common_attenuation_db([quiet])
    (6.02, 0.0)
    """
    excess = max((max(float(np.max(signal)) / _MAX_SAMPLE, -float(np.min(signal))) for signal in signals), default=0)
    return float(20.0 * np.log10(excess)) if excess > 1.0 else 0.0


def levelled(
    stream: Stream,
    edits: Iterable[tuple[Audio, Audio]],
    fitting: Fitting | None,
    loudness: LoudnessTarget,
    *,
    folder: StrPath | None,
    double: bool,
) -> tuple[Spool, OutputLevel]:
    """Keep edited pieces, amplify them where that is asked for, and say what is to be done to their level."""
    recorded = _meter(stream, loudness=loudness == "recording")
    edited = _meter(stream, loudness=fitting is not None or loudness is not None)
    spool = Spool(
        sample_rate=stream.sample_rate,
        n_channels=stream.n_channels,
        folder=None if folder is None else expanded(folder),
        double=double,
    )
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(spool.close)
        for original, piece in edits:
            spool.append(piece)
            recorded.feed(original)
            edited.feed(piece)
        result, heard = (spool, edited) if fitting is None else _amplified(spool, edited, fitting)
        level = _output_level(loudness, recorded, heard)
        if result is spool:
            on_failure.pop_all()
        return result, level


def _amplified(spool: Spool, meter: LevelMeter, fitting: Fitting) -> tuple[Spool, LevelMeter]:
    """Bring a signal to the level the compressors expect and amplify it, one channel per ear."""
    if not meter.peak:
        raise AudioError(expected="music to amplify for the listener", found="silence")
    loudness = meter.loudness_lufs() + (_TWICE_DB if spool.n_channels == 1 else 0.0)
    if not np.isfinite(loudness):
        raise AudioError(expected="music to amplify for the listener", found="clicks without any loudness")
    level = amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs - loudness)
    aid_rate = CAD2_TASK2.mixture_sample_rate

    def heard() -> Iterator[tuple[Block, Audio]]:
        for block in _AID_BLOCKING.blocks(ResampledStream(spool, aid_rate)):
            stereo = np.repeat(block.samples, 2, axis=0) if len(block.samples) == 1 else block.samples
            yield block, amplify(stereo.astype(np.float64) * level, fitting)

    amplified = (piece for _, piece in _AID_BLOCKING.joined(heard()))
    result = Spool(sample_rate=spool.sample_rate, n_channels=len(EARS), folder=spool.folder, double=spool.double)
    measured = _meter(result)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(result.close)
        for _, piece in aligned_pieces(spool.pieces(), resampled_pieces(amplified, aid_rate, spool.sample_rate)):
            result.append(piece)
            measured.feed(piece)
        on_failure.pop_all()
    return result, measured


def _output_level(target: LoudnessTarget, recorded: LevelMeter, result: LevelMeter) -> OutputLevel:
    """Return the gain that brings a result to the loudness asked for, or as near to it as leaves nothing clipped."""
    if not result.peak:
        return OutputLevel(gain_db=0.0, attenuation_db=0.0)
    wanted_db, loudness = 0.0, None
    if target is not None:
        loudness = result.loudness_lufs()
        wanted_db = (_own_lufs(recorded, result.n_channels) if isinstance(target, str) else target) - loudness
    attenuation_db = max(0.0, wanted_db + db_from_amplitude(result.peak))
    gain_db = wanted_db - attenuation_db
    return OutputLevel(
        gain_db=gain_db, attenuation_db=attenuation_db, loudness_lufs=None if loudness is None else loudness + gain_db
    )


def _own_lufs(recorded: LevelMeter, n_channels: int) -> float:
    """Return the loudness of a recording when it is played over a number of channels."""
    return recorded.loudness_lufs() + (_TWICE_DB if recorded.n_channels < n_channels else 0.0)


def _meter(stream: Stream, *, loudness: bool = True) -> LevelMeter:
    return LevelMeter(sample_rate=stream.sample_rate, n_channels=stream.n_channels, only_peak=not loudness)
