"""Who waits is taken by one at a time, and no news that comes meanwhile is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.store.rescore_queue import (
    AT_ONCE,
    LATER,
    count_waiting,
    queue_customers,
    release_customers,
    return_customers,
    still_held,
    take_customers,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def queue(store):
    class Queue:
        def add(self, *ids, at=NOW, priority=AT_ONCE):
            write(queue_customers, ids, database=store.database, at=at, priority=priority)

        def take(self, lease="mine", *, now=NOW, at_most=10):
            taken = write(
                take_customers,
                lease=lease,
                now=now,
                until=now + timedelta(seconds=15),
                at_most=at_most,
            )
            return {each.customer_id: each for each in taken}

        def release(self, *taken, lease="mine"):
            write(release_customers, taken, lease=lease)

        def put_back(self, lease="mine", *, not_before):
            write(return_customers, lease=lease, not_before=not_before)

        def held(self, lease="mine"):
            return write(still_held, lease)

        def __len__(self):
            with store.database.read() as connection:
                return count_waiting(connection)

    def write(change, *given, **named):
        return store.database.write(lambda connection: change(connection, *given, **named))

    return Queue()


def test_who_was_taken_is_not_taken_by_another(queue):
    queue.add("a", "b")
    assert set(queue.take(at_most=1)) == {"a"}
    assert set(queue.take("theirs")) == {"b"}
    assert queue.take("third") == {}


def test_when_the_lease_ends_another_takes_over(queue):
    queue.add("a")
    queue.take()
    assert queue.take("theirs", now=after(14)) == {}
    (again,) = queue.take("theirs", now=after(15)).values()
    assert again.attempts == 2
    assert (queue.held(), queue.held("theirs")) == (set(), {"a"})


def test_who_comes_late_changes_nothing(queue):
    queue.add("a")
    late = queue.take()["a"]
    queue.take("theirs", now=after(15))
    queue.release(late)
    queue.put_back(not_before=NOW)
    assert len(queue) == 1
    assert queue.held("theirs") == {"a"}


def test_who_was_scored_leaves(queue):
    queue.add("a", "b")
    taken = queue.take()
    queue.release(taken["a"])
    assert len(queue) == 1
    assert queue.held() == {"b"}


def test_news_that_comes_while_one_is_scored_is_scored_next(queue):
    queue.add("a")
    first = queue.take()["a"]
    queue.add("a", at=after(3))
    assert queue.take("theirs") == {}
    queue.release(first)
    second = queue.take()["a"]
    assert (second.since, second.version) == (after(3), 2)
    queue.release(second)
    assert len(queue) == 0


def test_who_waits_already_waits_since_the_oldest_news(queue):
    queue.add("a")
    queue.add("a", at=after(3))
    assert queue.take()["a"].since == NOW


def test_few_go_before_many(queue):
    queue.add("m1", "m2", priority=LATER)
    queue.add("few", at=after(5))
    queue.add("m2", at=after(6))  # and now it is one of a few, too
    assert list(queue.take(at_most=3)) == ["m2", "few", "m1"]


def test_who_could_not_be_scored_waits_a_while(queue):
    queue.add("a")
    queue.take()
    queue.put_back(not_before=after(5))
    assert queue.take(now=after(4)) == {}
    assert queue.take(now=after(5))["a"].attempts == 2


def test_news_gives_whoever_failed_new_attempts(queue):
    queue.add("a")
    queue.take()
    queue.put_back(not_before=NOW)
    queue.add("a", at=after(1))
    assert queue.take("theirs", now=after(1))["a"].attempts == 1
