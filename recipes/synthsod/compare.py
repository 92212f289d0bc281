"""Tables of the results: `python compare.py [RESULTS.csv]`, means of all models, what is claimed of them, ranks.

A figure of a model is the mean over its targets of the medians over frames of a track; `--targets` prints them singly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import scipy.stats

from rebalance import ConfigError
from rebalance.report import Ordering, markdown_lines, ordering_lines, signed_text, system_lines
from rebalance.separation.xumx import XUMX_FAMILIES

HERE = Path(__file__).parent
MODELS, FLOOR, SILENCE, BASELINE = "mixture phase", "no separation", "silence", "synthsod"
FLOORS = (FLOOR, SILENCE, "x/n")
FIGURE = "median_db"
UNTRAINED = -1
SYNTHETIC, OTHER, SEEN_FONT = "synthetic", "other-sounds", "ensembleset-like"
TESTS = (SYNTHETIC, SEEN_FONT, "other-font", "other-room", "small-ensemble", OTHER)
DROP = "the SDR of synthsod is higher on the first"  # its distance from that of silence, which is 0 dB
ADAPTED = ("scratch", "fine-tuned", "statistics", "adversarial")
ANNOTATIONS = ("musical", "written", "none", "fixed-tempo", "single-dynamic", "one-articulation")


def main(path: Path, *, by_target: bool) -> None:
    """Print every table there is data for."""
    if not path.is_file():
        sys.exit(f"compare.py: {ConfigError(where=path, expected='results of experiments.py', found='none')}")
    rows = pd.read_csv(path)
    if by_target:
        tables = [medians(rows)]
    else:
        tracks = by_track(rows)
        tables = [means(tracks), ordering_lines(by_test(tracks), list(orderings())), ranks(tracks)]
    sys.stdout.write("\n".join("\n".join([*lines, ""]) for lines in tables))


def orderings() -> Iterator[Ordering]:
    """Give what the paper claims or asks, question by question; a target is a family on a test."""
    claimed, elsewhere = on(SYNTHETIC, OTHER), on(OTHER)
    for model in (BASELINE, "ensembleset"):
        yield Ordering(system=model, than=FLOOR, figure=FIGURE, targets=claimed)
    for model in ADAPTED:
        yield Ordering(system=model, than=FLOOR, figure=FIGURE, targets=elsewhere)
    unasked = on(SEEN_FONT, "other-font", "other-room", "small-ensemble")
    yield Ordering(system=BASELINE, than="ensembleset", figure=FIGURE, expected="not lower", targets=claimed)
    yield Ordering(system=BASELINE, than="ensembleset", figure=FIGURE, targets=unasked)
    for family in XUMX_FAMILIES:
        drop = (f"{family}, {SYNTHETIC}", f"{family}, {OTHER}")
        yield Ordering(system=BASELINE, than=SILENCE, figure=FIGURE, contrast=drop, title=DROP)
    yield Ordering(system="close", than=BASELINE, figure=FIGURE, expected="lower", targets=on(SYNTHETIC))
    yield Ordering(system="fine-tuned", than="scratch", figure=FIGURE, expected="not lower", targets=elsewhere)
    for model in ADAPTED[1:]:
        yield Ordering(system=model, than=BASELINE, figure=FIGURE, targets=elsewhere)
    yield Ordering(system="three-fonts", than="one-font", figure=FIGURE, targets=on("other-font", OTHER))
    yield Ordering(system="one-font", than="three-fonts", figure=FIGURE, expected="not lower", targets=on(SEEN_FONT))
    for model in ANNOTATIONS:
        yield Ordering(system=BASELINE, than=model, figure=FIGURE, expected="not lower", targets=elsewhere)


def on(*tests: str) -> tuple[str, ...]:
    """Return every family on some tests."""
    return tuple(f"{family}, {test}" for family in XUMX_FAMILIES for test in tests)


def by_track(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the targets of a family by test, system, track and seed; sums of families left out."""
    single = rows[~rows["target"].str.endswith("(sum)")]
    family_of = {target: family for family, targets in XUMX_FAMILIES.items() for target in targets}
    models = single[single["row"] == MODELS].assign(system=lambda own: own["model"])
    floors = single[single["row"].isin(FLOORS)].assign(system=lambda own: own["row"], seed=UNTRAINED)
    both = pd.concat([floors, models]).assign(family=lambda own: own["target"].map(family_of))
    keys = ["family", "test", "system", "track", "seed"]
    return both.groupby(keys, sort=False)[FIGURE].mean().reset_index().rename(columns={"track": "piece"})


def by_test(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a family on a test as their target."""
    return tracks.assign(target=tracks["family"] + ", " + tracks["test"])


def means(tracks: pd.DataFrame) -> Iterator[str]:
    """Return a table of all systems by family and test, with intervals over tracks."""
    found = [test for test in TESTS if test in set(tracks["test"])]
    columns = [tracks[tracks["test"] == test].rename(columns={FIGURE: test}) for test in found]
    wide = pd.concat(columns).rename(columns={"family": "target"})
    return system_lines(wide.sort_values("target", kind="stable"), {test: test for test in found}, places=1)


def ranks(tracks: pd.DataFrame) -> Iterator[str]:
    """Return a table of Spearman's correlation of the models' order between every two tests, without intervals."""
    found = [test for test in TESTS if test in set(tracks["test"])]
    trained = tracks[tracks["seed"] != UNTRAINED]
    cells = (
        cell for family, own in trained.groupby("family", sort=True) for cell in _rank_cells(str(family), own, found)
    )
    return markdown_lines(["family", "models", "ranks on", *found], cells)


def _rank_cells(family: str, trained: pd.DataFrame, tests: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give the rows of one family, none where there are fewer than three models."""
    table = trained.pivot_table(index="system", columns="test", values=FIGURE).dropna()
    for first in tests if len(table) > 2 else ():
        others = (scipy.stats.spearmanr(table[first], table[second]).statistic for second in tests)
        yield [family, str(len(table)), first, *(signed_text(float(found), places=2) for found in others)]


def medians(rows: pd.DataFrame) -> Iterator[str]:
    """Return the medians over tracks of the median frames, by test, target and row; counts beside them."""
    keys = ["test", "family", "model", "row", "target"]
    cells = (
        [*map(str, key), f"{own[FIGURE].median():.2f}", str(own["track"].nunique()), f"{_frames(own):,}"]
        for key, own in rows.groupby(keys, sort=True)
        if isinstance(key, tuple)
    )
    return markdown_lines([*keys, "median, dB", "tracks", "frames"], cells)


def _frames(rows: pd.DataFrame) -> int:
    """Return how many frames were judged, those of one seed."""
    return int(rows["n_frames"].sum()) // max(rows["seed"].nunique(), 1)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--targets"]
    main(Path(words[0]) if words else HERE / "results.csv", by_target="--targets" in sys.argv[1:])
