"""Notes which members of which operations the tests send, for docs/compatibility.md.

With ``DDBENGINE_RECORD`` set to a directory, every process that runs an engine for the tests (pytest itself, and the
servers that ``tests.servers`` starts) writes there what it has seen when it ends.  ``python -m tools.compatibility``
makes the page of that.  Nothing of this is in the package, so a server pays nothing for it.  Left out are tests that
send every member there is, whatever it means.

    DDBENGINE_RECORD=recorded pytest --ignore tests/fuzz --ignore tests/api/test_every_constraint.py
    python -m tools.compatibility recorded
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ddbengine.api import requests
from ddbengine.api.model import Model
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.errors import ApiError
from tools.smallest import model_of

VARIABLE = "DDBENGINE_RECORD"
ACCEPTED = "accepted"
REFUSED = "refused"

Noted = set[tuple[str, str, str]]
"""Operation, dotted path of members, and ACCEPTED or REFUSED."""


def members_sent(operation: str, request: Mapping[str, Any]) -> Iterator[str]:
    """The dotted paths of the members of the model that a request has; elements of lists and maps add nothing."""
    model = model_of(operation)
    return _below(model, model.operations[operation], request, "")


def _below(model: Model, name: str, value: Any, route: str) -> Iterator[str]:
    shape = model.shapes[name]
    if name == "AttributeValue":
        return
    if shape.type == "structure" and isinstance(value, dict):
        for member in shape.members.keys() & value.keys():
            path = f"{route}.{member}" if route else member
            yield path
            yield from _below(model, shape.members[member], value[member], path)
    elif shape.type == "list" and isinstance(value, list):
        for element in value:
            yield from _below(model, shape.element, element, route)
    elif shape.type == "map" and isinstance(value, dict):
        for element in value.values():
            yield from _below(model, shape.value, element, route)


def note(noted: Noted, operation: str, request: Mapping[str, Any], outcome: str) -> None:
    noted.update((operation, path, outcome) for path in (*members_sent(operation, request), ""))


def watch(noted: Noted) -> None:
    """From now on note what every engine in this process is given, and what is refused before it gets there."""
    check, answer = requests.check, Engine.answer

    def noting_check(operation: str, members: object) -> dict[str, Any]:
        try:
            return check(operation, members)
        except ApiError:
            if isinstance(members, dict):
                note(noted, operation, members, REFUSED)
            raise

    def noting_answer(self: Engine, operation: str, request: dict[str, Any], caller: Caller) -> Any:
        try:
            answered = answer(self, operation, request, caller)
        except ApiError:
            note(noted, operation, request, REFUSED)
            raise
        if isinstance(answered, Future):
            answered.add_done_callback(
                lambda done: note(noted, operation, request, ACCEPTED if _succeeded(done) else REFUSED)
            )
        else:
            note(noted, operation, request, ACCEPTED)
        return answered

    requests.check = noting_check
    Engine.answer = noting_answer  # type: ignore[method-assign]


def _succeeded(done: Future[Any]) -> bool:
    return not done.cancelled() and done.exception() is None


def begin() -> None:
    """Watch, and write when this process ends, if the variable asks for it."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        return
    noted: Noted = set()
    watch(noted)

    def write() -> None:
        Path(directory).mkdir(parents=True, exist_ok=True)
        Path(directory, str(os.getpid())).write_text("".join(sorted("\t".join(entry) + "\n" for entry in noted)))

    atexit.register(write)


def main() -> int:
    """The command line, watched: what ``tests.servers`` runs in the place of ``python -m ddbengine``."""
    begin()
    from ddbengine.__main__ import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
