"""Checking a request: from parsed JSON to a *checked request*, or the service's refusal.

First the JSON types (FACTS 1.5), then the service model's constraints (FACTS 3); what needs more than
one member, a value's meaning or a table is the engine's.  Both checks of an operation are compiled on
its first request.
"""

from __future__ import annotations

from typing import Any

from ddbengine._core import JsonTypeFault
from ddbengine.api.constraint_tables import ADJUSTMENTS, table_of
from ddbengine.api.constraints import Verify, compile_constraints
from ddbengine.api.model import SERVICE, STREAMS_SERVICE, load
from ddbengine.api.shapes import Coerce, compile_shape
from ddbengine.api.strict_shapes import STRICT_OPERATIONS, strict
from ddbengine.engine.operations import STREAM_OPERATIONS
from ddbengine.errors import SerializationException

__all__ = ["check"]


class _Checks(dict[str, tuple[Coerce, Verify]]):
    """Operation name to its two compiled checks, made when first asked for."""

    def __missing__(self, operation: str) -> tuple[Coerce, Verify]:
        model = load(STREAMS_SERVICE if operation in STREAM_OPERATIONS else SERVICE)
        coerce = compile_shape(model, model.input(operation))
        if operation in STRICT_OPERATIONS:
            coerce = strict(model.input(operation), model, coerce)
        verify = compile_constraints(model, operation, table_of(operation), ADJUSTMENTS)
        checks = self[operation] = (coerce, verify)
        return checks


_CHECKS = _Checks()


def check(operation: str, members: object) -> dict[str, Any]:
    """The members of the operation's input shape, typed as the model has them; nulls and unknown members dropped.

    ``members`` is what the request's JSON parsed to; it is returned itself when nothing had to change, and never
    altered.  Raise SerializationException for a wrong JSON type, ValidationException for a broken constraint,
    KeyError for an operation the model does not have.
    """
    coerce, verify = _CHECKS[operation]
    try:
        request: dict[str, Any] = coerce(members)
    except JsonTypeFault as fault:
        raise SerializationException(fault.args[0]) from None
    verify(request)
    return request
