"""docs/compatibility.md says what the code does, and the recording behind it is of the model."""

from __future__ import annotations

import re

import botocore
import pytest

from ddbengine.api.model import SERVICE, STREAMS_SERVICE, load
from ddbengine.engine.opening import open_engine
from ddbengine.engine.operations import OPERATIONS
from tests.recording import ACCEPTED, REFUSED, Noted, members_sent, note
from tools.compatibility import PAGE, RECORDED, members_of, page, recorded, refused_members

SENT = recorded(iter(RECORDED.read_text(encoding="utf-8").splitlines()))
MADE_FROM = re.search(r"botocore (\S+),", PAGE.read_text(encoding="utf-8"))


@pytest.mark.skipif(
    MADE_FROM is None or MADE_FROM[1] != botocore.__version__,
    reason=f"made from the service model of botocore {MADE_FROM and MADE_FROM[1]}, not {botocore.__version__}",
)
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(SENT), "run python -m tools.compatibility"


def test_what_was_recorded_is_in_the_model() -> None:
    known = {(name, path) for service in (SERVICE, STREAMS_SERVICE) for name in load(service).operations
             for path in ("", *members_of(name))}  # fmt: skip
    assert {(name, path) for name, paths in SENT.items() for path in paths} <= known


ALWAYS_REFUSED = {
    *("CreateGlobalTable", "DescribeGlobalTable", "DescribeGlobalTableSettings", "UpdateGlobalTable"),
    *("DescribeTableReplicaAutoScaling", "UpdateGlobalTableSettings", "UpdateTableReplicaAutoScaling"),
}
"""There are no global tables."""


@pytest.mark.parametrize("operation", sorted((OPERATIONS.keys() & SENT.keys()) - ALWAYS_REFUSED))
def test_an_operation_that_tests_send_succeeds_in_some(operation: str) -> None:
    assert ACCEPTED in SENT[operation][""]


def test_members_below_lists_and_maps_have_paths_without_positions() -> None:
    request = {"RequestItems": {"abc": {"Keys": [{"pk": {"S": "a"}}], "ConsistentRead": True}}, "Unknown": 1}
    assert set(members_sent("BatchGetItem", request)) == {
        "RequestItems",
        "RequestItems.Keys",
        "RequestItems.ConsistentRead",
    }


def test_a_request_is_noted_with_its_outcome() -> None:
    noted: Noted = set()
    note(noted, "GetItem", {"TableName": "abc"}, REFUSED)
    note(noted, "ListTables", {}, ACCEPTED)
    assert noted == {("GetItem", "TableName", REFUSED), ("GetItem", "", REFUSED), ("ListTables", "", ACCEPTED)}


def test_members_that_the_engine_refuses_are_told() -> None:
    engine = open_engine(None)
    try:
        assert "GlobalTableWitnessUpdates" in refused_members(engine, "UpdateTable")
        assert refused_members(engine, "PutItem") == frozenset()
    finally:
        engine.close()
