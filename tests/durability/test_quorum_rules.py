"""Cases of the rules of replication in which an acknowledged change could be lost, each played by hand."""

from __future__ import annotations

from ddbengine.storage.quorum import Position, Quorum, Settled


def three(leader_lsn: int = 5, others_lsn: int = 5, copies: int = 2) -> Quorum[str]:
    positions = {"az1": Position(1, leader_lsn), "az2": Position(1, others_lsn), "az3": Position(1, others_lsn)}
    return Quorum("az1", positions, copies=copies, min_replicas=2)


def test_a_follower_that_lacks_an_acknowledged_change_does_not_lead() -> None:
    quorum = three()
    quorum.led(Position(1, 6), "write")
    quorum.durable("az2", Position(1, 6))
    assert quorum.settled() == [Settled("write", True)]
    quorum.lost("az2")
    quorum.lost("az1")
    assert quorum.successor() is None


def test_the_follower_that_has_every_acknowledged_change_leads() -> None:
    quorum = three()
    quorum.led(Position(1, 6), "write")
    quorum.durable("az3", Position(1, 6))
    quorum.settled()
    quorum.lost("az1")
    assert quorum.successor() == "az3"


def test_what_the_first_leader_found_may_have_been_acknowledged_before() -> None:
    quorum = three(leader_lsn=6, others_lsn=5)
    quorum.lost("az1")
    assert quorum.successor() is None


def test_a_change_that_only_the_lost_leader_has_fails_and_is_no_obstacle() -> None:
    quorum = three()
    quorum.led(Position(1, 6), "write")
    quorum.lost("az1")
    assert quorum.successor() == "az2"
    quorum.elect("az2", Position(2, 6))
    assert quorum.settled() == [Settled("write", False)]


def test_what_enough_replicas_have_is_kept_even_if_its_writer_was_told_of_a_failure() -> None:
    quorum = three()
    quorum.led(Position(1, 6), "write")
    quorum.lost("az2")
    quorum.lost("az3")
    assert quorum.settled() == [Settled("write", False)]
    quorum.joined("az2", Position(1, 5))
    quorum.joined("az3", Position(1, 5))
    quorum.durable("az2", Position(1, 6))
    assert quorum.settled() == []
    quorum.lost("az2")
    quorum.lost("az1")
    assert quorum.successor() is None


def test_where_the_leaders_copy_is_enough_its_loss_may_lose_what_was_acknowledged() -> None:
    quorum = three(copies=1)
    quorum.led(Position(1, 6), "write")
    assert quorum.settled() == [Settled("write", True)]
    quorum.lost("az1")
    assert quorum.successor() == "az2"


def with_a_diverged_follower() -> Quorum[str]:
    """az3 led an older term and has two changes of it that nobody acknowledged, under numbers that are used again."""
    positions = {"az1": Position(2, 6), "az2": Position(2, 6), "az3": Position(1, 7)}
    return Quorum("az1", positions, copies=2, min_replicas=2)


def test_what_a_follower_has_of_an_older_term_does_not_count() -> None:
    quorum = with_a_diverged_follower()
    quorum.led(Position(2, 7), "write")
    assert quorum.settled() == []
    quorum.durable("az2", Position(2, 7))
    assert quorum.settled() == [Settled("write", True)]


def test_a_follower_with_changes_of_an_older_term_under_the_same_numbers_does_not_lead() -> None:
    quorum = with_a_diverged_follower()
    quorum.led(Position(2, 7), "write")
    quorum.durable("az2", Position(2, 7))
    quorum.settled()
    quorum.lost("az2")
    quorum.lost("az1")
    assert quorum.successor() is None
