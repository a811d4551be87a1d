"""Requests of any operation, drawn from the service model: an operation the engine learns is fuzzed from then on.

Values are plausible where their member's name says what is wanted (tables and keys that exist, expressions that fit
them, iterators and ARNs that the server gave out), and anything of the right type elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

from ddbengine.api.model import SERVICE, STREAMS_SERVICE, Model, Shape, load
from ddbengine.engine.operations import STREAM_OPERATIONS
from tests.differential import expressions, values
from tests.differential.peers import Request
from tests.differential.tables import TABLES, Table
from tests.fuzz import texts

Body = dict[str, Any]

_MOST_DEEP = 6
_PASSED_ON = ("Arn", "Iterator", "Token", "SequenceNumber", "ShardId", "StreamLabel", "LastEvaluatedTableName")
"""How the names of members end whose values one answer gives and a later request wants."""
_INTEGERS = (-(2**63), -(2**31), -1, 0, 0, 1, 1, 1, 2, 3, 5, 25, 100, 101, 1000, 2**31 - 1, 2**31, 2**63 - 1, 2**64)
_TEXTS = ("", "a", "ab", "abc", "diff-s", "x" * 37, "x" * 256, "x" * 1025, "*", "a/b", "$", "\u0000", "é", "\U0001f600")
_DEFAULT_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/diff-s"


class Generator:
    """Draws requests; remembers what answers gave out, a few of each kind."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: dict[str, list[str]] = defaultdict(list)

    def request(self, operation: str) -> Request:
        """A request of the operation with the members the model has, most required ones present."""
        model = load(STREAMS_SERVICE if operation in STREAM_OPERATIONS else SERVICE)
        table = self._random.choice(TABLES)
        return Request(operation, self._structure(model, model.input(operation), table, 0))

    def learn(self, answer: Any) -> None:
        """Keep what a successful answer gives out for later requests."""
        for name, value in answer.items() if isinstance(answer, dict) else ():
            if isinstance(value, str) and name.endswith(_PASSED_ON):
                known = self._given[_kind(name)]
                if len(known) < 20:
                    known.append(value)
                else:
                    known[self._random.randrange(20)] = value
            elif isinstance(value, list):
                for element in value[:5]:
                    self.learn(element)
            else:
                self.learn(value)

    # --- shapes --------------------------------------------------------------------------------------------------

    def _structure(self, model: Model, shape: Shape, table: Table, depth: int) -> Body:
        chance = self._random.random
        names = list(shape.members)
        if not shape.required and names and all(model.shapes[shape.members[n]].type == "structure" for n in names):
            # One of several: an action of a transaction, a change of an index.
            chosen = [self._random.choice(names)] if chance() < 0.95 else names[:2]
        else:
            often = self._random.choice((0.1, 0.3, 0.3, 0.6))
            chosen = [name for name in names if chance() < (0.97 if name in shape.required else often)]
        body = {name: self._value(model, shape.members[name], name, table, depth + 1) for name in chosen}
        return self._with_expressions(body, shape, table)

    def _with_expressions(self, body: Body, shape: Shape, table: Table) -> Body:
        """Its expressions replaced by ones whose names and values are beside them."""
        build = expressions.Builder(self._random)
        members = [name for name in body if name.endswith("Expression") and isinstance(body[name], str)]
        if members and self._random.random() < 0.95:
            for name in [name for name in body if name.startswith("ExpressionAttribute")]:
                del body[name]
            for name in members:
                body[name] = texts.expression(build, name, table)
            body |= build.members()
        if "Statement" in body:
            body["Statement"], parameters = texts.statement(self._random)
            if parameters:
                body["Parameters"] = parameters
        return body

    def _value(self, model: Model, name: str, member: str, table: Table, depth: int) -> Any:
        shape = model.shapes[name]
        if name == "AttributeValue":
            return values.value(self._random)
        if self._random.random() < 0.93:
            named = self._named(shape, member, table)
            if named is not None:
                return named
        if depth > _MOST_DEEP:
            return {"structure": {}, "list": [], "map": {}}.get(shape.type, "x")
        if shape.type == "structure":
            return self._structure(model, shape, table, depth)
        if shape.type == "list":
            # The name of the member that holds the list says what its elements are: TagKeys, AttributesToGet.
            return [self._value(model, shape.element, member, table, depth + 1) for _ in range(self._count())]
        if shape.type == "map":
            return {
                self._key(member): self._value(model, shape.value, "", table, depth + 1) for _ in range(self._count())
            }
        return self._scalar(shape)

    def _named(self, shape: Shape, member: str, table: Table) -> Any:
        """A value that the member's name asks for; None where it says nothing."""
        random = self._random
        if member.endswith(_PASSED_ON) and shape.type == "string":
            return random.choice(self._given[_kind(member)] or [_DEFAULT_ARN])
        if member == "TableName" or member.endswith("TableName"):
            return table.name if random.random() < 0.8 else random.choice(TABLES).name
        if member in ("Key", "ExclusiveStartKey") and shape.type == "map":
            return values.key(random, table)
        if member == "Keys" and shape.type == "list":
            return [values.key(random, table) for _ in range(random.randint(1, 3))]
        if member == "Item" and shape.type == "map":
            return values.item(random, table)
        if member == "IndexName":
            return random.choice([index.name for index in table.indexes] or ["global-all"])
        if member in ("AttributeName", "AttributesToGet", "NonKeyAttributes") and shape.type == "string":
            return random.choice(("pk", "sk", "g1", "g2", "g3", "l1", *values.NAMES))
        return None

    def _scalar(self, shape: Shape) -> Any:
        random = self._random
        if shape.enum and random.random() < 0.9:
            return random.choice(shape.enum)
        if shape.type == "string":
            return random.choice(_TEXTS)
        if shape.type == "boolean":
            return random.random() < 0.5
        if shape.type == "blob":
            return "AAEC"
        whole = random.choice(_INTEGERS)
        return whole if shape.type in ("integer", "long") else random.choice((whole, 0.5, 1e300, -1e-9))

    def _key(self, member: str) -> str:
        if member == "RequestItems":
            return self._random.choice(TABLES).name
        if member == "ExpressionAttributeNames":
            return self._random.choice(("#a", "#b", "#n0", "a", "#"))
        if member == "ExpressionAttributeValues":
            return self._random.choice((":a", ":b", ":v0", "a", ":"))
        return self._random.choice(("pk", "sk", *values.NAMES))

    def _count(self) -> int:
        return self._random.choice((0, 1, 1, 1, 2, 2, 3, 12))


def _kind(member: str) -> str:
    """``StreamArn`` and ``LatestStreamArn``, ``ShardIterator`` and ``NextShardIterator`` are of one kind."""
    return next(ending for ending in _PASSED_ON if member.endswith(ending))
