"""The lineage of shards."""

from __future__ import annotations

from ddbengine.consumer.shards import Shard, ancestors, by_id, children, is_ready, parents_first, roots, shard_of


def shard(name: str, parent: str | None = None) -> Shard:
    return Shard(name, parent, "1", None)


FAMILY = by_id([shard("aa", "a"), shard("ab", "a"), shard("a", "trimmed"), shard("aba", "ab"), shard("b")])


def test_a_shard_is_read_from_its_description() -> None:
    numbers = {"StartingSequenceNumber": "5", "EndingSequenceNumber": "9"}
    assert shard_of({"ShardId": "x", "ParentShardId": "p", "SequenceNumberRange": numbers}) == Shard("x", "p", "5", "9")
    still_open = shard_of({"ShardId": "x", "SequenceNumberRange": {"StartingSequenceNumber": "5"}})
    assert still_open == Shard("x", None, "5", None)
    assert still_open.is_open


def test_a_shard_whose_parent_is_trimmed_is_a_root() -> None:
    assert [one.id for one in roots(FAMILY)] == ["a", "b"]


def test_children_and_ancestors_are_found() -> None:
    assert {parent: [one.id for one in found] for parent, found in children(FAMILY).items()} == {
        "a": ["aa", "ab"],
        "ab": ["aba"],
    }
    assert [one.id for one in ancestors(FAMILY["aba"], FAMILY)] == ["ab", "a"]


def test_parents_come_first() -> None:
    order = [one.id for one in parents_first(FAMILY)]
    assert order.index("a") < order.index("ab") < order.index("aba")


def test_a_lineage_that_goes_in_a_circle_ends() -> None:
    circle = by_id([shard("x", "y"), shard("y", "x")])
    assert len(parents_first(circle)) == 2


def test_a_shard_is_ready_when_its_parent_is_finished_or_gone() -> None:
    assert is_ready(FAMILY["a"], FAMILY, set())
    assert not is_ready(FAMILY["aa"], FAMILY, set())
    assert is_ready(FAMILY["aa"], FAMILY, {"a"})
