"""What ListExports and ListImports have in common: pages of jobs, newest first, and the tokens between them.

| NextToken | answer |
| --- | --- |
| none of this operation | ValidationException ``Invalid Request: Provided nextToken is invalid: <as sent>`` |
| of a page of another table or size | taken as it is |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from ddbengine.engine.job_rows import Job
from ddbengine.errors import ValidationException
from ddbengine.limits import JOBS_PAGE_DEFAULT
from ddbengine.storage.store import Outcome

_TOKEN_BYTES = 56
"""As hexadecimal text 112 characters: the least that the model allows for ListImports."""
_DIGEST_BYTES = 16


def _token(kind: str, job_id: str) -> str:
    text = f"{kind}:{job_id}".encode().ljust(_TOKEN_BYTES - _DIGEST_BYTES)
    return (text + blake2b(text, digest_size=_DIGEST_BYTES).digest()).hex()


def read_token(request: dict[str, Any], kind: str) -> str | None:
    """The id of the job that ended the page before, None for the first page."""
    token = request.get("NextToken")
    if token is None:
        return None
    try:
        job_id = bytes.fromhex(token)[:-_DIGEST_BYTES].decode().partition(":")[2].rstrip()
    except ValueError:
        job_id = ""
    if not job_id or token != _token(kind, job_id):
        raise ValidationException(f"Invalid Request: Provided nextToken is invalid: {token}")
    return job_id


def page_of(
    jobs: Sequence[Job], after: str | None, limit: int | None, kind: str, member: str, summary: Callable[[Job], Any]
) -> Outcome:
    """A page of jobs, which are newest first, behind the one with an id."""
    size = limit or JOBS_PAGE_DEFAULT
    rest = [job for job in jobs if after is None or job.id < after]
    members: dict[str, Any] = {member: [summary(job) for job in rest[:size]]}
    if len(rest) > size:
        members["NextToken"] = _token(kind, rest[size - 1].id)
    return Outcome(orjson.dumps(members))
