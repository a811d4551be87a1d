"""A server under load is killed at random moments, and its replicas are damaged one at a time: nothing is lost.

Strategy: a round starts the server and compares what it holds with what it has acknowledged so far.  Mostly it then
waits until all replicas are sound, stops the server in good order for an examination, and starts it again; sometimes it
goes on at once, with replicas still being rebuilt.  Several connections write, and the server is killed (SIGKILL) at a
random moment.  A replica may be damaged while the server is down, after the kill or after the stop, or its directory be
deleted while the server writes; and starts may be killed as well.

Invariants: every key holds its last acknowledged item, or one whose write was under way when the server was killed; a
number that all connections add to has counted every addition once; refused writes leave no trace; the table's stream,
whose shards roll over all the while, replays into what the table holds, with each record following the one before; a
global index that is created and deleted under load, and filled meanwhile, holds what the table does once it is ACTIVE;
the doctor finds nothing.  Not covered: a loss of power (test_power_loss), and two replicas lost at once, which no
quorum of two survives: nothing is damaged before all replicas were seen to be sound.

``DDBENGINE_CRASH_ROUNDS=200`` runs longer; ``DDBENGINE_CRASH_SEED=n`` repeats the choices, though not the moments.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddbengine.engine.doctor import diagnose
from tests import servers
from tests.durability import damage
from tests.durability.clients import BY_COLOUR, BY_SCORE, DEFINITION, SUM_KEY, TABLE, Load, connected, key_of
from tests.durability.late_index import BALLAST_ITEMS, LateIndex, add_ballast, without_ballast
from tests.durability.ledger import Ledger, Tally
from tests.durability.stream_replay import STREAM, Replay

ROUNDS = int(os.environ.get("DDBENGINE_CRASH_ROUNDS", "20"))
SEED = int(os.environ.get("DDBENGINE_CRASH_SEED") or random.SystemRandom().getrandbits(32))

LOAD_SECONDS = (0.02, 1.0)
START_KILLED_SECONDS = (0.1, 0.6)
FIRST_WRITE_TIMEOUT_SECONDS = 30
HEALING_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.02
OPTIONS = ("--partitions", "2", "--shard-rollover", "1")


@dataclass
class Crashes:
    """One run: the store, what is known of it, and the choices."""

    directory: Path
    ledger: Ledger
    tally: Tally
    chance: random.Random
    replay: Replay = field(default_factory=Replay)
    index: LateIndex = field(default_factory=LateIndex)
    round: int = 0
    starts: int = 0
    sound: bool = False
    """All replicas were seen to be sound, and none has been damaged since."""

    @property
    def store(self) -> Path:
        return self.directory / "data"

    def play_round(self) -> int:
        """The number of acknowledged writes."""
        if self.chance.random() < 0.15:
            self.kill_while_starting()
        server = self.start()
        try:
            self.compare(server)
            if self.round == 0 or self.chance.random() < 0.7:
                self.await_soundness(server)
                server.stop()
                self.examine()
                self.maybe_damage(0.15)
                server = self.start()
            return self.write_until_killed(server)
        finally:
            if server.process.poll() is None:
                server.kill()

    def start(self) -> servers.Server:
        self.starts += 1
        log = self.directory / f"server-{self.starts:04}.log"
        return servers.start_ddbengine(log, "--db-path", str(self.store), *OPTIONS)

    def kill_while_starting(self) -> None:
        command = [sys.executable, "-m", "ddbengine", "serve", "--port", "0", "--db-path", str(self.store), *OPTIONS]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(self.chance.uniform(*START_KILLED_SECONDS))
            process.kill()

    def write_until_killed(self, server: servers.Server) -> int:
        load = Load(self.ledger, self.tally)
        load.start(server.port, self.chance.getrandbits(32))
        moment = self.chance.uniform(*LOAD_SECONDS)
        try:
            assert load.await_acknowledgement(FIRST_WRITE_TIMEOUT_SECONDS), "the server does not take writes"
            time.sleep(moment / 2)
            if self.chance.random() < 0.5:
                self.index.switch(server.port)
            self.maybe_damage(0.15, (damage.remove,))
            time.sleep(self.chance.choice((moment / 2, moment / 20)))
        finally:
            server.kill()
            load.finish()
        self.maybe_damage(0.6)
        return load.acknowledged

    def compare(self, server: servers.Server) -> None:
        """With what was acknowledged before, read through the server."""
        with connected(server.port) as client:
            if self.round == 0:
                client.call("CreateTable", DEFINITION | {"StreamSpecification": STREAM})
                add_ballast(client)
            everything = client.scan(ConsistentRead=True)
            streamed = self.replay.catch_up(client, TABLE) + self.replay.compare(everything)
            items = {key_of(item): item for item in everything}
            indexed = self.index.compare(client, items, self.chance, wait=self.round == ROUNDS)
            scores = client.scan(IndexName=BY_SCORE, ConsistentRead=True)
            colours = client.scan(IndexName=BY_COLOUR)
        items, problems = without_ballast(items)
        total = items.pop(SUM_KEY, None)
        problems += self.tally.settle(0 if total is None else int(total["amount"]["N"]))
        problems += self.ledger.settle(items) + streamed + indexed
        for name, entries, key in ((BY_SCORE, scores, {"score"}), (BY_COLOUR, colours, {"colour", "score"})):
            if sorted(map(key_of, entries)) != sorted(at for at, item in items.items() if key <= item.keys()):
                problems.append(f"{name} does not hold the items that have {' and '.join(sorted(key))}")
        assert not problems, f"seed {SEED}, round {self.round}:\n" + "\n".join(problems)

    def await_soundness(self, server: servers.Server) -> None:
        """Until every replica is there and has everything."""
        deadline = time.monotonic() + HEALING_TIMEOUT_SECONDS
        while True:
            health = _health(server)
            lags = [replica["lag_lsns"] for replica in health["store"]["replicas"]]
            if health["status"] == "ok" and not any(lags):
                break
            assert time.monotonic() < deadline, f"seed {SEED}, round {self.round}: not healed: {health}"
            time.sleep(POLL_SECONDS)
        self.sound = True

    def examine(self) -> None:
        """The store of a stopped server: pages, log, digests, and every entry of the engine."""
        diagnosis = diagnose(self.store, (), lambda *_: None)
        assert diagnosis.is_clean, f"seed {SEED}, round {self.round}: {diagnosis}"

    def maybe_damage(self, likelihood: float, kinds: tuple[damage.Damage, ...] = damage.DAMAGES) -> None:
        if self.sound and self.chance.random() < likelihood:
            kind, replica = self.chance.choice(kinds), self.chance.choice(damage.REPLICAS)
            self.ledger.note("damage", getattr(kind, "__name__", ""), replica)
            self.sound = False
            kind(self.store / replica, self.chance)


def _health(server: servers.Server) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", "/_ddbengine/health")
        health: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return health


def test_every_acknowledged_write_survives_kills_and_the_damage_of_a_replica(tmp_path: Path) -> None:
    print(f"DDBENGINE_CRASH_SEED={SEED}", flush=True)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    crashes = Crashes(tmp_path, ledger, Tally(), random.Random(SEED))
    acknowledged = 0
    for crashes.round in range(ROUNDS):
        acknowledged += crashes.play_round()
    crashes.round = ROUNDS
    with servers.ddbengine(tmp_path / "last.log", "--db-path", str(crashes.store), *OPTIONS) as server:
        crashes.compare(server)
        crashes.await_soundness(server)
    crashes.examine()
    ledger.close()
    assert acknowledged > ROUNDS
    assert crashes.replay.records > ROUNDS + BALLAST_ITEMS
    assert ROUNDS < 20 or (crashes.index.created and crashes.index.compared), crashes.index
