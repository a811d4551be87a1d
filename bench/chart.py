"""The chart of a comparison, as SVG: for each workload a panel, on a scale of its own, with a bar for each engine."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.comparison import Results
from bench.load import Measured
from bench.targets import DISK
from bench.workloads import DURABLE

_COLUMNS = 2
_PANEL_WIDTH = 520
_BAR_HEIGHT = 20
_BAR_GAP = 6
_LABEL_WIDTH = 160
_VALUE_WIDTH = 76
_TITLE_HEIGHT = 30
_MARGIN = 24
_OURS = "#1f6f54"
_OTHERS = "#b9c2cc"
_TEXT = "#24292f"
_BACKGROUND = "#ffffff"


def chart(results: Results) -> str:
    """An SVG document: workloads in memory, then durable writes."""
    durable = {workload.title for workload in DURABLE}
    panels = [
        _panel(results, title, by, on_disk=title in durable)
        for title, by in results.throughput.items()
        if any((results.targets[name].keeps == DISK) == (title in durable) for name in by)
    ]
    rows = [panels[first : first + _COLUMNS] for first in range(0, len(panels), _COLUMNS)]
    parts, top = [], _MARGIN
    for row in rows:
        for column, (_, drawn) in enumerate(row):
            left = _MARGIN + column * (_PANEL_WIDTH + _MARGIN)
            parts.append(f'<g transform="translate({left},{top})">{drawn}</g>')
        top += max(height for height, _ in row) + _MARGIN
    width = _MARGIN + _COLUMNS * (_PANEL_WIDTH + _MARGIN)
    style = f'font-family="system-ui, sans-serif" font-size="13" fill="{_TEXT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}" {style}>'
        f'<rect width="{width}" height="{top}" fill="{_BACKGROUND}"/>{"".join(parts)}</svg>\n'
    )


def _panel(results: Results, title: str, by: dict[str, Measured], on_disk: bool) -> tuple[int, str]:
    """The height of a workload's panel, and the panel."""
    names = [name for name in by if (results.targets[name].keeps == DISK) == on_disk]
    heading = f"{title}, durable" if on_disk else title
    parts = [f'<text y="16" font-weight="600">{escape(heading)}, answers per second</text>']
    most = max(by[name].rate for name in names)
    for place, name in enumerate(sorted(names, key=lambda name: -by[name].rate)):
        top = _TITLE_HEIGHT + place * (_BAR_HEIGHT + _BAR_GAP)
        parts += _bar(name, by[name].rate, most, top, results.targets[name].is_ours)
    return _TITLE_HEIGHT + len(names) * (_BAR_HEIGHT + _BAR_GAP), "".join(parts)


def _bar(name: str, rate: float, most: float, top: int, is_ours: bool) -> Sequence[str]:
    width = max(1.0, rate / most * (_PANEL_WIDTH - _LABEL_WIDTH - _VALUE_WIDTH))
    middle = top + _BAR_HEIGHT * 0.72
    value = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
    weight = ' font-weight="600"' if is_ours else ""
    return (
        f'<text x="{_LABEL_WIDTH - 8}" y="{middle:.1f}" text-anchor="end"{weight}>{escape(name)}</text>',
        f'<rect x="{_LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{_BAR_HEIGHT}" rx="2" '
        f'fill="{_OURS if is_ours else _OTHERS}"/>',
        f'<text x="{_LABEL_WIDTH + width + 6:.1f}" y="{middle:.1f}"{weight}>{value}</text>',
    )
