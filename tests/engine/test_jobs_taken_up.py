"""Exports and imports that were under way when their engine was closed, and what the doctor says of jobs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ddbengine.engine.engine import Engine
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.job_rows import EXPORTS, IMPORTS, Job
from ddbengine.engine.opening import open_engine
from ddbengine.storage.store import Writes
from tests.engine.calls import Calls
from tests.engine.damage import Damage
from tests.engine.exporting import MemoryBucket, MemoryBuckets, enable_recovery, export, exported, import_, imported
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import S

ITEMS = 3_500


def filled(engine: Engine) -> Calls:
    calls = Calls(engine)
    calls.create(table())
    for number in range(ITEMS):
        calls.put("table", {"pk": S(f"k{number}")})
    enable_recovery(calls)
    return calls


class SlowBucket(MemoryBucket):
    """Waits between the first page and the second."""

    def write(self, job: Job, pages: Iterable[list[bytes]], size: int) -> dict[str, Any]:
        def slowed() -> Iterable[list[bytes]]:
            for number, page in enumerate(pages):
                yield page
                if number == 0:
                    self._begin()

        return super().write(job, slowed(), size)


def close_in_the_middle(engine: Engine, bucket: SlowBucket) -> None:
    """Close the engine while its job waits; the job goes on when the engine is closing."""
    closer = threading.Thread(target=engine.close)
    closer.start()
    assert engine._jobs._closing.wait(20)
    bucket.may_go.set()
    closer.join()


def test_jobs_that_were_not_begun_are_taken_up_at_the_next_opening(tmp_path: Path) -> None:
    # Statuses are transient for so long that nothing has begun when the engine is closed.
    engine = open_engine(tmp_path / "data", replicas=1, durability="none", transient_seconds=3600)
    calls = Calls(engine)
    calls.create(table())
    engine.advance_clock(3600)
    calls.put("table", {"pk": S("a")})
    enable_recovery(calls)
    export_arn, import_arn = export(calls)["ExportArn"], import_(calls)["ImportArn"]
    calls.put("table", {"pk": S("later")})
    engine.close()
    buckets = MemoryBuckets()
    buckets.bucket.items = [{"pk": S("x")}]
    engine = open_engine(tmp_path / "data", replicas=1, durability="none", buckets=buckets)
    calls = Calls(engine)
    assert exported(calls, export_arn)["ItemCount"] == 1
    assert imported(calls, import_arn)["ImportedItemCount"] == 1
    check_database(engine)
    engine.close()


def test_an_export_that_was_interrupted_begins_again_with_its_moment(tmp_path: Path) -> None:
    buckets = MemoryBuckets()
    bucket = buckets.bucket = SlowBucket()
    bucket.may_go.clear()
    engine = open_engine(tmp_path / "data", replicas=1, durability="none", buckets=buckets)
    calls = filled(engine)
    arn = export(calls)["ExportArn"]
    assert bucket.has_begun.wait(20)
    calls.put("table", {"pk": S("later")})
    close_in_the_middle(engine, bucket)
    assert bucket.exports == {}
    engine = open_engine(tmp_path / "data", replicas=1, durability="none", buckets=buckets)
    assert exported(Calls(engine), arn)["ItemCount"] == ITEMS
    check_database(engine)
    engine.close()


def test_a_fork_leaves_the_exports_of_the_original_to_it() -> None:
    buckets = MemoryBuckets()
    bucket = buckets.bucket = SlowBucket()
    bucket.may_go.clear()
    engine = open_engine(None, buckets=buckets)
    calls = filled(engine)
    arn = export(calls)["ExportArn"]
    assert bucket.has_begun.wait(20)
    fork = engine.fork()
    assert exported(Calls(fork), arn)["ExportStatus"] == "FAILED"
    check_database(fork)
    fork.close()
    bucket.may_go.set()
    assert exported(calls, arn)["ItemCount"] == ITEMS
    engine.close()


def test_a_reset_in_the_middle_of_an_import_leaves_nothing() -> None:
    buckets = MemoryBuckets()
    bucket = buckets.bucket
    bucket.items = [{"pk": S("x")}]
    bucket.may_go.clear()
    engine = open_engine(None, buckets=buckets)
    calls = Calls(engine)
    import_(calls)
    assert bucket.has_begun.wait(20)
    engine.reset()
    bucket.may_go.set()
    assert calls.call("ListImports") == {"ImportSummaryList": []}
    last = import_(calls, name="another")["ImportArn"]
    assert imported(calls, last)["ImportStatus"] == "COMPLETED"
    assert calls.call("ListTables") == {"TableNames": ["another"]}
    check_database(engine)
    engine.close()


def findings(engine: Engine) -> list[str]:
    with engine.store.snapshot() as txn:
        return sorted(finding.name for finding in broken_invariants(txn))


@pytest.mark.parametrize("keyspace", [EXPORTS, IMPORTS])
def test_the_doctor_finds_a_job_that_cannot_be_read(keyspace: bytes) -> None:
    engine = open_engine(None)
    engine.store.submit(Damage(Writes(puts=[(keyspace + b"a/b\x00id", b"\xc1")]))).result()
    assert findings(engine) == ["catalog-row-unreadable"]
    engine.close()


def test_the_doctor_finds_an_export_without_its_items() -> None:
    engine = open_engine(None)
    job = Job(EXPORTS, "a/b", "id", "a", "b", {}, "t", "arn", "id", 0.0, backup_id="gone")
    engine.store.submit(Damage(Writes(puts=[job.put()]))).result()
    assert findings(engine) == ["job-row-wrong"]
    engine.close()


def test_the_doctor_finds_items_of_an_export_that_is_not_there() -> None:
    buckets = MemoryBuckets()
    buckets.bucket.may_go.clear()
    engine = open_engine(None, buckets=buckets)
    calls = filled(engine)
    export(calls)
    assert buckets.bucket.has_begun.wait(20)
    with engine.store.snapshot() as txn:
        gone = [bytes(key) for key, _ in txn.scan(EXPORTS, b"Cf")]
    engine.store.submit(Damage(Writes(deletes=gone))).result()
    assert findings(engine) == ["job-row-wrong"]
    buckets.bucket.may_go.set()
    engine.close()
