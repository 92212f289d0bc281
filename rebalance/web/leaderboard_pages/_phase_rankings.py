"""From what the board holds of a phase to its rankings: summaries by digest, computed once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rebalance._base.errors import RebalanceError
from rebalance.pipeline import load_metric
from rebalance.submission import ArchivedSignals, Manifest, parse_manifest
from rebalance.task import Task, checked_split, load_task
from rebalance.web.board import HAAQI_COLUMN, Kept, RankedSystem, Ranking, SummaryCache, rank_systems
from rebalance.web.leaderboard import (
    Board,
    BoardQueries,
    BoardTask,
    Page,
    Phase,
    Result,
    Submission,
    published_identities,
    read_result,
)

CAUSALITIES = ("causal", "noncausal")
_HAAQI = "haaqi"
_MANIFEST_NAMES = ("manifest.json", "enhanced_signals/manifest.json")
_MAX_MANIFEST_BYTES = 50_000_000
_MAX_KEPT = 256
_HISTORY = Page(n_shown=50)
_SPEED = "speed"  # in the configuration of a manifest: seconds of processing for a second of music


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScore:
    """The score a phase ranks by: its name with the unit, its column, and which of two is better."""

    title: str
    column: str
    higher_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which submissions stand on the public board of a phase, and since when; None where it is live."""

    phase: Phase
    task: BoardTask
    submissions: tuple[Submission, ...]
    titles: Mapping[str, str]
    published_at: dt.datetime | None

    @property
    def digest(self) -> str:
        """Of all that the board shows."""
        facts = [
            repr(self.phase),
            self.task.title,
            self.task.metric,
            sorted(self.titles.items()),
            str(self.published_at),
            [
                (one.identity, one.state, None if one.result is None else one.result.table.digest)
                for one in self.submissions
            ],
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """A phase with its rankings by causality."""

    standing: Standing
    score: ShownScore
    rankings: Mapping[str, Ranking]

    @property
    def phase(self) -> Phase:
        """What is ranked."""
        return self.standing.phase

    def system(self, identity: str) -> RankedSystem | None:
        """Return a system on the board; None where it is not on it."""
        return next((one for one in self.systems if one.submission == identity), None)

    @property
    def systems(self) -> tuple[RankedSystem, ...]:
        """All systems of all rankings."""
        return tuple(
            one
            for ranking in self.rankings.values()
            for one in (*(line.entry for line in ranking.lines), *ranking.incomplete)
        )


class PhaseRankings:
    """Makes the rankings of phases from a board's database and files.

    Parameters
    ----------
    board
        Where all is kept.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._caches: Kept[SummaryCache] = Kept(most=_MAX_KEPT)
        self._views: Kept[PhaseView] = Kept(most=_MAX_KEPT)
        self._manifests: Kept[Manifest | None] = Kept(most=_MAX_KEPT)

    def standing(self, phase: str) -> Standing:
        """Return what the public sees of a phase: as it is now where it is live, as last published otherwise.

        Raises
        ------
        NotFoundError
            If there is no such phase.
        """
        with self.board.reading() as session:
            queries = BoardQueries(session=session)
            found = queries.phase(phase)
            titles = {team.name: team.title for team in queries.teams()}
            task = queries.task(found.task)
            published_at: dt.datetime | None = None
            submissions: tuple[Submission, ...] = ()
            if found.is_live:
                submissions = queries.standing(phase)
            elif publications := queries.publications(phase):
                content = self.board.files.path_of(publications[0].file).read_bytes()
                submissions = queries.by_identity(published_identities(content))
                published_at = publications[0].published_at
        scored = tuple(one for one in submissions if one.result is not None and one.state == "scored")
        shown = {one.team for one in scored}
        return Standing(
            phase=found,
            task=task,
            submissions=scored,
            titles={name: title for name, title in titles.items() if name in shown},
            published_at=published_at,
        )

    def public_history(self, standing: Standing, team: str) -> tuple[Submission, ...]:
        """Return a team's scored submissions, newest first: all where the board is live, otherwise those on it."""
        if not standing.phase.is_live:
            return tuple(one for one in standing.submissions if one.team == team)
        with self.board.reading() as session:
            found = BoardQueries(session=session).submissions(phase=standing.phase.name, team=team, page=_HISTORY)
        return tuple(one for one in found if one.state == "scored")

    def view(self, standing: Standing) -> PhaseView:
        """Return the rankings of a phase; computed once for each digest."""
        return self._views.get(standing.digest, lambda: self._make(standing))

    def task(self, task: BoardTask) -> Task:
        """Return a task, loaded once."""
        return self._cache(task).task

    def listener_scores(self, submission: Submission, task: BoardTask, listener: str) -> pd.Series[float]:
        """Return what a submission scored for one listener by what the task is ranked by, indexed by scene."""
        result = _result(submission)
        return self._cache(task).listener_scores(
            result.table.digest,
            lambda: read_result(self.board, result, name=submission.identity),
            listener,
            column=self.shown_score(task).column,
        )

    def shown_score(self, task: BoardTask) -> ShownScore:
        """Return what a task is ranked by.

        Raises
        ------
        ConfigError
            If its metric is not installed.
        """
        if task.metric == _HAAQI:
            return ShownScore(title="HAAQI", column=HAAQI_COLUMN, higher_is_better=True)
        metric = load_metric(task.metric)
        title = f"{metric.title}, {metric.unit}" if metric.unit else metric.title
        return ShownScore(title=title, column=metric.name, higher_is_better=metric.higher_is_better)

    def system(self, submission: Submission, task: BoardTask, *, title: str) -> RankedSystem:
        """Return a scored submission as a ranking takes it."""
        result = _result(submission)
        summary = self._cache(task).summary(
            result.table.digest,
            lambda: read_result(self.board, result, name=submission.identity),
            column=self.shown_score(task).column,
        )
        manifest = self._manifests.get(submission.file.digest, lambda: self._manifest(submission, task))
        return RankedSystem(
            submission=submission.identity,
            team=submission.team,
            system=title,
            causality="causal" if submission.causality == "causal" else "noncausal",
            augmented=submission.augmented,
            supplementary=submission.supplementary,
            submitted=submission.submitted_at.isoformat(timespec="minutes"),
            summary=summary,
            n_parameters=None if manifest is None else manifest.n_parameters,
            lookahead_ms=None if manifest is None else manifest.lookahead_ms,
            speed=None if manifest is None else declared_number(manifest.configuration.get(_SPEED)),
        )

    def _make(self, standing: Standing) -> PhaseView:
        score = self.shown_score(standing.task)
        systems = [self.system(one, standing.task, title=standing.titles[one.team]) for one in standing.submissions]
        rankings = {
            causality: rank_systems(
                [one for one in systems if one.causality == causality], higher_is_better=score.higher_is_better
            )
            for causality in CAUSALITIES
        }
        return PhaseView(standing=standing, score=score, rankings=rankings)

    def _cache(self, task: BoardTask) -> SummaryCache:
        key = f"{task.folder}\t{task.split}"
        folder = self.board.summaries
        return self._caches.get(key, lambda: SummaryCache(folder, load_task(task.folder, checked_split(task.split))))

    def _manifest(self, submission: Submission, task: BoardTask) -> Manifest | None:
        """Return what an archive says of its system; None where it says nothing, or is not kept any more."""
        path = self.archive(submission)
        if path is None:
            return None
        try:
            files = ArchivedSignals.of(path, self.task(task)).files
            name = next((name for name in _MANIFEST_NAMES if name in files.sizes()), None)
            return None if name is None else parse_manifest(files.read(name, limit_bytes=_MAX_MANIFEST_BYTES))
        except RebalanceError:
            return None

    def archive(self, submission: Submission) -> Path | None:
        """Return the archive of a submission; None where it is not kept any more."""
        store = self.board.archives(submission.team)
        return store.path_of(submission.file) if store.holds(submission.file) else None


def _result(submission: Submission) -> Result:
    """Return the result of a submission that stands on a board; all of them are scored."""
    assert submission.result is not None
    return submission.result


def declared_number(value: object) -> float | None:
    """Return a number that a team declared; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < math.inf else None  # type: ignore[arg-type, operator]
