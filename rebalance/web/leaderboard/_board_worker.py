"""A worker: takes jobs off the queue, checks and scores, and says how far it is while it works."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import logging
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from rebalance._base.errors import RebalanceError, SchedulerError
from rebalance._base.running import executor_for, one_line
from rebalance.pipeline import System, score_metrics, score_task
from rebalance.submission import ArchivedSignals, check_submission
from rebalance.task import Task, checked_split, load_task
from rebalance.web.leaderboard._board_database import Board
from rebalance.web.leaderboard._board_queries import BoardQueries
from rebalance.web.leaderboard._board_queue import LEASE, ClaimedJob, JobQueue
from rebalance.web.leaderboard._board_values import ORGANISER, BoardTask, JobKind, Result, Submission
from rebalance.web.leaderboard._kept_summaries import keep_summary
from rebalance.web.leaderboard._ranked_scores import HAAQI, score_column
from rebalance.web.leaderboard._stored_files import StoredFile
from rebalance.web.leaderboard._verdict_files import verdict_content, without_folders

LOG = logging.getLogger("rebalance.board")

_MAX_TABLE_BYTES = 1 << 30
_RENEWALS_PER_LEASE = 4
_ALL_KINDS: tuple[JobKind, ...] = ("check", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker works.

    Parameters
    ----------
    kinds
        Which jobs it takes.
    jobs
        Processes of one scoring; with 1 it is done within this process.
    scheduler
        Address of a Dask cluster that scores instead; its workers must see the folders of board and tasks.
    lease
        How long it may be silent before its job is given to another.
    idle_s
        How long it waits before it looks for a job again.
    """

    kinds: tuple[JobKind, ...] = _ALL_KINDS
    jobs: int = 1
    scheduler: str | None = None
    lease: dt.timedelta = LEASE
    idle_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Works for a board until it is told to stop.

    Parameters
    ----------
    board
        Whose jobs it does.
    options
        Kinds of jobs, number of processes and scheduler.
    name
        In the record of attempts.
    """

    board: Board
    options: WorkerOptions = WorkerOptions()
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")

    def run(self, stop: threading.Event, *, until_idle: bool = False) -> int:
        """Do jobs until told to stop, or until there is none; return how many were done.

        A database or a cluster that cannot be reached for a while is waited for.
        """
        n_done = 0
        while not stop.is_set():
            worked = self._step()
            n_done += bool(worked)
            if worked is False and until_idle:
                break
            if not worked:
                stop.wait(self.options.idle_s)
        return n_done

    def _step(self) -> bool | None:
        """Do one job; False where there was none, None where the database or the cluster could not be asked."""
        claimed: ClaimedJob | None = None
        try:
            with self.board.transaction() as session:
                claimed = self._queue(session).claim(self.name, _now(), self.options.kinds)
            if claimed is not None:
                self._work(claimed)
        except SchedulerError as error:
            LOG.warning("worker %s: %s", self.name, one_line(error))
            self._give_back(claimed)
            return None
        except RebalanceError as error:
            LOG.warning("worker %s: %s", self.name, one_line(error))
            return None
        except KeyboardInterrupt:
            self._give_back(claimed)
            raise
        return claimed is not None

    def _give_back(self, claimed: ClaimedJob | None) -> None:
        """Leave a job to others at once: this worker was told to stop, or what it works with is away."""
        if claimed is not None:
            with self.board.transaction() as session:
                self._queue(session).release(claimed, _now())

    def _queue(self, session: Session) -> JobQueue:
        return JobQueue(session=session, lease=self.options.lease)

    def _work(self, claimed: ClaimedJob) -> None:
        """Do a job; what goes wrong with the submission is its failure, what goes wrong here leaves the job free."""
        with self.board.reading() as session:
            queries = BoardQueries(session=session)
            submission = queries.submission(claimed.job.submission, ORGANISER)
            task = queries.task(submission.task)
        LOG.info("%s of submission %s begins", claimed.job.kind, submission.identity)
        try:
            with self._heart(claimed, submission, task):
                finish = (self._check if claimed.job.kind == "check" else self._score)(submission, task, claimed)
        except SchedulerError:
            raise
        except RebalanceError as error:
            finish = functools.partial(self._failed, claimed, without_folders(one_line(error), self._folders(task)))
        except (OSError, ValueError, ArithmeticError, MemoryError) as error:
            LOG.exception("%s of submission %s", claimed.job.kind, submission.identity)
            reason = f"unexpected {type(error).__name__}; the organisers find more in the log of the worker"
            finish = functools.partial(self._failed, claimed, reason)
        with self.board.transaction() as session:
            kept = finish(self._queue(session))
        LOG.info("%s of submission %s %s", claimed.job.kind, submission.identity, "done" if kept else "called off")
        if kept and claimed.job.kind == "score":
            shutil.rmtree(self._folder(submission), ignore_errors=True)

    def _failed(self, claimed: ClaimedJob, reason: str, queue: JobQueue) -> bool:
        return queue.fail(claimed, reason, _now())

    def _check(self, submission: Submission, task: BoardTask, claimed: ClaimedJob) -> Callable[[JobQueue], bool]:
        """Check a submission; return what writes the verdict down."""
        loaded = loaded_task(task)
        content, accepted = b"", False
        with self._named_archive(submission) as archive, ThreadPoolExecutor(1) as executor:
            try:
                verdict = check_submission(archive, loaded, executor=executor)
                content, accepted = verdict_content(verdict, submission, self._folders(task)), verdict.accepted
            except RebalanceError as error:
                content = verdict_content(one_line(error), submission, self._folders(task))
        kept = self.board.files.add([content], max_bytes=_MAX_TABLE_BYTES)
        return lambda queue: queue.keep_verdict(claimed, kept, _now(), accepted=accepted)

    def _score(self, submission: Submission, task: BoardTask, claimed: ClaimedJob) -> Callable[[JobQueue], bool]:
        """Score a submission; return what writes the result down."""
        loaded = loaded_task(task)
        folder = self._folder(submission)
        with self._named_archive(submission) as archive, self._executor() as executor:
            description = {"separator": Path(submission.file_name).stem, "configuration": {"submission": archive.name}}
            system = System(signals=ArchivedSignals.of(archive, loaded), scores=folder, description=description)
            failures = score_task(loaded, [system], jobs=self.options.jobs, executor=executor)
            if task.metric != HAAQI:
                metrics = [task.metric]
                failures += score_metrics(loaded, system, metrics, jobs=self.options.jobs, executor=executor)
        if failures:
            more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
            raise RebalanceError(f"{failures[0].reason}{more}", where=failures[0].item.rpartition(", ")[0])
        column = score_column(task.metric)
        result = self._kept_result(folder, column, _now())
        keep_summary(self.board, result, loaded, name=submission.identity, column=column)
        return lambda queue: queue.keep_result(claimed, result, _now())

    def _kept_result(self, folder: Path, column: str, now: dt.datetime) -> Result:
        """Keep table and summary of a scoring under their digests; paths of this machine stay here."""
        summary = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
        del summary["data"]
        table = pd.read_csv(folder / "scores.csv")
        return Result(
            mean=float(table[column].mean()),
            n_pairs=len(table),
            table=self._add((folder / "scores.csv").read_bytes()),
            summary=self._add(json.dumps(summary, sort_keys=True, indent=1).encode()),
            scored_at=now,
        )

    def _add(self, content: bytes) -> StoredFile:
        return self.board.files.add([content], max_bytes=_MAX_TABLE_BYTES)

    def _folder(self, submission: Submission) -> Path:
        """Return where the unfinished scores of a submission are, for the workers of a cluster too."""
        return (self.board.work / submission.identity).absolute()

    def _folders(self, task: BoardTask) -> tuple[str, ...]:
        """Return the folders that no team is to see."""
        return (task.folder, str(self.board.data.resolve()), str(self.board.data))

    @contextlib.contextmanager
    def _named_archive(self, submission: Submission) -> Iterator[Path]:
        """Give an archive the name its team gave it: a link in a folder of its own."""
        folder = self._folder(submission) / "archive"
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / submission.file_name
        kept = self.board.archives(submission.team).path_of(submission.file)
        if not link.exists():
            with contextlib.suppress(FileExistsError):
                link.hardlink_to(kept)
        yield link

    @contextlib.contextmanager
    def _executor(self) -> Iterator[Executor | None]:
        """Give what scores: a cluster, this process, or processes of its own (None)."""
        if self.options.scheduler is not None or self.options.jobs > 1:
            with executor_for(self.options.scheduler) as cluster:
                yield cluster
            return
        own = ThreadPoolExecutor(1)
        try:
            yield own
        finally:
            own.shutdown(wait=False, cancel_futures=True)  # a worker that is told to stop does not wait for a scene

    @contextlib.contextmanager
    def _heart(self, claimed: ClaimedJob, submission: Submission, task: BoardTask) -> Iterator[None]:
        """Renew the lease from a thread while the block works."""
        ended = threading.Event()
        beat = functools.partial(self._beat, claimed, self._folder(submission) / "scores", scenes_of(task))
        heart = threading.Thread(target=_every, args=(self._beat_s, ended, beat), name="heart", daemon=True)
        heart.start()
        try:
            yield
        finally:
            ended.set()
            heart.join()

    @property
    def _beat_s(self) -> float:
        return min(1.0, self.options.lease.total_seconds() / _RENEWALS_PER_LEASE)

    def _beat(self, claimed: ClaimedJob, records: Path, scenes: dict[str, int]) -> None:
        n_done = count_scored_scenes(records, scenes) if claimed.job.kind == "score" else 0
        try:
            with self.board.transaction() as session:
                self._queue(session).renew(claimed, _now(), n_done=n_done, n_all=len(scenes))
        except RebalanceError as error:
            LOG.warning("worker %s: %s", self.name, one_line(error))


def count_scored_scenes(records: Path, scenes: dict[str, int]) -> int:
    """Return of how many scenes all listeners have a record, given how many listeners each has."""
    found: dict[str, int] = {}
    for path in records.glob("*.json"):
        scene = path.stem.partition("_")[0]
        found[scene] = found.get(scene, 0) + 1
    return sum(found.get(scene, 0) >= n_listeners for scene, n_listeners in scenes.items())


def scenes_of(task: BoardTask) -> dict[str, int]:
    """Return how many listeners each scene of a task has."""
    loaded = loaded_task(task)
    return {scene: len(set(loaded.scene_listeners[scene])) for scene in loaded.scenes}


def loaded_task(task: BoardTask) -> Task:
    """Return a task of the board, loaded once per process."""
    return _loaded(task.folder, task.split)


@functools.lru_cache(maxsize=8)
def _loaded(folder: str, split: str) -> Task:
    return load_task(folder, checked_split(split), require_sources=True)


def _every(seconds: float, ended: threading.Event, beat: Callable[[], None]) -> None:
    while not ended.is_set():
        beat()
        ended.wait(seconds)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
