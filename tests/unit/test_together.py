"""Work of many threads in one transaction: nothing is lost, nothing done twice, and who fails fails alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tipline.database import Database


class Failed(Exception):
    """Some work went wrong."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'some.db'}")
    made.together(lambda session: session.execute(text("CREATE TABLE done (who INTEGER PRIMARY KEY)")))
    yield made
    made.dispose()


def kept(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(text("SELECT who FROM done ORDER BY who")))


def run(database: Database, people: int, *, failing: frozenset[int] = frozenset()) -> tuple[dict[int, int], set[int]]:
    """Let many threads come at once; return what each was told, and who failed."""
    told: dict[int, int] = {}
    failed: set[int] = set()
    gate = threading.Barrier(people)

    def work(session: Session, who: int) -> int:
        session.execute(text("INSERT INTO done VALUES (:who)"), {"who": who})
        if who in failing:
            raise Failed
        return who * 10

    def come(who: int) -> None:
        gate.wait()
        try:
            told[who] = database.together(lambda session: work(session, who))
        except Failed:
            failed.add(who)

    threads = [threading.Thread(target=come, args=(who,)) for who in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told, failed


def test_each_thread_gets_its_own_result_after_the_commit(database: Database) -> None:
    told, failed = run(database, 24)
    assert told == {who: who * 10 for who in range(24)}
    assert failed == set()
    assert kept(database) == list(range(24))


def test_threads_that_wait_share_a_commit(database: Database) -> None:
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    with database.write():
        begun = threading.Thread(target=run, args=(database, 12))
        begun.start()
        while len(database._brought) < 12:
            pass
        commits.clear()
    begun.join()
    assert kept(database) == list(range(12))
    assert len(commits) == 1


def test_who_fails_fails_alone(database: Database) -> None:
    told, failed = run(database, 16, failing=frozenset({3, 9}))
    assert failed == {3, 9}
    assert sorted(told) == [who for who in range(16) if who not in {3, 9}] == kept(database)


def test_after_a_failure_the_next_one_works(database: Database) -> None:
    assert run(database, 1, failing=frozenset({0}))[1] == {0}
    assert run(database, 1)[0] == {0: 0}


def test_a_commit_that_fails_leaves_nothing_behind(database: Database) -> None:
    def work(session: Session) -> None:
        session.execute(text("CREATE TABLE part (who INTEGER REFERENCES done)"))
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        session.execute(text("INSERT INTO part VALUES (7)"))

    with pytest.raises(IntegrityError):
        database.together(work)
    with pytest.raises(IntegrityError), database.write() as session:
        work(session)
    assert run(database, 3)[0] == {0: 0, 1: 10, 2: 20}
