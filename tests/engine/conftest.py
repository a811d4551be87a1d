"""An engine in memory for each test; afterwards the whole database is checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database


@pytest.fixture
def engine() -> Iterator[Calls]:
    engine = open_engine(None)
    try:
        yield Calls(engine)
        check_database(engine)
    finally:
        engine.close()
