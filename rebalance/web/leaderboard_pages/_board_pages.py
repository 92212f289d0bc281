"""The public pages: boards, systems, listeners, and what can be taken from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from rebalance._base.errors import RebalanceError
from rebalance.web.board import (
    ListenerView,
    RankedSystem,
    Ranking,
    audiogram_plot,
    heat_map,
    interval_plot,
    ranking_csv,
    site_json,
    view_listener,
)
from rebalance.web.leaderboard import BoardQueries, NotFoundError, Submission
from rebalance.web.leaderboard_pages._cached_answers import CachedAnswers, Made
from rebalance.web.leaderboard_pages._kept_sounds import kept_sound
from rebalance.web.leaderboard_pages._page_templates import render
from rebalance.web.leaderboard_pages._phase_rankings import PhaseRankings, PhaseView, Standing
from rebalance.web.leaderboard_pages._public_examples import public_examples
from rebalance.web.leaderboard_pages._signed_in import PageRoute

_GROUPS: Mapping[str, str] = {
    "severity": "Severity of hearing loss (site)",
    "severity-code": "Severity of hearing loss (code)",
    "instrument": "Instrument",
    "sources": "Number of sources",
    "gain": "Gain size",
}
_GROUP_NAMES: Mapping[str, str] = {
    "severity": "Hearing loss",
    "severity-code": "Hearing loss, as in the code",
    "instrument": "Instrument",
    "sources": "Number of sources",
    "gain": "Size of the gain",
}
_CAUSALITY_NAMES: Mapping[str, str] = {"causal": "Causal systems", "noncausal": "Non-causal systems"}
_SVG = "image/svg+xml"
_KEPT_SOUND = {"Cache-Control": "public, max-age=3600"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where mean and interval of a system lie on the scale of a ranking, in percent."""

    mean: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Of the interval."""
        return round(self.high - self.low, 2)


def board_routes(rankings: PhaseRankings, answers: CachedAnswers) -> APIRouter:
    """Return the routes of the public pages."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    pages = _Pages(rankings)

    async def answer(request: Request, find: Callable[[], Made], *, by: str = "") -> Response:
        return await answers.answer(request, f"{request.url.path}?{by}", find)

    @routes.get("/")
    async def start(request: Request) -> Response:
        """Show which boards there are."""
        return await answer(request, pages.start)

    @routes.get("/how-it-works")
    async def explanation(request: Request) -> Response:
        """Say how systems are ranked."""
        made = Made(digest="explanation", make=lambda: render("explanation.html"))
        return await answer(request, lambda: made)

    @routes.get("/board/{phase}")
    async def board(request: Request, phase: str, by: str = "severity") -> Response:
        """Show the rankings of a phase."""
        group = by if by in _GROUPS else "severity"
        return await answer(request, lambda: pages.board(phase, group), by=group)

    @routes.get("/board/{phase}/results.json")
    async def results(request: Request, phase: str) -> Response:
        """Send the rankings in the form of the challenge's site."""
        return await answer(request, lambda: pages.results(phase))

    @routes.get("/board/{phase}/{causality}.csv")
    async def table(request: Request, phase: str, causality: str) -> Response:
        """Send a ranking as CSV."""
        return await answer(request, lambda: pages.table(phase, causality))

    @routes.get("/board/{phase}/{causality}-intervals.svg")
    async def intervals(request: Request, phase: str, causality: str) -> Response:
        """Send the plot of intervals."""
        return await answer(request, lambda: pages.intervals(phase, causality))

    @routes.get("/board/{phase}/{causality}-groups.svg")
    async def groups(request: Request, phase: str, causality: str, by: str = "severity") -> Response:
        """Send the heat map of groups."""
        group = by if by in _GROUPS else "severity"
        return await answer(request, lambda: pages.groups(phase, causality, group), by=group)

    @routes.get("/board/{phase}/systems/{identity}")
    async def system(request: Request, phase: str, identity: str) -> Response:
        """Show a system."""
        return await answer(request, lambda: pages.system(phase, identity))

    @routes.get("/board/{phase}/listeners")
    async def listeners(request: Request, phase: str) -> Response:
        """Show all listeners."""
        return await answer(request, lambda: pages.listeners(phase))

    @routes.get("/board/{phase}/listeners/{name}")
    async def listener(request: Request, phase: str, name: str) -> Response:
        """Show a listener."""
        return await answer(request, lambda: pages.listener(phase, name))

    @routes.get("/board/{phase}/systems/{identity}/sounds/{place:int}/{sound}.ogg")
    def sound(phase: str, identity: str, place: int, sound: str) -> Response:
        """Send a public example."""
        return Response(pages.sound(phase, identity, place, sound), media_type="audio/ogg", headers=_KEPT_SOUND)

    return routes


class _Pages:
    """Finds what the public pages show; each returns a digest and how the page is made."""

    def __init__(self, rankings: PhaseRankings) -> None:
        self._rankings = rankings

    def start(self) -> Made:
        """Return the list of boards."""
        with self._rankings.board.reading() as session:
            phases = BoardQueries(session=session).phases()
        digest = hashlib.sha256(repr(phases).encode()).hexdigest()
        return Made(digest=digest, make=lambda: render("start.html", phases=phases))

    def board(self, phase: str, group: str) -> Made:
        """Return a board."""
        return self._of_view(phase, lambda view: _board_page(view, group))

    def results(self, phase: str) -> Made:
        """Return the site's JSON."""
        made = self._of_view(phase, lambda view: json.dumps(site_json(list(view.rankings.values())), indent=1))
        return Made(digest=made.digest, make=made.make, media_type="application/json")

    def table(self, phase: str, causality: str) -> Made:
        """Return a ranking as CSV."""
        made = self._of_view(phase, lambda view: ranking_csv(_ranking(view, causality)))
        name = f"{phase}-{causality}.csv"
        return Made(digest=made.digest, make=made.make, media_type="text/csv", file_name=name)

    def intervals(self, phase: str, causality: str) -> Made:
        """Return the plot of intervals."""
        made = self._of_view(phase, lambda view: _intervals(view, causality))
        return Made(digest=made.digest, make=made.make, media_type=_SVG)

    def groups(self, phase: str, causality: str, group: str) -> Made:
        """Return the heat map."""
        made = self._of_view(phase, lambda view: _heat_map(view, causality, group))
        return Made(digest=made.digest, make=made.make, media_type=_SVG)

    def system(self, phase: str, identity: str) -> Made:
        """Return the page of a system."""
        standing = self._rankings.standing(phase)
        history = self._rankings.public_history(standing, _on_board(standing, identity).team)
        digest = hashlib.sha256(f"{standing.digest}{history}".encode()).hexdigest()
        return Made(digest=digest, make=lambda: self._system_page(self._rankings.view(standing), identity, history))

    def listeners(self, phase: str) -> Made:
        """Return the list of listeners."""
        return self._of_view(phase, self._listeners_page)

    def listener(self, phase: str, name: str) -> Made:
        """Return the page of a listener."""
        return self._of_view(phase, lambda view: self._listener_page(view, name))

    def sound(self, phase: str, identity: str, place: int, sound: str) -> bytes:
        """Return a public example as Ogg Vorbis."""
        standing = self._rankings.standing(phase)
        submission = _on_board(standing, identity)
        task = self._rankings.task(standing.task)
        example = next((one for one in public_examples(Path(standing.task.folder), task) if one.place == place), None)
        archive = self._rankings.archive(submission)
        if example is None or archive is None:
            raise NotFoundError(where="sound", expected="a public example", got="none")
        pair = example.pair
        kept = self._rankings.board.data / "sounds" / submission.file.digest / f"{pair.scene}_{pair.listener}"
        return kept_sound(kept, task, pair, archive, sound)

    def _of_view(self, phase: str, make: Callable[[PhaseView], str]) -> Made:
        standing = self._rankings.standing(phase)
        return Made(digest=standing.digest, make=lambda: make(self._rankings.view(standing)))

    def _system_page(self, view: PhaseView, identity: str, history: tuple[Submission, ...]) -> str:
        submission = _on_board(view.standing, identity)
        system = view.system(identity)
        assert system is not None
        task = self._rankings.task(view.standing.task)
        has_archive = self._rankings.archive(submission) is not None
        ranking = view.rankings[system.causality]
        return render(
            "system.html",
            view=view,
            system=system,
            line=next((line for line in ranking.lines if line.entry is system), None),
            ranking=ranking,
            causality=_CAUSALITY_NAMES[system.causality],
            examples=public_examples(Path(view.standing.task.folder), task) if has_archive else (),
            on_board={one.submission for one in view.systems},
            history=history,
        )

    def _listeners_page(self, view: PhaseView) -> str:
        task = self._rankings.task(view.standing.task)
        best = [ranking.lines[0].entry for ranking in view.rankings.values() if ranking.lines]
        means = {one.submission: {mean.listener: mean.mean for mean in one.summary.listeners} for one in best}
        return render(
            "listeners.html", view=view, listeners=sorted(task.listeners.values(), key=_name), best=best, means=means
        )

    def _listener_page(self, view: PhaseView, name: str) -> str:
        task = self._rankings.task(view.standing.task)
        if name not in task.listeners:
            raise NotFoundError(where="listener", expected="one of the task", got=ascii(name[:40]))
        found = self._listener_view(view, name)
        plot = audiogram_plot(task.listeners[name])
        return render("listener.html", view=view, listener=task.listeners[name], found=found, plot=plot)

    def _listener_view(self, view: PhaseView, name: str) -> ListenerView | None:
        """Return how all systems did for a listener; None where none did anything."""
        standing = view.standing
        labels = _labels(view.systems)
        scores = {
            labels[one.identity]: self._rankings.listener_scores(one, standing.task, name)
            for one in standing.submissions
        }
        task, is_higher_better = self._rankings.task(standing.task), view.score.higher_is_better
        try:
            return view_listener(name, scores, task, higher_is_better=is_higher_better)
        except RebalanceError:
            return None


def _labels(systems: tuple[RankedSystem, ...]) -> dict[str, str]:
    """Return a name for each system by its submission, unlike that of any other."""
    return {
        one.submission: f"{one.name} ({'causal' if one.causality == 'causal' else 'non-causal'})" for one in systems
    }


def _name(listener: Any) -> str:  # noqa: ANN401 - a listener
    return str(listener.name)


def _on_board(standing: Standing, identity: str) -> Submission:
    """Return a submission that the public sees; all others are as if they were not there."""
    found = next((one for one in standing.submissions if one.identity == identity), None)
    if found is None:
        raise NotFoundError(where="system", expected="one that is on the board", got=ascii(identity[:40]))
    return found


def _ranking(view: PhaseView, causality: str) -> Ranking:
    if causality not in view.rankings:
        raise NotFoundError(where="ranking", expected=f"one of {', '.join(view.rankings)}", got=ascii(causality[:40]))
    return view.rankings[causality]


def _intervals(view: PhaseView, causality: str) -> str:
    title = f"{_CAUSALITY_NAMES.get(causality, '')}, {view.phase.title}: means with intervals"
    return interval_plot(_ranking(view, causality), title=title, score=view.score.title)


def _heat_map(view: PhaseView, causality: str, group: str) -> str:
    title = f"{_CAUSALITY_NAMES.get(causality, '')}, {view.phase.title}: means by {_GROUP_NAMES[group].lower()}"
    return heat_map(_ranking(view, causality), group=_GROUPS[group], title=title, score=view.score.title)


def _board_page(view: PhaseView, group: str) -> str:
    """Return the page of a board."""
    shown = {causality: ranking for causality, ranking in view.rankings.items() if ranking.lines or ranking.incomplete}
    ranked = {causality: ranking for causality, ranking in shown.items() if ranking.lines}
    return render(
        "board.html",
        view=view,
        rankings=shown,
        names=_CAUSALITY_NAMES,
        bars={causality: _bars(ranking) for causality, ranking in ranked.items()},
        group=group,
        groups=_GROUP_NAMES,
        group_title=_GROUPS[group],
        heat_maps={causality: _heat_map(view, causality, group) for causality in ranked},
    )


def _bars(ranking: Ranking) -> dict[str, Bar]:
    """Return where every system lies on the scale that holds all of them."""
    bounds = [
        (line.mean.mean, line.mean.mean)
        if line.mean.interval is None
        else (line.mean.interval.low, line.mean.interval.high)
        for line in ranking.lines
    ]
    low, high = min(one for one, _ in bounds), max(one for _, one in bounds)
    scale = 96 / ((high - low) or 1.0)

    def place(value: float) -> float:
        return round(2 + scale * (value - low), 2)

    return {
        line.entry.submission: Bar(mean=place(line.mean.mean), low=place(first), high=place(last))
        for line, (first, last) in zip(ranking.lines, bounds, strict=True)
    }
