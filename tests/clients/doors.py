"""One engine behind two doors: clients answered in the process, and clients over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

import ddbengine

REGION = "us-east-1"
ACCESS_KEY_ID = "doors"
DOORS = ("in process", "server")


@contextmanager
def resource_of(door: str) -> Iterator[Any]:
    """A boto3 resource of a new engine in memory."""
    with ddbengine.open(access_key_id=ACCESS_KEY_ID, region=REGION) as engine:
        if door == "in process":
            resource = engine.resource()
        else:
            resource = boto3.resource(
                "dynamodb",
                endpoint_url=engine.serve().endpoint_url,
                region_name=REGION,
                aws_access_key_id=ACCESS_KEY_ID,
                aws_secret_access_key="none",
            )
        try:
            yield resource
        finally:
            resource.meta.client.close()
