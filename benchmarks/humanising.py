"""How far each degree of humanising goes: the statistics of stems, and of the same part in different renditions.

Run: python benchmarks/humanising.py
"""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
from rich.console import Console

from rebalance.synthesis.notation import Score, arrange, excerpt, parse_ensemble, read_corpus_score
from rebalance.synthesis.performance import HumaniseName, perform, tempo_map
from rebalance.synthesis.rendering import (
    SAMPLE_RATE,
    RenderSettings,
    StemStatistics,
    draw_plan,
    dry_stem,
    long_term_spectrum_db,
    measure_stem,
    render,
    spectral_distance_db,
)
from rebalance.synthesis.sound import soundfont_engine

FONTS = ("fluidr3", "musescore")
N_SEEDS = 3
EXAMPLES = (
    ("haydn/opus74no1/movement2", ("Violin", "Violin", "Viola", "Cello")),
    ("mozart/k155/movement2", ("Flute", "Oboe", "Clarinet", "Bassoon")),
)
LENGTH_Q = 64.0
CONSOLE = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Print one table."""
    scores = [arranged_example(name, ensemble) for name, ensemble in EXAMPLES]
    CONSOLE.print(
        "| humanise | tuning spread, cents | tuning offset, cents | level spread, dB | range inside notes, dB"
        " | floor, dB | same part, two renditions: spectra apart, dB | left/right correlation |"
    )
    CONSOLE.print("|---|---|---|---|---|---|---|---|")
    for humanise in get_args(HumaniseName):
        CONSOLE.print(f"| {humanise} | " + " | ".join(row(scores, humanise)) + " |")


def arranged_example(name: str, ensemble: tuple[str, ...]) -> Score:
    """Return the first minute or so of a piece for an ensemble."""
    return arrange(excerpt(read_corpus_score(name), 0.0, LENGTH_Q), parse_ensemble(ensemble)).score


def row(scores: list[Score], humanise: HumaniseName) -> list[str]:
    """Return one line of the table: medians over stems, ranges where they tell more."""
    settings = RenderSettings(fonts=FONTS, humanise=humanise)
    figures: list[StemStatistics] = []
    distances: list[float] = []
    correlations: list[float] = []
    for score in scores:
        spectra: dict[str, list[np.ndarray]] = {}
        for seed in range(N_SEEDS):
            plan = draw_plan(score, settings, name=score.name, seed=seed)
            tempo = tempo_map(score, plan.annotations, rubato=plan.rubato, seed=plan.seed)
            for part in score.parts:
                voice = plan.voices[part.name]
                played = perform(part, plan.annotations, tempo, voice.player)
                n_samples = int((tempo.duration_s + 1) * SAMPLE_RATE)
                stem = dry_stem(played, part, voice, soundfont_engine(), n_samples)
                figures.append(measure_stem(stem, played.notes))
            piece = render(score, plan)
            for label, stereo in piece.stems.items():
                spectra.setdefault(label, []).append(long_term_spectrum_db(stereo.mean(axis=0)))
            correlations.append(float(np.corrcoef(piece.mixture.astype(float))[0, 1]))
        distances += [
            spectral_distance_db(*pair) for found in spectra.values() for pair in itertools.combinations(found, 2)
        ]
    return [
        span([figure.tuning_spread_cents for figure in figures]),
        span([figure.tuning_offset_cents for figure in figures]),
        span([figure.level_spread_db for figure in figures]),
        span([figure.swell_db for figure in figures]),
        span([figure.floor_db for figure in figures]),
        span(distances),
        span(correlations, digits=2),
    ]


def span(values: list[float], digits: int = 1) -> str:
    """Return median and range."""
    return f"{np.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
