"""The room's one public name comes from elsewhere, and only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ddbengine.streams
from ddbengine.consumer import Consumer


def test_the_consumer_is_found_here() -> None:
    assert ddbengine.streams.Consumer is Consumer
    with pytest.raises(AttributeError, match="has no attribute 'Producer'"):
        _ = ddbengine.streams.Producer


def test_an_engine_does_without_the_consumer_and_its_client() -> None:
    program = (
        "import sys, ddbengine.engine.engine; print([n for n in ('boto3', 'ddbengine.consumer') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout == "[]\n"
