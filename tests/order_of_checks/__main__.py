"""Writes docs/fidelity/order_of_checks.md."""

from __future__ import annotations

from tests.order_of_checks.page import PAGE, text

PAGE.write_text(text(), encoding="utf-8")
print(PAGE)
