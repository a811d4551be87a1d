"""A URL shortener in Flask: short codes in one table, counted with atomic updates, gone when they expire."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from flask import Flask, Response, abort, jsonify, redirect, request

CODE_BYTES = 4
ATTEMPTS = 5
DAY_SECONDS = 86_400


class Links:
    """The table ``links``: ``code`` is its key, ``expires`` its time to live."""

    def __init__(
        self,
        table: Any,
        now: Callable[[], float] = time.time,
        new_code: Callable[[], str] = lambda: secrets.token_urlsafe(CODE_BYTES),
    ) -> None:
        self._table = table
        self._now = now
        self._new_code = new_code

    def add(self, url: str, days: int) -> str:
        """Store a URL under a new code, and return that."""
        for _ in range(ATTEMPTS):
            code = self._new_code()
            item = {"code": code, "url": url, "hits": 0, "expires": int(self._now()) + days * DAY_SECONDS}
            try:
                self._table.put_item(Item=item, ConditionExpression="attribute_not_exists(code)")
            except self._table.meta.client.exceptions.ConditionalCheckFailedException:
                continue  # somebody has this code
            return code
        raise RuntimeError(f"no free code in {ATTEMPTS} attempts")

    def follow(self, code: str) -> str | None:
        """The URL of a code, and one more hit; None when there is no such code, or no more."""
        try:
            answer = self._table.update_item(
                Key={"code": code},
                UpdateExpression="ADD hits :one",
                # Expired items are deleted a while after their time, so a reader looks at the time itself.
                ConditionExpression="attribute_exists(code) AND expires > :now",
                ExpressionAttributeValues={":one": 1, ":now": int(self._now())},
                ReturnValues="ALL_NEW",
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return None
        return str(answer["Attributes"]["url"])

    def hits(self, code: str) -> int | None:
        """How often a code was followed; None when there is no such code."""
        item = self._table.get_item(Key={"code": code}, ConsistentRead=True).get("Item")
        return None if item is None else int(item["hits"])


def create_app(table: Any = None, **options: Any) -> Flask:
    """The application over a table: a boto3 ``Table``, by default the one of AWS or ``AWS_ENDPOINT_URL_DYNAMODB``."""
    app = Flask(__name__)
    links = Links(boto3.resource("dynamodb").Table("links") if table is None else table, **options)

    @app.post("/links")
    def add() -> tuple[Response, int]:
        wanted = request.get_json()
        if not str(wanted.get("url", "")).startswith(("http://", "https://")):
            abort(400, "url: an http or https address is needed")
        return jsonify(code=links.add(wanted["url"], wanted.get("days", 30))), 201

    @app.get("/<code>")
    def follow(code: str) -> Any:
        return redirect(links.follow(code) or abort(404))

    @app.get("/links/<code>")
    def show(code: str) -> Response:
        hits = links.hits(code)
        return abort(404) if hits is None else jsonify(code=code, hits=hits)

    @app.errorhandler(ClientError)
    def unavailable(error: ClientError) -> tuple[Response, int]:
        return jsonify(error=error.response["Error"]["Code"]), 503

    return app
