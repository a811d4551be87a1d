"""What conditions mean (FACTS 4.7), and that they mean it for any item: generated conditions against a plain model."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.expressions.compiling import condition, encoded
from tests.wire import BS, NS, SS, B, Item, L, M, N, S, Value

ITEM: Item = {
    "s": S("abc"),
    "n": N(5),
    "b": B(b"abc"),
    "yes": {"BOOL": True},
    "nil": {"NULL": True},
    "ss": SS("a", "b", ""),
    "ns": NS(1, "2.50"),
    "bs": BS(b"x"),
    "l": L(S("a"), N(7), L(N(1))),
    "m": M(x=N(1), y=S("abc"), deep=M(z=S("q"))),
    "e": S(""),
}
VALUES: dict[str, Value] = {
    ":abc": S("abc"),
    ":ab": S("ab"),
    ":b": S("b"),
    ":q": S("q"),
    ":empty": S(""),
    ":1": N(1),
    ":3": N(3),
    ":5": N("5.0"),
    ":7": N(7),
    ":raw": B(b"ab"),
    ":ss": SS("", "b", "a"),
    ":ns": NS("2.5", "1.0"),
    ":m": M(deep=M(z=S("q")), y=S("abc"), x=N("1.0")),
    ":l": L(S("a"), N(7), L(N(1))),
    ":turned": L(N(7), S("a"), L(N(1))),
    ":yes": {"BOOL": True},
    ":nil": {"NULL": True},
    ":SS": S("SS"),
    ":NULL": S("NULL"),
}


@pytest.mark.parametrize(
    "text",
    [
        "s = :abc",
        "n = :5",
        ":5 = n",
        "yes = :yes",
        "nil = :nil",
        "ss = :ss",
        "ns = :ns",
        "m = :m",
        "l = :l",
        "l <> :turned",
        "s <> :5",
        "zz <> :5",
        "zz <> yy",
        "s > :ab",
        "n BETWEEN :3 AND :7",
        ":5 BETWEEN m.x AND l[1]",
        "s IN (:5, :abc)",
        "m IN (:5, :m)",
        "m.x = :1",
        "l[1] = :7",
        "l[2][0] = m.x",
        "m.deep.z = :q",
        "attribute_exists(m.deep.z)",
        "attribute_not_exists(m.deep.w)",
        "attribute_not_exists(l[3])",
        "attribute_type(ss, :SS)",
        "attribute_type(nil, :NULL)",
        "begins_with(s, :ab)",
        "begins_with(b, :raw)",
        "begins_with(s, e)",
        "contains(s, :b)",
        "contains(ss, :empty)",
        "contains(ns, :1)",
        "contains(l, :7)",
        "contains(b, :raw)",
        "contains(:abc, :b)",
        "size(s) = :3",
        "size(b) = :3",
        "size(ss) = :3",
        "size(l) = :3",
        "size(m) = :3",
        "size(e) < :1",
        "size(:abc) = size(m)",
        "NOT zz = :5",
        "NOT NOT s = :abc",
        "s = :abc OR s = :ab AND n = :3",
        "NOT s = :ab AND n = :5",
        "s = :abc and n = :5 Or s = :q",
    ],
)
def test_a_condition_holds(text: str) -> None:
    assert condition(text, VALUES).matches(encoded(ITEM)) is True


@pytest.mark.parametrize(
    "text",
    [
        "zz = :5",
        "zz < :5",
        "zz = yy",
        "zz BETWEEN :3 AND :7",
        "s < :5",
        "n > :abc",
        "n BETWEEN :ab AND :abc",
        "zz IN (:5)",
        "l = :turned",
        "contains(s, :5)",
        "contains(zz, :b)",
        "contains(n, :5)",
        "begins_with(n, :ab)",
        "begins_with(zz, :ab)",
        "attribute_type(zz, :NULL)",
        "size(n) > :1",
        "size(zz) > :1",
        "size(yes) = :1",
        "s.x = :abc",
        "m[0] = :1",
        "l.x = :7",
        "(s = :abc OR s = :ab) AND n = :3",
    ],
)
def test_a_condition_does_not_hold(text: str) -> None:
    assert condition(text, VALUES).matches(encoded(ITEM)) is False


def test_without_an_item_every_attribute_is_missing() -> None:
    assert condition("attribute_not_exists(a) AND a <> :5", VALUES).matches(None) is True
    assert condition("attribute_exists(a) OR a = :5", VALUES).matches(None) is False


def test_names_are_replaced_wherever_they_stand_in_a_path() -> None:
    names = {"#m": "m", "#deep": "deep", "#l": "l"}
    compiled = condition("#m.#deep.z = :q AND #l[1] = :7", VALUES, names)
    assert compiled.matches(encoded(ITEM)) is True
    assert compiled.paths == (("m", "deep", "z"), ("l", 1))


def test_the_same_text_under_other_names_is_another_condition() -> None:
    assert condition("#a = :5", VALUES, {"#a": "n"}).matches(encoded(ITEM)) is True
    assert condition("#a = :5", VALUES, {"#a": "s"}).matches(encoded(ITEM)) is False


def test_an_alias_may_stand_for_a_reserved_word_or_a_name_with_dots() -> None:
    item: Item = {"select": N(1), "a.b": N(3)}
    assert condition("#s = :1 AND #d = :3", VALUES, {"#s": "select", "#d": "a.b"}).matches(encoded(item)) is True


# --- against a model --------------------------------------------------------------------------------------------------
# Generated: comparisons, BETWEEN, IN, the functions, AND/OR/NOT over four attributes, one nested.  Not covered: type
# faults (operands that would be refused are not generated), deeper paths.

scalar_values = st.sampled_from([S("a"), S("ab"), S(""), N(1), N("1.0"), N(-2), N("1e3"), B(b"a"), B(b"\xff")])
any_values = scalar_values | st.sampled_from(
    [SS("a", "ab"), NS(1, -2), BS(b"a"), L(S("a"), N(1)), M(x=N(1), y=S("a")), {"BOOL": True}, {"NULL": True}, M()]
)
PATHS = ("p", "q", "r", "m.x")
items = st.dictionaries(st.sampled_from(["p", "q", "r"]), any_values).flatmap(
    lambda top: (any_values | st.none()).map(lambda nested: top if nested is None else {**top, "m": M(x=nested)})
)
paths = st.sampled_from(PATHS)
operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
leaves = st.one_of(
    st.tuples(st.just("compare"), operators, paths, scalar_values),
    st.tuples(st.just("compare"), st.sampled_from(["=", "<>"]), paths, any_values),
    st.tuples(st.just("paths"), operators, st.sampled_from([("p", "q"), ("q", "m.x"), ("r", "p")])),
    st.tuples(st.just("size"), operators, paths, st.integers(0, 3)),
    st.tuples(st.just("in"), paths, st.lists(any_values, min_size=1, max_size=3)),
    st.tuples(st.just("between"), paths, st.sampled_from([(N(-2), N(1)), (S(""), S("ab")), (B(b"a"), B(b"b"))])),
    st.tuples(st.just("exists"), paths),
    st.tuples(st.just("missing"), paths),
    st.tuples(st.just("type"), paths, st.sampled_from(["S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL"])),
    st.tuples(st.just("begins"), paths, st.sampled_from([S("a"), S(""), B(b"a"), B(b"")])),
    st.tuples(st.just("contains"), paths, any_values),
)
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


class Writer:
    """Writes a tree as text, collecting its values."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def value(self, value: Value) -> str:
        alias = f":v{len(self.values)}"
        self.values[alias] = value
        return alias

    def text(self, tree: Any) -> str:
        kind, *parts = tree
        if kind == "not":
            return f"NOT ({self.text(parts[0])})"
        if kind in ("and", "or"):
            return f" {kind.upper()} ".join(f"({self.text(part)})" for part in parts[0])
        if kind == "compare":
            return f"{parts[1]} {parts[0]} {self.value(parts[2])}"
        if kind == "paths":
            return f"{parts[1][0]} {parts[0]} {parts[1][1]}"
        if kind == "size":
            return f"size({parts[1]}) {parts[0]} {self.value(N(parts[2]))}"
        if kind == "in":
            return f"{parts[0]} IN ({', '.join(self.value(choice) for choice in parts[1])})"
        if kind == "between":
            return f"{parts[0]} BETWEEN {self.value(parts[1][0])} AND {self.value(parts[1][1])}"
        function = {"exists": "attribute_exists", "missing": "attribute_not_exists", "type": "attribute_type"}
        if kind == "type":
            return f"attribute_type({parts[0]}, {self.value(S(parts[1]))})"
        if kind in function:
            return f"{function[kind]}({parts[0]})"
        name = "begins_with" if kind == "begins" else "contains"
        return f"{name}({parts[0]}, {self.value(parts[1])})"


def plain(value: Value) -> tuple[str, Any]:
    """A value in a form whose == is DynamoDB's, and whose content has the order of its type."""
    (kind, content), *_ = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind == "B":
        return kind, base64.b64decode(content)
    if kind == "NS":
        return kind, frozenset(map(Decimal, content))
    if kind == "BS":
        return kind, frozenset(map(base64.b64decode, content))
    if kind == "SS":
        return kind, frozenset(content)
    if kind == "L":
        return kind, [plain(element) for element in content]
    if kind == "M":
        return kind, {name: plain(entry) for name, entry in content.items()}
    return kind, content


def find(item: Item, path: str) -> tuple[str, Any] | None:
    if path == "m.x":
        return plain(item["m"]["M"]["x"]) if "m" in item else None
    return plain(item[path]) if path in item else None


def compares(operator: str, left: tuple[str, Any] | None, right: tuple[str, Any] | None) -> bool:
    if left is None or right is None:
        return operator == "<>"
    if operator in ("=", "<>"):
        return (left == right) == (operator == "=")
    if left[0] != right[0] or left[0] not in ("S", "N", "B"):
        return False
    a, b = (x[1].encode() if x[0] == "S" else x[1] for x in (left, right))
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def size_of(value: tuple[str, Any] | None) -> tuple[str, Any] | None:
    if value is None or value[0] in ("N", "BOOL", "NULL"):
        return None
    units = len(value[1].encode("utf-16-le")) // 2 if value[0] == "S" else len(value[1])
    return "N", Decimal(units)


def contains(container: tuple[str, Any] | None, member: tuple[str, Any]) -> bool:
    if container is None:
        return False
    kind, content = container
    if kind in ("S", "B"):
        return member[0] == kind and member[1] in content
    if kind in ("SS", "NS", "BS"):
        return member[0] == kind[0] and member[1] in content
    return kind == "L" and member in content


def holds(tree: Any, item: Item) -> bool:
    kind, *parts = tree
    if kind == "not":
        return not holds(parts[0], item)
    if kind in ("and", "or"):
        results = [holds(part, item) for part in parts[0]]
        return all(results) if kind == "and" else any(results)
    if kind == "compare":
        return compares(parts[0], find(item, parts[1]), plain(parts[2]))
    if kind == "paths":
        return compares(parts[0], find(item, parts[1][0]), find(item, parts[1][1]))
    if kind == "size":
        return compares(parts[0], size_of(find(item, parts[1])), ("N", Decimal(parts[2])))
    value = find(item, parts[0])
    if kind == "in":
        return any(compares("=", value, plain(choice)) for choice in parts[1])
    if kind == "between":
        low, high = map(plain, parts[1])
        return compares(">=", value, low) and compares("<=", value, high)
    if kind in ("exists", "missing"):
        return bool((value is not None) == (kind == "exists"))
    if kind == "type":
        return value is not None and bool(value[0] == parts[1])
    if kind == "begins":
        prefix = plain(parts[1])
        return value is not None and value[0] == prefix[0] and bool(value[1].startswith(prefix[1]))
    return contains(value, plain(parts[1]))


@given(trees, items)
def test_a_condition_means_what_the_model_says(tree: Any, item: Item) -> None:
    writer = Writer()
    text = writer.text(tree)
    assert condition(text, writer.values).matches(encoded(item)) is holds(tree, item)
