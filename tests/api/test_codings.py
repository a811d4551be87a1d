"""gzip in and out."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.api.codings import Oversized, accepts_gzip, pack, unpack


@given(st.binary(max_size=2000))
def test_what_is_packed_unpacks_to_the_same(body: bytes) -> None:
    assert gzip.decompress(pack(body)) == body
    assert unpack(pack(body), len(body)) == body


def test_a_body_may_have_several_members() -> None:
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"cd"), 4) == b"abcd"


def test_unpacking_ends_at_the_limit() -> None:
    with pytest.raises(Oversized):
        unpack(gzip.compress(b"abc"), 2)
    with pytest.raises(Oversized):
        unpack(gzip.compress(b"ab") + gzip.compress(b"c"), 2)


@pytest.mark.parametrize("body", [gzip.compress(b"abc")[:-1], b"no gzip", gzip.compress(b"abc") + b"rest"])
def test_a_broken_body_is_an_error(body: bytes) -> None:
    with pytest.raises(zlib.error):
        unpack(body, 100)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        (b"", False),
        (b"identity", False),
        (b"gzip", True),
        (b"GZIP", True),
        (b"deflate, gzip;q=0.5, *", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"gzip;q=0.001", True),
        (b"*", False),
        (b"\xff\xfe", False),
    ],
)
def test_gzip_is_accepted_when_it_is_named(header: bytes | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
