"""Reading files such that they are good to write to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.storage import page_cache
from ddbengine.storage.page_cache import AHEAD_BYTES, CHUNK_BYTES, read_through
from ddbengine.storage.seal import DATA_FILE, is_sealed, seal

advised = pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no advice on files")


@given(size=st.integers(0, 3 * CHUNK_BYTES) | st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]))
def test_a_file_is_read_whole_and_in_order(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    file = tmp_path_factory.mktemp("read") / "file"
    content = (b"0123456789abcdef!" * (size // 17 + 1))[:size]
    file.write_bytes(content)
    chunks = list(read_through(file))
    assert b"".join(chunks) == content
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)


@advised
def test_the_system_reads_nothing_ahead_but_what_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / DATA_FILE
    file.write_bytes(bytes(2 * AHEAD_BYTES))
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _, *advice: told.append(advice))
    position = 0
    for chunk in read_through(file):
        assert told[0] == (0, 0, os.POSIX_FADV_RANDOM)
        asked = {offset: offset + size for offset, size, advice in told if advice == os.POSIX_FADV_WILLNEED}
        reached = 0
        while reached in asked:
            reached = asked[reached]
        position += len(chunk)
        assert reached >= min(position + AHEAD_BYTES - CHUNK_BYTES, 2 * AHEAD_BYTES), "asked for in good time, no gaps"


def test_where_the_system_takes_no_advice_a_file_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / DATA_FILE
    file.write_bytes(b"content")
    monkeypatch.setattr(page_cache, "_HAS_ADVICE", False)
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    seal(tmp_path)
    assert is_sealed(tmp_path)
    file.write_bytes(b"contents")
    assert not is_sealed(tmp_path)
