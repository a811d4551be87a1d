"""``ddbengine streams`` in a process of its own, for what ends with a signal or a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END_SECONDS = 30


class Running:
    """A started command, read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        assert process.stderr is not None
        self.out, self.err = process.stdout, process.stderr

    def wait_for(self, words: str) -> str:
        """The first line of its errors that has these words; fails if it ends before."""
        seen = []
        for line in self.err:
            if words in line:
                return line
            seen.append(line)
        raise AssertionError(f"{words!r} was never said: {''.join(seen)}")

    def end(self) -> tuple[int, str]:
        """Its exit code, when it has one, and the rest of its errors."""
        errors = self.err.read()
        return self.process.wait(END_SECONDS), errors


@contextmanager
def running(*arguments: str, endpoint: str, directory: Path | None = None) -> Iterator[Running]:
    command = [sys.executable, "-m", "ddbengine", "streams", *arguments, "--endpoint-url", endpoint]
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=directory, env=environment
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()
