"""``ddbengine doctor``: examine a store, say what was found, repair what can be.

Exit codes: 0 the store is clean (be it after a repair), 1 something was found, 2 it cannot be examined.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ddbengine.commands.progress import ProgressLine
from ddbengine.engine.doctor import CannotExamine, Diagnosis, Rebuilt, diagnose, repair
from ddbengine.storage.errors import StoreError
from ddbengine.storage.examination import BEHIND, FOREIGN, UNREADABLE, Examined, Findings

__all__ = ["run"]

_COPIES = 2
"""In which an acknowledged write is, of three."""
CLEAN, FOUND, CANNOT = 0, 1, 2
_COLUMNS = ("replica", "state", "term", "LSN", "entries", "size", "directory")
_NUMBERS = ("term", "LSN", "entries", "size")


def run(path: Path, placed: Sequence[Path], *, mend: bool, as_json: bool) -> int:
    """Print the report of a store and return the exit code."""
    progress = ProgressLine()
    done: list[Rebuilt] = []
    try:
        if mend:
            before, done, after = repair(path, placed, progress)
        else:
            before = after = diagnose(path, placed, progress)
    except (CannotExamine, StoreError) as error:
        progress.clear()
        print(f"ddbengine: {error}", file=sys.stderr)
        return CANNOT
    progress.clear()
    print(_json(after, done) if as_json else "\n".join(_report(before, done, after, mend)))
    if not after.is_readable:
        return CANNOT
    return CLEAN if after.is_clean else FOUND


# --- for people ------------------------------------------------------------------------------------------------------


def _report(before: Diagnosis, done: list[Rebuilt], after: Diagnosis, mend: bool) -> Iterator[str]:
    yield from _examination(before)
    if done:
        yield ""
        for rebuilt in done:
            moved = "" if rebuilt.moved_to is None else f"; its damaged files are in {rebuilt.moved_to}"
            yield f"Rebuilt {rebuilt.name} from {rebuilt.source}{moved}"
        yield ""
        yield from _examination(after)
    yield ""
    yield from _verdict(after, mend)


def _examination(diagnosis: Diagnosis) -> Iterator[str]:
    several = len(diagnosis.replicas) > 1
    yield from _table([_line(replica, several and replica.name == diagnosis.best) for replica in diagnosis.replicas])
    for replica in diagnosis.replicas:
        yield from _found(replica.name, replica.findings)
    for name, findings in diagnosis.contents.items():
        yield from _found(f"items and indexes, as in {name}", findings)


def _line(replica: Examined, is_best: bool) -> tuple[str, ...]:
    row = replica.row
    return (
        replica.name,
        f"{replica.state}, best" if is_best else replica.state,
        _number(None if row is None else replica.position.term),
        _lsn(replica),
        _number(replica.entries),
        _size(replica.size_bytes),
        str(replica.path),
    )


def _table(lines: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *lines, strict=True)]
    for line in (_COLUMNS, *lines):
        cells = [
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for name, cell, width in zip(_COLUMNS, line, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _found(title: str, findings: Findings) -> Iterator[str]:
    if not findings:
        return
    total = sum(findings.counts.values())
    yield ""
    yield f"{title}: {total:,} finding{'' if total == 1 else 's'}"
    for name, count in findings.counts.items():
        kept = [finding for finding in findings.kept if finding.name == name]
        keys: dict[tuple[str, str], list[str]] = {}
        for finding in kept:
            keys.setdefault((finding.place, finding.detail), []).append(finding.key)
        for (place, detail), of_place in keys.items():
            yield f"  {name}: {place}: {detail}"
            yield from (f"    {key}" for key in of_place if key)
        if count > len(kept):
            yield f"  {name}: and {count - len(kept):,} more"


def _verdict(diagnosis: Diagnosis, mend: bool) -> Iterator[str]:
    replicas = diagnosis.replicas
    best = next((replica for replica in replicas if replica.name == diagnosis.best), None)
    if best is None:
        yield f"Verdict: {_none_is_sound(replicas)}"
        return
    sound = [replica for replica in replicas if replica.is_sound]
    if diagnosis.is_clean:
        yield f"Verdict: clean. {_all_sound(replicas)}"
    elif len(sound) < len(replicas):
        yield f"Verdict: {len(sound)} of {len(replicas)} replicas sound. {_what_is_kept(best, replicas, len(sound))}"
    else:
        yield "Verdict: sound as far as copies go, but not in what they hold."
    for replica in replicas:
        if replica.state == BEHIND:
            how = "has applied less than" if replica.position == best.position else "is behind"
            yield f"{replica.name} {how} {best.name}, and catches up when the store is next opened."
        if replica.state in (FOREIGN, UNREADABLE):
            yield f"{replica.name} is left alone: see to {replica.path} yourself."
    if diagnosis.rebuildable and not mend:
        names = " and ".join(replica.name for replica in diagnosis.rebuildable)
        yield f"Run again with --repair to rebuild {names} from {best.name}; damaged files are kept aside."
    if any(diagnosis.contents.values()):
        yield "Items, indexes and counters do not agree, which copying cannot mend: this is a bug, please report it."


def _what_is_kept(best: Examined, replicas: Sequence[Examined], sound: int) -> str:
    """An acknowledged write is in two of three replicas, so two sound ones have all of them between them."""
    further = [replica for replica in replicas if not replica.is_sound and replica.position > best.position]
    if further:
        lost = further[0]
        return f"{best.name} ends at LSN {best.position.lsn:,}, but {lost.name}, though damaged, at {_lsn(lost)}."
    if len(replicas) - sound < _COPIES:
        return f"Nothing acknowledged is lost: {best.name} has it all."
    return f"{best.name} is all there is; if it was not leading, the last acknowledged writes may be lost."


def _lsn(replica: Examined) -> str:
    return _number(None if replica.row is None else replica.position.lsn)


def _all_sound(replicas: Sequence[Examined]) -> str:
    if len(replicas) == 1:
        return "The only replica is sound."
    behind = any(replica.state == BEHIND for replica in replicas)
    return f"All {len(replicas)} replicas are sound{'' if behind else ' and agree'}."


def _none_is_sound(replicas: Sequence[Examined]) -> str:
    if any(replica.readable for replica in replicas):
        return (
            "no replica is sound, so there is nothing to rebuild from. Restore from a backup, or keep what can be read."
        )
    return "no replica can be read. Restore from a backup."


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "-"
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


# --- for programs ----------------------------------------------------------------------------------------------------


def _json(diagnosis: Diagnosis, done: list[Rebuilt]) -> str:
    return json.dumps(
        {
            "path": str(diagnosis.path),
            "clean": diagnosis.is_clean,
            "best": diagnosis.best,
            "replicas": [_replica_members(replica) for replica in diagnosis.replicas],
            "contents": {name: _finding_members(findings) for name, findings in diagnosis.contents.items()},
            "rebuilt": [
                {
                    "name": rebuilt.name,
                    "source": rebuilt.source,
                    "moved_to": None if rebuilt.moved_to is None else str(rebuilt.moved_to),
                }
                for rebuilt in done
            ],
        },
        indent=2,
    )


def _replica_members(replica: Examined) -> dict[str, Any]:
    row = replica.row
    return {
        "name": replica.name,
        "path": str(replica.path),
        "state": replica.state,
        "store": None if row is None else row.store.hex(),
        "term": None if row is None else replica.position.term,
        "lsn": None if row is None else replica.position.lsn,
        "applied_lsn": None if row is None else row.applied,
        "digest": None if row is None else f"{row.digest:016x}",
        "entries": replica.entries,
        "log_entries": replica.log_entries,
        "size_bytes": replica.size_bytes,
        "findings": _finding_members(replica.findings),
    }


def _finding_members(findings: Findings) -> dict[str, Any]:
    """All counted by name, and the first few of each."""
    return {
        "counts": dict(findings.counts),
        "examples": [
            {"name": finding.name, "place": finding.place, "key": finding.key, "detail": finding.detail}
            for finding in findings.kept
        ],
    }
