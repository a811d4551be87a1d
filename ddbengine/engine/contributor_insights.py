"""UpdateContributorInsights, DescribeContributorInsights and ListContributorInsights, as settings (FACTS 5.16).

What is switched on is kept with the table, for itself and for each global index; no keys are counted, and there is no
CloudWatch to read reports from.  A setting that was never changed is DISABLED and shows neither mode nor time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import ResourceNotFoundException, ValidationException
from ddbengine.limits import LIST_INSIGHTS_MAX_SUMMARIES
from ddbengine.schema.describe import wire_time
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.transition import running_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_SETTING = "ContributorInsights"
_EVERYTHING = "ACCESSED_AND_THROTTLED_KEYS"
_TOKEN_MAX_DIGITS = 18
_RULES = (("PKC", False, False), ("SKC", True, False), ("PKT", False, True), ("SKT", True, True))
"""Name of a rule, whether it is about sort keys, and whether about throttled keys only."""


@dataclass(frozen=True, slots=True)
class Insights:
    """What a table says of one of its keys: its own, or that of a global index."""

    schema: TableSchema
    index: IndexSchema | None
    setting: Mapping[str, Any] | None
    """Enabled, Mode, Changed (seconds since the epoch), Settled: until when it is ENABLING or DISABLING."""

    def status(self, now: float) -> str:
        if self.setting is None:
            return "DISABLED"
        stem = "ENABL" if self.setting["Enabled"] else "DISABL"
        return f"{stem}ING" if now < self.setting["Settled"] else f"{stem}ED"

    def names(self) -> dict[str, str]:
        names = {"TableName": self.schema.name}
        return names if self.index is None else {**names, "IndexName": self.index.name}

    def summary(self, now: float) -> dict[str, Any]:
        summary: dict[str, Any] = {**self.names(), "ContributorInsightsStatus": self.status(now)}
        return summary if self.setting is None else {**summary, "ContributorInsightsMode": self.setting["Mode"]}

    def description(self, now: float) -> dict[str, Any]:
        description = self.summary(now)
        if self.setting is not None:
            description["LastUpdateDateTime"] = wire_time(self.setting["Changed"])
            if self.setting["Enabled"]:
                description["ContributorInsightsRuleList"] = self._rules(self.setting)
        return description

    def _rules(self, setting: Mapping[str, Any]) -> list[str]:
        has_sort = bool(self.schema.sort if self.index is None else self.index.sort)
        place = "-".join(self.names().values())
        since = int(setting["Since"] * 1000)
        return [
            f"DynamoDBContributorInsights-{name}-{place}-{since}"
            for name, of_sort, of_throttled in _RULES
            if (has_sort or not of_sort) and (of_throttled or setting["Mode"] == _EVERYTHING)
        ]


def _insights(schema: TableSchema, index_name: str | None) -> Insights:
    """Raise ResourceNotFoundException for what is no global index of the table."""
    index = next((index for index in schema.global_indexes if index.name == index_name), None)
    if index_name is not None and index is None:
        raise ResourceNotFoundException(
            f"Requested resource not found: Index: {index_name} not found for table: {schema.name}"
        )
    return Insights(schema, index, schema.settings.get(_SETTING, {}).get(_number(schema, index)))


def _number(schema: TableSchema, index: IndexSchema | None) -> str:
    """By which a setting is known, so that an index made anew under an old name starts without."""
    return str(schema.number if index is None else index.number)


@dataclass(frozen=True, slots=True)
class UpdateContributorInsights:
    surroundings: Surroundings
    namespace: str
    table_name: str
    index_name: str | None
    enabled: bool
    mode: str | None
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        now = self.surroundings.clock()
        schema = self.surroundings.catalog.established_table(txn, self.namespace, self.table_name)
        insights = _insights(schema, self.index_name)
        if self.enabled and insights.index is not None:
            self._check_index(schema, insights.index, now)
        old = insights.setting
        mode = self.mode or _EVERYTHING
        if old is None and not self.enabled:
            return Outcome(orjson.dumps(insights.summary(now)))
        if old is not None and old["Enabled"] == self.enabled and (not self.enabled or old["Mode"] == mode):
            return Outcome(orjson.dumps(insights.summary(now)))
        was_enabled = old is not None and old["Enabled"]
        new = {
            "Enabled": self.enabled,
            "Mode": mode if self.enabled or old is None else old["Mode"],
            "Changed": now,
            "Since": old["Since"] if old is not None and was_enabled else now,
            "Settled": now + self.surroundings.transient_seconds,
        }
        settings = {**schema.settings.get(_SETTING, {}), _number(schema, insights.index): new}
        saved = catalogs.save(replace(schema, settings={**schema.settings, _SETTING: settings}))
        answer = replace(insights, setting=new).summary(now)
        answer["ContributorInsightsStatus"] = "ENABLING" if self.enabled else "DISABLING"
        return Outcome(orjson.dumps(answer), [saved])

    @staticmethod
    def _check_index(schema: TableSchema, index: IndexSchema, now: float) -> None:
        running = running_transition(schema, now)
        shown = {} if running is None else running.indexes.get(index.name, {})
        if index.is_filling or shown.get("IndexStatus") == "CREATING":
            raise ValidationException(
                "Table or Index is not in a valid state to update Key Access Insights: "
                "IndexStatus must be ACTIVE to enable ContributorInsights."
            )


def update_contributor_insights(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return UpdateContributorInsights(
        surroundings,
        surroundings.namespace(caller),
        request["TableName"],
        request.get("IndexName"),
        request["ContributorInsightsAction"] == "ENABLE",
        request.get("ContributorInsightsMode"),
    )


@dataclass(frozen=True, slots=True)
class DescribeContributorInsights:
    surroundings: Surroundings
    namespace: str
    table_name: str
    index_name: str | None
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.established_table(txn, self.namespace, self.table_name)
        return Outcome(orjson.dumps(_insights(schema, self.index_name).description(self.surroundings.clock())))


def describe_contributor_insights(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    namespace = surroundings.namespace(caller)
    return DescribeContributorInsights(surroundings, namespace, request["TableName"], request.get("IndexName"))


@dataclass(frozen=True, slots=True)
class ListContributorInsights:
    """What is not DISABLED: of one table or of all, each table before its indexes.  A page ends behind so many that
    are shown; the token is how many came before."""

    surroundings: Surroundings
    namespace: str
    table_name: str | None
    begin: int
    most: int
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        now = self.surroundings.clock()
        summaries = [insights.summary(now) for insights in self._all(txn) if insights.status(now) != "DISABLED"]
        end = self.begin + self.most
        members: dict[str, Any] = {"ContributorInsightsSummaries": summaries[self.begin : end]}
        if end < len(summaries):
            members["NextToken"] = str(end)
        return Outcome(orjson.dumps(members))

    def _all(self, txn: ReadTxn) -> Iterator[Insights]:
        catalog = self.surroundings.catalog
        if self.table_name is not None:
            yield from _of_table(catalog.established_table(txn, self.namespace, self.table_name))
            return
        for name in catalog.names(txn, self.namespace):
            schema = catalog.find(txn, self.namespace, name)
            if schema is not None and _SETTING in schema.settings:
                yield from _of_table(schema)


def _of_table(schema: TableSchema) -> Iterator[Insights]:
    yield _insights(schema, None)
    for index in schema.global_indexes:
        yield _insights(schema, index.name)


def list_contributor_insights(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    token = request.get("NextToken", "0")
    if not (token.isascii() and token.isdigit() and len(token) <= _TOKEN_MAX_DIGITS):
        raise ValidationException("Invalid NextToken")
    most = request.get("MaxResults", LIST_INSIGHTS_MAX_SUMMARIES)
    if most <= 0:
        most = LIST_INSIGHTS_MAX_SUMMARIES
    namespace = surroundings.namespace(caller)
    return ListContributorInsights(surroundings, namespace, request.get("TableName"), int(token), most)
