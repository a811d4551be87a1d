"""Literals of a statement as encoded values.

Where a value stands is told in two ways: ``under root[1].x`` of a number that does not fit, ``under key root.1.x`` of
what is no value at all.  ``root`` is the literal itself, of an INSERT each attribute (observed on DynamoDB Local 1.25).
"""

from __future__ import annotations

from typing import Any, Final

from ddbengine import _core
from ddbengine.partiql.faults import StatementFault
from ddbengine.partiql.syntax import (
    Call,
    Expression,
    IonLiteral,
    Missing,
    Operation,
    Parameter,
    Path,
    Scalar,
    Sequence,
    Struct,
    Unsupported,
    Variable,
)

Place = tuple[str | int, ...]

_INVALID: Final = "One or more parameter values were invalid: "
_NUMBER_PROBLEMS: Final = {
    "number_overflow": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "number_underflow": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    "number_precision": "Attempting to store more than 38 significant digits in a Number",
}
_TOO_DEEP: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
_KINDS: Final[dict[type, str]] = {
    Variable: "VariableReference",
    Parameter: "Parameter",
    Path: "Path",
    Missing: "MISSING",
    Scalar: "Literal",
    Sequence: "Seq",
    Struct: "Struct",
}
_ION_MARKS: Final = (("{{", "BLOB"), ("{", "STRUCT"), ("[", "LIST"), ("(", "SEXP"), ('"', "STRING"))


def is_literal(node: Expression) -> bool:
    """Whether a node is meant as a literal value, be it a faulty one."""
    return isinstance(node, (Scalar, Sequence, Struct, IonLiteral))


def constant(node: Expression) -> bytes:
    """The encoded value of a literal; raise StatementFault."""
    try:
        return _core.encode_value(_wire(node, ()))
    except _core.ValueFault as fault:
        raise StatementFault(_worded(fault)) from None


def _wire(node: Expression, place: Place) -> dict[str, Any]:
    if isinstance(node, Scalar):
        if "N" in node.wire:
            _check_number(node.wire["N"], place)
        return node.wire
    if isinstance(node, Sequence):
        if node.is_bag:
            return _set_wire(node, place)
        return {"L": [_wire(item, (*place, number)) for number, item in enumerate(node.items)]}
    if isinstance(node, Struct):
        return {"M": {key: _wire(value, (*place, key)) for key, value in struct_entries(node, place)}}
    if isinstance(node, IonLiteral):
        raise StatementFault(
            f"Ion Literals are not supported: {_ion_type(node.text)} under key {_dotted(place)}", node.at
        )
    raise StatementFault(f"Unsupported data type: {_named(node, place)} under key {_dotted(place)}", node.at)


def struct_entries(struct: Struct, place: Place = ()) -> list[tuple[str, Expression]]:
    """Names and values of a struct; raise StatementFault for a name that is no string, or comes twice."""
    entries: dict[str, Expression] = {}
    for key, value in struct.entries:
        if not isinstance(key, Scalar) or "S" not in key.wire:
            raise StatementFault(
                f"Tuple keys must be of type String. Actual type: {_key_type(key)} under {_dotted(place)}", key.at
            )
        name = key.wire["S"]
        if name in entries:
            at = struct.at if place else key.at
            raise StatementFault(f"Duplicate keys in tuple. Key: {name} under {_dotted(place)}", at)
        if not name:
            raise StatementFault("Path component cannot be an empty string")
        entries[name] = value
    return list(entries.items())


def _set_wire(bag: Sequence, place: Place) -> dict[str, Any]:
    if not bag.items:
        raise StatementFault("Empty bags are not supported")
    members: list[str] = []
    set_type = ""
    for item in bag.items:
        type_name = next(iter(item.wire)) if isinstance(item, Scalar) else ""
        set_type = set_type or type_name
        if type_name not in ("S", "N") or type_name != set_type:
            raise StatementFault(
                "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags", item.at
            )
        assert isinstance(item, Scalar), "only a scalar has a type name"
        if type_name == "N":
            _check_number(item.wire["N"], place)
        members.append(item.wire[type_name])
    return {f"{set_type}S": members}


def _check_number(text: str, place: Place) -> None:
    try:
        _core.number_from_text(text)
    except _core.ValueFault as fault:
        raise StatementFault(f"{_worded(fault)} under {_indexed(place)}") from None


def _worded(fault: _core.ValueFault) -> str:
    if fault.kind == "nesting":
        return _TOO_DEEP
    if fault.kind == "NS_duplicates":
        return "Input collection contains duplicates"
    if fault.kind == "SS_duplicates":
        return f"{_INVALID}Input collection [{', '.join(fault.detail)}] contains duplicates."
    return _NUMBER_PROBLEMS[fault.kind]


def _indexed(place: Place) -> str:
    return "root" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _dotted(place: Place) -> str:
    return ".".join(["root", *map(str, place)])


def _named(node: Expression, place: Place) -> str:
    """What a message calls a node that is no value: at the top by its own name, further down by its kind."""
    if isinstance(node, Call):
        return node.name
    if isinstance(node, Operation):
        return node.operator
    if isinstance(node, Unsupported):
        return node.name
    if isinstance(node, Variable) and not place:
        return node.name
    return _KINDS.get(type(node), type(node).__name__)


def _key_type(key: Expression) -> str:
    if isinstance(key, Scalar):
        type_name = next(iter(key.wire))
        if type_name == "N":
            return "INT" if key.wire["N"].lstrip("-").isdigit() else "DECIMAL"
        return type_name
    return _KINDS.get(type(key), type(key).__name__)


def _ion_type(text: str) -> str:
    stripped = text.strip()
    for mark, name in _ION_MARKS:
        if stripped.startswith(mark):
            return name
    if stripped.lstrip("+-").isdigit():
        return "INT"
    return "NULL" if stripped == "null" else "BOOL" if stripped in ("true", "false") else "SYMBOL"
