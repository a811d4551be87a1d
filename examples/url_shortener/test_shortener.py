"""The application's tests: each has a fresh `links` table, and no server is started."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from shortener import DAY_SECONDS, create_app

URL = "https://example.com/a/long/way"


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web(dynamodb_resource: Any, clock: Clock) -> FlaskClient:
    return create_app(dynamodb_resource.Table("links"), now=clock).test_client()


def test_a_code_leads_to_its_url(web: FlaskClient) -> None:
    code = web.post("/links", json={"url": URL}).get_json()["code"]
    answer = web.get(f"/{code}")
    assert (answer.status_code, answer.location) == (302, URL)
    assert web.get("/no-such-code").status_code == 404


def test_every_hit_is_counted_whoever_comes_at_the_same_time(web: FlaskClient) -> None:
    code = web.post("/links", json={"url": URL}).get_json()["code"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: web.application.test_client().get(f"/{code}"), range(40)))
    assert web.get(f"/links/{code}").get_json() == {"code": code, "hits": 40}


def test_a_link_ends_with_its_days(web: FlaskClient, clock: Clock) -> None:
    code = web.post("/links", json={"url": URL, "days": 2}).get_json()["code"]
    clock.now += 2 * DAY_SECONDS - 1
    assert web.get(f"/{code}").status_code == 302
    clock.now += 1
    assert web.get(f"/{code}").status_code == 404


def test_a_code_that_is_taken_is_not_given_away_again(dynamodb_resource: Any) -> None:
    codes: Iterator[str] = iter(["same", "same", "other"])
    app = create_app(dynamodb_resource.Table("links"), new_code=lambda: next(codes))
    added = [app.test_client().post("/links", json={"url": URL}).get_json()["code"] for _ in range(2)]
    assert added == ["same", "other"]


def test_only_addresses_of_the_web_are_taken(web: FlaskClient) -> None:
    assert web.post("/links", json={"url": "javascript:alert(1)"}).status_code == 400


def test_throttling_that_does_not_end_is_told(web: FlaskClient, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # boto3 waits between its retries
    dynamodb.faults = [{"operation": "PutItem", "error": "ProvisionedThroughputExceededException"}]
    answer = web.post("/links", json={"url": URL})
    assert answer.status_code == 503
    assert answer.get_json() == {"error": "ProvisionedThroughputExceededException"}
    dynamodb.faults = [{"operation": "PutItem", "error": "ProvisionedThroughputExceededException", "first": 2}]
    assert web.post("/links", json={"url": URL}).status_code == 201, "boto3 has tried again"
