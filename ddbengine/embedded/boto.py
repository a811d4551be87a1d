"""Real boto3 clients whose requests are answered in this process: no socket, no thread, no credentials.

botocore does all it ever does (validation, serializing, retries, parsing, paginators, waiters, exceptions); only in
place of sending a request, its ``before-send`` event has the engine answer it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache, partial
from typing import Any

import boto3
import botocore.session
import orjson
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.loaders import Loader
from isal.isal_zlib import crc32

from ddbengine import limits
from ddbengine.api.codings import unpack
from ddbengine.api.envelope import error_answer
from ddbengine.api.frame import Answer
from ddbengine.api.requests import check
from ddbengine.embedded.answers import new_request_id
from ddbengine.embedded.calls import ENDPOINT_URL, carry_out
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.errors import ApiError, SerializationException, UnknownOperationException

__all__ = ["attach", "client", "resource", "session"]

_SERVICES = ("dynamodb", "dynamodb-streams")
"""As botocore spells them in the names of its events."""
_REGION_HEADER = "X-Ddbengine-Region"

_CONFIG = Config(
    signature_version=UNSIGNED,
    endpoint_discovery_enabled=False,
    account_id_endpoint_mode="disabled",
    disable_request_compression=True,
)
_NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""For a session's variables: what the user's environment and files say of the real service does not matter here."""

_shared_lock = threading.Lock()
"""Making clients of one session is not safe from several threads."""


def client(engine: Engine, caller: Caller, service: str, **options: Any) -> Any:
    """A boto3 client of ``dynamodb`` or ``dynamodbstreams`` for this caller.

    ``options`` are those of ``boto3.Session.client``; a ``config`` is merged over what the engine needs.
    """
    with _shared_lock:
        made = _shared_session().client(service, **_options(caller, options))
    attach(engine, caller, made.meta.events)
    return made


def resource(engine: Engine, caller: Caller, **options: Any) -> Any:
    """The boto3 resource ``dynamodb``; as ``client``."""
    with _shared_lock:
        made = _shared_session().resource("dynamodb", **_options(caller, options))
    attach(engine, caller, made.meta.client.meta.events)
    return made


def session(engine: Engine, caller: Caller) -> boto3.Session:
    """A boto3 session of its own: every client and resource of the two services made from it is answered here."""
    made = boto3.Session(
        botocore_session=_new_session(),
        region_name=caller.region,
        aws_access_key_id=caller.access_key_id,
        aws_secret_access_key="none",
    )
    attach(engine, caller, made.events)
    return made


def attach(engine: Engine, caller: Caller, events: Any) -> None:
    """Answer the requests of somebody else's client, or of all future clients of a session; ``events`` are its events.

    A request is the caller's, but of the client's region.
    """
    answer = partial(_answer, engine, caller.access_key_id)
    for service in _SERVICES:
        events.register_first(f"choose-signer.{service}", _unsigned)
        events.register_last(f"before-call.{service}", _name_region)
        events.register_last(f"before-send.{service}", answer)


# --- sessions --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _shared_session() -> boto3.Session:
    """Clients and resources differ by what they are attached to alone; making them is what takes time."""
    return boto3.Session(botocore_session=_new_session())


@lru_cache(maxsize=1)
def _loader() -> Loader:
    """It keeps the descriptions of services, which take long to read."""
    return Loader()


def _new_session() -> botocore.session.Session:
    made = botocore.session.Session(session_vars=_NO_PROFILE)
    made.register_component("data_loader", _loader())
    return made


def _options(caller: Caller, options: dict[str, Any]) -> dict[str, Any]:
    config = options.pop("config", None)
    own = {
        "region_name": caller.region,
        "endpoint_url": ENDPOINT_URL,
        "aws_access_key_id": caller.access_key_id,
        "aws_secret_access_key": "none",
    }
    return own | options | {"config": _CONFIG if config is None else _CONFIG.merge(config)}


# --- a request -------------------------------------------------------------------------------------------------------


def _unsigned(**_: Any) -> object:
    return UNSIGNED


def _name_region(params: dict[str, Any], request_signer: Any, **_: Any) -> None:
    """Note on a request, before it is prepared, what only the client knows."""
    params["headers"][_REGION_HEADER] = request_signer.region_name


def _answer(engine: Engine, access_key_id: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """The answer in place of sending a request.  StoreError is raised as it is; ConnectionClosedError is retried."""
    headers = request.headers
    caller = Caller(access_key_id, _text(headers[_REGION_HEADER]))
    operation = _text(headers["X-Amz-Target"]).rpartition(".")[2]
    try:
        answer = Answer(200, _body_of_answer(engine, caller, operation, _body_of(request)))
    except ApiError as error:
        answer = error_answer(error)
    return _response(request.url, answer)


def _body_of_answer(engine: Engine, caller: Caller, operation: str, body: bytes) -> bytes:
    if operation not in engine.operations:
        raise UnknownOperationException
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SerializationException from None
    return carry_out(engine, caller, operation, check(operation, members))


def _body_of(request: AWSPreparedRequest) -> bytes:
    body: bytes = request.body.encode() if isinstance(request.body, str) else request.body
    if _text(request.headers.get("Content-Encoding", "")) == "gzip":
        return unpack(body, limits.REQUEST_BODY_MAX_BYTES)
    return body


def _response(url: str, answer: Answer) -> AWSResponse:
    body = answer.body
    headers = {
        "Server": "ddbengine",
        "Date": _date(int(time.time())),
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": new_request_id(),
        "x-amz-crc32": str(crc32(body)),
    }
    return AWSResponse(url, answer.status, headers, _Raw(body))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


class _Raw:
    """What botocore reads a response's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body
