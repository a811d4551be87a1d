"""Queries asked before with other values are answered as if they were the first.

Strategy: requests are put together from few texts, names, values and other members, right and wrong ones, so that forms
come again with other values, other types, other aliases.  One engine answers them one after another, and once more
with nothing remembered; both have to say the same, refusals included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.engine import query
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ApiError, ValidationException
from tests import tables
from tests.engine.calls import CALLER, Calls
from tests.wire import B, N, S

TEXTS = [
    "pk = :p",
    "#p = :p",
    "pk = :p AND sk > :s",
    "pk = :p AND sk = :s",
    "pk = :p AND begins_with(sk, :s)",
    "pk = :p AND sk BETWEEN :s AND :t",
    "pk = :p AND #s < :s",
    "pk > :p",
    "pk = :p AND other = :s",
    "pk = ",
]
VALUES = [S("a"), S("b"), S(""), S("x" * 3000), N(1), N(2), N("1e200"), B(b"a"), {"S": "a", "N": "1"}, {"BOOL": True}]
OTHERS: dict[str, list[Any]] = {
    "Limit": [1, 2],
    "ScanIndexForward": [True, False],
    "ConsistentRead": [True, False],
    "Select": ["COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"],
    "ReturnConsumedCapacity": ["TOTAL", "INDEXES", "NONE"],
    "ProjectionExpression": ["n", "#p, n", ":p"],
    "FilterExpression": ["n > :t", "n > :n"],
    "IndexName": ["local", "none"],
    "ExclusiveStartKey": [{"pk": S("a"), "sk": N(1)}],
    "ExpressionAttributeNames": [{"#p": "pk"}, {"#p": "pk", "#s": "sk"}, {"#s": "sk"}, {}],
}


ALIASES = [[":p"], [":p", ":s"], [":p", ":s"], [":s", ":p"], [":p", ":s", ":t"], [":p", ":n"], [":p", "s"]]


@st.composite
def requests_of_a_form(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Alike but for their values, of which the first are most likely good."""
    form: dict[str, Any] = {
        "TableName": draw(st.sampled_from(["Music", "Music", "Music", "None"])),
        "KeyConditionExpression": draw(st.sampled_from(TEXTS)),
    }
    for member in draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=1, unique=True)):
        form[member] = draw(st.sampled_from(OTHERS[member]))
    if "#" in form["KeyConditionExpression"]:
        form.setdefault("ExpressionAttributeNames", draw(st.sampled_from(OTHERS["ExpressionAttributeNames"])))
    used = re.findall(r":\w", form["KeyConditionExpression"]) or [":p"]
    good = {":p": S("a"), ":s": N(1), ":t": N(2)}
    requests = [{**form, "ExpressionAttributeValues": {alias: good[alias] for alias in used}}]
    for _ in range(draw(st.integers(1, 5))):
        aliases = draw(st.just(used) | st.sampled_from(ALIASES))
        values = {alias: draw(st.sampled_from(VALUES)) for alias in aliases}
        requests.append({**form, "ExpressionAttributeValues": values})
    return requests


@pytest.fixture(scope="module")
def calls() -> Iterator[Calls]:
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        calls.create(tables.table("Music", sort="N", local=[tables.local_index("local", "n:N")]))
        calls.put("Music", *({"pk": S(pk), "sk": N(sk), "n": N(sk)} for pk in "ab" for sk in range(4)))
        yield calls
    finally:
        engine.close()


def forms(calls: Calls) -> dict[Any, Any]:
    return calls.engine._surroundings.query_forms


def said(calls: Calls, request: dict[str, Any]) -> Any:
    try:
        return calls.call("Query", **request)
    except ApiError as error:
        return error.code, error.message


@given(st.lists(requests_of_a_form(), min_size=1, max_size=2).map(lambda found: list(chain.from_iterable(found))))
def test_what_was_asked_before_makes_no_difference(calls: Calls, asked: list[dict[str, Any]]) -> None:
    forms(calls).clear()
    for request in asked:
        answer = said(calls, request)
        known = dict(forms(calls))
        forms(calls).clear()
        assert said(calls, request) == answer
        forms(calls).update(known)


def plain(**others: Any) -> dict[str, Any]:
    values = {":p": S("a"), ":s": N(0)}
    return {"TableName": "Music", "KeyConditionExpression": TEXTS[2], "ExpressionAttributeValues": values, **others}


def test_a_query_asked_again_with_other_values_is_not_prepared_again(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms(calls).clear()
    calls.call("Query", **plain(ProjectionExpression="n", Limit=2))
    monkeypatch.setattr(query, "_prepare", None)
    again = calls.call(
        "Query", **plain(ProjectionExpression="n", Limit=2) | {"ExpressionAttributeValues": {":p": S("b"), ":s": N(1)}}
    )
    assert again["Items"] == [{"n": N(2)}, {"n": N(3)}]


def test_text_that_is_no_unicode_is_refused_as_ever(calls: Calls) -> None:
    request = plain(KeyConditionExpression="pk = :\ud800")
    with pytest.raises(ValidationException, match="Syntax error"):
        calls.engine.execute("Query", request, CALLER)


@pytest.mark.parametrize(
    "members",
    [
        {"FilterExpression": "n > :s"},
        {"IndexName": "local", "KeyConditionExpression": "pk = :p AND n > :s"},
        {"ExclusiveStartKey": {"pk": S("a"), "sk": N(1)}},
        {"KeyConditionExpression": "pk = :p AND sk BETWEEN :s AND :s"},
        {"ExpressionAttributeNames": {"#p": "p" * 3000}, "ProjectionExpression": "#p"},
    ],
    ids=["filter", "index", "start key", "BETWEEN", "long"],
)
def test_what_takes_more_than_types_or_much_memory_is_not_remembered(calls: Calls, members: dict[str, Any]) -> None:
    forms(calls).clear()
    calls.call("Query", **plain(**members))
    assert forms(calls) == {}


def test_no_more_forms_are_remembered_than_programs_have(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "_FORMS_MAX", 4)
    for limit in range(1, 20):
        calls.call("Query", **plain(Limit=limit))
        assert 0 < len(forms(calls)) <= 4
