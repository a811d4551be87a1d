"""Texts that never come again do not fill the memory."""

from __future__ import annotations

import tracemalloc

from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.limits import EXPRESSION_MAX_BYTES, MIB
from tests.expressions.compiling import update

SENT = 40


def test_the_largest_update_expressions_that_are_kept_take_less_than_300_megabytes() -> None:
    update("SET a = :v", {":v": {"N": "1"}})
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(SENT):
        text = "SET " + ",".join(f"a{number}x{position}=:v" for position in range(300))
        assert len(text) < EXPRESSION_MAX_BYTES
        update(text, {":v": {"N": "1"}})
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / SENT * CACHED_TEXTS_MAX < 300 * MIB
