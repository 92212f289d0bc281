"""Listening examples: reference and outputs of a few pairs, small enough to be part of a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rebalance._base.challenge import CAD2_TASK2
from rebalance._base.errors import RebalanceError
from rebalance.audio import Audio, encode_vorbis, resample
from rebalance.hearing import amplify
from rebalance.pipeline import EnhancedSignals, FolderSignals, true_remix
from rebalance.report._scored_runs import ScoredRun, common_pairs
from rebalance.submission import ArchivedSignals
from rebalance.task import Pair, Task, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One signal of an example: its name, what it is, its score and its sound as a data URI.

    Reference and original have a note of what they are and no score.
    """

    label: str
    score: float | None
    uri: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningExample:
    """One pair to listen to.

    Parameters
    ----------
    pair
        Scene and listener.
    title
        Song and what the scene asks for, in words.
    players
        The original, the reference, then every run.
    """

    pair: Pair
    title: str
    players: tuple[Player, ...]

    @property
    def n_bytes(self) -> int:
        """How much the example adds to the page."""
        return sum(len(player.uri) for player in self.players)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The examples of a page, and why there are not more of them.

    Parameters
    ----------
    examples
        In the order of the page.
    notes
        Sentences that say what is missing, and why.
    """

    examples: tuple[ListeningExample, ...]
    notes: tuple[str, ...]


def choose_pairs(runs: Sequence[ScoredRun], n_pairs: int) -> tuple[Pair, ...]:
    """Choose pairs all runs have scored, from the lowest to the highest of the mean score, evenly spread.

    Parameters
    ----------
    runs
        One or more, with their scores.
    n_pairs
        How many at most, from 0.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, choose_pairs
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> [(pair.scene, pair.listener) for pair in choose_pairs([scored("first", 0.5)], 3)]
    [('S50001', 'L0001'), ('S50003', 'L0001'), ('S50004', 'L0003')]
    """
    common = common_pairs(runs)
    means = np.mean([run.scores.loc[common, "avg_haaqi"].to_numpy() for run in runs], axis=0)
    ranked = [common[place] for place in np.argsort(means, kind="stable")]
    n_pairs = min(n_pairs, len(ranked))
    places = sorted({round(place) for place in np.linspace(0, len(ranked) - 1, n_pairs)}) if n_pairs else []
    return tuple(Pair(scene=ranked[place][0], listener=ranked[place][1]) for place in places)


def listening_examples(runs: Sequence[ScoredRun], task: Task, pairs: Sequence[Pair], *, budget_bytes: int) -> Listening:
    """Make the examples of a page, as many of the pairs as fit.

    Parameters
    ----------
    runs
        Whose outputs to hear.
    task
        With the true sources the reference is made from.
    pairs
        Which pairs, the most wanted first.
    budget_bytes
        How much all examples together may add to the page.

    Returns
    -------
    Listening
        The examples; a pair whose audio is missing, and all beyond the budget, only have a note.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> from rebalance import load_task
    >>> from rebalance.report import ScoredRun, listening_examples
    >>> task = load_task("metadata/demo", "valid")
    >>> keys = [(pair.scene, pair.listener) for pair in task.pairs]
    >>> pairs = pd.MultiIndex.from_tuples(keys, names=["scene", "listener"])
    >>> facts = dict.fromkeys(("separator", "haaqi", "semantics", "version"), "made up")
    >>> def scored(name, score):
    ...     scores = pd.DataFrame({"avg_haaqi": score + 0.01 * np.arange(len(pairs))}, index=pairs)
    ...     return ScoredRun(name=name, folder=Path(name), data=Path("demo"), split="valid", scores=scores, **facts)
    >>> listening = listening_examples([scored("first", 0.5)], task, task.pairs[:1], budget_bytes=1_000_000)
    >>> len(listening.examples), len(listening.notes)  # there is no folder "first" with its audio
    (0, 1)
    """
    examples: list[ListeningExample] = []
    notes: list[str] = []
    left_bytes = budget_bytes
    for pair in pairs:
        try:
            example = _example(runs, task, pair)
        except RebalanceError as error:
            notes.append(f"{pair.scene} for {pair.listener}: {error}")
            continue
        if example.n_bytes > left_bytes:
            notes.append(f"{pair.scene} for {pair.listener} left out: the page would grow beyond its budget")
            continue
        left_bytes -= example.n_bytes
        examples.append(example)
    return Listening(examples=tuple(examples), notes=tuple(notes))


def _example(runs: Sequence[ScoredRun], task: Task, pair: Pair) -> ListeningExample:
    """Make one example."""
    scene = task.scenes[pair.scene]
    rate, fitting = CAD2_TASK2.mixture_sample_rate, task.fittings[pair.listener]
    original = amplify(read_source(task, scene.segment.mixture), fitting)
    reference = amplify(true_remix(task, scene).remix, fitting)
    players = [
        Player(label="Original", score=None, uri=_uri(original, rate), note="not rebalanced"),
        Player(label="Reference", score=None, uri=_uri(reference, rate), note="what should be heard"),
    ]
    for run in runs:
        recording = _signals(run, task).read(pair)
        score = float(run.scores["avg_haaqi"].loc[(pair.scene, pair.listener)])
        players.append(Player(label=run.name, score=score, uri=_uri(recording.samples, recording.sample_rate)))
    return ListeningExample(pair=pair, title=f"{scene.segment.name}: {scene.described_gains}", players=tuple(players))


def _signals(run: ScoredRun, task: Task) -> EnhancedSignals:
    """Return where the outputs of a run are read from: its folder, or its archive, which is not unpacked."""
    if run.archive is None:
        return FolderSignals(run=run.folder, split=run.split)
    return ArchivedSignals.of(run.archive, task)


def _uri(samples: Audio, sample_rate: int) -> str:
    """Encode a signal ``(n_channels, n_samples)`` at the rate of submissions, clipped as they are."""
    at_rate = resample(samples, sample_rate, CAD2_TASK2.remix_sample_rate)
    encoded = encode_vorbis(at_rate, CAD2_TASK2.remix_sample_rate)
    return "data:audio/ogg;base64," + base64.b64encode(encoded).decode("ascii")
