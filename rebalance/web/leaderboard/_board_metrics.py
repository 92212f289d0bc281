"""Health for a load balancer, and numbers for Prometheus."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from rebalance._base.errors import RebalanceError
from rebalance._base.semantics import VERSION
from rebalance.web.leaderboard._board_askers import Askers
from rebalance.web.leaderboard._board_database import Board, require_newest
from rebalance.web.leaderboard._board_tables import JobRow, SubmissionRow

_MIN_FREE_BYTES = 1 << 30
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCollector(Collector):
    """Counts jobs and submissions at the moment they are asked for."""

    board: Board

    def collect(self) -> Iterator[Metric]:
        """Return the counts."""
        jobs = GaugeMetricFamily("rebalance_jobs", "Jobs by kind and state.", labels=("kind", "state"))
        submissions = GaugeMetricFamily("rebalance_submissions", "Submissions by state.", labels=("state",))
        with self.board.reading() as session:
            counted = select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state)
            for kind, state, count in session.execute(counted):
                jobs.add_metric((kind, state), count)
            by_state = select(SubmissionRow.state, func.count()).group_by(SubmissionRow.state)
            for state, count in session.execute(by_state):
                submissions.add_metric((state,), count)
        free = GaugeMetricFamily("rebalance_free_bytes", "Room left for uploads and scores.")
        free.add_metric((), shutil.disk_usage(self.board.data).free)
        yield from (jobs, submissions, free)


_LABELS = ("method", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardMetrics:
    """The numbers of one server."""

    collectors: CollectorRegistry
    requests: Counter

    @classmethod
    def of(cls, board: Board) -> BoardMetrics:
        """Return the numbers of a server that begins."""
        collectors = CollectorRegistry()
        collectors.register(BoardCollector(board=board))
        # The three empty texts are namespace, subsystem and unit.
        requests = Counter("rebalance_requests", "Requests by method and status.", _LABELS, "", "", "", collectors)
        return cls(collectors=collectors, requests=requests)


def operation_routes(board: Board, askers: Askers, metrics: BoardMetrics) -> APIRouter:
    """Return health and numbers."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/health")
    def health() -> Response:
        """Tell whether the board can take submissions: 200 if so, else 503 with the reason."""
        reason = _ailment(board)
        status = {"status": "ill" if reason else "well", "version": VERSION, "reason": reason}
        return JSONResponse(status, status_code=503 if reason else 200)

    @routes.get("/metrics")
    def numbers(request: Request) -> Response:
        """Send the numbers to whoever has an organiser's token."""
        askers.organiser(request)
        return Response(generate_latest(metrics.collectors), media_type=_TYPE)

    return routes


def _ailment(board: Board) -> str:
    """Return why no submission could be taken; empty if one could."""
    try:
        require_newest(board)
    except RebalanceError:
        return "the database cannot be asked, or is not up to date"
    if shutil.disk_usage(board.data).free < _MIN_FREE_BYTES:
        return "the disk is almost full"
    return ""
