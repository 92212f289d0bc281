"""The score of one signal: the true remix, amplified, heard with both ears of a listener beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyloudnorm
from numpy.typing import NDArray

from rebalance._base.challenge import CAD2_TASK2, EARS, Ear
from rebalance._base.errors import AudioError, MetadataError
from rebalance.audio import Audio, Recording, db_from_amplitude, remix, resample, rms
from rebalance.haaqi import BinauralScore, EarReference, HaaqiScore, SceneNoise, binaural_scores
from rebalance.hearing import Listener, amplify
from rebalance.task import Pair, Scene, Task, length_fault, read_source

_FULL_SCALE_16_BIT = 32_767 / 32_768
_LOUDNESS_BLOCK_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What to know of a signal beside its score.

    Parameters
    ----------
    clipped_samples
        Samples of both channels at 16-bit full scale.
    peak
        Largest magnitude, full scale 1.
    output_lufs, reference_lufs, input_lufs
        Loudness of the processed signal, of its reference, and of the untouched mixture; None where there
        is none (silence, less than 0.4 s).
    """

    clipped_samples: int
    peak: float
    output_lufs: float | None
    reference_lufs: float | None
    input_lufs: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """The score of one scene for one listener, everything that led to it kept."""

    scene: str
    song: str
    listener: str
    left: HaaqiScore
    right: HaaqiScore
    diagnostics: Diagnostics

    def row(self) -> dict[str, str | float | int | None]:
        """Return the line of ``scores.csv``."""
        components = {
            f"{ear}_{name}": value
            for ear, score in (("left", self.left), ("right", self.right))
            for name, value in dataclasses.asdict(score).items()
            if name != "value"
        }
        return {
            "scene": self.scene,
            "song": self.song,
            "listener": self.listener,
            "left_haaqi": self.left.value,
            "right_haaqi": self.right.value,
            "avg_haaqi": float(np.mean([self.left.value, self.right.value])),
            **components,
            **dataclasses.asdict(self.diagnostics),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the signals of a scene are compared with.

    Parameters
    ----------
    remix
        The true remix: unamplified, shape ``(2, n_samples)``, 44.1 kHz.
    input_lufs
        Loudness of the mixture; None where it was not measured, or cannot be.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance.pipeline import Reference
    >>> round(Reference(remix=np.full((2, 44_100), 0.1)).level_db_spl("left"))
    85
    """

    remix: NDArray[np.float64]
    input_lufs: float | None = None

    def level_db_spl(self, ear: Ear) -> float:
        """Return the level in dB SPL at which HAAQI presents a signal whose RMS is 1.

        Source: ``65 - 20 log10(RMS)`` of the unamplified, normalised reference, the official evaluator.

        Raises
        ------
        AudioError
            If the channel is silent.

        Examples
        --------
        >>> import numpy as np
        >>> from rebalance.pipeline import Reference
        >>> Reference(remix=np.ones((2, 44_100))).level_db_spl("right")
        65.0
        """
        level = rms(self.remix[EARS.index(ear)])
        if not level:
            raise AudioError("nothing to score against", where=f"the {ear} channel of the true remix is silent")
        return CAD2_TASK2.reference_level_db_spl - db_from_amplitude(level)


def true_remix(task: Task, scene: Scene) -> Reference:
    """Remix a scene from its true sources, cut to the segment (semantics of pyclarity V0.6.3).

    Parameters
    ----------
    task
        Where the audio lies.
    scene
        One of the task's.

    Raises
    ------
    MetadataError
        If the release holds no sources, or they differ in length; see `rebalance.task.length_fault`.

    Examples
    --------
    >>> from rebalance import load_task
    >>> from rebalance.assets import demo_folder
    >>> from rebalance.pipeline import true_remix
    >>> task = load_task(demo_folder(), "valid")
    >>> true_remix(task, task.scenes["S50001"]).remix.shape
    (2, 661500)
    """
    if not scene.segment.sources or any(source.track is None for source in scene.segment.sources):
        raise MetadataError(
            where=f"scene {scene.name}", expected="true sources to score against, this release holds none"
        )
    if fault := length_fault(scene.segment):
        raise MetadataError(f"{fault}", where=f"scene {scene.name}")
    sources = {source.name: read_source(task, source) for source in scene.segment.sources}
    mixture = read_source(task, scene.segment.mixture)
    return Reference(
        remix=remix(sources, scene.gains_db), input_lufs=_loudness(mixture, CAD2_TASK2.mixture_sample_rate)
    )


def score_pair(task: Task, pair: Pair, processed: Recording) -> PairScore:
    """Score one processed signal: load the sources, remix, amplify, listen with both ears.

    Parameters
    ----------
    task
        What the pair belongs to, with its true sources.
    pair
        Scene and listener.
    processed
        Stereo at 32 kHz, as long as the segment.

    Raises
    ------
    AudioError
        If rate, channels or length are not the submission's, or there is nothing to score.
    MetadataError
        If the release holds no sources.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from rebalance import Pair, load_task
    >>> from rebalance.audio import Recording
    >>> from rebalance.pipeline import amplify_for_submission, score_pair, true_remix
    >>> def first_second(source):
    ...     return replace(source, start_s=2.0, duration_s=1.0)
    >>> task = load_task("metadata/demo", "valid")
    >>> scene = task.scenes["S50001"]
    >>> music = replace(
    ...     scene.segment,
    ...     mixture=first_second(scene.segment.mixture),
    ...     sources=tuple(map(first_second, scene.segment.sources)),
    ... )
    >>> scene, pair = replace(scene, segment=music), Pair(scene="S50001", listener="L0003")
    >>> short = replace(task.subset([pair]), scenes={scene.name: scene}, segments={music.name: music})
    >>> perfect = amplify_for_submission(true_remix(short, scene).remix, task.fittings["L0003"])
    >>> score = score_pair(short, pair, Recording(samples=perfect.astype("float32"), sample_rate=32_000))
    >>> round(score.left.value, 1), round(score.right.value, 1)
    (1.0, 1.0)
    """
    scene = task.scenes[pair.scene]
    reference = true_remix(task, scene)
    amplified = amplify(reference.remix, task.fittings[pair.listener])
    require_submission_form(processed, amplified.shape[1])
    noise = SceneNoise(scene=scene.name)
    (ears,) = score_signals(task.listeners[pair.listener], reference, amplified, [processed.samples], noise=noise)
    if isinstance(ears, AudioError):
        raise ears
    return pair_score(task, pair, ears, processed, amplified, reference)


def score_signals(
    listener: Listener, reference: Reference, amplified: Audio, processed: Sequence[Audio], *, noise: SceneNoise
) -> list[BinauralScore | AudioError]:
    """Score any number of processed signals with both ears of a listener.

    Parameters
    ----------
    listener
        Who listens.
    reference
        The true remix, whose level says how loud it is presented.
    amplified
        The true remix amplified for the listener, shape ``(2, n_samples)``, 44.1 kHz.
    processed
        Signals of shape ``(2, n_samples)`` at 32 kHz, as `amplify_for_submission` gives them.
    noise
        Of the scene.

    Returns
    -------
    list
        For every signal the scores of its two ears, or why it has none.

    Raises
    ------
    AudioError
        If the reference cannot be scored against.

    Examples
    --------
    >>> import numpy as np
    >>> from rebalance import Listener, amplify, amplify_for_submission, prescribe
    >>> from rebalance.haaqi import SceneNoise
    >>> from rebalance.pipeline import Reference, score_signals
    >>> me = Listener.of("me", left=[20] * 8, right=[30] * 8)
    >>> music = 0.05 * np.random.default_rng(1).standard_normal((2, 22_050))
    >>> target, same = amplify(music, prescribe(me)), amplify_for_submission(music, prescribe(me))
    >>> (ears,) = score_signals(me, Reference(remix=music), target, [same], noise=SceneNoise(scene="S50001"))
    >>> [round(ear.value, 2) for ear in ears]
    [1.0, 1.0]
    """
    rate = CAD2_TASK2.haaqi_sample_rate
    left, right = (
        EarReference(
            signal=signal,
            audiogram=listener.audiogram(ear),
            full_scale_db_spl=reference.level_db_spl(ear),
        )
        for ear, signal in zip(EARS, resample(amplified, CAD2_TASK2.mixture_sample_rate, rate), strict=True)
    )
    signals = [resample(signal, CAD2_TASK2.remix_sample_rate, rate) for signal in processed]
    return binaural_scores(left, right, signals, noise=noise)


def pair_score(
    task: Task, pair: Pair, ears: BinauralScore, processed: Recording, amplified: Audio, reference: Reference
) -> PairScore:
    """Put the scores of two ears together with what explains them."""
    left, right = ears
    diagnostics = Diagnostics(
        clipped_samples=int(np.count_nonzero(np.abs(processed.samples) >= _FULL_SCALE_16_BIT)),
        peak=float(np.max(np.abs(processed.samples))),
        output_lufs=_loudness(processed.samples, processed.sample_rate),
        reference_lufs=_loudness(amplified, CAD2_TASK2.mixture_sample_rate),
        input_lufs=reference.input_lufs,
    )
    song = task.scenes[pair.scene].segment.name
    return PairScore(
        scene=pair.scene, song=song, listener=pair.listener, left=left, right=right, diagnostics=diagnostics
    )


def require_submission_form(processed: Recording, reference_length: int) -> None:
    """Raise unless a processed signal has the rate, channels and length of a submission."""
    if processed.sample_rate != CAD2_TASK2.remix_sample_rate:
        raise AudioError(expected=f"{CAD2_TASK2.remix_sample_rate} Hz", got=f"{processed.sample_rate} Hz")
    n_channels, n_samples = processed.samples.shape
    if n_channels != CAD2_TASK2.n_channels:
        raise AudioError(expected=f"{CAD2_TASK2.n_channels} channels", got=str(n_channels))
    expected = reference_length * CAD2_TASK2.remix_sample_rate / CAD2_TASK2.mixture_sample_rate
    if abs(n_samples - expected) > 1:
        raise AudioError(expected=f"{round(expected)} samples at {processed.sample_rate} Hz", got=str(n_samples))


def _loudness(samples: Audio, sample_rate: int) -> float | None:
    """Return the integrated loudness in LUFS; None for silence or less than one block (0.4 s).

    It is measured in the precision of the samples; `rebalance.audio.loudness_lufs` takes double, and differs by 1e-7.
    """
    if samples.shape[1] < _LOUDNESS_BLOCK_S * sample_rate:
        return None
    loudness = float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples.T))
    return loudness if np.isfinite(loudness) else None
