"""What a consumer refuses to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ddbengine.consumer.errors import BadOption, BadPattern
from ddbengine.consumer.options import Options


def test_the_defaults_are_accepted_and_name_each_worker_differently() -> None:
    assert Options().worker != Options().worker


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"batch_size": 0}, "batch size"),
        ({"batch_size": 10_001}, "batch size"),
        ({"batch_window_seconds": -1}, "batch window"),
        ({"batch_window_seconds": 301}, "batch window"),
        ({"attempts_max": 0, "discard_dead_letters": True}, "at least one attempt"),
        ({"attempts_max": 3}, "say where dead letters go"),
        ({"dead_letter_file": Path("x")}, "without a limit of attempts"),
        ({"attempts_max": 3, "dead_letter_file": Path("x"), "dead_letter_table": "t"}, "to one place"),
        ({"lease_seconds": 0}, "lease"),
        ({"poll_seconds": 0}, "polls"),
        ({"discovery_seconds": 0}, "looks for shards"),
        ({"retry_seconds": 5, "retry_seconds_max": 1}, "retry_seconds"),
        ({"shards_max": 0}, "at least one shard"),
        ({"worker": ""}, "name"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadOption, match=reason):
        Options(**options)


def test_a_bad_filter_is_refused() -> None:
    with pytest.raises(BadPattern, match="Empty arrays"):
        Options(filters=['{"eventName": []}'])
