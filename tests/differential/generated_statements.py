"""Random statements of PartiQL over the tables of the comparison: alone, in batches and in transactions.

What the emulator has wrong is left out, see ``statements``; of writes without further predicates there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

from tests.differential import values
from tests.differential.peers import Request
from tests.differential.tables import TABLES, Table

Body = dict[str, Any]

_COLUMNS = ("*", "*", "pk", "a, b", "n, ss", "m.x", "l[0]")
_WHOLE_COLUMNS = ("*", "pk", "a, b", "n, ss, nope")
"""Of reads in batches and transactions: the emulator answers a nested path whole; nobody has seen the service do it."""
_RETURNING = ("", "", " RETURNING ALL OLD *", " RETURNING ALL NEW *")
_SETTABLE = ("a", "b", "n", "ss", "flag", "m")
"""Attributes that an update sets: no key of an index, no name that would need quotes."""


def single(random: Random, table: Table) -> Request:
    """ExecuteStatement."""
    draw = random.random()
    if draw < 0.4:
        body = _select(random, table)
        if random.random() < 0.5:
            body["ConsistentRead"] = random.random() < 0.5
    else:
        body = _write(random, table, values.key(random, table), may_return=True)
    return Request("ExecuteStatement", body | _capacity(random))


def batch(random: Random, _: Table) -> Request:
    """BatchExecuteStatement: reads of single items, or writes, of different ones."""
    make = _get if random.random() < 0.5 else _write
    entries = [make(random, table, key) for table, key in _distinct(random, 4)]
    return Request("BatchExecuteStatement", {"Statements": entries} | _capacity(random))


def transaction(random: Random, _: Table) -> Request:
    """ExecuteTransaction: the same as one."""
    make = _get if random.random() < 0.4 else _write
    entries = [make(random, table, key) for table, key in _distinct(random, 3)]
    for entry in entries:
        entry.pop("ConsistentRead", None)
    body: Body = {"TransactStatements": entries} | _capacity(random)
    if make is _write and random.random() < 0.5:
        body["ClientRequestToken"] = str(UUID(int=random.getrandbits(128)))
    return Request("ExecuteTransaction", body)


def _select(random: Random, table: Table) -> Body:
    """All of one partition, or one item of it."""
    key = values.key(random, table)
    wanted = ("pk",) if random.random() < 0.5 else table.key
    where, parameters = _where(random, key, wanted)
    return _body(f'SELECT {random.choice(_COLUMNS)} FROM "{table.name}" WHERE {where}', parameters)


def _get(random: Random, table: Table, key: values.Item) -> Body:
    where, parameters = _where(random, key, table.key)
    body = _body(f'SELECT {random.choice(_WHOLE_COLUMNS)} FROM "{table.name}" WHERE {where}', parameters)
    return body | ({"ConsistentRead": True} if random.random() < 0.3 else {})


def _write(random: Random, table: Table, key: values.Item, may_return: bool = False) -> Body:
    draw = random.random()
    if draw < 0.4:
        item = values.item(random, table) | key
        members = ", ".join(f"'{name}': ?" for name in item)
        return _body(f'INSERT INTO "{table.name}" VALUE {{{members}}}', list(item.values()))
    where, parameters = _where(random, key, table.key)
    if draw < 0.6:
        returning = " RETURNING ALL OLD *" if may_return and random.random() < 0.5 else ""
        return _body(f'DELETE FROM "{table.name}" WHERE {where}{returning}', parameters)
    sets, given = _sets(random)
    returning = random.choice(_RETURNING) if may_return else ""
    body = _body(f'UPDATE "{table.name}" {sets} WHERE {where}{returning}', given + parameters)
    if random.random() < 0.3:
        body["ReturnValuesOnConditionCheckFailure"] = random.choice(("ALL_OLD", "NONE"))
    return body


def _sets(random: Random) -> tuple[str, list[values.Value]]:
    names = random.sample(_SETTABLE, random.choice((1, 1, 2)))
    clauses = [f"SET {name} = ?" for name in names]
    if random.random() < 0.3:
        clauses.append(f"REMOVE {random.choice([name for name in _SETTABLE if name not in names])}")
    return " ".join(clauses), [values.usual_value(random, name) for name in names]


def _where(random: Random, key: values.Item, names: Sequence[str]) -> tuple[str, list[values.Value]]:
    clauses, parameters = [], []
    for name in names:
        ((kind, content),) = key[name].items()
        if kind != "B" and random.random() < 0.3:
            clauses.append(f"{name} = '{content}'" if kind == "S" else f"{name} = {content}")
        else:
            clauses.append(f"{name} = ?")
            parameters.append(key[name])
    return " AND ".join(clauses), parameters


def _body(statement: str, parameters: list[values.Value]) -> Body:
    return {"Statement": statement} | ({"Parameters": parameters} if parameters else {})


def _distinct(random: Random, most: int) -> list[tuple[Table, values.Item]]:
    drawn: dict[str, tuple[Table, values.Item]] = {}
    for _ in range(random.randint(1, most)):
        table = random.choice(TABLES)
        key = values.key(random, table)
        drawn[f"{table.name} {key}"] = (table, key)
    return list(drawn.values())


def _capacity(random: Random) -> Body:
    return {"ReturnConsumedCapacity": random.choice(("TOTAL", "INDEXES", "NONE"))} if random.random() < 0.2 else {}
