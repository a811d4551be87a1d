"""What a store says of itself, as Prometheus reads it: the text format, version 0.0.4.

A family of figures is written with its help, its type and one line per replica.  Names end in their unit; what only
grows ends in ``_total``.  Rates and averages are for the reader: the mean group is plans over groups, the mean commit
is seconds over commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ddbengine import __version__
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.storage.status import FAILED, FOLLOWING, LEADING, REBUILDING, ReplicaStatus, StoreStatus

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES = (LEADING, FOLLOWING, FAILED, REBUILDING)

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
_ALONE: Labels = {}


def exposition(status: StoreStatus, uptime_seconds: float, indexes: IndexesStatus) -> str:
    """The page that is scraped."""
    return "".join((*_lines(status, uptime_seconds), *_index_lines(indexes)))


def _lines(status: StoreStatus, uptime_seconds: float) -> Iterator[str]:
    commits, log = status.commits, status.log
    about = {"version": __version__, "durability": status.durability}
    yield from _family("info", "gauge", "What runs here.", [(about, 1)])
    yield from _alone("uptime_seconds", "gauge", "Time since the server started.", uptime_seconds)
    yield from _alone("commits_total", "counter", "Groups of writes committed.", commits.commits)
    yield from _alone("groups_total", "counter", "Groups run, those that changed nothing too.", commits.groups)
    yield from _alone("group_plans_total", "counter", "Write requests in all groups.", commits.plans)
    yield from _alone("group_plans_max", "gauge", "Write requests in the largest group.", commits.largest_group)
    yield from _alone("commit_seconds_total", "counter", "Spent in commits, mostly in fsync.", commits.commit_seconds)
    yield from _alone("failovers_total", "counter", "Times another replica took over.", commits.failovers)
    yield from _alone("writable", "gauge", "1 while enough replicas are there to accept writes.", status.writable)
    yield from _alone("term", "gauge", "The term of the leader: one more after each failover.", status.term)
    yield from _alone(
        "acknowledged_lsn", "gauge", "The last change that is as durable as asked.", status.acknowledged_lsn
    )
    yield from _alone("log_first_lsn", "gauge", "The first change still in the change log.", log.first_lsn)
    yield from _alone("log_last_lsn", "gauge", "The last change in the change log.", log.last_lsn)
    yield from _alone("log_entries", "gauge", "Entries in the change log, one per commit.", log.entries)
    yield from _replica_lines(status.replicas)


def _replica_lines(replicas: Iterable[ReplicaStatus]) -> Iterator[str]:
    all_of = [({"replica": replica.name}, replica) for replica in replicas]

    def family(name: str, help_text: str, member: str) -> Iterator[str]:
        return _family(name, "gauge", help_text, [(labels, getattr(replica, member)) for labels, replica in all_of])

    states = [({**labels, "state": state}, replica.state == state) for labels, replica in all_of for state in _STATES]
    yield from _family("replica_state", "gauge", "1 for the state that the replica is in.", states)
    yield from family("replica_term", "The term of the last entry in the replica's log.", "term")
    yield from family("replica_lsn", "The last change in the replica's log.", "lsn")
    yield from family("replica_applied_lsn", "The last change that reads of the replica show.", "applied_lsn")
    yield from family("replica_lag_changes", "Changes of the leader that its reads do not show.", "lag_lsns")
    yield from family("replica_lag_seconds", "How long its reads have been behind.", "lag_seconds")
    yield from family("replica_rebuilt_bytes", "Copied so far by a rebuild.", "rebuilt_bytes")
    yield from family("replica_rebuild_bytes", "To be copied by a rebuild, 0 without one.", "rebuild_bytes")
    yield from family("replica_map_bytes", "Size of the map: address space, not disk.", "map_bytes")
    yield from family("replica_used_bytes", "Size of the data file.", "used_bytes")


def _index_lines(status: IndexesStatus) -> Iterator[str]:
    running = status.state == "running"
    yield from _alone("propagator_running", "gauge", "0 while global indexes are not kept up to date.", running)
    labels = [({"namespace": one.namespace, "table": one.table, "index": one.index}, one) for one in status.indexes]
    for name, help_text, value in (
        ("index_lag_changes", "Logged changes of any table that the index is behind.", status.lag_lsns),
        ("index_lag_seconds", "The age of the first of these changes.", status.lag_seconds),
    ):
        yield from _family(name, "gauge", help_text, [(label, value) for label, _ in labels])
    filling = [(label, one) for label, one in labels if one.items_to_fill]
    for name, help_text, member in (
        ("index_filled_items", "Items that the filling of a new index has looked at.", "filled_items"),
        ("index_items_to_fill", "Items that were in the table when it began.", "items_to_fill"),
    ):
        yield from _family(name, "gauge", help_text, [(label, getattr(one, member)) for label, one in filling])


def _alone(name: str, kind: str, help_text: str, value: float) -> Iterator[str]:
    return _family(name, kind, help_text, [(_ALONE, value)])


def _family(name: str, kind: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    name = f"ddbengine_{name}"
    yield f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        yield f"{name}{_labels(labels)} {float(value):.16g}\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
