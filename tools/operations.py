"""Writes the methods of ``ddbengine.Engine``, one for each operation, from botocore's description of the service.

    python -m tools.operations

Run it when the engine has learnt an operation or botocore has a new description, and commit what it writes:

- ``ddbengine/embedded/shapes.pyi``: what each operation is given, for type checkers only
- ``ddbengine/embedded/operations.py``: the methods, in a class to be derived from
- ``ddbengine/embedded/async_operations.py``: the same, awaitable
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import botocore
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from ddbengine.engine.operations import OPERATIONS
from tools.summaries import SUMMARIES

PLACE = Path(__file__).parents[1] / "ddbengine" / "embedded"
SERVICES = ("dynamodb", "dynamodbstreams")
WIDTH = 120
INDENT = "    "
ATTRIBUTE_VALUE = "AttributeValue"

_SCALARS = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "double": "float",
    "float": "float",
    "boolean": "bool",
    "blob": "bytes | str",
    "timestamp": "float",
}

_MADE_BY = "Made by tools/operations.py from the service model of botocore {version}; not to be changed by hand."

_SHAPES = '''\
"""What each operation is given, as type checkers see it.

{made_by}
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from typing_extensions import Required

AttributeValue = Mapping[str, Any]
"""One value in DynamoDB JSON: {{"S": "text"}}, {{"N": "1"}}, {{"L": [{{"BOOL": True}}]}}."""
Item = Mapping[str, AttributeValue]

'''

_OPERATIONS = '''\
"""One method for each operation of the service.

{made_by}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ddbengine.embedded import shapes

__all__ = ["Operations"]


class Operations:
    """The service's operations: DynamoDB JSON in keyword arguments, DynamoDB JSON out.

    Members are spelled and typed as in a boto3 client's requests, but for binary values, which are base64 text in
    answers (and text or bytes in requests), and times, which are seconds since the epoch.  Errors are those of
    ``ddbengine.exceptions``; besides those that a method names, ValidationException can come from each.
    """

    _call: Callable[[str, Any], dict[str, Any]]
    """Carries out the operation of this name."""
'''

_ASYNC_OPERATIONS = '''\
"""One awaitable method for each operation of the service.

{made_by}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ddbengine.embedded import shapes

__all__ = ["AsyncOperations"]


class AsyncOperations:
    """The methods of ``Operations``, awaitable."""

    async def _call(self, operation: str, request: Any) -> dict[str, Any]:
        """Carries out the operation of this name."""
        raise NotImplementedError
'''


def files() -> dict[Path, str]:
    """What each generated file is to hold."""
    models = list(_operation_models())
    made_by = _MADE_BY.format(version=botocore.__version__)
    return {
        PLACE / "shapes.pyi": _SHAPES.format(made_by=made_by) + "\n".join(map(_request, models)).rstrip() + "\n",
        PLACE / "operations.py": _OPERATIONS.format(made_by=made_by) + "".join(map(_method, models)),
        PLACE / "async_operations.py": _ASYNC_OPERATIONS.format(made_by=made_by) + "".join(map(_async_method, models)),
    }


def _operation_models() -> Iterator[OperationModel]:
    """The operations the engine has, by name."""
    loader = Loader()
    known: dict[str, OperationModel] = {}
    for service in SERVICES:
        model = ServiceModel(loader.load_service_model(service, "service-2"))
        known |= {name: model.operation_model(name) for name in model.operation_names}
    return (known[name] for name in sorted(OPERATIONS))


# --- requests --------------------------------------------------------------------------------------------------------


def _request(operation: OperationModel) -> str:
    lines = [f"class {operation.name}Request(TypedDict, total=False):"]
    shape = operation.input_shape
    for name, member in shape.members.items():
        kind = _type_of(member)
        lines += _member(name, f"Required[{kind}]" if name in shape.required_members else kind)
    if not shape.members:
        lines.append(f'{INDENT}"""It is given nothing."""')
    return "\n".join(lines) + "\n"


def _member(name: str, kind: str) -> list[str]:
    line = f"{INDENT}{name}: {kind}"
    if len(line) <= WIDTH:
        return [line]
    head, _, choices = kind.partition("Literal[")
    choices, tail = choices[: choices.index("]")], choices[choices.index("]") + 1 :]
    wrapped = textwrap.wrap(choices, WIDTH - 8, break_long_words=False)
    if len(wrapped) == 1:
        return [f"{INDENT}{name}: {head}Literal[", f"{INDENT * 2}{choices}", f"{INDENT}]{tail}"]
    one_each = [f"{INDENT * 2}{choice.strip()}," for choice in choices.split(",")]
    return [f"{INDENT}{name}: {head}Literal[", *one_each, f"{INDENT}]{tail}"]


def _type_of(shape: Shape) -> str:
    if shape.name == ATTRIBUTE_VALUE:
        return ATTRIBUTE_VALUE
    if isinstance(shape, StructureShape):
        return "Mapping[str, Any]"
    if shape.type_name == "map":
        return "Item" if shape.value.name == ATTRIBUTE_VALUE else f"Mapping[str, {_type_of(shape.value)}]"
    if shape.type_name == "list":
        return f"Sequence[{_type_of(shape.member)}]"
    if getattr(shape, "enum", None):
        choices = ", ".join(f'"{choice}"' for choice in shape.enum)
        return f"Literal[{choices}]"
    return _SCALARS[shape.type_name]


# --- methods ---------------------------------------------------------------------------------------------------------


def _method(operation: OperationModel) -> str:
    return f'''
{_signature("def", operation)}
        """{SUMMARIES[operation.name]}

{_details(operation)}
        """
        return self._call("{operation.name}", request)
'''


def _async_method(operation: OperationModel) -> str:
    return f'''
{_signature("async def", operation)}
        """{SUMMARIES[operation.name]}"""
        return await self._call("{operation.name}", request)
'''


def _signature(kind: str, operation: OperationModel) -> str:
    """On one line where it fits, otherwise as ruff breaks it."""
    begin = f"{INDENT}{kind} {xform_name(operation.name)}("
    parameters = f"self, **request: Unpack[shapes.{operation.name}Request]"
    end = ") -> dict[str, Any]:"
    line = begin + parameters + end
    return line if len(line) <= WIDTH else f"{begin}\n{INDENT * 2}{parameters}\n{INDENT}{end}"


def _details(operation: OperationModel) -> str:
    """Which members an answer can have, and which errors the service's description names."""
    members = ", ".join(operation.output_shape.members) if operation.output_shape else ""
    sentences = [f"Answer: {members or 'no members'}."]
    errors = sorted(shape.name for shape in operation.error_shapes)
    if errors:
        sentences.append(f"Errors: {', '.join(errors)}.")
    indent = INDENT * 2
    return "\n".join(
        textwrap.fill(sentence, WIDTH, initial_indent=indent, subsequent_indent=indent + INDENT)
        for sentence in sentences
    )


def main() -> None:
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
