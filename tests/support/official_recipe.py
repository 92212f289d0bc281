"""The official evaluation and floor, as an independent loop over pyclarity's own functions.

Nothing of this library is used: metadata is read as plain JSON, audio by soundfile. The reference is cut to
the segment (semantics of V0.6.3), which pyclarity 0.9.0 forgets.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import soundfile
from clarity.enhancer.multiband_compressor import MultibandCompressor
from clarity.evaluator.haaqi import compute_haaqi
from clarity.utils.audiogram import Listener
from clarity.utils.signal_processing import clip_signal, compute_rms, resample, to_16bit
from recipes.cad2.task2.baseline.evaluate import adjust_level, apply_gains, remix_stems, set_song_seed

CROSSOVERS = [353.55, 707.11, 1414.21, 2828.43, 5656.85]
TIMES = {"attack": [11, 11, 14, 13, 11, 11], "release": [80, 80, 80, 80, 100, 100], "threshold": [-30] * 6}


def read_json(root: Path, name: str) -> dict:
    return json.loads((root / "metadata" / f"{name}.json").read_text())


def read_cut(root: Path, source: dict) -> np.ndarray:
    signal, rate = soundfile.read(root / "audio" / source["track"], dtype="float32")
    end = source["start"] + source["duration"]
    return signal[int(source["start"] * rate) : int(end * rate)]


def amplify(root: Path, split: str, listener: str, stereo: np.ndarray) -> np.ndarray:
    parameters = read_json(root, f"compressor_params.{split}")[listener]
    aid = MultibandCompressor(crossover_frequencies=CROSSOVERS, sample_rate=44_100)
    ears = []
    for side, ear in enumerate("lr"):
        aid.set_compressors(ratio=parameters[f"cr_{ear}"], makeup_gain=parameters[f"gain_{ear}"], **TIMES)
        ears.append(aid(stereo[:, side].copy())[0])
    return np.vstack(ears).T


def submitted(stereo: np.ndarray, *, truncate: bool) -> np.ndarray:
    """Resample, clip and quantise; what the evaluator will read."""
    at_32_khz, _ = clip_signal(resample(stereo, 44_100, 32_000))
    steps = to_16bit(at_32_khz) if truncate else np.clip(np.rint(at_32_khz * 32768), -32768, 32767)
    return (steps / 32768.0).astype(np.float32)


def floor_signal(root: Path, split: str, scene: str, listener: str, *, truncate: bool = False) -> np.ndarray:
    """The mixture itself, amplified: what a system that does nothing hands in."""
    song = read_json(root, f"music.{split}")[read_json(root, f"scenes.{split}")[scene]["music"]]
    mixture = read_cut(root, song["mixture"])
    return submitted(amplify(root, split, listener, mixture), truncate=truncate)


def official_scores(root: Path, split: str, scene: str, listener: str, processed: np.ndarray) -> tuple[float, float]:
    """Left and right HAAQI of a processed signal at 32 kHz, shape (n_samples, 2)."""
    entry = read_json(root, f"scenes.{split}")[scene]
    song = read_json(root, f"music.{split}")[entry["music"]]
    gains = read_json(root, "gains")[entry["gain"]]
    stems = {name: read_cut(root, source) for name, source in song.items() if name != "mixture"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = adjust_level(remix_stems(apply_gains(stems, 44_100, gains)), gains)
    amplified = amplify(root, split, listener, reference)
    person = Listener.from_dict(read_json(root, f"listeners.{split}")[listener])
    set_song_seed(scene)
    scores = [
        compute_haaqi(
            processed_signal=resample(processed[:, side], 32_000, 24_000),
            reference_signal=resample(amplified[:, side], 44_100, 24_000),
            processed_sample_rate=24_000,
            reference_sample_rate=24_000,
            audiogram=audiogram,
            equalisation=2,
            level1=65 - 20 * np.log10(compute_rms(reference[:, side])),
        )
        for side, audiogram in enumerate((person.audiogram_left, person.audiogram_right))
    ]
    return scores[0], scores[1]
