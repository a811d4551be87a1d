"""Creating the tables that a schema file names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ddbengine.embedded.operations import Operations
from ddbengine.exchange.schemas import read_tables

__all__ = ["create_tables"]


def create_tables(engine: Operations, path: Path, parameters: Mapping[str, str] | None) -> list[str]:
    """Create the tables of a file, with their time to live; return their names.  See ``exchange.schemas``."""
    names: list[str] = []
    for table in read_tables(path, parameters):
        name = engine.create_table(**table.request)["TableDescription"]["TableName"]
        if table.expiry_attribute is not None:
            setting = {"Enabled": True, "AttributeName": table.expiry_attribute}
            engine.update_time_to_live(TableName=name, TimeToLiveSpecification=setting)
        names.append(name)
    return names
