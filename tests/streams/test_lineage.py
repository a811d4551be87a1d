"""Whatever happens to shards, each LSN with each hash is in exactly one of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ddbengine.streams import lineage
from ddbengine.streams.rows import HASHES, Shard, Stream, find_stream, open_shards, shards_of
from tests.engine.memory_store import MemoryTxn

STREAM = Stream("space", "table", "label", "arn", 7, "id", "KEYS_ONLY", ("pk",), 1.0, None, (), 0)
HASH = st.integers(0, HASHES - 1)


class At(MemoryTxn):
    """A state of the store at an LSN."""

    def __init__(self, rows: dict[bytes, bytes], lsn: int) -> None:
        super().__init__(rows, lsn=lsn)


def current(rows: dict[bytes, bytes], lsn: int = 0) -> tuple[At, Stream]:
    txn = At(rows, lsn)
    stream = find_stream(txn, "space", "table", "label")
    assert stream is not None
    return txn, stream


@given(
    cuts=st.sets(st.integers(1, HASHES - 1), max_size=3),
    steps=st.lists(st.tuples(st.integers(1, 5), st.integers(1, HASHES - 1), st.booleans()), max_size=12),
    ends=st.booleans(),
    hashes=st.lists(HASH, min_size=1, max_size=5),
)
def test_every_change_is_in_exactly_one_shard(
    cuts: set[int], steps: list[tuple[int, int, bool]], ends: bool, hashes: list[int]
) -> None:
    lsn = 10
    rows = dict(lineage.opened(STREAM, sorted(cuts), lsn).puts)
    for gap, at, rolls in steps:
        lsn += gap
        txn, stream = current(rows, lsn)
        parent = next(shard for shard in open_shards(txn, stream) if shard.takes(at))
        inside = () if rolls or at == parent.low else (at,)
        grown, shards = lineage.succeeded(stream, parent, inside, lsn, 2.0)
        rows |= lineage.writes(grown, shards).puts
    last = lsn + 3
    if ends:
        txn, stream = current(rows, last)
        rows |= lineage.closed(stream, txn, 3.0).puts
    txn, stream = current(rows)
    shards = list(shards_of(txn, stream))
    assert [shard.id for shard in shards] == sorted(shard.id for shard in shards)
    assert bool(stream.open_shards) is not ends
    for one in range(11, last + 1):
        for at in hashes:
            assert len(_holding(shards, one, at)) == 1
    if ends:
        assert not _holding(shards, last + 1, hashes[0])


def _holding(shards: list[Shard], lsn: int, at: int) -> list[Shard]:
    return [
        shard for shard in shards if shard.after < lsn and (shard.last is None or lsn <= shard.last) and shard.takes(at)
    ]


@given(st.lists(st.integers(1, HASHES - 1), min_size=1, max_size=6, unique=True))
def test_children_name_their_parent_and_open_shards_stay_in_order_of_their_hashes(cuts: list[int]) -> None:
    rows = dict(lineage.opened(STREAM, (), 0).puts)
    for lsn, at in enumerate(cuts, 1):
        txn, stream = current(rows, lsn)
        parent = next(shard for shard in open_shards(txn, stream) if shard.takes(at))
        grown, shards = lineage.succeeded(stream, parent, (at,), lsn, 1.0)
        assert [shard.parent for shard in shards] == [parent.parent, parent.id, parent.id]
        rows |= lineage.writes(grown, shards).puts
    txn, stream = current(rows)
    assert [shard.low for shard in open_shards(txn, stream)] == [0, *sorted(cuts)]


def test_shard_ids_grow_even_while_the_clock_stands_still_or_goes_back() -> None:
    rows = dict(lineage.opened(STREAM, (5, 6), 0).puts)
    for lsn, now in ((1, 1.0), (2, 0.5), (3, 99.0)):
        txn, stream = current(rows, lsn)
        newest = max(shard.id for shard in shards_of(txn, stream))
        grown, shards = lineage.succeeded(stream, open_shards(txn, stream)[0], (), lsn, now)
        assert shards[1].id > newest
        rows |= lineage.writes(grown, shards).puts


def test_a_shard_id_has_the_form_of_the_service() -> None:
    rows = dict(lineage.opened(STREAM, (0x80000000,), 0).puts)
    assert current(rows)[1].open_shards == (
        "shardId-00000000000000001000-00000000",
        "shardId-00000000000000001001-80000000",
    )


def test_changes_of_shards_are_in_the_log_so_that_no_shard_is_without_a_sequence_number() -> None:
    assert lineage.opened(STREAM, (), 0).logged
    assert lineage.writes(STREAM, ()).logged
