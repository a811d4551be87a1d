"""JSON types: what a request's members become before anybody looks at their values (FACTS 1.5).

Each operation's input shape is compiled once, twice over: into a form of ``_core``, which says whether
a request can be taken as it is, as nearly every one can; and into a closure for the others, which
returns the members as the model types them: members that are null or unknown are dropped, decimals
given for integers are floored, text given for booleans is read.  Closures walk what the request holds,
not what the model could.  Attribute values are left to ``_core``, which knows their types by heart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ddbengine import _core
from ddbengine._core import Form, JsonTypeFault, check_item, check_value
from ddbengine.api.model import Model, Shape

__all__ = ["Coerce", "compile_shape", "member_forms"]

Coerce = Callable[[Any], Any]
"""Takes a JSON value that is not null; returns it as the model types it, or raises JsonTypeFault."""

_NAMESPACE = "com.amazonaws.dynamodb.v20120810"
_ATTRIBUTE_VALUE = "AttributeValue"
_UNEXPECTED_OBJECT = "Start of structure or map found where not expected"
_UNEXPECTED_MEMBER = "Unexpected field type"
_UNEXPECTED_ELEMENT = "Unexpected value type in payload"
_UNEXPECTED_GENERIC = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class "
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of "
    "loader 'bootstrap')"
)
_TRUE_TEXTS = frozenset(("true", "1", "yes"))
_FALSE_TEXTS = frozenset(("false", "0", "no"))


# --- scalars -------------------------------------------------------------------------------------


def _token(value: object) -> str:
    """What the service's parser calls a JSON scalar."""
    if type(value) is bool:
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if type(value) is int:
        return "NUMBER_VALUE"
    return "DECIMAL_VALUE" if type(value) is float else "STRING_VALUE"


def _scalar_fault(value: object, java: str) -> JsonTypeFault:
    if type(value) is list:
        return JsonTypeFault(f"Unrecognized collection type class java.lang.{java}")
    if type(value) is dict:
        return JsonTypeFault(_UNEXPECTED_OBJECT)
    return JsonTypeFault(f"{_token(value)} cannot be converted to {java}")


def _string(value: Any) -> Any:
    if type(value) is str:
        return value
    raise _scalar_fault(value, "String")


def _whole(java: str, bits: int) -> Coerce:
    """Whole numbers; what does not fit saturates, as Java narrows a decimal, so that nobody meets a wider one."""
    smallest, largest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def coerce(value: Any) -> Any:
        if type(value) is int:
            if smallest <= value <= largest:
                return value
            return largest if value > 0 else smallest
        if type(value) is float:
            return math.floor(max(min(value, largest), smallest))
        raise _scalar_fault(value, java)

    return coerce


def _decimal(java: str) -> Coerce:
    def coerce(value: Any) -> Any:
        if type(value) is float or type(value) is int:
            return value
        raise _scalar_fault(value, java)

    return coerce


def _boolean(value: Any) -> Any:
    if type(value) is bool:
        return value
    if type(value) is str:
        text = value.lower() if len(value) <= 5 else ""
        if text in _TRUE_TEXTS:
            return True
        if text in _FALSE_TEXTS:
            return False
        raise JsonTypeFault("Unexpected token received from parser")
    raise _scalar_fault(value, "Boolean")


def _blob(value: Any) -> Any:
    return check_value({"B": value})["B"]


_SCALARS: dict[str, Coerce] = {
    "string": _string,
    "integer": _whole("Integer", 32),
    "long": _whole("Long", 64),
    "double": _decimal("Double"),
    "timestamp": _decimal("Date"),
    "boolean": _boolean,
    "blob": _blob,
}


# --- containers ----------------------------------------------------------------------------------


def _class_of(model: Model, shape: Shape) -> str:
    """The Java type the service names in its messages."""
    if shape.type == "structure":
        return f"{_NAMESPACE}.{shape.name}"
    if shape.type == "list":
        return f"java.util.List<{_class_of(model, model.shapes[shape.element])}>"
    if shape.type == "map":
        return f"java.util.Map<java.lang.String, {_class_of(model, model.shapes[shape.value])}>"
    return f"java.lang.{shape.type.capitalize()}"


def _structure_fault(value: object, shape: Shape, is_element: bool) -> JsonTypeFault:
    if type(value) is list:
        return JsonTypeFault(f"Unrecognized collection type class {_NAMESPACE}.{shape.name}")
    return JsonTypeFault(_UNEXPECTED_ELEMENT if is_element else _UNEXPECTED_MEMBER)


def _map_fault(value: object, class_name: str, is_element: bool) -> JsonTypeFault:
    if type(value) is list:
        return JsonTypeFault(f"Unrecognized collection type {class_name}")
    return JsonTypeFault(_UNEXPECTED_GENERIC if is_element else _UNEXPECTED_MEMBER)


def _list_fault(value: object, is_element: bool) -> JsonTypeFault:
    if type(value) is dict:
        return JsonTypeFault(_UNEXPECTED_OBJECT)
    return JsonTypeFault(_UNEXPECTED_GENERIC if is_element else _UNEXPECTED_MEMBER)


def _structure(model: Model, shape: Shape, is_element: bool) -> Coerce:
    coercers = {name: compile_shape(model, model.shapes[target]) for name, target in shape.members.items()}

    def coerce(value: Any) -> Any:
        if type(value) is not dict:
            raise _structure_fault(value, shape, is_element)
        return {
            name: coercers[name](member) for name, member in value.items() if member is not None and name in coercers
        }

    return coerce


def _map(model: Model, shape: Shape, is_element: bool) -> Coerce:
    class_name = _class_of(model, shape)
    if shape.value == _ATTRIBUTE_VALUE:

        def coerce_item(value: Any) -> Any:
            if type(value) is dict:
                return check_item(value)
            raise _map_fault(value, class_name, is_element)

        return coerce_item
    entry = compile_shape(model, model.shapes[shape.value], is_element=True)

    def coerce(value: Any) -> Any:
        if type(value) is not dict:
            raise _map_fault(value, class_name, is_element)
        return {key: entry(member) for key, member in value.items() if member is not None}

    return coerce


def _list(model: Model, shape: Shape, is_element: bool) -> Coerce:
    entry = compile_shape(model, model.shapes[shape.element], is_element=True)

    def coerce(value: Any) -> Any:
        if type(value) is not list:
            raise _list_fault(value, is_element)
        return [entry(element) for element in value if element is not None]

    return coerce


def _attribute_value(shape: Shape, is_element: bool) -> Coerce:
    def coerce(value: Any) -> Any:
        if type(value) is dict:
            return check_value(value)
        raise _structure_fault(value, shape, is_element)

    return coerce


def compile_shape(model: Model, shape: Shape, is_element: bool = False) -> Coerce:
    """The closure for a shape.  An element of a list or map is refused in other words than a member of a structure.

    The model's input shapes have no cycles but the attribute value's own, which ends here.
    """
    if shape.name == _ATTRIBUTE_VALUE:
        return _attribute_value(shape, is_element)
    if shape.type == "structure":
        return _structure(model, shape, is_element)
    if shape.type == "map":
        return _map(model, shape, is_element)
    if shape.type == "list":
        return _list(model, shape, is_element)
    return _SCALARS[shape.type]


# --- the rule ------------------------------------------------------------------------------------

_SCALAR_FORMS = {
    "string": _core.Text(),
    "integer": _core.Number(32),
    "long": _core.Number(64),
    "double": _core.Number(),
    "timestamp": _core.Number(),
    "boolean": _core.Flag(),
    "blob": Form(),
}


def _form_of(model: Model, shape: Shape) -> Form:
    """The form of the values of a shape that its closure would return unchanged."""
    if shape.name == _ATTRIBUTE_VALUE:
        return _core.AttributeValue()
    if shape.type == "structure":
        return _core.Members(member_forms(model, shape))
    if shape.type == "map":
        return _core.MapOf(_form_of(model, model.shapes[shape.value]))
    if shape.type == "list":
        return _core.ListOf(_form_of(model, model.shapes[shape.element]))
    return _SCALAR_FORMS[shape.type]


def member_forms(model: Model, shape: Shape) -> dict[str, Form]:
    """The form of each member of a structure."""
    return {name: _form_of(model, model.shapes[target]) for name, target in shape.members.items()}
