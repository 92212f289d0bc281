"""The stems of a study of families: its pieces set for orchestras, rendered and recorded, what is there kept."""

from __future__ import annotations

import contextlib
import logging
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.signal

from rebalance.datasets import load_corpus
from rebalance.synthesis.notation import Score, excerpt, read_corpus_score, safe_name, write_note_table
from rebalance.synthesis.orchestra import choose_orchestra, find_scores, orchestrated, render_orchestra
from rebalance.training._family_study_settings import FamilyStudy, SoundSet
from rebalance.training.data import write_piece_library

_LOG = logging.getLogger(__name__)
_BPM = 90.0  # of a piece without a tempo


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySounds:
    """Where the stems of a study lie, made as they are asked for; no processes of their own render where jobs are 0."""

    study: FamilyStudy
    work: Path
    sample_rate: int
    jobs: int = 1

    def libraries(self, name: str) -> tuple[Path, ...]:
        """Return the libraries of a set, one for each of its seeds."""
        settings = {**self.study.sets, **self.study.tests}[name]
        return tuple(self._library(name, settings, seed) for seed in settings.seeds)

    def _library(self, name: str, settings: SoundSet, seed: int) -> Path:
        """Return the library of a set under one seed."""
        folder = self.work / "stems" / f"{name}-{seed}"
        echoes = settings.reverberation_s is not None
        recorded = folder.with_name(f"{folder.name}-dry") if echoes else folder
        pieces = load_corpus("SynthSOD", self._rendered(settings, seed), purpose="training").pieces
        write_piece_library(pieces, recorded, microphone=settings.microphone, sample_rate=self.sample_rate)
        if settings.reverberation_s is not None:
            _reverberate(recorded, folder, settings.reverberation_s, self.sample_rate)
        return folder

    def _rendered(self, settings: SoundSet, seed: int) -> Path:
        """Return the rendered folder of a set; sets that differ in the microphone alone share it."""
        tracks = settings.tracks or self.study.tracks
        words = (settings.group, settings.annotations, settings.humanise, *settings.fonts, str(seed))
        out = self.work / "rendered" / "-".join([*words, *map(str, tracks)])
        known = [font for font in settings.fonts if not font.endswith("-notes")]
        given = [str(self.study.sounds[font]) for font in settings.fonts if font in self.study.sounds]
        orchestra = choose_orchestra(
            fonts=[*known, *given], annotations=settings.annotations, humanise=settings.humanise, seed=seed
        )
        scores = find_scores([self._scores(settings.group, tracks)])
        with self._executor() as executor:
            outcome = render_orchestra(out, scores, orchestra, executor=executor, jobs=max(self.jobs, 1))
        for failure in outcome.failures:
            _LOG.warning("failed %s: %s", failure.item, failure.reason)
        return out

    def _executor(self) -> contextlib.AbstractContextManager[Executor | None]:
        """Return what renders: this process alone where no processes are wanted."""
        return contextlib.nullcontext() if self.jobs else ThreadPoolExecutor(1)

    def _scores(self, group: str, tracks: tuple[int, int]) -> Path:
        """Return the folder of the orchestrated pieces of a group."""
        folder = self.work / "scores" / f"{group}-{tracks[0]}-{tracks[1]}"
        for piece in self.study.groups[group]:
            path = folder / f"{safe_name(piece)}.json"
            if not path.exists():
                write_note_table(path, self._orchestrated(piece, group, tracks))
        return folder

    def _orchestrated(self, piece: str, group: str, tracks: tuple[int, int]) -> Score:
        """Return the beginning of a piece for an orchestra drawn by its name and group."""
        rng = np.random.default_rng([len(group), *piece.encode()])
        whole = read_corpus_score(piece)
        end_q = min(whole.end_q, self.study.excerpt_s * (whole.quarter_bpm or _BPM) / 60.0)
        n_tracks = int(rng.integers(tracks[0], tracks[1] + 1))
        return replace(orchestrated(excerpt(whole, 0.0, end_q), rng, n_tracks=n_tracks), name=safe_name(piece))


def _reverberate(dry: Path, out: Path, reverberation_s: float, sample_rate: int) -> None:
    """Write a library with a simple reverberation: a decaying noise, a third as strong as the direct sound."""
    if (out / "stems.json").is_file():
        return
    rng = np.random.default_rng(0)
    times_s = np.arange(round(reverberation_s * sample_rate)) / sample_rate
    tail = rng.standard_normal(len(times_s)) * 10 ** (-3.0 * times_s / reverberation_s)
    response = np.concatenate([[1.0], tail / np.sqrt(3.0 * np.sum(np.square(tail)))])
    for path in sorted(dry.rglob("*.npy")):
        samples = np.load(path).astype(np.float64)
        wet = scipy.signal.fftconvolve(samples, response)[: len(samples)]
        target = out / path.relative_to(dry)
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, np.clip(np.rint(wet), -32_768, 32_767).astype(np.int16))
    (out / "stems.json").write_bytes((dry / "stems.json").read_bytes())
