"""What each part is worth, by training without it: `python ablations.py RUNS SEGMENTS TASK [TASK ...] [key=value ...]`.

All are as large as `fast`, begin with the same random weights where they have the same layers, and take as many steps;
then they are measured on the same segments, spread evenly over each task. Printed are means over the sources, and
differences to the whole tracker with 95 % intervals over pieces: right frames in percent, and SDR in dB with combs
alone for masks. `RUNS/ablations.csv` holds every source. What a run has done already is not done again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rebalance import RebalanceError
from rebalance.report import difference_text, markdown_lines, paired_difference
from rebalance.separation import ModelCard, is_silent, sdr_db
from rebalance.separation.player_tracker import Tracker, TrackerNetwork, separate_by_pitch
from rebalance.task import Segment, Task, load_task, read_source, spread_segments
from rebalance.training import TrackerExperiment, read_recipe, run_tracker_experiment, source_pitches
from rebalance.transcription import frame_kinds

SMALL = (  # beyond what the fast variant changes
    "train.steps=1200",
    "train.warmup_steps=100",
    "train.decay_steps=600",
    "train.average_decay=0.99",
    "train.learning_rate=0.001",
    "train.validate_every=1000000",
    "train.seed=40",
    "validation_batches=1",
)
WHOLE = "everything"
SOUNDFONTS = "data/train-soundfonts,data/wide-soundfonts"
RECORDED = "data/train-notes,data/train-iowa,data/train-iowa2"
COMPOSED = "data/composed-iowa,data/composed-soundfonts"
VARIANTS: Mapping[str, tuple[str, ...]] = {
    WHOLE: (),
    "players do not see each other": ("network.n_player_layers=0",),
    "no context": ("network.n_player_layers=0", "network.n_layers=0"),
    "no recorded notes": (f"data.train=[{SOUNDFONTS},data/composed-soundfonts]",),
    "no composed music": (f"data.train=[{SOUNDFONTS},{RECORDED},data/wide-iowa]",),
    "49 pieces of 351, and composed music": (f"data.train=[data/train-soundfonts,{RECORDED},{COMPOSED}]",),
    "players of one rendition only": ("mixing.coherent_share=1",),
}
FIGURES = {"frames": "right frames, %", "sdr": "SDR, dB"}


def sources_of(task: Task, tracker: Tracker, segment: Segment) -> Iterator[dict[str, object]]:
    """Give the figures of every source of a segment that sounds."""
    sources = np.stack([read_source(task, source) for source in segment.sources]).astype(np.float32)
    mixture = read_source(task, segment.mixture).astype(np.float32)
    found = tracker(mixture, segment.instruments)
    true = source_pitches(tracker.network, sources, segment.instruments)
    pitches_midi = np.append(found.pitches_midi, np.nan)[np.argmax(found.values, axis=-1)]
    estimates = separate_by_pitch(mixture, found, sample_rate=tracker.sample_rate).values()
    for player, (source, estimate) in enumerate(zip(sources, estimates, strict=True)):
        if not is_silent(source):
            right = frame_kinds(pitches_midi, true, player) == "right"
            shares = {"frames": 100 * np.mean(right[~np.isnan(true[player])]), "sdr": sdr_db(source, estimate)}
            yield {"segment": segment.name, "piece": segment.piece, "player": player, **shares}


def measured(network: TrackerNetwork, roots: list[Path], n_segments: int) -> pd.DataFrame:
    """Return the figures of a tracker on all tasks, a row for every source."""
    tracker = Tracker(name="ablation", network=network.eval(), card=ModelCard())
    tasks = {root.name: load_task(root, "valid", require_sources=True) for root in roots}
    return pd.DataFrame(
        [
            {"task": name, **row}
            for name, task in tasks.items()
            for segment in spread_segments(task.segments.values(), n_segments)
            for row in sources_of(task, tracker, segment)
        ]
    )


def rows_of(tables: Mapping[str, pd.DataFrame]) -> Iterator[list[str]]:
    """Give the rows of the table of all trackers."""
    for name, table in tables.items():
        for task, own in table.groupby("task", sort=False):
            whole = tables[WHOLE][tables[WHOLE]["task"] == task]
            yield [name, str(task), *(cell(whole, own, figure, is_whole=name == WHOLE) for figure in FIGURES)]


def cell(whole: pd.DataFrame, own: pd.DataFrame, figure: str, *, is_whole: bool) -> str:
    """Return the mean of a figure and its difference to that of the whole tracker."""
    mean = f"{own[figure].mean():.1f}"
    if is_whole:
        return mean
    pieces = own["piece"].tolist()
    difference = paired_difference(whole[figure], own[figure], pieces, rng=np.random.default_rng(0)).estimate
    return f"{mean}, {difference_text(difference, places=1)}"


def main(runs: Path, n_segments: int, roots: list[Path], overrides: tuple[str, ...]) -> None:
    """Train and measure all variants; the table of sources is written anew after each."""
    tables: dict[str, pd.DataFrame] = {}
    try:
        for name, changes in VARIANTS.items():
            settings = (*SMALL, *overrides, *changes)
            experiment = read_recipe(Path(__file__).parent, "fast", TrackerExperiment, settings)
            network = run_tracker_experiment(experiment, runs / name.replace(" ", "-"))
            assert isinstance(network, TrackerNetwork)
            tables[name] = measured(network, roots, n_segments)
            pd.concat(tables, names=["variant"]).droplevel(1).to_csv(runs / "ablations.csv")
    except RebalanceError as error:
        sys.exit(f"ablations.py: {error}")
    sys.stdout.write("".join(f"{line}\n" for line in markdown_lines(["", "task", *FIGURES.values()], rows_of(tables))))


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if "=" not in argument]
    if len(names) < 3:
        sys.exit("usage: python ablations.py RUNS SEGMENTS TASK [TASK ...] [key=value ...]")
    given = tuple(argument for argument in sys.argv[1:] if "=" in argument)
    main(Path(names[0]), int(names[1]), [Path(name) for name in names[2:]], given)
