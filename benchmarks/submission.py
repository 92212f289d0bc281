"""Measure the check of a submission as large as the challenge's evaluation: 348 scenes, 21 listeners each.

    python benchmarks/submission.py [--segments 87] [--jobs 2] [--folder DIR]

The mixtures are noise with the spectrum of music that swells at random; the signals are amplified for their
listener by the challenge's hearing aid, a little louder from scene to scene, and stored in one archive of
about 7 GB, which is deleted in the end.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
import soundfile
from rich.console import Console

from rebalance._base.challenge import CAD2_TASK2
from rebalance.audio import quantise_int16, read_audio, resample, write_flac
from rebalance.hearing import Audiogram, EarFitting, Fitting, Listener
from rebalance.submission import check_submission
from rebalance.task import Pair, Scene, Segment, Source, Task

_N_LISTENERS = 21
_N_SCENES_PER_SEGMENT = 4
_FIRST_SCENE = 60_001
_LEVEL_DB = -40.0
_ARCHIVE = "submission_BENCH_noncausal.zip"


def swelling_noise(seed: int) -> np.ndarray:
    """Return 15 s of stereo noise that falls by 3 dB an octave and swells; shape ``(2, n_samples)``, 44.1 kHz."""
    rng = np.random.default_rng(seed)
    n_samples = int(CAD2_TASK2.segment_duration_s * CAD2_TASK2.mixture_sample_rate)
    spectrum = np.fft.rfft(rng.standard_normal((2, n_samples)))
    spectrum[:, 1:] /= np.sqrt(np.arange(1, spectrum.shape[1]))
    knots = rng.uniform(0.1, 1.0, (2, 60))
    swell = np.stack([np.interp(np.linspace(0, 59, n_samples), np.arange(60), row) for row in knots])
    signal = np.fft.irfft(spectrum, n_samples) * swell
    return signal * 10 ** (_LEVEL_DB / 20) / np.sqrt(np.mean(signal**2))


def make_task(folder: Path, n_segments: int) -> Task:
    """Write the mixtures of an evaluation without sources and return its task."""
    segments: dict[str, Segment] = {}
    scenes: dict[str, Scene] = {}
    for number in range(n_segments):
        name = f"piece{number // 4:02d}_{number % 4:03d}"
        track = PurePosixPath(f"{name}.flac")
        write_flac(folder / track, swelling_noise(number), CAD2_TASK2.mixture_sample_rate)
        mixture = Source(name="mixture", instrument="Mixture", track=track, duration_s=CAD2_TASK2.segment_duration_s)
        segments[name] = Segment(name=name, mixture=mixture, sources=())
        for gain in range(_N_SCENES_PER_SEGMENT):
            scene = f"S{_FIRST_SCENE + len(scenes)}"
            gains_db = {"source_1": float(gain), "source_2": 0.0}
            scenes[scene] = Scene(name=scene, segment=segments[name], gain_name=f"gain_{gain}", gains_db=gains_db)
    rng = np.random.default_rng(0)
    names = [f"L{number:04d}" for number in range(1, _N_LISTENERS + 1)]
    flat = Audiogram(
        frequencies_hz=CAD2_TASK2.audiogram_frequencies_hz,
        thresholds_db_hl=(0.0,) * len(CAD2_TASK2.audiogram_frequencies_hz),
    )
    return Task(
        music_dir=folder,
        split="test",
        segments=segments,
        scenes=scenes,
        listeners={name: Listener(name=name, left=flat, right=flat) for name in names},
        fittings={name: Fitting(left=_random_ear(rng), right=_random_ear(rng)) for name in names},
        scene_listeners=dict.fromkeys(scenes, tuple(names)),
    )


def _random_ear(rng: np.random.Generator) -> EarFitting:
    """Return the compressor of a mild to moderate loss that grows with frequency."""
    return EarFitting(ratios=tuple(np.sort(rng.uniform(1, 3, 6))), gains_db=tuple(np.sort(rng.uniform(0, 20, 6))))


def encoded(work: tuple[Task, str, str]) -> list[tuple[str, bytes]]:
    """Return the files of one segment and listener, one per scene, by name."""
    from rebalance.hearing import amplify

    task, segment, listener = work
    mixture = task.segments[segment].mixture
    amplified = amplify(read_audio(task.audio_path(mixture)).samples, task.fittings[listener])
    signal = resample(amplified, CAD2_TASK2.mixture_sample_rate, CAD2_TASK2.remix_sample_rate)
    files = []
    for number, scene in enumerate(task.scenes.values()):
        content = io.BytesIO()
        samples = quantise_int16(signal * (1 + 0.02 * number)).T
        soundfile.write(content, samples, CAD2_TASK2.remix_sample_rate, format="FLAC", subtype="PCM_16")
        name = CAD2_TASK2.remix_file_name(scene.name, listener)
        files.append((f"enhanced_signals/{name}", content.getvalue()))
    return files


def write_archive(path: Path, task: Task, jobs: int) -> None:
    """Write the archive of all signals, none of them to a file of its own."""
    work = [
        (task.subset(Pair(scene=scene.name, listener=listener) for scene in scenes), segment, listener)
        for segment, scenes in _scenes_by_segment(task).items()
        for listener in task.listeners
    ]
    context = multiprocessing.get_context("spawn")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive, ProcessPoolExecutor(jobs, context) as pool:
        for files in pool.map(encoded, work, chunksize=4):
            for name, content in files:
                archive.writestr(name, content)


def _scenes_by_segment(task: Task) -> dict[str, list[Scene]]:
    """Return the scenes of every segment."""
    scenes: dict[str, list[Scene]] = {name: [] for name in task.segments}
    for scene in task.scenes.values():
        scenes[scene.segment.name].append(scene)
    return scenes


def check(path: Path, task: Task, jobs: int) -> None:
    """Check the archive and print time and memory."""
    before, before_cpu = time.perf_counter(), _processor_s()
    verdict = check_submission(path, task, jobs=jobs)
    elapsed, cpu = time.perf_counter() - before, _processor_s() - before_cpu
    console = Console(soft_wrap=True, highlight=False)
    for problem in verdict.problems[:5]:
        console.print(problem.line, markup=False)
    n_files = verdict.n_found
    console.print(
        f"- checked {n_files} of {verdict.n_expected} files, {path.stat().st_size / n_files / 1e6:.2f} MB each,"
        f" accepted: {verdict.accepted}; {elapsed:.0f} s on the clock, {cpu:.0f} s of processor time"
        f" ({1e3 * cpu / n_files:.1f} ms per file)"
    )
    own, largest = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    console.print(f"- peak memory of the check: {own:.0f} MiB, and {largest:.0f} MiB in the largest worker")


def main() -> None:
    """Print size, time and memory of one check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=87)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=None, help="where the archive may take its 7 GB for a while")
    arguments = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"On {arguments.jobs} processes:\n")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        task = make_task(folder, arguments.segments)
        path = folder / _ARCHIVE
        before = time.perf_counter()
        _apart(write_archive, path, task, arguments.jobs)
        console.print(f"- made {path.stat().st_size / 1e9:.2f} GB in {time.perf_counter() - before:.0f} s")
        _apart(check, path, task, arguments.jobs)


def _apart(work: Callable[[Path, Task, int], None], path: Path, task: Task, jobs: int) -> None:
    """Work in a fresh process, whose memory is then its own."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=(path, task, jobs))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _processor_s() -> float:
    """Return the processor time of this process and its finished children, in seconds."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
