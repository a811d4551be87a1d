"""The alarm itself: what the ledger must complain of, and what it must not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.ledger import Item, Key, Ledger, Tally

KEY: Key = ("p", "s")
OLD: Item = {"written": {"S": "old"}}
NEW: Item = {"written": {"S": "new"}}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger")
    ledger.sent(KEY, OLD)
    ledger.acknowledged(KEY, OLD)
    yield ledger
    ledger.close()


def test_the_acknowledged_item_is_what_must_be_found(ledger: Ledger) -> None:
    assert ledger.settle({KEY: OLD}) == []
    assert len(ledger.settle({KEY: NEW})) == 1


def test_a_lost_item_is_a_problem(ledger: Ledger) -> None:
    assert len(ledger.settle({})) == 1


@pytest.mark.parametrize("found", [{KEY: OLD}, {KEY: NEW}])
def test_of_a_write_under_way_both_outcomes_are_right(ledger: Ledger, found: dict[Key, Item]) -> None:
    ledger.sent(KEY, NEW)
    assert not ledger.certain(KEY)
    assert ledger.settle(found) == []
    assert ledger.certain(KEY)


def test_what_was_found_once_must_stay(ledger: Ledger) -> None:
    ledger.sent(KEY, NEW)
    ledger.settle({KEY: OLD})
    assert len(ledger.settle({KEY: NEW})) == 1


def test_a_refused_write_must_not_be_found(ledger: Ledger) -> None:
    ledger.sent(KEY, NEW)
    ledger.refused(KEY, NEW)
    assert len(ledger.settle({KEY: NEW})) == 1


def test_a_deleted_item_that_is_there_again_is_a_problem(ledger: Ledger) -> None:
    ledger.sent(KEY, None)
    ledger.acknowledged(KEY, None)
    assert len(ledger.settle({KEY: OLD})) == 1


def test_an_item_nobody_wrote_is_a_problem(ledger: Ledger) -> None:
    assert len(ledger.settle({KEY: OLD, ("p", "other"): NEW})) == 1


def test_every_event_is_a_line_for_the_reader_of_a_failure(ledger: Ledger, tmp_path: Path) -> None:
    ledger.doubtful(KEY, NEW)
    ledger.sync()
    assert [line.split(",")[0] for line in (tmp_path / "ledger").read_text().splitlines()] == [
        '["sent"',
        '["acknowledged"',
        '["doubtful"',
    ]


@pytest.mark.parametrize("found", [7, 8, 9])
def test_a_sum_is_between_what_was_acknowledged_and_what_was_asked_for(found: int) -> None:
    assert Tally(least=5, sent=4, sums=[7, 6]).settle(found) == []


@pytest.mark.parametrize(
    ("found", "tally"),
    [
        (6, Tally(least=5, sent=4, sums=[7, 6])),
        (10, Tally(least=5, sent=4, sums=[7, 6])),
        (7, Tally(least=5, sent=4, sums=[7, 7])),
        (4, Tally(least=5, sent=0, sums=[])),
    ],
)
def test_a_sum_that_lost_or_repeated_an_addition_is_a_problem(found: int, tally: Tally) -> None:
    assert len(tally.settle(found)) == 1
