"""Expressions and statements, mostly whole, some broken: tokens dropped, doubled, swapped and put in from elsewhere."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from tests.differential import expressions, statements, values
from tests.differential.tables import TABLES, Table

_TOKEN = re.compile(r"\s+|\w+|'[^']*'|\"[^\"]*\"|.", re.DOTALL)

_EXPRESSION_TOKENS = (
    *("SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN", "attribute_exists", "size", "contains"),
    *("if_not_exists", "list_append", "begins_with", "attribute_type", "(", ")", "((", ",", ".", "[", "]", "[0]"),
    *("[99999999999999999999]", "=", "<>", "<", "+", "-", "#n0", "#", ":v0", ":", "a", "pk", "Status", "\u0000", "é"),
    *("\U0001f600", "  ", "\n", "'", '"', "\\", "0", "-1", "1e400", ";", "--", "/*", "9" * 4090),
)
_STATEMENT_TOKENS = (
    *("SELECT", "FROM", "WHERE", "INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE", "RETURNING", "EXISTS"),
    *("MISSING", "NULL", "IS", "NOT", "AND", "OR", "IN", "BETWEEN", "ORDER", "BY", "LIMIT", "?", "*", "<<", ">>", "{"),
    *("}", "[", "]", "(", ")", "'a'", "'", '"', "''", '""', "1", "-", "1e999", "0x1", "`", ".", ",", ":", "--", "/*"),
    *("9" * 5000, "[" + "9" * 5000 + "]", "1e-" + "0" * 5000),
    *("pk", "diff-ss", '"diff-ss"."global-all"', "\u0000", "é", "\U0001f600", "\n", "true", "size", "set_add"),
)
_WRITES = (
    "INSERT INTO \"{t}\" VALUE {{'pk': 'f', 'sk': 's', 'n': 1, 'm': {{'x': [1, <<1, 2>>]}}}}",
    "INSERT INTO \"{t}\" VALUE {{'pk': ?, 'sk': ?}}",
    "UPDATE \"{t}\" SET n = n + 1, m.x = 'y' REMOVE l[0] WHERE pk = 'f' AND sk = 's' RETURNING ALL NEW *",
    "UPDATE \"{t}\" SET ss = set_add(ss, <<'x'>>) WHERE pk = ? AND sk = ?",
    "UPDATE \"{t}\" SET l = list_append(l, [?]) SET b = 1 WHERE pk = 'f'",
    "DELETE FROM \"{t}\" WHERE pk = 'f' AND sk = 's' AND (n > 1 OR contains(ss, 'x')) RETURNING ALL OLD *",
    "EXISTS(SELECT * FROM \"{t}\" WHERE pk = 'f' AND sk = 's' AND n = 1)",
    'SELECT * FROM "{t}"."global-all" WHERE g1 = ? ORDER BY g2 DESC',
)


def broken(random: Random, text: str, tokens: tuple[str, ...] = _EXPRESSION_TOKENS) -> str:
    """The text after one to four accidents."""
    parts = _TOKEN.findall(text) or [""]
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(parts))
        accident = random.randrange(7)
        if accident == 0:
            del parts[place]
        elif accident == 1:
            parts.insert(place, random.choice(tokens))
        elif accident == 2:
            parts[place] = random.choice(tokens)
        elif accident == 3:
            other = random.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        elif accident == 4:
            parts[place] *= random.choice((2, 3, 50, 2000)) if len(parts[place]) < 20 else 1
        elif accident == 5:
            parts = parts[:place]
        else:
            token = random.choice(tokens)
            parts[place:place] = token * (random.choice((20, 400)) if len(token) < 100 else 1)
        parts = parts or [""]
    return "".join(parts)


def expression(build: expressions.Builder, member: str, table: Table) -> str:
    """An expression for a member of this name, its placeholders in ``build``; one in four is broken."""
    random = build.random
    index = random.choice(table.indexes) if table.indexes and random.random() < 0.5 else None
    if member == "UpdateExpression":
        text = expressions.update(build)
    elif member == "ProjectionExpression":
        text = expressions.projection(build)
    elif member == "KeyConditionExpression":
        text = expressions.key_condition(build, table, index)
    else:
        text = expressions.condition(build, random.choice((0, 2, 4)))
    return broken(random, text) if random.random() < 0.25 else text


def statement(random: Random) -> tuple[str, list[Any]]:
    """A statement with as many parameters as it has question marks, nearly always; one in three is broken."""
    if random.random() < 0.4:
        text = str(random.choice(_STATEMENTS))
    else:
        text = random.choice(_WRITES).format(t=random.choice(TABLES).name)
    if random.random() < 0.35:
        text = broken(random, text, _STATEMENT_TOKENS)
    wanted = min(text.count("?"), 50) + random.choice((0, 0, 0, 0, 0, 1, -1))
    return text, [values.value(random) for _ in range(wanted)]


_STATEMENTS = tuple(request.input["Statement"] for request in statements.requests() if "Statement" in request.input)
