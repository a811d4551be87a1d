"""UpdateTimeToLive and DescribeTimeToLive (FACTS 5.11); ``engine.expiration`` does what they ask for.

A change is complete when it is answered, unless the table holds more items than one batch of filling: then it is shown
as ENABLING until all have their expiry entries.  The service lets a table's time to live be changed about twice an
hour; here it may be changed at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.expiration import filling, register_key, register_row, registration
from ddbengine.engine.purge import garbage_of_time_to_live
from ddbengine.errors import ValidationException
from ddbengine.schema.refusals import in_use
from ddbengine.schema.table import TableSchema, TimeToLive
from ddbengine.schema.transition import CREATING, DELETING, running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes


@dataclass(frozen=True, slots=True)
class UpdateTimeToLive:
    surroundings: Surroundings
    namespace: str
    table_name: str
    enabled: bool
    attribute: str
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings = self.surroundings
        schema = surroundings.catalog.describe_table(txn, self.namespace, self.table_name)
        running = running_transition(schema, surroundings.clock())
        if running is not None and running.status == CREATING:
            raise in_use(f"Table {schema.name} is being created")
        self._check(schema.time_to_live)
        if running is not None and running.status == DELETING:
            raise in_use(f"Table {schema.name} is being deleted")
        changes = self._switched_on(schema, txn) if self.enabled else _switched_off(schema)
        specification = {"Enabled": self.enabled, "AttributeName": self.attribute}
        return Outcome(orjson.dumps({"TimeToLiveSpecification": specification}), changes)

    def _check(self, current: TimeToLive | None) -> None:
        if current is None:
            if not self.enabled:
                raise ValidationException("TimeToLive is already disabled")
        elif current.attribute != self.attribute:
            raise ValidationException(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {current.attribute}"
            )
        elif self.enabled:
            raise ValidationException("TimeToLive is already enabled")

    def _switched_on(self, schema: TableSchema, txn: ReadTxn) -> list[Writes]:
        number = catalogs.next_number(txn)
        setting = {"AttributeName": self.attribute, "Number": number}
        new = replace(schema, settings={**schema.settings, "TimeToLive": setting})
        assert new.time_to_live is not None, "just set"
        writes, filled_to = filling(new, new.time_to_live, b"", txn)
        writes.puts.append(register_row(new, new.time_to_live, filled_to))
        return [catalogs.taken_numbers(number, 1), catalogs.save(new), writes]


def _switched_off(schema: TableSchema) -> list[Writes]:
    assert schema.time_to_live is not None, "checked"
    settings = {name: value for name, value in schema.settings.items() if name != "TimeToLive"}
    left_behind = Writes(
        puts=[garbage_of_time_to_live(schema.time_to_live)], deletes=[register_key(schema.time_to_live)]
    )
    return [catalogs.save(replace(schema, settings=settings)), left_behind]


def update_time_to_live(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    specification: Mapping[str, Any] = request["TimeToLiveSpecification"]
    return UpdateTimeToLive(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        specification["Enabled"],
        specification["AttributeName"],
    )


@dataclass(frozen=True, slots=True)
class DescribeTimeToLive:
    surroundings: Surroundings
    namespace: str
    table_name: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.describe_table(txn, self.namespace, self.table_name)
        running = running_transition(schema, self.surroundings.clock())
        if running is not None and running.status in (CREATING, DELETING):
            raise ValidationException(
                f"Cannot describe time to live while table is in {running.status} state: "
                f"Current table state is {running.status}"
            )
        return Outcome(orjson.dumps({"TimeToLiveDescription": _described(schema.time_to_live, txn)}))


def _described(ttl: TimeToLive | None, txn: ReadTxn) -> dict[str, str]:
    if ttl is None:
        return {"TimeToLiveStatus": "DISABLED"}
    row = txn.get(register_key(ttl))
    assert row is not None, "the register is kept with the schemas"
    status = "ENABLED" if registration(row).filled_to is None else "ENABLING"
    return {"TimeToLiveStatus": status, "AttributeName": ttl.attribute}


def describe_time_to_live(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DescribeTimeToLive(surroundings, surroundings.namespace(caller), request["TableName"])
