"""The emulator's known wrong answers, read from ``known.txt``, where each stands beside the right one.

An entry forgives nothing: it says exactly which of our answers is right in the place of which of the emulator's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.differential.peers import Answer, Request

ENVELOPE = "1 validation error detected: "
_VALUE_WRAPPER = re.compile(r"ExpressionAttributeValues contains invalid value: (.*) for key :\w+", re.DOTALL)
_ENTRY = re.compile(
    r"^\[(?P<section>[\d.]+)\](?P<operations>.*)\n(?:request  (?P<request>.+)\n)?"
    r"emulator (?P<emulator>.+)\nservice  (?P<service>.+)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Known:
    """One known wrong answer of the emulator.  ``section`` is where the fact sheet says what the service does."""

    section: str
    operations: frozenset[str]
    """Empty for all."""
    emulator: re.Pattern[str]
    service: re.Pattern[str]
    request: re.Pattern[str]
    """Matches somewhere in the request."""

    def explains(self, request: Request, emulator: Answer, ours: Answer) -> bool:
        if self.operations and request.operation not in self.operations:
            return False
        answers_match = self.emulator.fullmatch(text(emulator)) and self.service.fullmatch(text(ours))
        return bool(answers_match and self.request.search(str(request)))


def text(answer: Answer) -> str:
    """What an entry matches: ``accepted``, the bare status where there is no error name, or ``<error>: <message>``;
    of a cancelled transaction the reasons, ``<code>: <message>`` or ``None``, between semicolons."""
    if not answer.error:
        return "accepted" if answer.status == 200 else str(answer.status)
    message = plain(answer.message)
    if reasons_of(answer):
        message = "; ".join(f"{code}: {said}" if said else code for code, said, _ in reasons_of(answer))
    return f"{answer.error}: {message}" if message else answer.error


def reasons_of(answer: Answer) -> list[tuple[str, str, Any]]:
    """Code, message and item of each reason of a cancelled transaction.

    Messages are without a full stop at their end: the emulator has one on some failed conditions (FACTS 7.2).
    """
    reasons = answer.body.get("CancellationReasons", ()) if isinstance(answer.body, dict) else ()
    return [
        (reason["Code"], plain(reason.get("Message", "")).removesuffix("."), reason.get("Item")) for reason in reasons
    ]


def plain(message: str) -> str:
    """A message without the 2026 rollout's envelope (FACTS 3.6) and the wrapper of expression values (FACTS 2.1)."""
    unwrapped = _VALUE_WRAPPER.fullmatch(message.removeprefix(ENVELOPE))
    return unwrapped.group(1) if unwrapped else message.removeprefix(ENVELOPE)


def explanation(request: Request, emulator: Answer, ours: Answer) -> Known | None:
    """The known difference that this one is, if it is one."""
    return next((known for known in KNOWN if known.explains(request, emulator, ours)), None)


def read(table: str) -> tuple[Known, ...]:
    """The entries of a table in the form of ``known.txt``; an entry out of form is an error."""
    entries = tuple(
        Known(
            found["section"],
            frozenset(found["operations"].split()),
            re.compile(found["emulator"], re.DOTALL),
            re.compile(found["service"], re.DOTALL),
            re.compile(found["request"] or "", re.DOTALL),
        )
        for found in _ENTRY.finditer(table)
    )
    if len(entries) != len(re.findall(r"^\[", table, re.MULTILINE)):
        raise ValueError("an entry of the known differences is not in their form")
    return entries


KNOWN = read((Path(__file__).parent / "known.txt").read_text())
