"""What expressions cost: compiling with a cached parse, and using the result on one item, in microseconds a call.

    python -m bench.expressions [repeats]

The last line counts what the measured calls answered: a change that makes them faster must not change it.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ddbengine import _core
from ddbengine.expressions import (
    Placeholders,
    compile_condition,
    compile_key_condition,
    compile_projection,
    compile_update,
)
from ddbengine.schema.table import KeyAttribute

T = TypeVar("T")

ITEM: dict[str, Any] = {
    "pk": {"S": "customer#123"},
    "sk": {"S": "order#2024-01-01"},
    "status_code": {"S": "shipped"},
    "price": {"N": "129.95"},
    "attempts": {"N": "3"},
    "tags": {"SS": ["gift", "express"]},
    "address": {"M": {"city": {"S": "Utrecht"}, "zip": {"S": "3511"}}},
    "parts": {"L": [{"M": {"sku": {"S": "a"}, "count": {"N": "2"}}}]},
}
VALUES: dict[str, Any] = {
    ":v": {"S": "shipped"},
    ":n": {"N": "1"},
    ":m": {"N": "200"},
    ":l": {"L": [{"S": "x"}]},
    ":s": {"SS": ["gift"]},
}
NAMES = {"#s": "status_code"}
CONDITIONS = (
    "attribute_not_exists(pk)",
    "#s = :v",
    "attempts BETWEEN :n AND :m AND #s = :v",
    "contains(tags, :v) OR address.city = :v OR size(parts) > :n",
)
UPDATES = (
    "SET #s = :v",
    "SET attempts = attempts + :n",
    "ADD attempts :n, tags :s",
    "SET address.city = :v, parts = list_append(parts, :l) REMOVE price",
)

PROJECTIONS = ("#s, price", "address.city, #s, parts[0]")
KEY_CONDITIONS = ("pk = :v", "pk = :v AND begins_with(sk, :v)")
KEY = ((KeyAttribute("pk", "S"),), (KeyAttribute("sk", "S"),))


def microseconds(call: Callable[[], Any], repeats: int) -> float:
    """The best of five rounds."""
    return min(timeit.repeat(call, number=repeats, repeat=5)) / repeats * 1e6


def measured(text: str, compiled: Callable[[str], T], use: Callable[[T], bytes | bool], repeats: int) -> int:
    """Print the cost of compiling a text and of using it; return the size of what the use answered."""
    expression = compiled(text)
    compiling = microseconds(partial(compiled, text), repeats)
    using = microseconds(partial(use, expression), repeats)
    print(f"{compiling:8.2f} {using:8.2f}  {text}")
    answer = use(expression)
    return len(answer) if isinstance(answer, bytes) else answer


def main(repeats: int) -> int:
    """Print the table; return how many conditions held plus the bytes that updates and projections made."""
    item = _core.encode_item(ITEM)[0]
    values = {alias: _core.encode_value(value) for alias, value in VALUES.items()}

    def placeholders() -> Placeholders:
        return Placeholders(NAMES, values)

    print(" compile      use  (microseconds)")
    answers = 0
    for text in CONDITIONS:
        answers += measured(text, lambda t: compile_condition(t, placeholders()), lambda c: c.matches(item), repeats)
    for text in UPDATES:
        answers += measured(
            text, lambda t: compile_update(t, placeholders()), lambda u: u.apply(item, {}).item, repeats
        )
    for text in PROJECTIONS:
        answers += measured(text, lambda t: compile_projection(t, placeholders()), lambda p: p.of(item), repeats)
    for text in KEY_CONDITIONS:
        answers += measured(
            text,
            lambda t: compile_key_condition(t, placeholders()),
            lambda k: k.bind(*KEY).operator is not None,
            repeats,
        )
    print(f"answers: {answers}")
    return answers


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
