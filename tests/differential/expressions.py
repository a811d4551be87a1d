"""Random expressions with the names and values they use, and the legacy parameters that say the same.

Most are legal; operands of a wrong type come often enough to reach the evaluator's and the parser's refusals.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.differential import values
from tests.differential.tables import Index, Table

_PLAIN = frozenset(("a", "b", "n", "m", "l", "ss", "ns", "bs", "flag", "pk", "sk", "g1", "g2", "g3", "l1", "l2"))
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_LEGACY_COMPARATORS = ("EQ", "NE", "LT", "LE", "GT", "GE")


class Builder:
    """Collects the placeholders of a request's expressions."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names: dict[str, str] = {}
        self.values: dict[str, values.Value] = {}

    def members(self) -> dict[str, Any]:
        """ExpressionAttributeNames and ExpressionAttributeValues, where there are any."""
        found: dict[str, Any] = {}
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found

    def name(self, attribute: str) -> str:
        """An attribute's name as it may stand in an expression: itself, or a placeholder for it."""
        if attribute in _PLAIN and self.random.random() < 0.6:
            return attribute
        for placeholder, meant in self.names.items():
            if meant == attribute:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, operand: values.Value) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = operand
        return placeholder

    def attribute(self) -> str:
        return self.random.choice(values.NAMES)

    def path(self) -> str:
        """A document path: usually one name, sometimes into a map or a list."""
        draw = self.random.random()
        if draw < 0.1:
            return f"{self.name('m')}.{self.name(self.random.choice(('x', 'y', 'a')))}"
        if draw < 0.2:
            return f"{self.name('l')}[{self.random.randint(0, 3)}]"
        return self.name(self.attribute())


def condition(build: Builder, depth: int = 2) -> str:
    """A condition or filter expression."""
    random = build.random
    draw = random.random()
    if depth and draw < 0.2:
        return f"{condition(build, depth - 1)} {random.choice(('AND', 'OR', 'and'))} {condition(build, depth - 1)}"
    if depth and draw < 0.3:
        return f"NOT {condition(build, depth - 1)}"
    if depth and draw < 0.35:
        return f"({condition(build, depth - 1)}) AND {_simple_condition(build)}"
    return _simple_condition(build)


def _simple_condition(build: Builder) -> str:
    random = build.random
    kind = random.randrange(9)
    if kind <= 2:
        attribute = build.attribute()
        operand = build.value(values.usual_value(random, attribute))
        return f"{build.name(attribute)} {random.choice(_COMPARATORS)} {operand}"
    if kind == 3:
        return f"{random.choice(('attribute_exists', 'attribute_not_exists'))}({build.path()})"
    if kind == 4:
        types = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
        return f"attribute_type({build.path()}, {build.value({'S': random.choice(types)})})"
    if kind == 5:
        prefix = values.value_of_type(random, random.choice(("S", "S", "B")))
        return f"begins_with({build.path()}, {build.value(prefix)})"
    if kind == 6:
        return f"contains({build.path()}, {build.value(values.value(random, 0))})"
    if kind == 7:
        return f"size({build.path()}) {random.choice(_COMPARATORS)} {build.value({'N': str(random.randint(0, 6))})}"
    return _range_or_list(build)


def _range_or_list(build: Builder) -> str:
    random = build.random
    if random.random() < 0.5:
        operands = ", ".join(build.value(values.value(random, 1)) for _ in range(random.randint(1, 3)))
        return f"{build.path()} IN ({operands})"
    low, high = sorted(random.randint(-50, 50) for _ in range(2))
    return f"{build.name('n')} BETWEEN {build.value({'N': str(low)})} AND {build.value({'N': str(high)})}"


def update(build: Builder) -> str:
    """An update expression: one to three sections, of one or two actions each."""
    sections = build.random.sample(("SET", "REMOVE", "ADD", "DELETE"), build.random.choice((1, 1, 1, 2, 3)))
    attributes = list(values.NAMES)
    build.random.shuffle(attributes)
    parts = []
    for section in sections:
        actions = [_ACTIONS[section](build, attributes.pop()) for _ in range(build.random.choice((1, 1, 2)))]
        parts.append(f"{section} {', '.join(actions)}")
    return " ".join(parts)


def _set_action(build: Builder, attribute: str) -> str:
    random = build.random
    target = build.name(attribute)
    operand = values.usual_value(random, attribute)
    draw = random.random()
    if draw < 0.5:
        return f"{target} = {build.value(operand)}"
    if draw < 0.6:
        return f"{target} = if_not_exists({target}, {build.value(operand)})"
    if draw < 0.75:
        step = build.value({"N": str(random.randint(-5, 5))})
        return f"{target} = if_not_exists({build.name('n')}, {step}) {random.choice('+-')} {step}"
    if draw < 0.85:
        tail = build.value({"L": [values.value(random, 0)]})
        return f"{target} = list_append(if_not_exists({build.name('l')}, {tail}), {tail})"
    if draw < 0.93:
        return f"{target} = {build.name(build.attribute())}"
    return _nested_set(build, attribute, operand)


def _nested_set(build: Builder, attribute: str, operand: values.Value) -> str:
    step = f"[{build.random.randint(0, 4)}]" if attribute == "l" else f".{build.name('x')}"
    return f"{build.name(attribute)}{step} = {build.value(operand)}"


def _remove_action(build: Builder, attribute: str) -> str:
    if attribute == "l":
        return f"{build.name('l')}[{build.random.randint(0, 3)}]"
    if attribute == "m" and build.random.random() < 0.5:
        return f"{build.name('m')}.{build.name('y')}"
    return build.name(attribute)


def _add_action(build: Builder, attribute: str) -> str:
    kind = {"ss": "SS", "ns": "NS", "bs": "BS"}.get(attribute, "N")
    return f"{build.name(attribute)} {build.value(values.value_of_type(build.random, kind))}"


def _delete_action(build: Builder, attribute: str) -> str:
    kind = {"ns": "NS", "bs": "BS"}.get(attribute, "SS")
    return f"{build.name(attribute)} {build.value(values.value_of_type(build.random, kind))}"


_ACTIONS = {"SET": _set_action, "REMOVE": _remove_action, "ADD": _add_action, "DELETE": _delete_action}


def projection(build: Builder) -> str:
    """A projection expression over distinct attributes, keys among them."""
    attributes = build.random.sample((*values.NAMES, "pk", "g1", "g2", "l1"), build.random.randint(1, 4))
    paths = []
    for attribute in attributes:
        name = build.name(attribute)
        if attribute == "l" and build.random.random() < 0.7:
            paths += [f"{name}[{index}]" for index in build.random.sample(range(3), build.random.choice((1, 2)))]
        elif attribute == "m" and build.random.random() < 0.7:
            paths.append(f"{name}.{build.name('x')}")
        else:
            paths.append(name)
    return ", ".join(paths)


def key_condition(build: Builder, table: Table, index: Index | None) -> str:
    """A key condition for the table or one of its indexes: the partition key, and half the time the sort key."""
    random = build.random
    partition, *rest = table.key if index is None else index.key
    clauses = [f"{build.name(partition)} = {build.value(values.key_scalar(random, table.type_of(partition)))}"]
    if rest and random.random() < 0.5:
        clauses.append(_sort_condition(build, rest[0], table.type_of(rest[0])))
        random.shuffle(clauses)
    return " AND ".join(clauses)


def _sort_condition(build: Builder, name: str, kind: str) -> str:
    random = build.random
    operand = values.key_scalar(random, kind)
    draw = random.random()
    if draw < 0.2:
        low, high = _ordered(operand, values.key_scalar(random, kind))
        return f"{build.name(name)} BETWEEN {build.value(low)} AND {build.value(high)}"
    if draw < 0.4 and kind != "N":
        return f"begins_with({build.name(name)}, {build.value(operand)})"
    return f"{build.name(name)} {random.choice(('=', '<', '<=', '>', '>='))} {build.value(operand)}"


def _ordered(first: values.Value, second: values.Value) -> tuple[values.Value, values.Value]:
    if "N" in first:
        return (first, second) if float(first["N"]) <= float(second["N"]) else (second, first)
    return first, first


def expected(random: Random) -> dict[str, Any]:
    """Legacy Expected: one or two attributes, in the old and in the older spelling."""
    return {name: _expected_entry(random, name) for name in random.sample(values.NAMES, random.choice((1, 1, 2)))}


def _expected_entry(random: Random, name: str) -> dict[str, Any]:
    draw = random.random()
    if draw < 0.25:
        return {"Value": values.usual_value(random, name)}
    if draw < 0.4:
        return {"Exists": False}
    return legacy_condition(random, name)


def legacy_condition(random: Random, name: str) -> dict[str, Any]:
    """A Condition of QueryFilter and ScanFilter."""
    draw = random.random()
    if draw < 0.2:
        return {"ComparisonOperator": random.choice(("NULL", "NOT_NULL"))}
    if draw < 0.35:
        operator = random.choice(("CONTAINS", "NOT_CONTAINS"))
        return {"ComparisonOperator": operator, "AttributeValueList": [values.scalar(random, random.choice("SN"))]}
    if draw < 0.5:
        return {"ComparisonOperator": "IN", "AttributeValueList": [values.scalar(random, "S") for _ in range(2)]}
    if draw < 0.6:
        return {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [values.scalar(random, "S")]}
    if draw < 0.7:
        low, high = sorted(random.randint(-50, 50) for _ in range(2))
        return {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": str(low)}, {"N": str(high)}]}
    operator = random.choice(_LEGACY_COMPARATORS)
    return {"ComparisonOperator": operator, "AttributeValueList": [values.usual_value(random, name)]}


def attribute_updates(random: Random) -> dict[str, Any]:
    """Legacy AttributeUpdates of one to three attributes."""
    updates: dict[str, Any] = {}
    for name in random.sample(values.NAMES, random.randint(1, 3)):
        operand = values.usual_value(random, name)
        action = random.choice(("PUT", "PUT", "DELETE", "ADD"))
        entry: dict[str, Any] = {"Action": action}
        if action != "DELETE" or random.random() < 0.4:
            entry["Value"] = operand
        updates[name] = entry
    return updates


def key_conditions(random: Random, table: Table, index: Index | None) -> dict[str, Any]:
    """Legacy KeyConditions."""
    partition, *rest = table.key if index is None else index.key
    conditions = {partition: _equals(random, table.type_of(partition))}
    if rest and random.random() < 0.5:
        operand = values.key_scalar(random, table.type_of(rest[0]))
        operator = random.choice(("EQ", "LT", "LE", "GT", "GE"))
        conditions[rest[0]] = {"ComparisonOperator": operator, "AttributeValueList": [operand]}
    return conditions


def _equals(random: Random, kind: str) -> dict[str, Any]:
    return {"ComparisonOperator": "EQ", "AttributeValueList": [values.key_scalar(random, kind)]}
