"""All experiments: `python experiments.py WORK [--smoke] [--only TEXT] [--results FILE] [KEY=VALUE ...]`.

Renders what is missing, trains every cell that has no row in results.csv yet, and writes its rows there; the same
command goes on after an interruption. `--smoke` runs a tiny version of each kind of cell, its results in WORK.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import scipy.signal

from rebalance import RebalanceError
from rebalance.datasets import load_corpus
from rebalance.separation.xumx import TrackScore
from rebalance.synthesis.notation import Score, excerpt, read_corpus_score, safe_name, write_note_table
from rebalance.synthesis.orchestra import (
    OrchestraSettings,
    choose_orchestra,
    find_scores,
    orchestrated,
    render_orchestra,
)
from rebalance.training import (
    Adaptation,
    FamilyExperiment,
    best_of_family,
    read_recipe,
    read_settings,
    score_families,
    train_family,
)
from rebalance.training.data import write_piece_library

HERE = Path(__file__).parent
RESULTS = HERE / "results.csv"
FACTS = ("question", "model", "family", "seed", "steps")
COLUMNS = (*FACTS, "test", "row", "target", "track", "median_db", "mean_db", "n_frames")
NO_MODEL = "no model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSet:
    """One data set to render: see experiments.yaml."""

    group: str
    annotations: str
    fonts: tuple[str, ...]
    seeds: tuple[int, ...]
    humanise: str = "published"
    microphone: str = "Tree"
    reverberation_s: float | None = None
    tracks: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKind:
    """What is trained for every family and seed."""

    question: str
    name: str
    families: tuple[str, ...]
    stems: str
    start: str | None = None
    adaptation: Adaptation = "all"
    unlabelled: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything in experiments.yaml, and where recorded notes lie."""

    excerpt_s: float
    tracks: tuple[int, int]
    groups: dict[str, tuple[str, ...]]
    sets: dict[str, SoundSet]
    tests: dict[str, SoundSet]
    seeds: tuple[int, ...]
    cells: tuple[CellKind, ...]
    sounds: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One model to train and judge."""

    kind: CellKind
    family: str
    seed: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What its rows in the results begin with."""
        return (self.kind.name, self.family, str(self.seed))

    def run(self, work: Path, name: str | None = None) -> Path:
        """Return the folder of its run, or of that of another kind for the same family and seed."""
        return work / "runs" / f"{name or self.kind.name}-{self.family}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how big: the folder of the work, the results, and what smoke makes smaller."""

    study: Study
    work: Path
    results: Path
    overrides: tuple[str, ...] = ()
    jobs: int = 1

    def stems_of(self, name: str, seed: int) -> Path:
        """Return the library of a set under one of its seeds, made if it is not there."""
        settings = {**self.study.sets, **self.study.tests}[name]
        folder = self.work / "stems" / f"{name}-{seed}"
        rendered = self.rendered(settings, seed)
        pieces = load_corpus("SynthSOD", rendered, purpose="training").pieces
        rate = self.experiment("strings", 0).network.sample_rate
        recorded = functools.partial(write_piece_library, pieces, microphone=settings.microphone, sample_rate=rate)
        if settings.reverberation_s is None:
            return recorded(folder)
        dry = recorded(folder.with_name(f"{folder.name}-dry"))
        return reverberated(dry, folder, settings.reverberation_s, rate)

    def libraries(self, name: str) -> tuple[Path, ...]:
        """Return the libraries of a set."""
        return tuple(self.stems_of(name, seed) for seed in {**self.study.sets, **self.study.tests}[name].seeds)

    def rendered(self, settings: SoundSet, seed: int) -> Path:
        """Return the rendered folder of a set; sets that differ in the microphone alone share it."""
        orchestra = self.orchestra(settings, seed)
        tracks = settings.tracks or self.study.tracks
        words = (settings.group, settings.annotations, settings.humanise, *settings.fonts, str(seed))
        out = self.work / "rendered" / "-".join([*words, *map(str, tracks)])
        scores = find_scores([self.scores(settings.group, tracks)])
        with self.executor() as executor:
            outcome = render_orchestra(out, scores, orchestra, executor=executor, jobs=max(self.jobs, 1))
        for failure in outcome.failures:
            sys.stderr.write(f"failed {failure.item}: {failure.reason}\n")
        return out

    def executor(self) -> contextlib.AbstractContextManager[Executor | None]:
        """Return what renders: this process alone where no processes are wanted."""
        return contextlib.nullcontext() if self.jobs else ThreadPoolExecutor(1)

    def orchestra(self, settings: SoundSet, seed: int) -> OrchestraSettings:
        """Return how a set is rendered: its free fonts, and the folders of recorded notes that were given."""
        known = [font for font in settings.fonts if not font.endswith("-notes")]
        given = [str(self.study.sounds[font]) for font in settings.fonts if font in self.study.sounds]
        return choose_orchestra(
            fonts=[*known, *given], annotations=settings.annotations, humanise=settings.humanise, seed=seed
        )

    def scores(self, group: str, tracks: tuple[int, int]) -> Path:
        """Return the folder of the orchestrated pieces of a group, written if they are not there."""
        folder = self.work / "scores" / f"{group}-{tracks[0]}-{tracks[1]}"
        for piece in self.study.groups[group]:
            path = folder / f"{safe_name(piece)}.json"
            if not path.exists():
                write_note_table(path, self.orchestrated_piece(piece, group, tracks))
        return folder

    def orchestrated_piece(self, piece: str, group: str, tracks: tuple[int, int]) -> Score:
        """Return the beginning of a piece for an orchestra drawn by its name and group."""
        rng = np.random.default_rng([len(group), *piece.encode()])
        whole = read_corpus_score(piece)
        end_q = min(whole.end_q, self.study.excerpt_s * (whole.quarter_bpm or 90.0) / 60.0)
        n_tracks = int(rng.integers(tracks[0], tracks[1] + 1))
        return replace(orchestrated(excerpt(whole, 0.0, end_q), rng, n_tracks=n_tracks), name=safe_name(piece))

    def experiment(self, family: str, seed: int) -> FamilyExperiment:
        """Return the small settings of the recipe for a family and a seed, without data."""
        words = (f"family={family}", f"train.seed={seed}", *self.overrides)
        return read_recipe(HERE, "small", FamilyExperiment, words)


def reverberated(dry: Path, out: Path, reverberation_s: float, sample_rate: int) -> Path:
    """Return a library with a simple reverberation: a decaying noise, a third as strong as the direct sound."""
    if (out / "stems.json").is_file():
        return out
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
    return out


def cells_of(study: Study) -> Iterator[Cell]:
    """Give every cell, those of the first seed first."""
    for seed in study.seeds:
        for kind in study.cells:
            for family in kind.families:
                yield Cell(kind=kind, family=family, seed=seed)


def run_cell(bench: Bench, cell: Cell) -> list[dict[str, object]]:
    """Train a cell, go on where it was left, and return its rows."""
    kind = cell.kind
    plain = bench.experiment(cell.family, cell.seed)
    steps = max(1, round((plain.train.steps or 1) * kind.share))
    experiment = replace(
        plain,
        stems=bench.libraries(kind.stems),
        held_out=bench.libraries("valid"),
        train=replace(plain.train, steps=steps),
        start=cell.run(bench.work, kind.start) if kind.start else None,
        adaptation=kind.adaptation,
        unlabelled=bench.libraries(kind.unlabelled) if kind.unlabelled else (),
    )
    run = cell.run(bench.work)
    train_family(experiment, run, device="cpu")
    network = best_of_family(experiment, run)
    facts = {"question": kind.question, "model": kind.name, "family": cell.family, "seed": cell.seed, "steps": steps}
    rows = []
    for test in bench.study.tests:
        for library in bench.libraries(test):
            scores = score_families(library, [network], sample_rate=network.config.sample_rate)
            rows += [row_of(facts, test, score) for score in scores if is_of_model(score, network.config.targets)]
    return rows


def floors(bench: Bench) -> list[dict[str, object]]:
    """Return the rows that need no model, of every target and family."""
    rate = bench.experiment("strings", 0).network.sample_rate
    facts = {"question": "floors", "model": NO_MODEL, "family": "all", "seed": 0, "steps": 0}
    return [
        row_of(facts, test, score)
        for test in bench.study.tests
        for library in bench.libraries(test)
        for score in score_families(library, [], sample_rate=rate)
    ]


def is_of_model(score: TrackScore, targets: Sequence[str]) -> bool:
    """Tell whether a score is one of a model rather than of a row that needs none."""
    return score.row == "mixture phase" and (score.target in targets or score.target.endswith("(sum)"))


def row_of(facts: Mapping[str, object], test: str, score: TrackScore) -> dict[str, object]:
    """Return one row of the results."""
    return {
        **facts,
        "test": test,
        "row": score.row,
        "target": score.target,
        "track": score.track,
        "median_db": f"{score.median_db:.3f}",
        "mean_db": f"{score.mean_db:.3f}",
        "n_frames": score.n_frames,
    }


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows that are there."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Add the rows of a finished cell, all or none: the file is written anew beside the old one."""
    temporary = path.with_suffix(".part")
    before = read_rows(path)
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(before)
        writer.writerows(rows)
    temporary.replace(path)


def smaller(study: Study) -> Study:
    """Return the study with one short piece in each group, one seed, and one family for each kind of cell."""
    first = ("baseline", "microphones", "adaptation")
    cells = [replace(kind, families=kind.families[:1]) for kind in study.cells if kind.question in first]
    return replace(
        study,
        excerpt_s=6.0,
        tracks=(8, 8),
        groups={name: pieces[:1] for name, pieces in study.groups.items()},
        sets={name: replace(each, seeds=each.seeds[:1]) for name, each in study.sets.items()},
        tests={name: study.tests[name] for name in ("synthetic", "other-sounds")},
        seeds=study.seeds[:1],
        cells=tuple(cells),
    )


SMOKE = ("train.steps=2", "network.hidden_size=8", "mixing.batch_size=2", "mixing.crop_s=1.0", "validation_batches=1")


def bench_of(arguments: argparse.Namespace) -> Bench:
    """Return what the words of the command line ask for."""
    words: list[str] = arguments.overrides
    training = tuple(word for word in words if is_training(word))
    study = read_settings(HERE / "experiments.yaml", Study, tuple(word for word in words if not is_training(word)))
    bench = Bench(study=study, work=arguments.work, results=arguments.results, overrides=training, jobs=arguments.jobs)
    if not arguments.smoke:
        return bench
    arguments.work.mkdir(parents=True, exist_ok=True)
    results = arguments.work / "results.csv"
    return replace(bench, study=smaller(study), results=results, overrides=(*SMOKE, *training), jobs=0)


def main(bench: Bench, only: str) -> None:
    """Run every cell that has no rows yet."""
    todo = {(NO_MODEL, "all", "0"): functools.partial(floors, bench)}
    todo |= {cell.key: functools.partial(run_cell, bench, cell) for cell in cells_of(bench.study)}
    for key, work_on in todo.items():
        done = {(row["model"], row["family"], row["seed"]) for row in read_rows(bench.results)}
        if key not in done and only in " ".join(key):
            sys.stderr.write(f"cell {' '.join(key)}\n")
            add_rows(bench.results, work_on())


def is_training(word: str) -> bool:
    """Tell whether an override is of the training and not of the study."""
    return word.split(".", maxsplit=1)[0] in {"train", "network", "mixing"} or word.startswith("validation_batches=")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder of everything that is made")
    parser.add_argument("--smoke", action="store_true", help="a tiny version, in seconds")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose name, family and seed hold this text")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that render")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE", help="where the rows go")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="of experiments.yaml or of the training")
    arguments = parser.parse_intermixed_args()
    try:
        main(bench_of(arguments), arguments.only)
    except RebalanceError as error:
        sys.exit(f"experiments.py: {error}")
