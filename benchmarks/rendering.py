"""How fast a piece is rendered: seconds of music per second of one core, for every stem, everything included.

Run: python benchmarks/rendering.py [SECONDS]
"""

from __future__ import annotations

import functools
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from rich.console import Console

from rebalance.synthesis.notation import Note, Part, Score, arrange, parse_ensemble
from rebalance.synthesis.performance import perform, tempo_map
from rebalance.synthesis.rendering import (
    SAMPLE_RATE,
    Plan,
    RenderSettings,
    draw_plan,
    dry_stem,
    mix_down,
    render_stems,
    stereo_responses,
    write_piece,
)
from rebalance.synthesis.sound import convolve, soundfont_engine

ENSEMBLE = ("Violin", "Violin", "Viola", "Cello")
REPEATS = 3
CONSOLE = Console(highlight=False, soft_wrap=True)
Result = TypeVar("Result")


def main() -> None:
    """Print the speed of the whole and where the time goes."""
    duration_s = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    score = arrange(etude(duration_s), parse_ensemble(ENSEMBLE)).score
    soundfont = RenderSettings(fonts=("fluidr3",))
    CONSOLE.print(
        f"{platform.processor() or platform.machine()}, one core, {len(ENSEMBLE)} stems of {duration_s:.0f} s.\n"
    )
    CONSOLE.print("| humanise | one stem, everything included: x real time |")
    CONSOLE.print("|---|---|")
    for humanise in ("none", "full"):
        settings = RenderSettings(fonts=soundfont.fonts, humanise=humanise)
        seconds = min(timed(functools.partial(whole, score, settings))[1] for _ in range(REPEATS))
        CONSOLE.print(f"| {humanise} | {len(ENSEMBLE) * duration_s / seconds:.0f} |")
    CONSOLE.print("\n| step (humanise full) | ms per stem and minute |")
    CONSOLE.print("|---|---|")
    for step, seconds in steps(score, soundfont).items():
        CONSOLE.print(f"| {step} | {1000 * seconds / len(ENSEMBLE) / (duration_s / 60):.0f} |")


def whole(score: Score, settings: RenderSettings) -> None:
    """Annotate, synthesise, place in a room, set the level and write FLAC files: what a piece costs."""
    plan = draw_plan(score, settings, name="bench", seed=1)
    piece = mix_down(render_stems(score, plan), where="bench")
    with tempfile.TemporaryDirectory() as folder:
        write_piece(Path(folder), PurePosixPath("bench"), piece, name="bench", dataset="bench")


def steps(score: Score, settings: RenderSettings) -> dict[str, float]:
    """Return the seconds of one core each step takes for all stems."""
    plan, annotate_s = timed(lambda: draw_plan(score, settings, name="bench", seed=1))
    played, perform_s = timed(lambda: performed(score, plan))
    length = int((played[1] + 2) * SAMPLE_RATE)
    engine = soundfont_engine()
    dry, synthesise_s = timed(
        lambda: {
            part.name: dry_stem(notes, part, plan.voices[part.name], engine, length)
            for part, notes in zip(score.parts, played[0], strict=True)
        }
    )
    responses, rooms_s = timed(lambda: stereo_responses(plan))
    wet, convolve_s = timed(lambda: {label: convolve(stem, responses[label]) for label, stem in dry.items()})
    piece, level_s = timed(lambda: mix_down(wet, where="bench"))
    with tempfile.TemporaryDirectory() as folder:
        _, write_s = timed(
            lambda: write_piece(Path(folder), PurePosixPath("bench"), piece, name="bench", dataset="bench")
        )
    return {
        "annotate": annotate_s,
        "perform": perform_s,
        "synthesise and colour": synthesise_s,
        "simulate the hall": rooms_s,
        "convolve": convolve_s,
        "loudness and rounding": level_s,
        "FLAC": write_s,
    }


def performed(score: Score, plan: Plan) -> tuple[list[Any], float]:
    """Return every part as played and the duration of the piece."""
    tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
    played = [perform(part, plan.annotations, tempo, plan.voices[part.name].player) for part in score.parts]
    return played, tempo.duration_s


def etude(duration_s: float) -> Score:
    """Return four parts of quarters and eighths at 90 per minute, four notes in a second on the average."""
    quarters = int(duration_s * 1.5)
    parts = []
    for voice, (centre, step_q) in enumerate(((76, 0.5), (69, 0.5), (60, 0.5), (45, 1.0))):
        notes = tuple(
            Note(onset_q=at * step_q, duration_q=step_q, pitch=centre + (at * (voice + 3)) % 9)
            for at in range(int(quarters / step_q))
        )
        parts.append(Part(name=f"Part {voice}", instrument=None, notes=notes))
    return Score(name="etude", parts=tuple(parts), quarter_bpm=90.0)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return a result and the seconds of processor time it took."""
    began = time.process_time()
    return work(), time.process_time() - began


if __name__ == "__main__":
    main()
