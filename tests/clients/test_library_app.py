"""A boto3 program of some size, in the process and over a socket: the same day at the library comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.doors import DOORS, resource_of
from tests.clients.library_app import Library, Refused

pytestmark = pytest.mark.clients

BOOKS = [(f"{number:04}", f"{'The' if number % 2 else 'A'} Book {number:03}", number % 4) for number in range(1, 61)]


def said(act: Callable[..., Any], *arguments: Any) -> Any:
    """What came of it, a refusal too."""
    try:
        return act(*arguments)
    except Refused as refusal:
        return f"refused: {refusal}"


def a_day(resource: Any) -> list[Any]:
    """Everything that the library saw in the course of a day."""
    library = Library(resource)
    library.create()
    library.add_books(BOOKS)
    library.join("ann", "Ann")
    library.join("bob", "Bob")
    seen: list[Any] = [said(library.join, "ann", "Ann again")]
    seen.append([library.titles(), library.titles("The Book 01"), library.titles("No")])
    lent = [said(library.lend, "ann", isbn, due) for isbn, due in (("0003", 30), ("0004", 10), ("0001", 20))]
    lent += [said(library.lend, "ann", "0002", 15), said(library.lend, "ann", "0006", 16)]
    lent += [said(library.lend, "bob", isbn, 12) for isbn in ("0001", "0003", "0003", "9999")]
    lent += [said(library.lend, "eve", "0007", 5)]
    seen += [lent, library.due_before("ann", 20), library.due_before("ann", 1000), library.overdue(21)]
    seen += [said(library.bring_back, "ann", "0003", lent[0]), said(library.bring_back, "bob", "0004", "COPY#00")]
    seen += [said(library.lend, "ann", "0006", 40), library.due_before("ann", 1000)]
    seen += [library.retag("0005", {"blue", "old"}, {"new"}), library.retag("0005", {"x"}, {"x", "blue", "old"})]
    seen += [library.books([isbn for isbn, _, _ in BOOKS] + ["none"]), library.stock()]
    described = library.client.describe_table(TableName="library")["Table"]
    seen += [{name: described[name] for name in ("TableStatus", "ItemCount", "KeySchema", "AttributeDefinitions")}]
    library.table.delete()
    library.table.wait_until_not_exists()
    return seen


def test_a_day_at_the_library_comes_to_the_same_in_the_process_and_over_a_socket() -> None:
    days = []
    for door in DOORS:
        with resource_of(door) as resource:
            days.append(a_day(resource))
    assert days[0] == days[1]
    joined, titles, lent, due, *_ = days[0]
    assert joined == "refused: ann is a member already"
    assert (len(titles[0]), titles[0]) == (60, sorted(titles[0]))
    assert titles[1] == [f"The Book 0{number}" for number in (11, 13, 15, 17, 19)]
    no_copy, too_many = (
        "refused: no copy of 0004 is free",
        "refused: cannot lend: ConditionalCheckFailed, None, None, None",
    )
    assert lent[:5] == ["COPY#00", no_copy, "COPY#00", "COPY#00", too_many]
    assert due == [("0002", 15)]
