"""Amazon Ion text, an item a line as in the service's exports: ``$ion_1_0 {Item:{pk:"x",s:$dynamodb_SS::["a"]}}``.

| Ion | DynamoDB |
| --- | --- |
| string · decimal, int · blob · bool · null | S · N · B · BOOL · NULL |
| struct · list | M · L |
| list annotated ``$dynamodb_SS``, ``$dynamodb_NS``, ``$dynamodb_BS`` | SS · NS · BS |

Everything else in Ion (float, timestamp, symbol, clob, S-expression) stands for nothing in DynamoDB (guide, "DynamoDB
table export output format" and "Amazon S3 import formats for DynamoDB").  Reading it takes the library ``amazon.ion``,
which is installed with the extra ``ion``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

from ddbengine.exchange.lines import Unreadable, read_lines
from ddbengine.exchange.records import Reader, SourceError

__all__ = ["ion_reader"]

Value = dict[str, Any]

_SETS = {f"$dynamodb_{kind}": kind for kind in ("SS", "NS", "BS")}
_BINARY_MARK = b"\xe0\x01\x00\xea"


def ion_reader() -> Reader:
    """What reads items; raise SourceError without the library."""
    try:
        simpleion, errors = import_module("amazon.ion.simpleion"), import_module("amazon.ion.exceptions")
    except ImportError as error:
        raise SourceError("to read Amazon Ion, install its library: pip install 'ddbengine[ion]'") from error
    load = partial(simpleion.loads, single_value=True)
    return partial(read_lines, partial(_item, load, errors.IonException))


def _item(load: Callable[[str], Any], failure: type[Exception], line: bytes) -> Value:
    if line.startswith(_BINARY_MARK):
        raise Unreadable("is binary Ion: only Ion text can be read")
    try:
        parsed = load(line.decode())
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8 text") from error
    except (failure, RecursionError, ValueError) as error:
        raise Unreadable(f"is not an Ion value: {error}") from error
    item = parsed.get("Item") if _type_name(parsed) == "STRUCT" else None
    if item is None or _type_name(item) != "STRUCT":
        raise Unreadable("is no item: Ion like {Item:{...}} is needed on each line")
    return _entries(item)


def _type_name(value: Any) -> str:
    """The name of a value's Ion type; NULL for a null of whatever type."""
    kind = getattr(value, "ion_type", None)
    return "NULL" if kind is None or type(value).__name__ == "IonPyNull" else str(kind.name)


def _entries(struct: Any) -> Value:
    entries: Value = {}
    for name, value in struct.items():
        if not isinstance(name, str):
            raise Unreadable("has an attribute without a name")
        if name in entries:
            raise Unreadable(f"has the attribute {name} twice")
        entries[name] = _value(value)
    return entries


def _value(value: Any) -> Value:
    kind = _type_name(value)
    if kind == "LIST":
        return _list(value)
    if kind == "STRUCT":
        return {"M": _entries(value)}
    convert = _SCALARS.get(kind)
    if convert is None:
        raise Unreadable(f"has a value of the Ion type {kind.lower()}, which DynamoDB does not have")
    return convert(value)


def _list(values: Any) -> Value:
    for annotation in values.ion_annotations:
        kind = _SETS.get(annotation.text)
        if kind is not None:
            return {kind: [_member(kind[0], value) for value in values]}
    return {"L": [_value(value) for value in values]}


def _member(kind: str, value: Any) -> str:
    member: str | None = _value(value).get(kind)
    if member is None:
        raise Unreadable(f"has a set with a member that is no {kind}")
    return member


def _number(value: Any) -> Value:
    return {"N": str(Decimal(value))}


_SCALARS: dict[str, Callable[[Any], Value]] = {
    "STRING": lambda value: {"S": str(value)},
    "DECIMAL": _number,
    "INT": _number,
    "BLOB": lambda value: {"B": b64encode(value).decode()},
    "BOOL": lambda value: {"BOOL": bool(value)},
    "NULL": lambda value: {"NULL": True},
}
