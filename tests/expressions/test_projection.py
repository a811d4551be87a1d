"""Projections (FACTS 4.5)."""

from __future__ import annotations

import pytest

from tests.expressions.compiling import decoded, encoded, projection, projection_fault
from tests.wire import Item, L, M, N, S

ITEM: Item = {"a": S("x"), "b": N(1), "m": M(x=N(1), y=N(2), l=L(N(5), N(6))), "l": L(M(x=N(1), y=N(2)), N(3), N(4))}
OVERLAP = "Two document paths overlap with each other; must remove or rewrite one of these paths; "
CONFLICT = "Two document paths conflict with each other; must remove or rewrite one of these paths; "


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("b, a", {"a": S("x"), "b": N(1)}),
        ("zz, a.x, b[0]", {}),
        ("m.y, m.x", {"m": M(x=N(1), y=N(2))}),
        ("m.l[1]", {"m": M(l=L(N(6)))}),
        ("l[2], l[1]", {"l": L(N(3), N(4))}),
        ("l[0].x, l[0].y", {"l": L(M(x=N(1), y=N(2)))}),
        ("l[2], l[0].y, a", {"a": S("x"), "l": L(M(y=N(2)), N(4))}),
        ("#m.#x, #b", {"b": N(1), "m": M(x=N(1))}),
    ],
)
def test_a_projection_keeps_what_its_paths_name(text: str, kept: Item) -> None:
    compiled = projection(text, {"#m": "m", "#x": "x", "#b": "b"})
    assert decoded(compiled.of(encoded(ITEM))) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, a", OVERLAP + "path one: [a], path two: [a]"),
        ("#a, a", OVERLAP + "path one: [a], path two: [a]"),
        ("#a, #b", OVERLAP + "path one: [a], path two: [a]"),
        ("a, a.b", OVERLAP + "path one: [a], path two: [a, b]"),
        ("a.b, a", OVERLAP + "path one: [a, b], path two: [a]"),
        ("l, l[0]", OVERLAP + "path one: [l], path two: [l, [0]]"),
        ("a.b, a[0]", CONFLICT + "path one: [a, b], path two: [a, [0]]"),
        ("a.b, c, a[0]", CONFLICT + "path one: [a, b], path two: [a, [0]]"),
        ("#u, select", "Attribute name is a reserved keyword; reserved keyword: select"),
        ("a, a, #u", "An expression attribute name used in the document path is not defined; attribute name: #u"),
        ("a[2147483648]", "List index is not within the allowable range; index: [2147483648]"),
        (".".join(["a"] * 33), "The document path has too many nesting levels; nesting levels: 33"),
    ],
)
def test_a_faulty_projection_is_refused(text: str, message: str) -> None:
    assert projection_fault(text, {"#a": "a", "#b": "a"}) == message


def test_paths_and_tree_describe_the_projection() -> None:
    compiled = projection("l[0].x, m, l[2]")
    assert compiled.paths == (("l", 0, "x"), ("m",), ("l", 2))
    assert compiled.tree == {"l": {0: {"x": None}, 2: None}, "m": None}
