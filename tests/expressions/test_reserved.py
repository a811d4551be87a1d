"""The reserved words (FACTS 4.1)."""

from __future__ import annotations

import pytest

from ddbengine.expressions.lexer import KEYWORDS
from ddbengine.expressions.reserved import RESERVED_WORDS, is_reserved
from tests.expressions.compiling import projection_fault


def test_there_are_573_of_them() -> None:
    assert len(RESERVED_WORDS) == 573


@pytest.mark.parametrize("word", ["ABORT", "status", "Name", "Values", "zone", "TTL", "size"])
def test_a_reserved_word_is_one_in_any_case(word: str) -> None:
    assert is_reserved(word)
    assert is_reserved(word.swapcase())


@pytest.mark.parametrize("word", ["pk", "id", "title", "statuses", ""])
def test_other_words_are_not(word: str) -> None:
    assert not is_reserved(word)


def test_every_reserved_word_is_refused_as_a_path_element() -> None:
    for word in RESERVED_WORDS - KEYWORDS:
        expected = f"Attribute name is a reserved keyword; reserved keyword: {word}"
        assert projection_fault(word) == projection_fault(f"a[0].{word}") == expected
