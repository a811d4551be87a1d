"""A server under load is killed at random moments, and its replicas are damaged while it is down: nothing is lost.

Strategy: a round starts the server, compares what it holds with what it has acknowledged so far, lets it come to rest
with all replicas sound, stops it in good order for an examination, starts it again, lets several connections write,
and kills it (SIGKILL) at a random moment.  Before the next round one replica may be damaged, or taken away while the
server runs; or the next round kills the server again before it has healed, and then nothing is damaged.

Invariants: every key holds its last acknowledged item, or one whose write was under way when the server was killed; a
number that all connections add to has counted every addition once; refused writes leave no trace; the doctor finds
nothing.  Not covered: a loss of power (test_power_loss), two replicas lost at once, which no quorum of two survives.

``DDBENGINE_CRASH_ROUNDS=200`` runs longer; ``DDBENGINE_CRASH_SEED=n`` repeats the choices, though not the moments.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from ddbengine.engine.opening import open_engine
from tests import servers
from tests.durability import damage
from tests.durability.clients import BY_COLOUR, BY_SCORE, DEFINITION, SUM_KEY, Load, connected, key_of
from tests.durability.ledger import Ledger, Tally
from tests.engine.whole_check import check_database

ROUNDS = int(os.environ.get("DDBENGINE_CRASH_ROUNDS", "20"))
SEED = int(os.environ.get("DDBENGINE_CRASH_SEED") or random.SystemRandom().getrandbits(32))

LOAD_SECONDS = (0.02, 1.2)
FIRST_WRITE_TIMEOUT_SECONDS = 30
HEALING_TIMEOUT_SECONDS = 30


@dataclass
class Crashes:
    """One run: the store, what is known of it, and the choices."""

    directory: Path
    ledger: Ledger
    tally: Tally
    chance: random.Random
    round: int = 0
    server_starts: int = 0

    @property
    def store(self) -> Path:
        return self.directory / "data"

    def start(self) -> servers.Server:
        self.server_starts += 1
        log = self.directory / f"server-{self.server_starts:04}.log"
        return servers.start_ddbengine(log, "--db-path", str(self.store))

    def write_until_killed(self, server: servers.Server) -> int:
        """The number of acknowledged writes."""
        load = Load(self.ledger, self.tally)
        load.start(server.port, self.chance.getrandbits(32))
        moment = self.chance.uniform(*LOAD_SECONDS)
        try:
            assert load.await_acknowledgement(FIRST_WRITE_TIMEOUT_SECONDS), "the server does not take writes"
            time.sleep(moment)
        finally:
            server.kill()
            load.finish()
        return load.acknowledged

    def compare(self, server: servers.Server) -> None:
        """With what was acknowledged before, read through the server."""
        with connected(server.port) as client:
            items = {key_of(item): item for item in client.scan(ConsistentRead=True)}
            scores = client.scan(IndexName=BY_SCORE, ConsistentRead=True)
            colours = client.scan(IndexName=BY_COLOUR)
        total = items.pop(SUM_KEY, None)
        problems = self.tally.settle(0 if total is None else int(total["amount"]["N"]))
        problems += self.ledger.settle(items)
        if sorted(map(key_of, scores)) != sorted(key for key, item in items.items() if "score" in item):
            problems.append(f"{BY_SCORE} does not hold the items that have a score")
        if sorted(map(key_of, colours)) != sorted(
            key for key, item in items.items() if {"colour", "score"} <= item.keys()
        ):
            problems.append(f"{BY_COLOUR} does not hold the items that have a colour and a score")
        assert not problems, f"seed {SEED}, round {self.round}:\n" + "\n".join(problems)

    def examine(self) -> None:
        """The store of a stopped server, entry by entry."""
        engine = open_engine(self.store)
        try:
            check_database(engine)
        finally:
            engine.close()

    def damage_one(self) -> None:
        present = [self.store / name for name in damage.REPLICAS if (self.store / name).is_dir()]
        if len(present) == len(damage.REPLICAS) and self.chance.random() < 0.7:
            kind, replica = self.chance.choice(damage.DAMAGES), self.chance.choice(present)
            self.ledger.note("damage", getattr(kind, "__name__", ""), replica.name)
            kind(replica, self.chance)


def test_every_acknowledged_write_survives_kills_and_the_damage_of_a_replica(tmp_path: Path) -> None:
    print(f"DDBENGINE_CRASH_SEED={SEED}", flush=True)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    crashes = Crashes(tmp_path, ledger, Tally(), random.Random(SEED))
    acknowledged = 0
    for crashes.round in range(ROUNDS):
        server = crashes.start()
        try:
            if crashes.round == 0:
                with connected(server.port) as client:
                    client.call("CreateTable", DEFINITION)
            crashes.compare(server)
            server.stop()
            crashes.examine()
            server = crashes.start()
            acknowledged += crashes.write_until_killed(server)
        finally:
            if server.process.poll() is None:
                server.kill()
        crashes.damage_one()
    with servers.ddbengine(tmp_path / "last.log", "--db-path", str(crashes.store)) as server:
        crashes.compare(server)
    crashes.examine()
    ledger.close()
    assert acknowledged > ROUNDS
