"""Measure scoring and enhancing one (scene, listener) of the embedded task against pyclarity's recipe.

    python benchmarks/chain.py

Prints a section of docs/numbers.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from clarity.enhancer.multiband_compressor import MultibandCompressor
from clarity.evaluator.haaqi import compute_haaqi
from clarity.utils.audiogram import Listener
from clarity.utils.flac_encoder import read_flac_signal, save_flac_signal
from clarity.utils.signal_processing import compute_rms, resample
from pairing import TABLE_HEAD, Comparison, in_turns, processor_seconds
from recipes.cad2.task2.baseline.evaluate import (
    adjust_level,
    apply_gains,
    load_reference_stems,
    remix_stems,
    set_song_seed,
)

from rebalance import CAD2_TASK2, Pair, load_task
from rebalance.audio import read_audio
from rebalance.pipeline import EnhanceOptions, enhance_task, enhanced_path, score_scene, system_of_run

ROOT = Path(__file__).parents[1] / "metadata" / "demo"
PAIR = Pair(scene="S50002", listener="L0002")
EVALUATION_PAIRS, EVALUATION_SCENES, EVALUATION_SEGMENTS = 7308, 348, 87
TURNS = 3
RUNS_COMPARED = 3


def metadata(name: str) -> Any:
    return json.loads((ROOT / "metadata" / f"{name}.json").read_text())


def peer_aid() -> MultibandCompressor:
    frequencies = list(CAD2_TASK2.crossover_frequencies_hz)
    return MultibandCompressor(crossover_frequencies=frequencies, sample_rate=CAD2_TASK2.mixture_sample_rate)


def peer_amplified(stereo: np.ndarray) -> np.ndarray:
    parameters, aid, ears = metadata("compressor_params.valid")[PAIR.listener], peer_aid(), []
    for side, ear in enumerate("lr"):
        aid.set_compressors(
            attack=list(CAD2_TASK2.compressor_attack_ms),
            release=list(CAD2_TASK2.compressor_release_ms),
            threshold=list(CAD2_TASK2.compressor_threshold_db),
            ratio=parameters[f"cr_{ear}"],
            makeup_gain=parameters[f"gain_{ear}"],
        )
        ears.append(aid(signal=stereo[:, side])[0])
    return np.vstack(ears).T


def peer_score(processed_file: Path) -> list[float]:
    """Score the pair as one turn of the official evaluation loop does."""
    scene = metadata("scenes.valid")[PAIR.scene]
    gains = metadata("gains")[scene["gain"]]
    stems = load_reference_stems(ROOT / "audio", metadata("music.valid")[scene["music"]])
    reference = adjust_level(remix_stems(apply_gains(stems, CAD2_TASK2.mixture_sample_rate, gains)), gains)
    set_song_seed(PAIR.scene)
    listener = Listener.from_dict(metadata("listeners.valid")[PAIR.listener])
    processed, _ = read_flac_signal(processed_file)
    amplified = peer_amplified(reference.copy())
    return [
        compute_haaqi(
            processed_signal=resample(processed[:, side], 32_000, 24_000),
            reference_signal=resample(amplified[:, side], 44_100, 24_000),
            processed_sample_rate=24_000,
            reference_sample_rate=24_000,
            audiogram=audiogram,
            equalisation=2,
            level1=65 - 20 * np.log10(compute_rms(reference[:, side])),
        )
        for side, audiogram in enumerate((listener.audiogram_left, listener.audiogram_right))
    ]


def peer_enhance(folder: Path) -> None:
    """Enhance the pair as the official loop does, without its separation: the sources are read instead."""
    scene = metadata("scenes.valid")[PAIR.scene]
    gains = metadata("gains")[scene["gain"]]
    song = metadata("music.valid")[scene["music"]]
    read_flac_signal(ROOT / "audio" / song["mixture"]["track"])
    stems = load_reference_stems(ROOT / "audio", song)
    remixed = adjust_level(remix_stems(apply_gains(stems, CAD2_TASK2.mixture_sample_rate, gains)), gains)
    save_flac_signal(
        peer_amplified(remixed), folder / "peer.flac", 44_100, output_sample_rate=32_000, do_clip_signal=True
    )


def scoring(folder: Path) -> tuple[list[Comparison], float]:
    """Compare scoring of one pair, alone and as one of several runs."""
    task = load_task(ROOT, "valid", require_sources=True).subset([PAIR])
    runs = [folder / f"run-{number}" for number in range(RUNS_COMPARED)]
    for run in runs:
        enhance_task(task, run, EnhanceOptions(separator="mixture"), jobs=1)
    systems = [system_of_run(run, "valid") for run in runs]
    file = enhanced_path(runs[0], "valid", PAIR)

    def ours(n_runs: int) -> None:
        for kept in folder.glob("run-*/scores/*.json"):
            kept.unlink()
        failures = score_scene(task, systems=systems[:n_runs])
        assert not failures, failures

    rows = [in_turns("score one pair", lambda: peer_score(file), lambda: ours(1), turns=TURNS)]
    further = tuple(
        (processor_seconds(lambda: ours(RUNS_COMPARED)) - alone) / (RUNS_COMPARED - 1) for alone in rows[0].ours_s
    )
    rows.append(Comparison(what="each further run of the same pair", peer_s=rows[0].peer_s, ours_s=further))
    row = json.loads((runs[0] / "scores" / f"{PAIR.scene}_{PAIR.listener}.json").read_text())["row"]
    difference = max(abs(a - b) for a, b in zip(peer_score(file), (row["left_haaqi"], row["right_haaqi"]), strict=True))
    return rows, difference


def enhancing(folder: Path) -> Comparison:
    """Compare everything of enhancing one pair but the separation."""
    from rebalance.audio import remix_as_edit
    from rebalance.pipeline import amplify_for_submission
    from rebalance.task import read_source

    task = load_task(ROOT, "valid", require_sources=True)
    scene = task.scenes[PAIR.scene]

    def ours() -> None:
        from rebalance.audio import write_flac

        sources = {source.name: read_source(task, source) for source in scene.segment.sources}
        mixture = read_source(task, scene.segment.mixture)
        remixed = remix_as_edit(mixture, sources, scene.gains_db)
        write_flac(folder / "ours.flac", amplify_for_submission(remixed, task.fittings[PAIR.listener]), 32_000)

    return in_turns("enhance one pair, separation aside", lambda: peer_enhance(folder), ours, turns=TURNS)


def start_seconds(code: str) -> float:
    """Return the wall time of a fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, difference = scoring(folder)
        rows.append(enhancing(folder))
        n_samples = read_audio(enhanced_path(folder / "run-0", "valid", PAIR)).samples.shape[1]
    print(f"Scene {PAIR.scene}, listener {PAIR.listener} of the embedded task ({n_samples / 32_000:g} s, stereo).")
    print(f"Largest difference of a score from pyclarity's: {difference:.1e}.\n")
    print(TABLE_HEAD)
    for row in rows:
        print(row.row())
    print(f"\nStarting the command line (`rebalance --help`): {start_seconds(HELP):.2f} s.\n")
    print(projection(rows))


HELP = "import sys; sys.argv = ['rebalance', '--help']; from rebalance.cli import main; main()"


def projection(rows: list[Comparison]) -> str:
    """Project the evaluation set: 7,308 pairs on one core."""
    by_name = {row.what: row for row in rows}
    score, further = by_name["score one pair"], by_name["each further run of the same pair"]
    enhance = by_name["enhance one pair, separation aside"]

    def hours(seconds: tuple[float, ...]) -> str:
        return f"{sorted(seconds)[len(seconds) // 2] * EVALUATION_PAIRS / 3600:.1f} h"

    return "\n".join(
        [
            f"Projected to the {EVALUATION_PAIRS:,} pairs of the evaluation set, one core:\n",
            "| | pyclarity | rebalance |",
            "|---|---|---|",
            f"| score one system | {hours(score.peer_s)} | {hours(score.ours_s)} |",
            f"| each further system | {hours(score.peer_s)} | {hours(further.ours_s)} |",
            f"| enhance, separation aside | {hours(enhance.peer_s)} | {hours(enhance.ours_s)} |",
            f"| separations | {EVALUATION_PAIRS:,} | {EVALUATION_SEGMENTS} |",
            f"| true remixes | {EVALUATION_PAIRS:,} | {EVALUATION_SCENES} |",
        ]
    )


if __name__ == "__main__":
    main()
