"""The comparison itself: what it must find, and the little that it must let pass."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.differential import requests
from tests.differential.comparison import judge, judge_walks
from tests.differential.known import read
from tests.differential.peers import Answer, Request

GET = Request("GetItem", {"TableName": "diff-ss", "Key": {}})
QUERY = Request("Query", {"TableName": "diff-ss"})
INDEX_QUERY = Request("Query", {"TableName": "diff-ss", "IndexName": "global-all"})

X, Y = {"S": "x"}, {"S": "y"}


def success(body: dict[str, Any]) -> Answer:
    return Answer(200, "", "", body)


def refusal(error: str, message: str) -> Answer:
    return Answer(400, error, message, {"__type": error, "message": message})


def page(*items: dict[str, Any]) -> Answer:
    return success({"Items": list(items), "Count": len(items), "ScannedCount": len(items)})


def entry(sort_key: str, index_sort_key: str = "0") -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sort_key}, "g1": {"S": "g"}, "g2": {"N": index_sort_key}}


@pytest.mark.parametrize(
    ("emulator", "ours"),
    [
        (success({"Item": {"a": {"S": "x"}}}), success({"Item": {"a": {"S": "y"}}})),
        (success({"Item": {"a": {"N": "1"}}}), success({"Item": {"a": {"N": "1.0"}}})),
        (success({"Item": {"a": {"L": [X, Y]}}}), success({"Item": {"a": {"L": [Y, X]}}})),
        (success({"Item": {}}), success({})),
        (success({}), refusal("ValidationException", "no")),
        (refusal("ValidationException", "one"), refusal("ValidationException", "another")),
        (refusal("ValidationException", "one"), refusal("ResourceNotFoundException", "one")),
        (
            refusal("ResourceNotFoundException", "Cannot do operations on a non-existent table"),
            refusal("ResourceNotFoundException", "Requested resource was not found"),
        ),
    ],
)  # fmt: skip
def test_another_answer_is_a_difference(emulator: Answer, ours: Answer) -> None:
    assert judge(GET, emulator, ours)


@pytest.mark.parametrize(
    ("emulator", "ours"),
    [
        (success({"Item": {"a": {"SS": ["x", "y"]}}}), success({"Item": {"a": {"SS": ["y", "x"]}}})),
        (success({"Table": {"TableArn": "here"}}), success({"Table": {"TableArn": "there", "TableId": "1"}})),
        (refusal("ValidationException", "no"), refusal("ValidationException", "1 validation error detected: no")),
        (
            refusal("ResourceNotFoundException", "Cannot do operations on a non-existent table"),
            refusal("ResourceNotFoundException", "Requested resource not found"),
        ),
    ],
)
def test_what_cannot_be_equal_or_is_known_passes(emulator: Answer, ours: Answer) -> None:
    assert judge(GET, emulator, ours) is None


def test_a_query_of_a_table_must_come_in_the_same_order() -> None:
    assert judge_walks(QUERY, [page(entry("a"), entry("b"))], [page(entry("a"), entry("b"))]) is None
    assert judge_walks(QUERY, [page(entry("a"), entry("b"))], [page(entry("b"), entry("a"))])


def test_entries_of_one_index_key_may_come_in_any_order() -> None:
    tied = [page(entry("a", "1"), entry("b", "1"), entry("c", "2"))]
    assert judge_walks(INDEX_QUERY, tied, [page(entry("b", "1"), entry("a", "1"), entry("c", "2"))]) is None
    assert judge_walks(INDEX_QUERY, tied, [page(entry("c", "2"), entry("a", "1"), entry("b", "1"))])


def test_pages_must_have_read_as_many_items() -> None:
    a, b, c = entry("a"), entry("b"), entry("c")
    assert judge_walks(QUERY, [page(a, b), page(c)], [page(a), page(b, c)])
    assert judge_walks(QUERY, [page(a, b)], [page(a, b), page()])


def test_a_refusal_on_a_later_page_is_a_difference() -> None:
    failed = refusal("ValidationException", "The provided starting key is invalid")
    assert judge_walks(QUERY, [page(entry("a")), page(entry("b"))], [page(entry("a")), failed])


def test_an_entry_out_of_form_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in their form"):
        read("[5.1] GetItem\nemulator one\nours two\n")


def test_one_seed_makes_one_stream() -> None:
    streams = [[str(request) for request in requests.stream(Random(seed), 200)] for seed in (1, 1, 2)]
    assert streams[0] == streams[1] != streams[2]
