"""Who gets the events: a Python function, a command, or an HTTP endpoint.

A handler is called with one event in Lambda's shape and returns None or ``{"batchItemFailures": [...]}``; whatever it
raises means that the batch failed.  Each may be called by several threads at a time, one per shard.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ddbengine.consumer.errors import BadOption

__all__ = ["Handler", "HandlerFailed", "command", "function", "http"]

Handler = Callable[[dict[str, Any]], Any]

DEFAULT_TIMEOUT_SECONDS = 60.0
_EXCERPT_CHARACTERS = 300


class HandlerFailed(Exception):
    """A command or an endpoint says that it did not take the batch."""


def function(name: str) -> Handler:
    """The function ``package.module:function`` names, imported now.  Raise BadOption with the reason."""
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise BadOption(f"{name!r} is no handler: write package.module:function")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise BadOption(f"cannot import {module_name}: {type(error).__name__}: {error}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise BadOption(f"{module_name} has no {path}")
        found = getattr(found, part)
    if not callable(found):
        raise BadOption(f"{name} is not a function but {type(found).__name__}")
    handler: Handler = found
    return handler


def command(
    arguments: Sequence[str], timeout_seconds: float | None = None, environment: Mapping[str, str] | None = None
) -> Handler:
    """Run a program for each batch, with one record per line of JSON on its standard input.

    Exit code 0 means that it took the batch.  What it prints goes where this process prints.
    """
    if not arguments:
        raise BadOption("the command to run is empty")
    variables = {**os.environ, **environment} if environment else None

    def handle(event: dict[str, Any]) -> None:
        lines = "".join(f"{json.dumps(record)}\n" for record in event["Records"])
        try:
            done = subprocess.run(
                list(arguments),
                input=lines.encode(),
                timeout=timeout_seconds,
                env=variables,
                check=False,
                # Ctrl+C is for the consumer, which lets the batch finish.
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise HandlerFailed(f"{arguments[0]} was stopped after {timeout_seconds:g} seconds") from None
        except OSError as error:
            raise HandlerFailed(f"cannot run {arguments[0]}: {error.strerror}") from error
        if done.returncode < 0:
            raise HandlerFailed(f"{arguments[0]} was ended by signal {-done.returncode}")
        if done.returncode > 0:
            raise HandlerFailed(f"{arguments[0]} ended with exit code {done.returncode}")

    return handle


def http(
    url: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS, headers: Mapping[str, str] | None = None
) -> Handler:
    """POST each event as JSON.  Any 2xx means that it was taken; a JSON body may name batchItemFailures."""
    if not url.startswith(("http://", "https://")):
        raise BadOption(f"{url!r} is no URL: it begins with http:// or https://")

    def handle(event: dict[str, Any]) -> Any:
        body = json.dumps(event).encode()
        sent_headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(url, body, sent_headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds) as response:
                return _json(response.read())
        except urllib.error.HTTPError as error:
            with error:
                excerpt = error.read(_EXCERPT_CHARACTERS).decode(errors="replace")
            raise HandlerFailed(f"{url} answered {error.code} {error.reason}: {excerpt}") from None
        except urllib.error.URLError as error:
            raise HandlerFailed(f"cannot reach {url}: {error.reason}") from None
        except OSError as error:
            raise HandlerFailed(f"no answer from {url}: {error}") from None

    return handle


def _json(body: bytes) -> Any:
    """What a body says; endpoints that have nothing to say may say it in any form."""
    try:
        return json.loads(body)
    except ValueError:
        return None
