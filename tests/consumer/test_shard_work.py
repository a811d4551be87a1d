"""The work on one shard, run to its end in the test's own thread: a fake stream, leases in memory, real waits of
milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ddbengine.consumer.dead_letters import DeadLetterFile, DeadLetters, Discard
from ddbengine.consumer.delivery import Policy
from ddbengine.consumer.errors import DeadLettersUnwritable
from ddbengine.consumer.events import sequence_number
from ddbengine.consumer.filters import compile_filters
from ddbengine.consumer.holdings import Held
from ddbengine.consumer.leases import Lease
from ddbengine.consumer.positions import SHARD_END, TRIM_HORIZON, Where
from ddbengine.consumer.progress import Tally
from ddbengine.consumer.reader import ShardReader
from ddbengine.consumer.shard_work import Clocks, Processing, ShardWork
from tests.consumer.fake_stream import FakeShard, FakeStream, error, number, record
from tests.consumer.memory_leases import MemoryLeases

SHARD = "shard-1"


@dataclass
class Scene:
    """A shard of ``count`` records that is closed, so that the work on it comes to an end."""

    count: int = 6
    handler: Callable[[dict[str, Any]], Any] | None = None
    batch_size: int = 2
    policy: Policy = field(default_factory=Policy)
    filters: tuple[dict[str, Any], ...] = ()
    dead_letters: DeadLetters = field(default_factory=Discard)
    handled: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shard = FakeShard(SHARD, records=[record(at) for at in range(1, self.count + 1)], is_closed=True)
        self.stream = FakeStream(self.shard)
        self.store = MemoryLeases()
        self.store.add(Lease(SHARD, None, Where(TRIM_HORIZON)))
        lease = self.store.take(self.store.rows[SHARD], "me")
        assert lease is not None
        self.held = Held(lease, valid_until=float("inf"))
        self.tally = Tally("me", "application")

    def handle(self, event: dict[str, Any]) -> Any:
        answer = self.handler(event) if self.handler else None
        self.handled.append([sequence_number(one) for one in event["Records"]])
        return answer

    def work(self) -> ShardWork:
        processing = Processing(
            application="application",
            handler=self.handle,
            accept=compile_filters(self.filters),
            policy=self.policy,
            dead_letters=self.dead_letters,
            batch_size=self.batch_size,
            batch_window_seconds=0.0,
            poll_seconds=0.001,
            retry_seconds=0.0001,
            retry_seconds_max=0.001,
        )
        reader = ShardReader(self.stream, SHARD, self.held.lease.where)
        return ShardWork(self.held, reader, self.store, processing, self.tally, Clocks())

    def run(self) -> bool:
        return self.work().run()

    @property
    def checkpoint(self) -> str:
        return self.store.rows[SHARD].where.checkpoint


def numbers(*ats: int) -> list[str]:
    return [number(at) for at in ats]


def fails_on(*bad: int, times: int = 10**6) -> Callable[[dict[str, Any]], None]:
    left = dict.fromkeys(numbers(*bad), times)

    def handle(event: dict[str, Any]) -> None:
        for one in event["Records"]:
            if left.get(sequence_number(one), 0) > 0:
                left[sequence_number(one)] -= 1
                raise ValueError(f"cannot take {sequence_number(one)}")

    return handle


def test_a_shard_is_handled_in_batches_to_its_end() -> None:
    scene = Scene(count=5)
    assert scene.run()
    assert scene.handled == [numbers(1, 2), numbers(3, 4), numbers(5)]
    row = scene.store.rows[SHARD]
    assert (row.where.checkpoint, row.owner, row.ended is not None) == (SHARD_END, None, True)
    counters = scene.tally.progress().counters
    assert (counters.records_read, counters.records_handled, counters.batches_handled) == (5, 5, 3)
    assert counters.shards_finished == 1


def test_the_checkpoint_is_kept_after_the_handler_has_returned() -> None:
    checkpoints: list[str] = []
    scene = Scene()
    scene.handler = lambda _: checkpoints.append(scene.checkpoint)
    scene.run()
    assert checkpoints == [TRIM_HORIZON, number(2), number(4)]


def test_a_handler_that_fails_gets_the_batch_again() -> None:
    scene = Scene(handler=fails_on(3, times=2))
    assert scene.run()
    assert scene.handled == [numbers(1, 2), numbers(3, 4), numbers(5, 6)]
    assert scene.tally.progress().counters.batches_failed == 2


def test_a_partial_answer_keeps_what_succeeded_and_sends_the_rest() -> None:
    answers = iter([{"batchItemFailures": [{"itemIdentifier": number(3)}]}])
    scene = Scene(batch_size=4, handler=lambda _: next(answers, None))
    checkpoints: list[str] = []
    advance = scene.store.advance
    scene.store.advance = lambda lease, where, ended=None: (  # type: ignore[method-assign]
        checkpoints.append(where.checkpoint) or advance(lease, where, ended)  # type: ignore[func-returns-value]
    )
    assert scene.run()
    assert scene.handled == [numbers(1, 2, 3, 4), numbers(3, 4), numbers(5, 6)]
    assert checkpoints == [*numbers(2, 4, 6), SHARD_END]


def test_bisection_leaves_the_record_at_fault_alone_and_it_becomes_a_dead_letter(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    scene = Scene(
        count=8, batch_size=8, handler=fails_on(5), policy=Policy(2, bisect=True), dead_letters=DeadLetterFile(path)
    )
    assert scene.run()
    assert sorted(one for batch in scene.handled for one in batch) == numbers(1, 2, 3, 4, 6, 7, 8)
    (letter,) = (json.loads(line) for line in path.read_text().splitlines())
    assert (letter["sequenceNumber"], letter["attempts"], letter["shardId"]) == (number(5), 2, SHARD)
    assert letter["error"] == f"ValueError: cannot take {number(5)}"
    assert letter["record"] == record(5)
    counters = scene.tally.progress().counters
    assert (counters.records_dead, counters.bisections) == (1, 3)


class Broken:
    def put(self, letters: Any) -> None:
        raise DeadLettersUnwritable("the disk is full")


def test_a_dead_letter_that_cannot_be_written_stops_the_shard_before_its_checkpoint() -> None:
    scene = Scene(handler=fails_on(3), policy=Policy(1), dead_letters=Broken())
    with pytest.raises(DeadLettersUnwritable, match="the disk is full"):
        scene.run()
    assert scene.checkpoint == number(2)


def test_records_that_no_filter_wants_are_passed() -> None:
    wanted = tuple({"dynamodb": {"Keys": {"n": {"N": [str(at)]}}}} for at in (2, 5))
    scene = Scene(filters=wanted)
    assert scene.run()
    assert scene.handled == [numbers(2, 5)]
    assert scene.tally.progress().counters.records_filtered == 4


def test_a_checkpoint_is_kept_when_nothing_at_all_is_wanted() -> None:
    scene = Scene(filters=({"eventName": ["REMOVE"]},))
    scene.shard.is_closed = False
    advance = scene.store.advance

    def advance_and_interrupt(lease: Lease, where: Where, ended: float | None = None) -> bool:
        scene.held.interrupt.set()
        return advance(lease, where, ended)

    scene.store.advance = advance_and_interrupt  # type: ignore[method-assign]
    assert not scene.run()
    assert scene.checkpoint == number(6)


def test_a_stop_lets_the_batch_finish_and_keeps_its_checkpoint() -> None:
    scene = Scene()
    scene.handler = lambda _: scene.held.interrupt.set()
    assert not scene.run()
    assert scene.handled == [numbers(1, 2)]
    assert scene.checkpoint == number(2)


def test_a_stop_ends_the_attempts_at_a_batch_that_always_fails() -> None:
    scene = Scene(batch_size=2)

    def handle(event: dict[str, Any]) -> None:
        scene.held.interrupt.set()
        raise ValueError

    scene.handler = handle
    assert not scene.run()
    assert scene.checkpoint == TRIM_HORIZON


def test_a_lost_lease_stops_the_shard_and_keeps_no_checkpoint() -> None:
    scene = Scene()
    scene.handler = lambda _: scene.store.take(scene.store.rows[SHARD], "another")
    assert not scene.run()
    assert scene.handled == [numbers(1, 2)]
    assert scene.checkpoint == TRIM_HORIZON
    assert scene.held.is_lost


def test_nothing_is_handled_when_the_lease_has_run_out() -> None:
    scene = Scene()
    scene.held = replace(scene.held, valid_until=float("-inf"))
    assert not scene.run()
    assert scene.handled == []


@pytest.mark.parametrize(
    "passing",
    [
        error("ProvisionedThroughputExceededException"),
        error("LimitExceededException"),
        error("InternalServerError", 500),
        EndpointConnectionError(endpoint_url="http://nowhere"),
    ],
)
def test_what_passes_is_waited_for(passing: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddbengine.consumer.backoff.Backoff.next", lambda self: 0.0)
    scene = Scene()
    scene.stream.errors.extend([passing, passing])
    assert scene.run()
    counters = scene.tally.progress().counters
    assert counters.retried_requests == 2
    assert counters.throttled == (2 if "Exceeded" in str(passing) else 0)


def test_what_does_not_pass_is_raised() -> None:
    scene = Scene()
    scene.stream.errors.append(error("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDenied"):
        scene.run()


def test_progress_shows_the_batch_that_fails_and_how_far_behind_it_is() -> None:
    scene = Scene()
    seen: list[Any] = []

    def handle(event: dict[str, Any]) -> None:
        (shard,) = scene.tally.progress().shards
        seen.append((shard.checkpoint, shard.failing, shard.millis_behind))
        if len(seen) == 1:
            raise ValueError("not now")

    scene.handler = handle
    scene.run()
    assert seen[0][:2] == (TRIM_HORIZON, None)
    assert seen[0][2] > 0
    assert seen[1][1] == "ValueError: not now"
    assert seen[2][:2] == (number(2), None)
    assert scene.tally.progress().shards == ()
