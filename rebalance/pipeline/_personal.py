"""For one person: separate or rebalance any recording, of any length and rate, mono or stereo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import AudioError, ConfigError
from rebalance._base.names import suggestion
from rebalance.audio import (
    Audio,
    Recording,
    Shrinkage,
    amplitude_from_db,
    db_from_amplitude,
    loudness_lufs,
    remix_as_edit,
    resample,
)
from rebalance.hearing import Fitting, amplify
from rebalance.separation import Separator, checked_estimates, source_names

_BLOCK_S = 30.0
_CROSSFADE_S = 1.0
_LARGEST_SAMPLE = 1.0 - 2.0**-15


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalMix:
    """A rebalanced recording and what was done to its level.

    Parameters
    ----------
    recording
        The result, at the rate of the input.
    attenuation_db
        By how much the whole was turned down so that nothing clips, at least 0.
    """

    recording: Recording
    attenuation_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StemStretch:
    """A stretch of the stems of a recording.

    Parameters
    ----------
    start
        Its first sample.
    stems
        Signals ``(n_channels, n)`` by source name, at the rate of the recording.
    """

    start: int
    stems: Mapping[str, NDArray[np.float32]]

    @property
    def stop(self) -> int:
        """The sample after its last."""
        return self.start + int(next(iter(self.stems.values())).shape[1])


def separate_recording(
    recording: Recording,
    instruments: Sequence[str],
    separator: Separator,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Split a recording into its instruments.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    instruments
        Instrument of every source, repeated for several players: ``("Violin", "Violin", "Cello")``.
    separator
        What separates.
    on_progress
        Called with the fraction done, in (0, 1].

    Returns
    -------
    dict
        Signals of the recording's shape and rate by source name (``"Violin_1"``).

    Raises
    ------
    AudioError
        If the recording has more than two channels, or an estimate is not a signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.
    """
    stems = {name: np.zeros(recording.samples.shape, np.float32) for name in source_names(instruments)}
    for stretch in separate_in_stretches(recording, instruments, separator, on_progress=on_progress):
        for name, stem in stretch.stems.items():
            stems[name][:, stretch.start : stretch.stop] = stem
    return stems


def separate_in_stretches(
    recording: Recording,
    instruments: Sequence[str],
    separator: Separator,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> Iterator[StemStretch]:
    """Split a recording into its instruments and give the stems stretch by stretch, each as soon as it is final.

    The stretches follow one another without gaps and make up the whole; see `separate_recording` for what is given and
    what is raised.
    """
    fade = int(_CROSSFADE_S * recording.sample_rate)
    n_samples = recording.samples.shape[1]
    unfinished: dict[str, NDArray[np.float32]] = {}
    for start, window, estimates in _separated_blocks(recording, instruments, separator):
        stop = start + len(window)
        stems = {name: (window * estimate).astype(np.float32) for name, estimate in estimates.items()}
        for name, held in unfinished.items():
            stems[name][:, : held.shape[1]] += held
        n_final = len(window) - (fade if stop < n_samples else 0)
        unfinished = {name: stem[:, n_final:] for name, stem in stems.items()}
        yield StemStretch(start=start, stems={name: stem[:, :n_final] for name, stem in stems.items()})
        if on_progress is not None:
            on_progress(stop / n_samples)


def common_attenuation_db(signals: Iterable[Audio]) -> float:
    """Return by how many dB signals have to be turned down together so that none is clipped in 16 bits; at least 0."""
    excess = max(
        (max(float(np.max(signal)) / _LARGEST_SAMPLE, -float(np.min(signal))) for signal in signals), default=0
    )
    return float(20.0 * np.log10(excess)) if excess > 1.0 else 0.0


def rebalance_recording(
    recording: Recording,
    instruments: Sequence[str],
    gains_db: Mapping[str, float],
    separator: Separator,
    *,
    fitting: Fitting | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> PersonalMix:
    """Change the balance of a recording and, for a listener with hearing loss, amplify it.

    The recording is edited, not rebuilt: with equal gains and no fitting it comes back unchanged. For a
    listener it is first brought to -40 LUFS, where the compressors are meant to work; the result is
    turned down as a whole where it would clip.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    instruments
        Instrument of every source.
    gains_db
        Gain in dB by source name; names not mentioned stay at 0 dB. See `gains_by_source`.
    separator
        What separates.
    fitting
        Compressor settings of the listener; None leaves the result unamplified. A mono recording
        becomes stereo, one channel per ear.
    on_progress
        Called with the fraction done, in (0, 1].

    Raises
    ------
    AudioError
        If the recording has more than two channels, is silent where a loudness is needed, or an estimate is not a
        signal of its shape.
    ConfigError
        If an instrument is unknown, the separator needs the true sources, or it names other sources than these.
    """
    all_gains_db = {name: gains_db.get(name, 0.0) for name in source_names(instruments)}
    edited = recording.samples.astype(np.float64)
    if len(set(all_gains_db.values())) > 1:
        for stretch in separate_in_stretches(recording, instruments, separator, on_progress=on_progress):
            part = slice(stretch.start, stretch.stop)
            edited[:, part] = remix_as_edit(
                recording.samples[:, part], stretch.stems, all_gains_db, shrinkage=separator.shrinkage
            )
    return _for_listening(edited, recording, fitting)


def rebalance_stems(
    recording: Recording,
    stems: Mapping[str, Audio],
    gains_db: Mapping[str, float],
    *,
    shrinkage: Shrinkage,
    fitting: Fitting | None = None,
) -> PersonalMix:
    """Change the balance of a recording whose stems are known, as `rebalance_recording` does: the same numbers.

    Parameters
    ----------
    recording
        Mono or stereo, any rate.
    stems
        What `separate_recording` returns.
    gains_db
        Gain in dB by source name; names not mentioned stay at 0 dB.
    shrinkage
        That of the separator the stems come from.
    fitting
        See `rebalance_recording`.

    Raises
    ------
    AudioError
        If a stem has another shape than the recording, or it is silent where a loudness is needed.
    """
    all_gains_db = {name: gains_db.get(name, 0.0) for name in stems}
    edited = remix_as_edit(recording.samples, stems, all_gains_db, shrinkage=shrinkage)
    return _for_listening(edited, recording, fitting)


def _for_listening(edited: NDArray[np.float64], recording: Recording, fitting: Fitting | None) -> PersonalMix:
    """Amplify an edited recording where a listener is given, and turn it down where it would clip."""
    if fitting is not None:
        edited = _amplified(edited, recording, fitting)
    peak = float(np.max(np.abs(edited)))
    attenuation_db = max(0.0, float(20.0 * np.log10(peak))) if peak > 0 else 0.0
    samples = edited * amplitude_from_db(-attenuation_db)
    return PersonalMix(
        recording=Recording(samples=samples.astype(np.float32), sample_rate=recording.sample_rate),
        attenuation_db=attenuation_db,
    )


def gains_by_source(requests: Mapping[str, float], instruments: Sequence[str]) -> dict[str, float]:
    """Spell out gains asked by instrument or by source: ``violin`` means every violin, ``violin_2`` one of them.

    Raises
    ------
    ConfigError
        If a name is none of the recording's sources, with the closest one.
    """
    names = source_names(instruments)
    gains_db: dict[str, float] = {}
    for request, gain_db in requests.items():
        matching = [
            name
            for name, instrument in zip(names, instruments, strict=True)
            if request.casefold() in (name.casefold(), instrument.casefold())
        ]
        if not matching:
            raise ConfigError(
                f"gain for {request!r}: expected one of {sorted({*names, *instruments})}{suggestion(request, names)}"
            )
        gains_db |= dict.fromkeys(matching, gain_db)
    return gains_db


def _separated_blocks(
    recording: Recording,
    instruments: Sequence[str],
    separator: Separator,
) -> Iterator[tuple[int, NDArray[np.float64], dict[str, Audio]]]:
    """Give start, cross-fade window and estimates of consecutive blocks at the recording's own rate."""
    if recording.samples.shape[0] > CAD2_TASK2.n_channels:
        raise AudioError(f"expected a mono or stereo recording, got {recording.samples.shape[0]} channels")
    names = source_names(instruments)
    n_samples = recording.samples.shape[1]
    for start, window in _windows(n_samples, recording.sample_rate):
        block = recording.samples[:, start : start + len(window)]
        mixture = resample(block, recording.sample_rate, separator.sample_rate)
        estimates = checked_estimates(separator(mixture, instruments), names, mixture.shape)
        yield (
            start,
            window,
            {
                name: _fitted(resample(estimate, separator.sample_rate, recording.sample_rate), len(window))
                for name, estimate in estimates.items()
            },
        )


def _windows(n_samples: int, sample_rate: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Give the starts of overlapping blocks and windows that sum to one everywhere."""
    fade = int(_CROSSFADE_S * sample_rate)
    hop = int(_BLOCK_S * sample_rate)
    rise = (np.arange(fade) + 0.5) / fade
    for start in range(0, max(1, n_samples - fade), hop):
        stop = min(start + hop + fade, n_samples)
        window = np.ones(stop - start)
        if start > 0:
            window[:fade] = rise
        if stop < n_samples:
            window[-fade:] = rise[::-1]
        yield start, window


def _fitted(signal: Audio, n_samples: int) -> Audio:
    """Cut or pad a resampled signal to the length it came from."""
    missing = max(0, n_samples - signal.shape[-1])
    return np.pad(signal[..., :n_samples], ((0, 0), (0, missing)))


def _amplified(signal: NDArray[np.float64], recording: Recording, fitting: Fitting) -> NDArray[np.float64]:
    """Bring a signal to the level the compressors expect and amplify it, one channel per ear."""
    stereo = np.repeat(signal, 2, axis=0) if len(signal) == 1 else signal
    peak = float(np.max(np.abs(stereo), initial=0.0))
    if not peak:
        raise AudioError("expected music to amplify for the listener, found silence")
    loudness = loudness_lufs(stereo, recording.sample_rate)
    if not np.isfinite(loudness):  # quiet all through: below the gate, so measured at full scale
        loudness = loudness_lufs(stereo / peak, recording.sample_rate) + db_from_amplitude(peak)
    if not np.isfinite(loudness):
        raise AudioError("expected music to amplify for the listener, found clicks without any loudness")
    levelled = stereo * amplitude_from_db(CAD2_TASK2.mixture_loudness_lufs - loudness)
    rate = CAD2_TASK2.mixture_sample_rate
    amplified = amplify(resample(levelled, recording.sample_rate, rate), fitting)
    return _fitted(resample(amplified, rate, recording.sample_rate), signal.shape[1]).astype(np.float64)
