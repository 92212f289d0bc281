"""HAAQI, the hearing-aid audio quality index: one reference heard once, any number of processed signals against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rebalance._base.errors import AudioError, ConfigError
from rebalance.haaqi import _cepstral, _coherence
from rebalance.haaqi._alignment import Extent, band_delays, bulk_aligned, sounding_extent
from rebalance.haaqi._bands import N_BANDS, SAMPLE_RATE, delays_to_align
from rebalance.haaqi._cochlea import Excitation, excite
from rebalance.haaqi._equalisation import ReferenceAmplification, equalised
from rebalance.haaqi._hair_cells import Delays, transduce
from rebalance.haaqi._hearing_loss import CochlearLoss, apportion_loss
from rebalance.haaqi._index import HaaqiScore, combine
from rebalance.haaqi._middle_ear import through_middle_ear
from rebalance.haaqi._resampling import at_model_rate
from rebalance.haaqi._spectrum import match_spectra
from rebalance.haaqi._threshold_noise import Rng, RngSeed, add_noise, copied, drawn_rows, noise_stream, seeded
from rebalance.hearing import Audiogram

Signal: TypeAlias = NDArray[np.floating]
Vector: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.float32]

DEFAULT_FULL_SCALE_DB_SPL = 65.0
# Twice the range in which bands are aligned: below it the index says nothing.
MIN_DURATION_S = 0.2
MIN_SAMPLE_RATE = 1000  # in Hz; below it no music is heard, and a rate in kHz would ask for gigabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """The listener's ear and the calibration of what enters it."""

    audiogram: Audiogram
    loss: CochlearLoss
    sample_rate: float
    full_scale_db_spl: float
    reference_amplification: ReferenceAmplification


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardReference:
    """A reference and all that one ear makes of it, ready to be compared with processed signals.

    Made by `hear_reference`; holds about 12 MB per second of sound. Comparing changes nothing in it.

    Parameters
    ----------
    ear
        The listener's ear, and the calibration of what enters it.
    signal
        The reference at 24 kHz, shape ``(n_samples,)``.
    extent
        Its first and last sample that belong to the sound; what follows is of this stretch.
    excitation
        Response of the cochlea to it.
    waits
        Samples each band waits, so that the filters' delays agree, shape ``(n_bands,)``.
    motion
        Membrane motion with an envelope in dB over threshold and noise added, shape ``(n_bands, n_samples)``.
    processed_noise
        Noise at the threshold for every processed signal, shape ``(n_bands, n_samples)``.
    segments
        Indices of the segments of the envelope that are audible.
    modulations
        Of the reference, centred, shape ``(n_modulation_bands, n_coefficients, n_used_segments)``.
    noise_source
        The generator as it was before the noise was drawn, to hear a shorter reference anew.
    """

    ear: Ear
    signal: Vector
    extent: Extent
    excitation: Excitation
    waits: Delays
    motion: Rows
    processed_noise: Rows
    segments: NDArray[np.intp]
    modulations: NDArray[np.float64]
    noise_source: Rng

    def __repr__(self) -> str:
        seconds = len(self.signal) / SAMPLE_RATE
        return f"{type(self).__name__}({seconds:.2f} s, at {self.ear.full_scale_db_spl:g} dB SPL for an RMS of 1)"

    def score(self, processed: Signal) -> HaaqiScore:
        """Score one processed signal, to the same numbers as `haaqi` with the generator the reference was heard with.

        Parameters
        ----------
        processed
            Shape ``(n_samples,)``, at the reference's rate, in its unit. Beyond the reference's end it is not heard;
            if it is shorter, the reference is cut to its length and, where that touches its sound, heard anew.

        Raises
        ------
        AudioError
            If it is not one ear of finite samples, is silent, or leaves too little of the reference to compare.

        Examples
        --------
        >>> import numpy as np
        >>> from rebalance.haaqi import hear_reference
        >>> from rebalance.hearing import STANDARD_AUDIOGRAMS
        >>> music = 0.05 * np.random.default_rng(1).standard_normal(24_000)
        >>> heard = hear_reference(music, STANDARD_AUDIOGRAMS["N2"], sample_rate=24_000, full_scale_db_spl=90.0)
        >>> [round(heard.score(processed).value, 1) for processed in (music, music[::-1].copy())]
        [1.0, 0.2]
        """
        return _score(self, _checked("processed", processed, self.ear.sample_rate))


def score_ear(
    reference: Signal,
    processed: Signal,
    audiogram: Audiogram,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: float = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HaaqiScore:
    """Score one ear; see `rebalance.haaqi.haaqi`."""
    ear = _ear(audiogram, sample_rate, full_scale_db_spl, reference_amplification)
    ours = _checked("reference", reference, sample_rate)
    theirs = _checked("processed", processed, sample_rate)
    n = min(len(ours), len(theirs))
    return _score(_hear(ours[:n], ear, seeded(rng)), theirs)


def hear_reference(
    reference: Signal,
    audiogram: Audiogram,
    *,
    sample_rate: float,
    rng: RngSeed = 0,
    full_scale_db_spl: float = DEFAULT_FULL_SCALE_DB_SPL,
    reference_amplification: ReferenceAmplification = "none",
) -> HeardReference:
    """Hear a reference once, to score many processed signals against it; arguments as of `haaqi`.

    Parameters
    ----------
    reference
        One ear, shape ``(n_samples,)``, finite and not silent.
    audiogram
        Of the ear that listens.
    sample_rate
        Of the reference and of all that is compared with it, in Hz.
    rng
        Of the noise at the threshold of hearing: a seed, a ``RandomState`` or a reader of a `NoiseTape`.
    full_scale_db_spl
        Level of a signal whose RMS is 1, in dB SPL.
    reference_amplification
        ``"none"`` where the reference already carries its amplification, ``"nal_r"`` to add NAL-R.

    Raises
    ------
    AudioError, ConfigError
        As `haaqi` does.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Audiogram
    >>> from rebalance.haaqi import hear_reference
    >>> reference = 0.1 * np.random.default_rng(1).standard_normal(24_000)
    >>> audiogram = Audiogram(frequencies_hz=(250.0, 1000.0, 4000.0), thresholds_db_hl=(20.0, 30.0, 50.0))
    >>> heard = hear_reference(reference, audiogram, sample_rate=24_000, full_scale_db_spl=85.0)
    >>> heard.score(0.5 * reference).value < heard.score(reference).value
    True
    """
    ear = _ear(audiogram, sample_rate, full_scale_db_spl, reference_amplification)
    return _hear(_checked("reference", reference, sample_rate), ear, seeded(rng))


def _hear(reference: Vector, ear: Ear, rng: Rng) -> HeardReference:
    """Walk the reference through the ear and draw the noise of both signals."""
    source = copied(rng)
    extent = sounding_extent(reference)
    if extent.n_samples < MIN_DURATION_S * SAMPLE_RATE:
        raise AudioError(
            f"the reference sounds for {extent.n_samples / SAMPLE_RATE:.3f} s, expected at least {MIN_DURATION_S} s",
            where="HAAQI",
        )
    sound = equalised(reference[extent.first : extent.last + 1], ear.audiogram, ear.reference_amplification)
    excitation = excite(through_middle_ear(sound), ear.loss, ear.full_scale_db_spl)
    waits = delays_to_align(excitation.filters)
    in_step = np.zeros(N_BANDS, dtype=np.intp)
    nerve = transduce(
        excitation, envelope_delays=in_step, motion_delays=in_step, offsets_db=_offsets_db(ear), waits=waits
    )
    smooth = _cepstral.smoothed(nerve)
    segments = _cepstral.audible_segments(smooth)
    stream = noise_stream(rng)
    add_noise(nerve.motion, drawn_rows(stream, extent.n_samples), ear.full_scale_db_spl, waits)
    processed_noise = np.array(list(map(np.copy, drawn_rows(stream, extent.n_samples))))
    stream.finish(len(segments))
    return HeardReference(
        ear=ear,
        signal=reference,
        extent=extent,
        excitation=excitation,
        waits=waits,
        motion=nerve.motion,
        processed_noise=processed_noise,
        segments=segments,
        modulations=_cepstral.modulations(smooth, segments),
        noise_source=source,
    )


def _score(heard: HeardReference, processed: Vector) -> HaaqiScore:
    """Score a checked signal at 24 kHz."""
    n = min(len(heard.signal), len(processed))
    ours, theirs = heard.signal[:n], processed[:n]
    if n < len(heard.signal) and sounding_extent(ours) != heard.extent:
        return _score(_hear(ours, heard.ear, copied(heard.noise_source)), theirs)
    return _compare(heard, bulk_aligned(ours, theirs)[heard.extent.first : heard.extent.last + 1])


def _compare(heard: HeardReference, processed: Vector) -> HaaqiScore:
    """Score a processed signal in step with the reference."""
    if not processed.any():
        raise AudioError("the processed signal is silent where the reference sounds", where="HAAQI")
    theirs = excite(through_middle_ear(processed), heard.ear.loss, heard.ear.full_scale_db_spl)
    nerve = transduce(
        theirs,
        envelope_delays=band_delays(heard.excitation.envelope, theirs.envelope),
        motion_delays=band_delays(heard.excitation.motion, theirs.motion),
        offsets_db=_offsets_db(heard.ear),
        waits=heard.waits,
    )
    add_noise(nerve.motion, heard.processed_noise, heard.ear.full_scale_db_spl, heard.waits)
    modulations = _cepstral.modulations(_cepstral.smoothed(nerve), heard.segments)
    return combine(
        cepstral_correlation=_cepstral.correlate_modulations(heard.modulations, modulations),
        membrane_covariance=_coherence.synchronised_mean(_coherence.covary(heard.motion, nerve.motion)),
        spectra=match_spectra(heard.excitation.level_db_sl, theirs.level_db_sl),
    )


def _offsets_db(ear: Ear) -> Vector:
    """Return the level over the listener's threshold of an amplitude of 1, per band."""
    return ear.full_scale_db_spl - ear.loss.inner_attenuation_db


def _ear(
    audiogram: Audiogram, sample_rate: float, full_scale_db_spl: float, amplification: ReferenceAmplification
) -> Ear:
    """Check the options and gather them."""
    if not (np.isfinite(sample_rate) and sample_rate > 0):
        raise ConfigError(f"sample_rate must be positive, got {sample_rate}", where="HAAQI")
    if sample_rate < MIN_SAMPLE_RATE:
        raise ConfigError(
            f"sample_rate must be in Hz, {MIN_SAMPLE_RATE} or more, got {sample_rate:g}; is it kHz?", where="HAAQI"
        )
    if not np.isfinite(full_scale_db_spl):
        raise ConfigError(f"full_scale_db_spl must be finite, got {full_scale_db_spl}", where="HAAQI")
    if amplification not in ("none", "nal_r"):
        raise ConfigError(f"reference_amplification must be 'none' or 'nal_r', got {amplification!r}", where="HAAQI")
    return Ear(
        audiogram=audiogram,
        loss=apportion_loss(audiogram),
        sample_rate=sample_rate,
        full_scale_db_spl=full_scale_db_spl,
        reference_amplification=amplification,
    )


def _checked(name: str, signal: Signal, sample_rate: float) -> Vector:
    """Return one ear's signal in double precision at 24 kHz."""
    samples = np.asarray(signal)
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"the {name} signal must be one ear of floating-point samples, shape (n_samples,), got"
            f" {samples.dtype} of shape {samples.shape}",
            where="HAAQI",
        )
    if not samples.size:
        raise AudioError(f"the {name} signal is empty, expected samples", where="HAAQI")
    if not np.isfinite(samples).all():
        raise AudioError(f"the {name} signal holds NaN or infinite samples, expected finite ones", where="HAAQI")
    if not samples.any():
        raise AudioError(f"the {name} signal is silent, expected sound to compare", where="HAAQI")
    return at_model_rate(np.ascontiguousarray(samples, dtype=np.float64), sample_rate)
