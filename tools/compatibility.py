"""Writes docs/compatibility.md: which operations and parameters of the service are answered, and which are tested.

    python -m tools.compatibility [DIRECTORY]

What is there comes from the service model, what is answered from the engine itself: its operations, and a request for
each parameter, which it may refuse as not supported yet.  What is tested comes from a run of the tests with
``DDBENGINE_RECORD`` set to a directory (``tests/recording.py``); given that directory, this first replaces
``tools/recorded_members.txt`` by what was recorded there.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore

from ddbengine.api.model import SERVICE, STREAMS_SERVICE, Model, load
from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from ddbengine.engine.operations import OPERATIONS
from ddbengine.errors import ApiError
from tools.smallest import model_of, smallest, smallest_request

__all__ = ["PAGE", "RECORDED", "members_of", "page", "recorded", "refused_members"]

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"
RECORDED = Path(__file__).parent / "recorded_members.txt"
ACCEPTED = "accepted"
_REFUSAL = "is not supported yet"
_WITHOUT_REPLICAS = {
    "UpdateTable": frozenset({"GlobalTableWitnessUpdates", "MultiRegionConsistency", "ReplicaUpdates"})
}
"""What is refused in the service's words because an engine is one region's (FACTS 5.10)."""
_CALLER = Caller("compatibility", "us-east-1")

Recorded = Mapping[str, Mapping[str, frozenset[str]]]
"""Operation to dotted path of members (empty for the operation itself) to the outcomes of requests that had it."""

_HEAD = """\
# Compatibility

Made by `python -m tools.compatibility` from the service model of botocore {version}, and not to be changed by hand.

Every operation of DynamoDB and DynamoDB Streams in the service model that botocore ships, and every parameter of those
that are answered. Parameters inside lists and maps are written with dots: `TransactItems.Put.TableName` is a member of
`Put` in an element of `TransactItems`. Types, lengths, ranges, patterns and enums of all of them are checked as the
service checks them; an operation that is not answered is an `UnknownOperationException`.

- **supported**: `yes`, or `refused` where the answer is a ValidationException that says it is not supported yet, or
  that other regions are out of reach.
- **tested**: `yes` where some test sends it in a request that succeeds, `refusals` where only requests with it that
  are refused are tested, `no` where no test sends it.

## Operations
"""


# --- what is there ------------------------------------------------------------------------------------------------


def members_of(operation: str) -> list[str]:
    """The dotted paths of all parameters of an operation, in the model's order."""
    model = model_of(operation)
    return list(_paths(model, model.operations[operation], ""))


def _paths(model: Model, name: str, route: str) -> Iterator[str]:
    shape = model.shapes[name]
    if name == "AttributeValue":
        return
    if shape.type == "structure":
        for member, target in shape.members.items():
            path = f"{route}.{member}" if route else member
            yield path
            yield from _paths(model, target, path)
    elif shape.type in ("list", "map"):
        yield from _paths(model, shape.element or shape.value, route)


# --- what is answered ---------------------------------------------------------------------------------------------


def refused_members(engine: Engine, operation: str) -> frozenset[str]:
    """The top-level parameters that the engine says it does not support yet."""
    model = model_of(operation)
    base = smallest_request(operation)
    members = model.input(operation).members
    requests = {name: base | {name: smallest(model, operation, target, name)} for name, target in members.items()}
    refused = frozenset(name for name, request in requests.items() if _is_refused(engine, operation, name, request))
    return refused | _WITHOUT_REPLICAS.get(operation, frozenset())


def _is_refused(engine: Engine, operation: str, member: str, request: dict[str, object]) -> bool:
    try:
        engine.execute(operation, check(operation, request), _CALLER)
    except ApiError as error:
        return f"{member} {_REFUSAL}" in (error.message or "")
    return False


# --- what is tested -----------------------------------------------------------------------------------------------


def recorded(lines: Iterator[str]) -> Recorded:
    """Read lines of operation, path and outcomes, separated by tabs; an empty path is the operation itself."""
    found: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for line in lines:
        operation, path, *outcomes = line.rstrip("\n").split("\t")
        found[operation][path] = found[operation].get(path, frozenset()) | frozenset(outcomes)
    return found


def _merged(directory: Path) -> str:
    lines = (line for file in sorted(directory.iterdir()) for line in file.read_text(encoding="utf-8").splitlines())
    return "".join(
        "\t".join((operation, path, *sorted(outcomes))) + "\n"
        for operation, paths in sorted(recorded(lines).items())
        for path, outcomes in sorted(paths.items())
    )


def _tested(outcomes: frozenset[str]) -> str:
    if not outcomes:
        return "no"
    return "yes" if ACCEPTED in outcomes else "refusals"


# --- the page -----------------------------------------------------------------------------------------------------


def page(sent: Recorded) -> str:
    """The text of docs/compatibility.md."""
    every = sorted({*load(SERVICE).operations, *load(STREAMS_SERVICE).operations})
    engine = open_engine(None)
    try:
        refused = {operation: refused_members(engine, operation) for operation in OPERATIONS}
    finally:
        engine.close()
    lines = ["| operation | answered | parameters | supported | tested |", "| --- | --- | --- | --- | --- |"]
    lines += [_summary(operation, refused.get(operation), sent.get(operation, {})) for operation in every]
    for operation in sorted(OPERATIONS):
        if members_of(operation):
            lines += ["", f"## {operation}", "", "| parameter | supported | tested |", "| --- | --- | --- |"]
            lines += _parameters(operation, refused[operation], sent.get(operation, {}))
    return _HEAD.format(version=botocore.__version__) + "\n" + "\n".join(lines) + "\n"


def _summary(operation: str, refused: frozenset[str] | None, sent: Mapping[str, frozenset[str]]) -> str:
    paths = members_of(operation)
    if refused is None:
        return f"| {operation} | no | {len(paths)} | | |"
    supported = sum(_top(path) not in refused for path in paths)
    tested = sum(_tested(sent.get(path, frozenset())) == "yes" for path in paths)
    name = f"[{operation}](#{operation.lower()})" if paths else operation
    return f"| {name} | yes | {len(paths)} | {supported} | {tested} |"


def _parameters(operation: str, refused: frozenset[str], sent: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for path in members_of(operation):
        supported = "refused" if _top(path) in refused else "yes"
        yield f"| `{path}` | {supported} | {_tested(sent.get(path, frozenset()))} |"


def _top(path: str) -> str:
    return path.partition(".")[0]


def main(arguments: list[str]) -> None:
    if arguments:
        RECORDED.write_text(_merged(Path(arguments[0])), encoding="utf-8")
    with RECORDED.open(encoding="utf-8") as lines:
        PAGE.write_text(page(recorded(lines)), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
