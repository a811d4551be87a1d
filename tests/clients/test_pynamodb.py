"""PynamoDB, an object mapper of somebody else's, comes to the same in the process and over a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, TransactWriteError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

import ddbengine
from tests.clients.doors import ACCESS_KEY_ID, DOORS, REGION

pytestmark = pytest.mark.clients

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


class _Address(MapAttribute[Any, Any]):
    street = UnicodeAttribute()
    city = UnicodeAttribute()


Address: Any = _Address


def thread_model(url: str | None) -> Any:
    """A new model class, for a server or none."""

    class ByForum(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "by-forum"
            projection = AllProjection()

        forum = UnicodeAttribute(hash_key=True)
        views = NumberAttribute(range_key=True)

    class ByTime(LocalSecondaryIndex[Any]):
        class Meta:
            index_name = "by-time"
            projection = AllProjection()

        author = UnicodeAttribute(hash_key=True)
        posted = UTCDateTimeAttribute(range_key=True)

    class Thread(Model):
        class Meta:
            table_name = "threads"
            region = REGION
            host = url
            billing_mode = "PAY_PER_REQUEST"
            aws_access_key_id = ACCESS_KEY_ID
            aws_secret_access_key = "none"

        author = UnicodeAttribute(hash_key=True)
        subject = UnicodeAttribute(range_key=True)
        forum = UnicodeAttribute()
        views = NumberAttribute(default=0)
        posted = UTCDateTimeAttribute()
        tags = UnicodeSetAttribute(null=True)
        notes: Any = ListAttribute(null=True)
        address = Address(null=True)
        extra = JSONAttribute(null=True)
        expires = TTLAttribute(null=True)
        version = VersionAttribute()
        by_forum = ByForum()
        by_time = ByTime()

    return Thread


@contextmanager
def threads(door: str) -> Iterator[Any]:
    """The model with its table, on a new engine."""
    with ddbengine.open(access_key_id=ACCESS_KEY_ID, region=REGION) as engine:
        thread = thread_model(engine.serve().endpoint_url if door == "server" else None)
        connection: Connection = thread._get_connection().connection
        if door == "in process":
            engine.attach(connection.client)
        thread.create_table(wait=True)
        yield thread
        connection.client.close()


def new(thread: Any, author: str, number: int, **members: Any) -> Any:
    posted = NOW - timedelta(days=number)
    forum = f"forum {number % 2}"
    return thread(author, f"subject {number:03}", forum=forum, views=number, posted=posted, **members)


def subjects(found: Any) -> list[str]:
    return [one.subject for one in found]


def plain(one: Any) -> dict[str, Any]:
    """What a model object holds."""
    return {
        name: value.as_dict() if isinstance(value, MapAttribute) else value
        for name, value in one.attribute_values.items()
    }


def items(thread: Any) -> list[dict[str, Any]]:
    """Everything stored, in order."""
    return sorted(map(plain, thread.scan()), key=lambda one: (one["author"], one["subject"]))


# --- flows: each does what users of the mapper do, and returns what it has seen --------------------------------------


def saves_and_reads(thread: Any) -> Any:
    saved = new(
        thread,
        "ann",
        1,
        tags={"a", "b"},
        notes=["one", 2, {"three": 3}],
        address=Address(street="Way 1", city="Rome"),
        extra={"deep": [1, {"x": None}]},
    )
    saved.save()
    read = thread.get("ann", "subject 001", consistent_read=True)
    assert plain(read) == plain(saved)
    assert read.address.city == "Rome"
    read.refresh()
    assert thread.count("ann") == 1
    with pytest.raises(DoesNotExist):
        thread.get("ann", "no such subject")
    return plain(read)


def updates(thread: Any) -> Any:
    new(thread, "ann", 1, tags={"a"}, notes=["one"]).save()
    one = thread.get("ann", "subject 001")
    one.update(
        actions=[
            thread.views.add(5),
            thread.tags.add({"b"}),
            thread.notes.set(thread.notes.append(["two"])),
            thread.address.set(Address(street="Way 2", city="Oslo")),
            thread.extra.remove(),
        ],
        condition=(thread.views == 1) & thread.tags.contains("a"),
    )
    with pytest.raises(UpdateError) as refused:
        one.update(actions=[thread.views.set(0)], condition=thread.views > 100)
    return plain(one), refused.value.cause_response_code, refused.value.cause_response_message


def guards_versions(thread: Any) -> Any:
    new(thread, "ann", 1).save()
    first, second = thread.get("ann", "subject 001"), thread.get("ann", "subject 001")
    first.forum = "first"
    first.save()
    second.forum = "second"
    with pytest.raises(PutError) as not_put:
        second.save()
    with pytest.raises(DeleteError) as not_deleted:
        second.delete()
    first.delete()
    return not_put.value.cause_response_code, not_deleted.value.cause_response_code, items(thread)


def queries(thread: Any) -> Any:
    with thread.batch_write() as batch:
        for number in range(60):
            batch.save(new(thread, f"author {number % 3}", number))
    pages = thread.query("author 1", thread.subject.between("subject 010", "subject 040"), limit=5, page_size=2)
    seen = [subjects(pages), pages.last_evaluated_key]
    seen.append(subjects(thread.query("author 1", thread.subject.startswith("subject 01"), scan_index_forward=False)))
    seen.append(subjects(thread.query("author 2", filter_condition=thread.views.is_in(2, 5, 1000))))
    seen.append(subjects(thread.by_forum.query("forum 1", thread.views < 12, scan_index_forward=False)))
    seen.append(subjects(thread.by_time.query("author 0", thread.posted > NOW - timedelta(days=10))))
    seen.append(thread.by_forum.count("forum 0"))
    seen.append(len(list(thread.scan(thread.views > 30, page_size=7))))
    segments = [list(thread.scan(segment=segment, total_segments=4)) for segment in range(4)]
    seen.append(sum(map(len, segments)))
    return seen


def reads_and_deletes_batches(thread: Any) -> Any:
    with thread.batch_write() as batch:
        for number in range(120):
            batch.save(new(thread, "ann", number))
    keys = [("ann", f"subject {number:03}") for number in range(0, 130, 1)]
    found = sorted(subjects(thread.batch_get(keys, consistent_read=True)))
    with thread.batch_write() as batch:
        for one in thread.query("ann", thread.subject < "subject 100"):
            batch.delete(one)
    return found, items(thread)


def transacts(thread: Any) -> Any:
    connection = Connection(region=REGION, host=thread.Meta.host)
    connection._client = thread._get_connection().connection.client
    with TransactWrite(connection=connection, client_request_token="token-1") as transaction:
        transaction.save(new(thread, "ann", 1))
        transaction.save(new(thread, "bob", 2))
    with pytest.raises(TransactWriteError) as cancelled:
        _try_to_add_a_view(thread, connection)
    with TransactGet(connection=connection) as reading:
        futures = [reading.get(thread, "ann", "subject 001"), reading.get(thread, "bob", "subject 002")]
    reasons = [reason and (reason.code, reason.message) for reason in cancelled.value.cancellation_reasons]
    return reasons, [plain(future.get()) for future in futures], items(thread)


def _try_to_add_a_view(thread: Any, connection: Connection) -> None:
    with TransactWrite(connection=connection) as transaction:
        transaction.update(thread("ann", "subject 001", version=1), actions=[thread.views.add(1)])
        transaction.condition_check(thread, "bob", "subject 002", condition=thread.views == 77)


def administers(thread: Any) -> Any:
    assert thread.exists()
    time_to_live = thread._get_connection().connection.client.describe_time_to_live(TableName="threads")
    assert time_to_live["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    described = thread.describe_table()
    described = {name: described[name] for name in ("TableName", "KeySchema", "TableStatus", "BillingModeSummary")}
    described["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime")
    thread.delete_table()
    return described, thread.exists()


FLOWS = (
    saves_and_reads,
    updates,
    guards_versions,
    queries,
    reads_and_deletes_batches,
    transacts,
    administers,
)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: str(flow.__name__))
def test_a_flow_comes_to_the_same_in_the_process_and_over_a_socket(flow: Callable[[Any], Any]) -> None:
    seen = []
    for door in DOORS:
        with threads(door) as thread:
            seen.append(flow(thread))
    assert seen[0] == seen[1]
