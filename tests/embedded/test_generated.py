"""The methods of Engine are those of the service model, and the files that hold them are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import botocore
import pytest
from botocore import xform_name

from ddbengine.embedded.operations import Operations
from ddbengine.engine.operations import OPERATIONS
from tools.operations import PLACE, files

MADE_FROM = re.search(r"botocore (\S+);", (PLACE / "operations.py").read_text(encoding="utf-8"))


def test_every_operation_of_the_engine_is_a_method() -> None:
    methods = {name for name in vars(Operations) if not name.startswith("_")}
    assert methods == {xform_name(name) for name in OPERATIONS}, "run python -m tools.operations"


@pytest.mark.skipif(
    MADE_FROM is None or MADE_FROM[1] != botocore.__version__,
    reason=f"made from the service model of botocore {MADE_FROM and MADE_FROM[1]}, not {botocore.__version__}",
)
@pytest.mark.parametrize("path", files(), ids=lambda path: Path(path).name)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], "run python -m tools.operations"


def test_a_method_says_what_it_answers_and_which_errors_there_are() -> None:
    text = Operations.get_item.__doc__ or ""
    assert "Answer: Item, ConsumedCapacity." in text
    assert "ResourceNotFoundException" in text
