"""The same requests to DynamoDB Local and to us must get the same answers, its known wrong ones aside.

What is not covered: pages that end at 1 MB, segments of a parallel scan, and request tokens; streams are in
``test_streams``.
``DDBENGINE_DIFFERENTIAL`` sets how many requests the stream has (2,000), ``DDBENGINE_SEED`` which ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests import prerequisites, servers
from tests.differential import malformed, malformed_indexes, requests, statements
from tests.differential.comparison import Difference, compare, exchange, judge
from tests.differential.known import KNOWN
from tests.differential.peers import Answer, Peer, Request
from tests.differential.tables import REFUSALS, TABLES

pytestmark = pytest.mark.differential

REQUESTS = int(os.environ.get("DDBENGINE_DIFFERENTIAL", "2000"))
SEED = int(os.environ.get("DDBENGINE_SEED", "20120810"))
MOST_REPORTED = 25

Sides = tuple[Peer, Peer]


@pytest.fixture(scope="module")
def sides(server: servers.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """DynamoDB Local and us."""
    prerequisites.program("java")
    package = prerequisites.npm_package(Path(__file__).parent, servers.DYNAMODB_LOCAL_PACKAGE)
    log = tmp_path_factory.mktemp("dynamodb-local") / "log"
    with (
        servers.dynamodb_local(package, log) as local,
        Peer(local.port, is_emulator=True) as emulator,
        Peer(server.port) as ours,
    ):
        yield emulator, ours


@pytest.fixture(scope="module")
def creations(sides: Sides) -> list[Difference]:
    """Every table made on both sides, with what was different about the answers."""
    return _differences(sides, (table.creation() for table in (*TABLES, REFUSALS)))


def test_created_tables_are_described_alike(sides: Sides, creations: list[Difference]) -> None:
    descriptions = (Request("DescribeTable", {"TableName": table.name}) for table in TABLES)
    _report([*creations, *_differences(sides, descriptions)])


@pytest.fixture(scope="module")
def refusals(sides: Sides, creations: list[Difference]) -> list[tuple[Request, Answer, Answer]]:
    """Every malformed request, with both answers."""
    return [exchange(request, *sides) for request in (*malformed.REQUESTS, *malformed_indexes.REQUESTS)]


def test_every_malformed_request_is_refused_alike(refusals: list[tuple[Request, Answer, Answer]]) -> None:
    _report([difference for sent in refusals if (difference := judge(*sent))])


def test_every_known_difference_is_still_one(refusals: list[tuple[Request, Answer, Answer]]) -> None:
    unused = [known for known in KNOWN if not any(known.explains(*sent) for sent in refusals)]
    assert not unused, "\n".join(f"[{known.section}] {known.emulator.pattern}" for known in unused)


def test_statements_are_answered_alike(sides: Sides) -> None:
    _report(_differences(sides, statements.requests()))


@pytest.mark.usefixtures("creations")
def test_a_stream_of_requests_is_answered_alike(sides: Sides) -> None:
    found = _differences(sides, requests.stream(Random(SEED), REQUESTS))
    final_states = [Request("Scan", {"TableName": table.name}) for table in TABLES]
    _report([*found, *_differences(sides, final_states)])


def _differences(sides: Sides, sent: Iterable[Request]) -> list[Difference]:
    """How the answers differ, up to as many as are worth reading: after the first, others may follow from it."""
    found: list[Difference] = []
    for request in sent:
        difference = compare(request, *sides)
        if difference is not None:
            found.append(difference)
        if len(found) == MOST_REPORTED:
            break
    return found


def _report(found: list[Difference]) -> None:
    if found:
        listing = "\n".join(str(difference) for difference in found)
        pytest.fail(f"seed {SEED}: {len(found)} different answers\n{listing}", pytrace=False)
