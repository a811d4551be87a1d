"""Random lives of tables: created, changed, described and deleted, with everything the emulator knows of that.

A step depends on what the ones before made of the table, so that most are accepted; some are meant to be refused.
Left out is what the emulator has wrong: it takes units for a table on demand, lets a table's indexes keep theirs, and
forgets that a table is protected at the next update.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.differential.peers import Request
from tests.differential.tables import ALL, INCLUDE, KEYS_ONLY, key_schema, throughput

Body = dict[str, Any]

_STEPS = 14
_PROJECTIONS = (ALL, KEYS_ONLY, INCLUDE)
_VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
_TAGS = [{"Key": "team", "Value": "storage"}]


class Life:
    """One table's requests, in order."""

    def __init__(self, random: Random, name: str) -> None:
        self._random = random
        self._name = name
        self._provisioned = random.random() < 0.5
        self._units = (random.randint(1, 9), random.randint(1, 9))
        self._indexes: dict[str, tuple[int, int]] = {}
        """Name to units."""
        self._streams = False
        self._expires = False

    def requests(self) -> Iterator[Request]:
        yield self._creation()
        for _ in range(_STEPS):
            step = self._random.choice(_CHANGES)(self)
            if step is not None:
                yield step
                yield self._request("DescribeTable")
        yield self._request("DeleteTable")
        yield self._request("DescribeTable")

    def _request(self, operation: str, **members: Any) -> Request:
        body = {"TableName": self._name, **{name: value for name, value in members.items() if value is not None}}
        return Request(operation, body)

    def _update(self, **members: Any) -> Request:
        return self._request("UpdateTable", **members)

    def _creation(self) -> Request:
        random = Random(self._name)
        members: Body = {
            "KeySchema": key_schema("pk", "sk"),
            "AttributeDefinitions": _definitions("pk", "sk", "l1"),
            "LocalSecondaryIndexes": [
                {"IndexName": "local", "KeySchema": key_schema("pk", "l1"), "Projection": random.choice(_PROJECTIONS)}
            ],
        }
        if self._provisioned:
            members["ProvisionedThroughput"] = throughput(*self._units)
            if random.random() < 0.5:
                members["BillingMode"] = "PROVISIONED"
        else:
            members["BillingMode"] = "PAY_PER_REQUEST"
        if random.random() < 0.3:
            members["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": random.choice(_VIEWS)}
            self._streams = True
        if random.random() < 0.3:
            members["Tags"] = _TAGS
        return self._request("CreateTable", **members)

    # --- what can happen to it --------------------------------------------------------------------------------------

    def change_units(self) -> Request | None:
        """Those that it has already are refused."""
        if not self._provisioned:
            return None
        if self._random.random() < 0.8:
            self._units = (self._units[0] + self._random.randint(1, 5), self._units[1] + self._random.randint(0, 5))
        return self._update(ProvisionedThroughput=throughput(*self._units))

    def switch_billing(self) -> Request | None:
        if self._provisioned and self._indexes:
            return None
        self._provisioned = not self._provisioned
        if not self._provisioned:
            return self._update(BillingMode="PAY_PER_REQUEST")
        updates = [
            {"Update": {"IndexName": name, "ProvisionedThroughput": throughput(*units)}}
            for name, units in self._indexes.items()
        ]
        return self._update(
            BillingMode="PROVISIONED",
            ProvisionedThroughput=throughput(*self._units),
            GlobalSecondaryIndexUpdates=updates or None,
        )

    def create_index(self) -> Request:
        name = self._random.choice(("global-1", "global-2", "global-3"))
        action: Body = {
            "IndexName": name,
            "KeySchema": key_schema("g1", "g2"),
            "Projection": self._random.choice(_PROJECTIONS),
        }
        units = (self._random.randint(1, 9), self._random.randint(1, 9))
        if self._provisioned:
            action["ProvisionedThroughput"] = throughput(*units)
        self._indexes.setdefault(name, units)
        return self._update(
            AttributeDefinitions=_definitions("pk", "sk", "l1", "g1", "g2"),
            GlobalSecondaryIndexUpdates=[{"Create": action}],
        )

    def update_index(self) -> Request | None:
        if not self._indexes or not self._provisioned:
            return None
        name = self._random.choice(sorted(self._indexes))
        reads, writes = self._indexes[name]
        self._indexes[name] = (reads + self._random.randint(1, 5), writes)
        action = {"IndexName": name, "ProvisionedThroughput": throughput(*self._indexes[name])}
        return self._update(GlobalSecondaryIndexUpdates=[{"Update": action}])

    def delete_index(self) -> Request | None:
        if not self._indexes:
            return None
        name = self._random.choice(sorted(self._indexes))
        del self._indexes[name]
        return self._update(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])

    def switch_stream(self) -> Request:
        self._streams = not self._streams
        specification: Body = {"StreamEnabled": self._streams}
        if self._streams:
            specification["StreamViewType"] = self._random.choice(_VIEWS)
        return self._update(StreamSpecification=specification)

    def repeat_stream(self) -> Request:
        """Refused: the stream is so already."""
        specification: Body = {"StreamEnabled": self._streams}
        if self._streams:
            specification["StreamViewType"] = "NEW_IMAGE"
        return self._update(StreamSpecification=specification)

    def switch_expiry(self) -> Request:
        self._expires = not self._expires
        specification = {"Enabled": self._expires, "AttributeName": "expires"}
        return self._request("UpdateTimeToLive", TimeToLiveSpecification=specification)

    def repeat_expiry(self) -> Request:
        """Refused: it is so already."""
        specification = {"Enabled": self._expires, "AttributeName": "expires"}
        return self._request("UpdateTimeToLive", TimeToLiveSpecification=specification)

    def describe_expiry(self) -> Request:
        return self._request("DescribeTimeToLive")

    def do_nothing(self) -> Request:
        """Refused: an update that updates nothing."""
        return self._update()

    def make_again(self) -> Request:
        """Refused: it is there."""
        return self._creation()


_CHANGES = (
    *(Life.change_units, Life.change_units, Life.switch_billing, Life.create_index, Life.create_index),
    *(Life.update_index, Life.delete_index, Life.switch_stream, Life.repeat_stream),
    *(Life.switch_expiry, Life.repeat_expiry, Life.describe_expiry, Life.do_nothing, Life.make_again),
)


def _definitions(*names: str) -> list[Body]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
