"""``ddbengine import``: items from files into a table.

Exit codes: 0 every item is in the table, 1 items were refused, 2 it cannot be carried out, 130 it was interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from ddbengine.commands.exchange import CANNOT, DONE, FOUND, access_of, carry_out, progress, say
from ddbengine.exchange.access import AccessError, TableAccess
from ddbengine.exchange.compression import STDIN, SUFFIXES
from ddbengine.exchange.csv_items import CsvFormat
from ddbengine.exchange.import_state import ImportState, StateFile, state_path
from ddbengine.exchange.importing import Import, Problem, TooManyErrors, Totals, error_line
from ddbengine.exchange.ion_items import ion_reader
from ddbengine.exchange.json_lines import read_items
from ddbengine.exchange.records import Reader, SourceError
from ddbengine.exchange.schemas import TableToCreate, read_tables
from ddbengine.exchange.sources import CSV, ION, START, Source, find_source

__all__ = ["run"]

SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class _Job:
    """An import made ready: what to read, where to put it, and how far it is."""

    source: Source
    reader: Reader
    access: TableAccess
    table_name: str
    state: StateFile | None
    """None when the import cannot be resumed."""
    before: ImportState


def run(given: argparse.Namespace) -> int:
    """Import as the options say, and return the exit code."""
    return carry_out(_import, given)


def _import(given: argparse.Namespace) -> int:
    source = find_source(given.source, given.format)
    tables = [] if given.schema is None else read_tables(given.schema, dict(given.parameter))
    table_name = _table_name(given.table, source, tables)
    with access_of(given, table_name, may_create=bool(tables)) as access:
        description = _description(access, table_name, tables)
        reader = _reader(given, source, description)
        state, before = _state(given, source, table_name, access)
        job = _Job(source, reader, access, table_name, state, before)
        with _errors_file(given) as errors:
            return _carry_on(job, errors, _max_errors(given), given.quiet)


def _table_name(wanted: str | None, source: Source, tables: list[TableToCreate]) -> str:
    if wanted is not None:
        return wanted
    if source.table_name:
        return source.table_name
    if len(tables) == 1:
        return str(tables[0].request["TableName"])
    raise SourceError("say which table to import into: --table NAME")


def _description(access: TableAccess, table_name: str, tables: list[TableToCreate]) -> dict[str, Any]:
    """The table's, which is created if it is not there and somebody says how."""
    answer = access.describe(table_name)
    if answer is None:
        access.create(_to_create(access, table_name, tables))
        answer = access.describe(table_name)
        if answer is None:
            raise AccessError(f"{access.name}: table {table_name!r} is gone again")
    description: dict[str, Any] = answer["Table"]
    return description


def _to_create(access: TableAccess, table_name: str, tables: list[TableToCreate]) -> TableToCreate:
    if not tables:
        raise AccessError(f"{access.name}: there is no table {table_name!r}; --schema FILE says how to create it")
    for table in tables:
        if table.request["TableName"] == table_name:
            return table
    if len(tables) == 1:
        return replace(tables[0], request={**tables[0].request, "TableName": table_name})
    names = ", ".join(table.request["TableName"] for table in tables)
    raise AccessError(f"the schema file has no table {table_name!r}, only {names}")


def _reader(given: argparse.Namespace, source: Source, description: dict[str, Any]) -> Reader:
    if source.format == ION:
        return ion_reader()
    if source.format != CSV:
        return read_items
    key_types = {
        definition["AttributeName"]: definition["AttributeType"] for definition in description["AttributeDefinitions"]
    }
    types = {name: value for types in given.types for name, value in types.items()}
    for name in types.keys() & key_types.keys():
        if types[name] != key_types[name]:
            raise SourceError(f"--types says {name} is {types[name]}, but it is a key of type {key_types[name]}")
    delimiter = given.delimiter or ("\t" if _is_tsv(source.files[0].path) else ",")
    return CsvFormat(key_types, types, delimiter, given.header).read


def _is_tsv(path: Path) -> bool:
    return any(path.name.endswith(f".tsv{suffix}") for suffix in SUFFIXES.values())


def _state(
    given: argparse.Namespace, source: Source, table_name: str, access: TableAccess
) -> tuple[StateFile | None, ImportState]:
    """Where to record how far the import is, and what is recorded; nothing of the standard input."""
    nothing = ImportState(START)
    if source.path == STDIN:
        return None, nothing
    state = StateFile(given.state_file or state_path(source), source, table_name, access.name)
    before = state.read() if given.resume else nothing
    try:
        state.write(before)
    except OSError as error:
        if given.resume or given.state_file is not None:
            raise
        say(f"ddbengine: this import cannot be resumed: {state.path}: {error.strerror} (see --state-file)")
        return None, nothing
    return state, before


@contextlib.contextmanager
def _errors_file(given: argparse.Namespace) -> Iterator[BinaryIO | None]:
    if given.errors_file is None:
        yield None
        return
    with given.errors_file.open("ab" if given.resume else "wb", buffering=0) as file:
        yield file


def _max_errors(given: argparse.Namespace) -> int | None:
    """How many items may be refused; any number when somebody keeps them, unless the command line says."""
    if given.max_errors is not None or given.errors_file is not None:
        limit: int | None = given.max_errors
        return limit
    return 0


def _carry_on(job: _Job, errors: BinaryIO | None, max_errors: int | None, quiet: bool) -> int:
    with progress(quiet, job.source.size, "B") as bar:
        work = Import(
            job.source,
            job.reader,
            job.access,
            job.table_name,
            max_errors=max_errors,
            state=job.state,
            before=job.before,
            on_problem=_teller(errors),
            on_progress=bar,
        )
        ended = _run(work, job.state)
        seconds = bar.seconds()
    if not quiet:
        say(_summary(work.totals, job, seconds))
    return ended


def _teller(errors: BinaryIO | None) -> Callable[[Problem], None]:
    """What keeps every refused item, and tells a person of the first ones."""
    shown = 0

    def tell(problem: Problem) -> None:
        nonlocal shown
        shown += 1
        if errors is not None:
            errors.write(error_line(problem))
        if shown <= SHOWN_PROBLEMS:
            say(f"ddbengine: {problem}")
        elif shown == SHOWN_PROBLEMS + 1:
            say("ddbengine: ... and others")

    return tell


def _run(work: Import, state: StateFile | None) -> int:
    try:
        return FOUND if work.run().refused else DONE
    except TooManyErrors:
        say(f"ddbengine: ended after {work.totals.refused} refused items{_resumable(state)}")
        return FOUND
    except (AccessError, OSError, SourceError) as error:
        say(f"ddbengine: {error}{_resumable(state)}")
        return CANNOT
    except KeyboardInterrupt:
        say(f"ddbengine: interrupted{_resumable(state)}")
        raise


def _resumable(state: StateFile | None) -> str:
    return "" if state is None else "; --resume goes on from here"


def _summary(totals: Totals, job: _Job, seconds: float) -> str:
    before, place = job.before, f"table {job.table_name} of {job.access.name}"
    items = totals.items - before.items
    rate = items / seconds if seconds > 0 else 0.0
    earlier = f", {before.items:,} before that" if before.items else ""
    refused = f", {totals.refused:,} refused" if totals.refused else ""
    return f"{items:,} items into {place} in {seconds:.1f} s ({rate:,.0f} items/s){earlier}{refused}"
