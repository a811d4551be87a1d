"""Where a consumer begins, as people write it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ddbengine.consumer.errors import BadStart
from ddbengine.consumer.positions import AT_SEQUENCE_NUMBER, AT_TIMESTAMP, LATEST, TRIM_HORIZON, Start, start_from
from ddbengine.consumer.shards import Shard

NUMBER = "100000000000000000042"
MOMENT = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("latest", Start(LATEST)),
        ("LATEST", Start(LATEST)),
        ("trim-horizon", Start(TRIM_HORIZON)),
        ("TRIM_HORIZON", Start(TRIM_HORIZON)),
        (NUMBER, Start(AT_SEQUENCE_NUMBER, number=NUMBER)),
        (MOMENT, Start(AT_TIMESTAMP, time=MOMENT)),
        ("1700000000", Start(AT_TIMESTAMP, time=MOMENT)),
        ("2023-11-14T22:13:20Z", Start(AT_TIMESTAMP, time=MOMENT)),
        ("2023-11-14T23:13:20+01:00", Start(AT_TIMESTAMP, time=MOMENT)),
        ("2023-11-14 22:13:20", Start(AT_TIMESTAMP, time=MOMENT)),
        (datetime.fromtimestamp(MOMENT, timezone.utc), Start(AT_TIMESTAMP, time=MOMENT)),
    ],
)
def test_a_start_is_read(text: str | float | datetime, start: Start) -> None:
    assert start_from(text) == start


@pytest.mark.parametrize("text", ["", "earliest", "2023-13-01", "nan", "inf", "-5"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadStart, match="cannot start from"):
        start_from(text)


def test_a_start_wants_the_shards_that_may_hold_something_of_it() -> None:
    closed, still_open = Shard("c", None, "1", NUMBER), Shard("o", None, "1", None)
    assert Start(TRIM_HORIZON).wants(closed)
    assert not Start(LATEST).wants(closed)
    assert Start(LATEST).wants(still_open)
    assert Start(AT_TIMESTAMP, time=1.0).wants(closed)
    assert Start(AT_SEQUENCE_NUMBER, number=NUMBER).wants(closed)
    assert not Start(AT_SEQUENCE_NUMBER, number=str(int(NUMBER) + 1)).wants(closed)
