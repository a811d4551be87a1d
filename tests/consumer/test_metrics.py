"""A consumer's metrics page."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import fields

import pytest

from ddbengine.consumer.errors import BadOption
from ddbengine.consumer.metrics import CONTENT_TYPE, MetricsServer, exposition
from ddbengine.consumer.progress import Counters, Tally


def tally() -> Tally:
    times = iter([100.0, 160.0, 160.0])
    made = Tally('wor"ker', "application", lambda: next(times), lambda: 1_000_005.0)
    made.count(records_read=7, throttled=2)
    shard = made.shard("shard-1", "TRIM_HORIZON")
    shard.is_read, shard.oldest, shard.waiting, shard.failing = True, 1_000_000.0, 3, "ValueError: x"
    made.shard("shard-2", "TRIM_HORIZON")
    return made


def test_the_page_shows_counters_and_shards() -> None:
    lines = exposition(tally().progress()).splitlines()
    assert 'ddbengine_consumer_info{worker="wor\\"ker",application="application",stream=""} 1' in lines
    assert "ddbengine_consumer_uptime_seconds 60" in lines
    assert "ddbengine_consumer_records_read_total 7" in lines
    assert "ddbengine_consumer_throttled_total 2" in lines
    assert "ddbengine_consumer_shards 2" in lines
    assert 'ddbengine_consumer_shard_behind_seconds{shard="shard-1"} 5' in lines
    assert not any(line.startswith('ddbengine_consumer_shard_behind_seconds{shard="shard-2"}') for line in lines)
    assert 'ddbengine_consumer_shard_failing{shard="shard-1"} 1' in lines
    assert 'ddbengine_consumer_shard_failing{shard="shard-2"} 0' in lines


def test_every_counter_is_on_the_page_with_its_help() -> None:
    page = exposition(tally().progress())
    for field in fields(Counters):
        assert f"# TYPE ddbengine_consumer_{field.name}_total counter\n" in page


def test_the_page_is_served() -> None:
    with MetricsServer(0, tally().progress) as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as response:
            assert response.headers["Content-Type"] == CONTENT_TYPE
            assert b"ddbengine_consumer_records_read_total 7" in response.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/other")
        with refused.value:
            assert refused.value.code == 404


def test_a_port_that_is_taken_is_refused() -> None:
    with MetricsServer(0, tally().progress) as server, pytest.raises(BadOption, match="cannot serve metrics on port"):
        MetricsServer(server.port, tally().progress)
