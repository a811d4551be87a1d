"""The metrics page, read as Prometheus reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.request import urlopen

from ddbengine.api.metrics import CONTENT_TYPE, exposition
from ddbengine.api.server import start_server
from ddbengine.engine.index_status import IndexesStatus, IndexStatus
from ddbengine.engine.opening import open_engine
from ddbengine.storage.status import (
    FAILED,
    FOLLOWING,
    LEADING,
    CommitStatus,
    LogStatus,
    ReplicaStatus,
    StoreStatus,
)

SAMPLE = re.compile(r"(ddbengine_[a-z_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def replica(name: str, state: str, lsn: int, *, fault: str | None = None, path: str | None = "d") -> ReplicaStatus:
    return ReplicaStatus(name, path, state, 2, lsn, lsn - 1, 10 - lsn, 0.25, fault, 5, 50, 1 << 36, 8192)


STATUS = StoreStatus(
    durability="quorum",
    writable=True,
    term=2,
    acknowledged_lsn=9,
    replicas=(replica("az1", LEADING, 10), replica("az2", FOLLOWING, 9), replica("az3", FAILED, 3, fault="gone")),
    log=LogStatus(first_lsn=4, last_lsn=10, entries=5),
    commits=CommitStatus(commits=7, plans=30, groups=8, largest_group=12, commit_seconds=0.125, failovers=1),
)

INDEXES = IndexesStatus(
    "running",
    None,
    passed_lsn=8,
    lag_lsns=2,
    lag_seconds=0.5,
    indexes=(
        IndexStatus("key/us-east-1", "music", "by-genre", "active", 0, 0),
        IndexStatus("key/us-east-1", "music", "by-year", "filling", 300, 1000),
    ),
)


def samples(text: str) -> dict[tuple[str, ...], float]:
    """By family and label values, in the order written."""
    read: dict[tuple[str, ...], float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            labels = tuple(value for _, value in LABEL.findall(found[2] or ""))
            sample = (found[1], *labels)
            read[sample] = float(found[3])
    return read


def test_commits_log_and_quorum_are_shown() -> None:
    read = samples(exposition(STATUS, 1.5, INDEXES))
    assert {name: value for (name, *labels), value in read.items() if not labels} == {
        "ddbengine_propagator_running": 1,
        "ddbengine_uptime_seconds": 1.5,
        "ddbengine_commits_total": 7,
        "ddbengine_groups_total": 8,
        "ddbengine_group_plans_total": 30,
        "ddbengine_group_plans_max": 12,
        "ddbengine_commit_seconds_total": 0.125,
        "ddbengine_failovers_total": 1,
        "ddbengine_writable": 1,
        "ddbengine_term": 2,
        "ddbengine_acknowledged_lsn": 9,
        "ddbengine_log_first_lsn": 4,
        "ddbengine_log_last_lsn": 10,
        "ddbengine_log_entries": 5,
    }


def test_each_replica_has_its_own_line() -> None:
    read = samples(exposition(STATUS, 0.0, INDEXES))
    assert [read[("ddbengine_replica_lsn", name)] for name in ("az1", "az2", "az3")] == [10, 9, 3]
    assert read["ddbengine_replica_applied_lsn", "az2"] == 8
    assert read["ddbengine_replica_lag_changes", "az3"] == 7
    assert read["ddbengine_replica_lag_seconds", "az3"] == 0.25
    assert read["ddbengine_replica_map_bytes", "az1"] == 1 << 36
    assert read["ddbengine_replica_used_bytes", "az1"] == 8192
    assert (read["ddbengine_replica_rebuilt_bytes", "az3"], read["ddbengine_replica_rebuild_bytes", "az3"]) == (5, 50)


def test_a_replica_is_in_exactly_one_state() -> None:
    read = samples(exposition(STATUS, 0.0, INDEXES))
    states = {labels[1:]: value for labels, value in read.items() if labels[0] == "ddbengine_replica_state"}
    assert len(states) == 12
    assert [labels for labels, value in states.items() if value] == [
        ("az1", "leading"),
        ("az2", "following"),
        ("az3", "failed"),
    ]


def test_the_lag_of_each_index_and_how_far_it_is_filled_are_shown() -> None:
    read = samples(exposition(STATUS, 0.0, INDEXES))
    place = ("key/us-east-1", "music")
    for index in ("by-genre", "by-year"):
        changes, seconds = (("ddbengine_index_lag_" + unit, *place, index) for unit in ("changes", "seconds"))
        assert (read[changes], read[seconds]) == (2, 0.5)
    filled = {labels: value for labels, value in read.items() if "fill" in labels[0]}
    assert filled == {
        ("ddbengine_index_filled_items", *place, "by-year"): 300,
        ("ddbengine_index_items_to_fill", *place, "by-year"): 1000,
    }


def test_a_propagator_that_does_not_run_is_shown() -> None:
    paused = IndexesStatus("paused", None, 8, 2, 0.5, ())
    assert samples(exposition(STATUS, 0.0, INDEXES))[("ddbengine_propagator_running",)] == 1
    assert samples(exposition(STATUS, 0.0, paused))[("ddbengine_propagator_running",)] == 0


def test_every_family_has_its_help_and_type_before_its_samples() -> None:
    seen: list[str] = []
    for line in exposition(STATUS, 0.0, INDEXES).splitlines():
        words = line.split(" ")
        if words[0] == "#":
            seen.append(f"{words[1]} {words[2]}")
        else:
            name = line.partition("{")[0].partition(" ")[0]
            assert seen[-2:] == [f"HELP {name}", f"TYPE {name}"]
    assert len(set(seen)) == len(seen)


def test_text_in_labels_is_escaped() -> None:
    odd = StoreStatus('a"b\\c\nd', True, 1, 0, (), STATUS.log, STATUS.commits)
    assert 'durability="a\\"b\\\\c\\nd"' in exposition(odd, 0.0, INDEXES)


def test_great_numbers_are_exact() -> None:
    great = StoreStatus("quorum", True, 1, 2**53 - 1, (), STATUS.log, STATUS.commits)
    assert "ddbengine_acknowledged_lsn 9007199254740991\n" in exposition(great, 0.0, INDEXES)


def test_a_real_store_has_its_commits_and_replicas_on_the_page(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data")
    server = start_server(engine)
    try:
        engine.reset()
        engine.reset()
        with urlopen(f"http://127.0.0.1:{server.port}/_ddbengine/metrics") as answer:
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            read = samples(answer.read().decode())
        with urlopen(f"http://127.0.0.1:{server.port}/_ddbengine/health") as answer:
            health = json.load(answer)
    finally:
        server.close()
        engine.close()
    assert read[("ddbengine_commits_total",)] == 2
    assert read[("ddbengine_replica_state", "az1", "leading")] == 1
    assert read[("ddbengine_replica_used_bytes", "az1")] > 0
    assert health["status"] == "ok"
    assert [replica["name"] for replica in health["store"]["replicas"]] == ["az1", "az2", "az3"]
