"""Participants, their trials and their answers, kept in a database."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

import pandas as pd
from sqlalchemy import Connection, Table, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from rebalance._base.errors import ConfigError
from rebalance._base.semantics import VERSION
from rebalance.web.leaderboard import database_error, hash_token, new_token
from rebalance.web.listening_test._answer_tables import (
    ANSWERS,
    PARTICIPANTS,
    STIMULI,
    TESTS,
    TRIALS,
    open_answers,
)
from rebalance.web.listening_test._said_answers import Answer, Participant
from rebalance.web.listening_test._settled_tests import SettledTest
from rebalance.web.listening_test._stimuli import Stimuli
from rebalance.web.listening_test._trial_orders import blinded, ordered_trials
from rebalance.web.listening_test._trial_rows import described, stimulus_rows, trial_rows, trials_of

_BLIND_BYTES = 12
_MAX_TRIES = 20


class AnswerStore:
    """The database of a listening test; every answer is on the disk once `keep` returns.

    Parameters
    ----------
    address
        ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``; tables are made where there are none.
    test
        Plan and trials that are answered.

    Raises
    ------
    ConfigError
        If the database cannot be reached.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rebalance.web.listening_test import Answer, AnswerStore, ListeningPlan, settle_test
    >>> runs = {"fast": Path("exp/fast"), "mixture": Path("exp/mixture")}
    >>> plan = ListeningPlan(title="Demo", kind="preference", task=Path("metadata/demo"), runs=runs, scenes=1)
    >>> with AnswerStore("sqlite://", settle_test(plan)) as store:
    ...     token = store.enrol()
    ...     participant = store.participant(token)
    ...     first, second = participant.trials[0].blind_ids
    ...     store.keep(participant, 0, {
    ...         first: Answer(chosen=True, plays=1, seconds=9.0), second: Answer(chosen=False, plays=2, seconds=9.0)
    ...     })
    ...     sorted(store.table()["chosen"])
    [0, 1]
    """

    def __init__(self, address: str, test: SettledTest) -> None:
        self._test = test
        self._engine = open_answers(address)
        plan = json.dumps(described(test), sort_keys=True)
        self._identity = hashlib.sha256(plan.encode()).hexdigest()
        row = {"id": self._identity, "title": test.plan.title, "kind": test.plan.kind, "seed": test.plan.seed}
        with self._transaction() as connection:
            insert = self._insert(TESTS).values(**row, plan=plan, sounds="", version=VERSION)
            connection.execute(insert.on_conflict_do_nothing())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def hold_sounds(self, stimuli: Stimuli) -> None:
        """Note what the sounds are made of; the same for all participants.

        Parameters
        ----------
        stimuli
            From `make_stimuli`.

        Raises
        ------
        ConfigError
            If others were heard before: a run, or the stretch that is played, has changed.
        """
        names = json.dumps(sorted([*key, name] for key, name in stimuli.names.items()))
        digest = hashlib.sha256(names.encode()).hexdigest()
        own = TESTS.c.id == self._identity
        with self._transaction() as connection:
            before = connection.execute(select(TESTS.c.sounds).where(own)).scalar_one()
            entered = select(func.count()).select_from(PARTICIPANTS).where(PARTICIPANTS.c.test == self._identity)
            if before not in ("", digest) and connection.execute(entered).scalar_one():
                raise ConfigError(
                    "a run was made again since the first participant; another seed begins anew", where="listening test"
                )
            connection.execute(TESTS.update().where(own).values(sounds=digest))

    def enrol(self, *, new_id: Callable[[], str] = lambda: secrets.token_urlsafe(_BLIND_BYTES)) -> str:
        """Take in a participant and return their token, of which only the hash is kept.

        Parameters
        ----------
        new_id
            Names the signals.

        Raises
        ------
        RebalanceError
            If the database refuses.
        """
        token = new_token()
        for _ in range(_MAX_TRIES):
            with contextlib.suppress(_NumberTakenError), self._transaction() as connection:
                self._take_in(connection, hash_token(token), new_id)
                return token
        raise ConfigError("too many people enter at once; try again", where="listening test")

    def participant(self, token: str) -> Participant | None:
        """Return whose token it is; None where it is nobody's."""
        with self._transaction() as connection:
            wanted = and_(PARTICIPANTS.c.token_hash == hash_token(token), PARTICIPANTS.c.test == self._identity)
            found = connection.execute(select(PARTICIPANTS).where(wanted)).one_or_none()
            if found is None:
                return None
            return Participant(identity=found.id, number=found.number, trials=trials_of(connection, found.id))

    def keep(self, participant: Participant, place: int, answers: Mapping[str, Answer]) -> None:
        """Keep the answers of a trial, in place of earlier ones: all of them or none.

        Parameters
        ----------
        participant
            The participant who answers.
        place
            Of the trial, from 0.
        answers
            By blind id, one for every signal.

        Raises
        ------
        ConfigError
            If the signals are not those of the trial, or more than one is chosen.
        RebalanceError
            If the database refuses.
        """
        expected = participant.trials[place].blind_ids
        if set(answers) != set(expected):
            raise ConfigError(where=f"trial {place + 1}", expected="an answer for each of its sounds, and no other")
        rated = [answer.rating is not None for answer in answers.values()]
        if any(rated) != all(rated) or any(rated) != (self._test.plan.kind == "mushra"):
            raise ConfigError(where=f"trial {place + 1}", expected="ratings" if rated and not rated[0] else "a choice")
        if sum(bool(answer.chosen) for answer in answers.values()) > 1:
            raise ConfigError(where=f"trial {place + 1}", expected="one choice at most")
        with self._transaction() as connection:
            for blind_id in expected:
                self._replace(connection, blind_id, answers[blind_id])

    def answered(self, participant: Participant) -> dict[int, dict[str, Answer]]:
        """Return the answers of a participant by place of the trial and blind id."""
        query = (
            select(STIMULI.c.place, ANSWERS)
            .join(ANSWERS, ANSWERS.c.blind_id == STIMULI.c.blind_id)
            .where(STIMULI.c.participant == participant.identity)
        )
        kept: dict[int, dict[str, Answer]] = {}
        with self._transaction() as connection:
            for row in connection.execute(query):
                chosen = None if row.chosen is None else bool(row.chosen)
                answer = Answer(rating=row.rating, chosen=chosen, plays=row.plays, seconds=row.seconds)
                kept.setdefault(row.place, {})[row.blind_id] = answer
        return kept

    def table(self) -> pd.DataFrame:
        """Return all answers of the test.

        Returns
        -------
        A line for every signal, with the columns ``participant``, ``trial`` (both from 1), ``scene``, ``listener``,
        ``position`` (from 1), ``system``, ``rating``, ``chosen``, ``plays``, ``seconds`` and ``answered_at``.
        """
        query = (
            select(
                PARTICIPANTS.c.number.label("participant"),
                (TRIALS.c.place + 1).label("trial"),
                TRIALS.c.scene,
                TRIALS.c.listener,
                (STIMULI.c.position + 1).label("position"),
                STIMULI.c.system,
                *(ANSWERS.c[name] for name in ("rating", "chosen", "plays", "seconds", "answered_at")),
            )
            .join(TRIALS, TRIALS.c.participant == PARTICIPANTS.c.id)
            .join(STIMULI, and_(STIMULI.c.participant == TRIALS.c.participant, STIMULI.c.place == TRIALS.c.place))
            .join(ANSWERS, ANSWERS.c.blind_id == STIMULI.c.blind_id)
            .where(PARTICIPANTS.c.test == self._identity)
            .order_by(PARTICIPANTS.c.number, TRIALS.c.place, STIMULI.c.position)
        )
        with self._transaction() as connection:
            result = connection.execute(query)
            return pd.DataFrame(result.mappings().all(), columns=list(result.keys()))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Do everything within or nothing."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise database_error(self._engine, error) from error

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insertion that can say what to do where a line is there."""
        return sqlite.insert(table) if self._engine.dialect.name == "sqlite" else postgresql.insert(table)

    def _take_in(self, connection: Connection, token_hash: str, new_id: Callable[[], str]) -> None:
        """Write a new participant with their trials."""
        plan = self._test.plan
        last = select(func.max(PARTICIPANTS.c.number)).where(PARTICIPANTS.c.test == self._identity)
        number = (connection.execute(last).scalar() or 0) + 1
        row = {"test": self._identity, "number": number, "token_hash": token_hash, "agreed_at": _now()}
        try:
            insert = PARTICIPANTS.insert().values(row).returning(PARTICIPANTS.c.id)
            identity = connection.execute(insert).scalar_one()
        except IntegrityError as error:
            raise _NumberTakenError from error
        ordered = ordered_trials(self._test.trials, seed=plan.seed, participant=number)
        trials = blinded(ordered, with_reference=plan.has_reference, new_id=new_id)
        connection.execute(TRIALS.insert(), trial_rows(identity, trials))
        connection.execute(STIMULI.insert(), stimulus_rows(identity, trials))

    def _replace(self, connection: Connection, blind_id: str, answer: Answer) -> None:
        """Write an answer over what stands there."""
        chosen = None if answer.chosen is None else int(answer.chosen)
        row = {
            "rating": answer.rating,
            "chosen": chosen,
            "plays": answer.plays,
            "seconds": answer.seconds,
            "answered_at": _now(),
        }
        insert = self._insert(ANSWERS).values(blind_id=blind_id, **row)
        connection.execute(insert.on_conflict_do_update(index_elements=["blind_id"], set_=row))


class _NumberTakenError(Exception):
    """Somebody else was given the number at the same moment."""


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
