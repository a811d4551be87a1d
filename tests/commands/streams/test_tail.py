"""``ddbengine streams tail`` as a person at a terminal, or a script, meets it."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

import pytest

from tests.commands.streams.conftest import Streams, Table
from tests.commands.streams.processes import running
from tests.servers import Server

ALL = ("--from", "trim-horizon", "--until-idle", "0.3s")


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def numbers_by_item(found: list[dict[str, Any]]) -> dict[str, list[int]]:
    by_item: dict[str, list[int]] = {}
    for record in found:
        change = record["dynamodb"]
        by_item.setdefault(change["Keys"]["pk"]["S"], []).append(int(change["NewImage"]["number"]["N"]))
    return by_item


def test_all_shards_are_told_in_order_for_each_item(streams: Streams, table: Table) -> None:
    written = table.count_up(keys=6, times=5)
    table.split()
    for item, numbers in table.count_up(keys=6, times=5, first=5).items():
        written[item] += numbers
    code, out, err = streams("tail", table.name, *ALL, "--format", "jsonl")
    assert (code, err) == (0, f"ddbengine: following {table.name} from trim-horizon\n")
    assert numbers_by_item(records(out)) == written


def test_a_stream_that_is_switched_off_is_told_to_its_end(streams: Streams, table: Table) -> None:
    written = table.count_up(keys=3, times=2)
    table.switch_off()
    code, out, _ = streams("tail", table.name, "--from", "trim-horizon", "--format", "jsonl")
    assert (code, numbers_by_item(records(out))) == (0, written)


def test_pretty_shows_what_changed(streams: Streams, table: Table) -> None:
    table.put("a", year={"N": "2001"}, tags={"SS": ["country"]}, info={"M": {"label": {"S": "Acme"}}})
    table.put("a", year={"N": "2002"}, tags={"SS": ["country", "live"]}, info={"M": {"label": {"S": "Big"}}})
    table.delete("a")
    _, out, _ = streams("tail", table.name, *ALL)
    assert re.sub(r"(?m)^\d\d:\d\d:\d\d", "HH:MM:SS", out) == (
        """\
HH:MM:SS  INSERT  pk="a"
          + year 2001
          + tags {"country"}
          + info {label: "Acme"}
HH:MM:SS  MODIFY  pk="a"
          ~ year       2001 → 2002
          ~ tags       + "live"
          ~ info.label "Acme" → "Big"
HH:MM:SS  REMOVE  pk="a"
          - year 2002
          - tags {"country", "live"}
          - info {label: "Big"}
"""
    )


@pytest.mark.parametrize(
    ("view", "lines"),
    [
        ("KEYS_ONLY", []),
        ("NEW_IMAGE", ["            year 2"]),
        ("OLD_IMAGE", ["            year 1"]),
    ],
)
def test_without_both_images_pretty_shows_the_one_there_is(
    streams: Streams, new_table: Any, view: str, lines: list[str]
) -> None:
    table = new_table(view)
    for year in "12":
        table.put("a", year={"N": year})
    _, out, _ = streams("tail", table.name, *ALL)
    at = next(place for place, line in enumerate(out.splitlines()) if "MODIFY" in line)
    assert out.splitlines()[at + 1 :] == lines


def test_lambda_is_one_event_a_line(streams: Streams, table: Table) -> None:
    table.put("a", bytes={"B": b"\0\1"})
    _, out, _ = streams("tail", table.name, *ALL, "--format", "lambda")
    (event,) = records(out)
    (record,) = event["Records"]
    assert record["eventSource"] == "aws:dynamodb"
    assert record["eventSourceARN"] == table.stream_arn
    assert record["dynamodb"]["NewImage"]["bytes"] == {"B": "AAE="}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int)


def test_a_filter_lets_through_what_matches_any_pattern(streams: Streams, table: Table) -> None:
    for key in "abc":
        table.put(key)
    patterns = [json.dumps({"dynamodb": {"Keys": {"pk": {"S": [key]}}}}) for key in "ac"]
    _, out, _ = streams("tail", table.name, *ALL, "--format", "jsonl", "--filter", patterns[0], "--filter", patterns[1])
    assert sorted(record["dynamodb"]["Keys"]["pk"]["S"] for record in records(out)) == ["a", "c"]


def test_a_limit_counts_the_records_that_are_printed(streams: Streams, table: Table) -> None:
    table.count_up(keys=1, times=5)
    code, out, _ = streams("tail", table.name, "--from", "trim-horizon", "--format", "jsonl", "--limit", "2")
    assert (code, numbers_by_item(records(out))) == (0, {"item-0": [0, 1]})


def test_from_a_sequence_number_that_record_is_the_first(streams: Streams, table: Table) -> None:
    table.count_up(keys=1, times=5)
    _, out, _ = streams("tail", table.name, *ALL, "--format", "jsonl")
    third = records(out)[2]["dynamodb"]["SequenceNumber"]
    _, out, _ = streams("tail", table.name, "--from", third, "--until-idle", "0.3s", "--format", "jsonl")
    assert numbers_by_item(records(out)) == {"item-0": [2, 3, 4]}


def test_from_a_minute_ago_has_what_was_just_written(streams: Streams, table: Table) -> None:
    table.count_up(keys=2, times=1)
    _, out, err = streams("tail", table.name, "--from", "a minute ago", "--until-idle", "0.3s", "--format", "jsonl")
    assert len(records(out)) == 2
    assert err == f"ddbengine: following {table.name} from a minute ago\n"


def test_the_arn_of_a_stream_will_do(streams: Streams, table: Table) -> None:
    table.put("a")
    assert len(records(streams("tail", table.stream_arn, *ALL, "--format", "jsonl")[1])) == 1


def test_colours_are_for_those_who_want_them(streams: Streams, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table.put("a")
    assert "\x1b[" not in streams("tail", table.name, *ALL)[1]
    assert "\x1b[" not in streams("tail", table.name, *ALL, "--color", "never")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;32mINSERT" in streams("tail", table.name, *ALL, "--color", "always")[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_comes_is_told_until_a_signal(stream_server: Server, table: Table, number: signal.Signals) -> None:
    table.put("before")
    with running("tail", table.name, "--format", "jsonl", endpoint=stream_server.url) as tail:
        tail.wait_for("following")
        for key in ("first", "second"):
            table.put(key)
            assert json.loads(tail.out.readline())["dynamodb"]["Keys"] == {"pk": {"S": key}}
        table.split()
        table.put("third")
        assert json.loads(tail.out.readline())["dynamodb"]["Keys"] == {"pk": {"S": "third"}}
        tail.process.send_signal(number)
        assert tail.end() == (0, "")


@pytest.mark.parametrize("form", ["pretty", "jsonl"])
def test_a_reader_that_goes_away_is_no_error(stream_server: Server, table: Table, form: str) -> None:
    with running("tail", table.name, "--format", form, endpoint=stream_server.url) as tail:
        tail.wait_for("following")
        tail.out.close()
        table.count_up(keys=1, times=3)
        assert tail.process.wait(30) == 0
        assert tail.err.read() == ""
