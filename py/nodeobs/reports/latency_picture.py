"""`nodeobs latency -o FILE`: the heat map as SVG, or as a page with it and the tables.

Everything is in the one file: no scripts, fonts or pictures from elsewhere.
"""

from __future__ import annotations

import math
import time
from html import escape
from typing import TYPE_CHECKING, Final

from nodeobs.log.style import visible
from nodeobs.reports.latency import latency_tables
from nodeobs.reports.latency_heatmap import HeatMap, span_text
from nodeobs.reports.quantities import bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.latency.figures import Figures
    from nodeobs.latency.timeline import Timeline

#: From few to many.
_RAMP: Final = (
    "#e8e4f3", "#cfc0e8", "#b593da", "#a063c4", "#93359f", "#821c72", "#660f47", "#430720",
)  # fmt: skip
#: All in user units, which are pixels at first.
_WIDTH: Final = 1000
_LEFT: Final = 72
_RIGHT: Final = 20
_TOP: Final = 64
_ROW: Final = 18
_COLUMNS: Final = 300
_ROWS: Final = 28
#: From one time to the next, at least.
_TICK: Final = 110
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 2rem auto; max-width: 1000px; padding: 0 1rem; font: 15px/1.5 {font};
  color: #222; background: #fff; }}
svg {{ width: 100%; height: auto; }}
pre {{ font: 13px/1.4 ui-monospace, 'DejaVu Sans Mono', monospace; overflow-x: auto; }}
footer {{ color: #666; font-size: 13px; }}
</style>
</head>
<body>
{svg}
<pre>{tables}</pre>
<footer>{footer}</footer>
</body>
</html>
"""


def svg(timeline: Timeline, title: str, subtitle: str) -> str:
    """The heat map as a document of SVG 1.1, with what a cell stands for as its tooltip."""
    picture = HeatMap.of(timeline, rows=_ROWS, columns=_COLUMNS)
    height = _TOP + _ROW * (len(picture.steps.lows) if picture else 4) + 76
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" fill="#333">',
        f"<title>{_text(title)}</title>",
        f'<g font-family="{_FONT}" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="26" font-size="18" font-weight="600">{_text(title)}</text>',
        f'<text x="{_LEFT}" y="46" fill="#666">{_text(subtitle)}</text>',
    ]
    if picture is None:
        parts.append(f'<text x="{_LEFT}" y="{_TOP + 40}">no requests</text>')
    else:
        parts += [*_cells(picture), *_latency_axis(picture), *_time_axis(picture)]
        parts += _legend(picture, height - 16)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def page(figures: Figures, timeline: Timeline, seconds: float, *, title: str, subtitle: str,
         sort: str, footer: str) -> str:  # fmt: skip
    """The same within a page, with the tables below it."""
    tables = "\n".join(latency_tables(figures, seconds, sort=sort, width=110))
    return _PAGE.format(
        title=_text(title),
        font=_FONT,
        svg=svg(timeline, title, subtitle),
        tables=_text(tables),
        footer=_text(footer),
    )


def _cells(picture: HeatMap) -> list[str]:
    width = _column_width(picture)
    limits = picture.limits(len(_RAMP))
    colours = _colours(len(limits))
    parts = ['<g shape-rendering="crispEdges">']
    for number, column in enumerate(picture.cells):
        for step, count in enumerate(column):
            if count == 0:
                continue
            shade = next(index for index, limit in enumerate(limits) if count <= limit)
            begins = _clock(picture.start + number * picture.span)
            low, high = _bounds(picture, step)
            tip = f"{begins}, {low} to {high}: {count:,}"
            parts.append(
                f'<rect x="{_LEFT + number * width:.2f}" y="{_y(picture, step)}" '
                f'width="{width:.2f}" height="{_ROW}" fill="{colours[shade]}">'
                f"<title>{tip}</title></rect>"
            )
    return [*parts, "</g>"]


def _latency_axis(picture: HeatMap) -> list[str]:
    """Lines at powers of ten, and the names of as many bounds as there is room for."""
    right = _WIDTH - _RIGHT
    parts = []
    for step, low in enumerate((*picture.steps.lows, picture.steps.high)):
        y = _y(picture, step - 1)
        power = str(low).strip("0") == "1"
        stroke = "#999" if power else "#e4e4e4"
        parts.append(
            f'<path d="M{_LEFT} {y}H{right}" stroke="{stroke}" stroke-opacity=".6" '
            'stroke-width=".6"/>'
        )
        weight = ' font-weight="600"' if power else ""
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end"{weight}>{bound(low)}</text>'
        )
    return parts


def _time_axis(picture: HeatMap) -> list[str]:
    y = _y(picture, -1)
    width = _column_width(picture)
    columns = len(picture.cells)
    every = max(1, math.ceil(_TICK / width))
    parts = [f'<path d="M{_LEFT} {y}H{_LEFT + columns * width:.2f}" stroke="#666"/>']
    for number in range(0, columns, every):
        x = _LEFT + number * width
        parts.append(f'<path d="M{x:.2f} {y}v5" stroke="#666"/>')
        if x + _TICK / 2 < _WIDTH:
            at = _clock(picture.start + number * picture.span)
            parts.append(f'<text x="{x:.2f}" y="{y + 19}">{at}</text>')
    return parts


def _legend(picture: HeatMap, y: int) -> list[str]:
    limits = picture.limits(len(_RAMP))
    label = f"requests in a cell, {span_text(picture.span)} wide:"
    parts = [f'<text x="{_LEFT}" y="{y}">{label}</text>']
    x, low = _LEFT + 7 * len(label), 1
    for limit, colour in zip(limits, _colours(len(limits)), strict=True):
        text = f"{low:,}" if low == limit else f"{low:,}-{limit:,}"
        parts.append(f'<rect x="{x}" y="{y - 11}" width="14" height="14" fill="{colour}"/>')
        parts.append(f'<text x="{x + 19}" y="{y}">{text}</text>')
        x, low = x + 32 + 7 * len(text), limit + 1
    return parts


def _colours(count: int) -> Sequence[str]:
    """So many of the ramp, from end to end."""
    last = len(_RAMP) - 1
    return [_RAMP[last - (count - 1 - at) * last // max(count - 1, 1)] for at in range(count)]


def _column_width(picture: HeatMap) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / len(picture.cells)


def _y(picture: HeatMap, step: int) -> int:
    """The upper edge of a row: the first step is at the bottom."""
    return _TOP + (len(picture.steps.lows) - 1 - step) * _ROW


def _bounds(picture: HeatMap, step: int) -> tuple[str, str]:
    bounds = (*picture.steps.lows, picture.steps.high)
    return bound(bounds[step]), bound(bounds[step + 1])


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _text(text: str) -> str:
    """A text in XML: what it may not hold is spelt out."""
    return escape(visible(text).replace("\ufffe", "").replace("\uffff", ""))
