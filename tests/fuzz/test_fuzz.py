"""Whatever is sent to a server: no status 500, no hang, no growth in memory, and a sound store afterwards.

Requests come from the service model, for every operation the engine has, and from the comparison's stream of
well-formed ones; most suffer an accident on their way.  ``DDBENGINE_FUZZ_SECONDS`` says for how long (30),
``DDBENGINE_SEED`` which ones.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ddbengine.engine.operations import OPERATIONS
from ddbengine.limits import REQUEST_BODY_MAX_BYTES
from tests import servers
from tests.differential import requests, statements
from tests.differential.peers import Request
from tests.differential.tables import TABLES
from tests.fuzz.generation import Generator
from tests.fuzz.mutation import damaged, mutated
from tests.fuzz.target import Fault, Target, body_of, doctor, framed

SECONDS = float(os.environ.get("DDBENGINE_FUZZ_SECONDS", "30"))
SEED = int(os.environ.get("DDBENGINE_SEED", "20120810"))
ROUND = 500
"""Requests between two looks at the time; each round begins with all tables there."""
MOST_GROWTH_BYTES = 32 << 20
"""Between the first third of a run, when all caches have filled, and its end."""
_LARGEST = b'{"unknown":[%b]}' % b",".join([b'{"M":{"d":{"S":"%b"}}}' % (b"x" * 180)] * 80_000)
"""Nearly as large as a body may be.  Some 35 MiB of what one takes stay with the allocator; another adds nothing."""
assert 0.9 < len(_LARGEST) / REQUEST_BODY_MAX_BYTES < 1
_PREPARATIONS = (
    *(table.creation() for table in (*TABLES, statements.TABLE)),
    *(
        Request("UpdateTable", {"TableName": table.name, "StreamSpecification": specification})
        for table in TABLES[:4]
        for specification in ({"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},)
    ),
    *(Request("DescribeTable", {"TableName": table.name}) for table in TABLES[:4]),
    Request("ListStreams", {}),
)


def test_nothing_sent_breaks_the_server(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with servers.ddbengine(tmp_path / "log", "--db-path", str(store), "--durability", "none") as server:
        target = Target(server, tmp_path / "evidence")
        run = _Run(target, Random(SEED))
        try:
            run.run(SECONDS)
        except Fault as fault:
            pytest.fail(f"seed {SEED}, request {run.sent}: {fault}", pytrace=False)
        finally:
            target.close()
        assert target.complaints() == ""
        assert server.stop() == 0
    doctor(store)
    print(run.report())
    assert run.answers[200] > run.sent / 20
    assert run.grown <= MOST_GROWTH_BYTES, run.report()


class _Run:
    """One run: what has been sent, and how it was answered."""

    def __init__(self, target: Target, random: Random) -> None:
        self._target = target
        self._random = random
        self._generator = Generator(random)
        self._operations = sorted(OPERATIONS)
        self.sent = 0
        self.answers: Counter[int] = Counter()
        self.accepted: Counter[str] = Counter()
        self.slowest = (0.0, "")
        self.heap: list[int] = []
        """Bytes, at the end of each round."""
        self.grown = 0
        """Bytes, between the first third of the run and its end."""

    def run(self, seconds: float) -> None:
        begin = time.monotonic()
        self._run_until(begin + seconds / 3)
        settled = self._level()
        self._run_until(begin + seconds)
        self.grown = self._level() - settled

    def _run_until(self, end: float) -> None:
        while time.monotonic() < end:
            for request in self._round():
                self._send(request)
            self.heap.append(self._target.heap_bytes())

    def _level(self) -> int:
        """Bytes that the server has once it has read large bodies, so that it does not matter when the run had one."""
        for _ in range(4):
            assert self._target.send("ListTables", _LARGEST)[0] == 200
        return self._target.heap_bytes()

    def _round(self) -> Iterator[Request]:
        yield from _PREPARATIONS
        well_formed = requests.stream(self._random, ROUND)
        for _ in range(ROUND):
            operation = self._random.choice(self._operations)
            if self._random.random() < 0.4:
                yield next(well_formed)
            elif operation != "DeleteTable" or self._random.random() < 0.03:
                yield self._generator.request(operation)

    def _send(self, request: Request) -> None:
        self.sent += 1
        random = self._random
        draw = random.random()
        if draw > 0.5 and isinstance(request.body, dict):
            request = Request(request.operation, mutated(random, request.body))
        data = body_of(request)
        if draw < 0.04:
            self._target.send_bytes(damaged(random, framed(request.operation, data)))
            return
        if draw < 0.08:
            data = damaged(random, data)
        begin = time.monotonic()
        status, answer = self._target.send(request.operation, data)
        self.slowest = max(self.slowest, (time.monotonic() - begin, str(request)[:300]))
        self.answers[status] += 1
        if status == 200:
            self.accepted[request.operation] += 1
            self._generator.learn(answer)

    def report(self) -> str:
        never = ", ".join(sorted(set(self._operations) - self.accepted.keys())) or "-"
        heap = [size >> 20 for size in self.heap[:: max(1, len(self.heap) // 12)]]
        return (
            f"seed {SEED}: {self.sent} requests, answers {dict(self.answers)}, never accepted: {never}\n"
            f"memory in MiB {heap}, grown by {self.grown >> 20}, slowest {self.slowest[0]:.3f} s: {self.slowest[1]}"
        )
