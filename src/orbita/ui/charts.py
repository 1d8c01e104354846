"""Small charts as SVG made on the server: no scripts, fit for print and mail.

Only presentation attributes, since the page's policy forbids styles in attributes. Each has a
sentence that says what it shows, for those who do not see it.
"""

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString


def _svg(
    inner: str, width: float, height: float, label: str, css: str, extra: str = ""
) -> SafeString:
    return SafeString(
        f'<svg class="{escape(css)}" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(label)}"{extra}>{inner}</svg>'
    )


def bars(
    values: Sequence[float], label: str, hue: str = "", width: int = 104, height: int = 26
) -> SafeString:
    """Bars of which the last one matters. `hue`: keep, grow, watch, save, wake, or the accent."""
    if not values:
        return SafeString("")
    step, top = width / len(values), max(values) or 1
    parts = []
    for index, value in enumerate(values):
        tall = max(1.0, (height - 2) * max(value, 0) / top)
        css = "fill" if index == len(values) - 1 else "ghost"
        parts.append(
            f'<rect class="{css}" x="{index * step:.1f}" y="{height - tall:.1f}"'
            f' width="{step * 0.77:.1f}" height="{tall:.1f}" rx="1.5"/>'
        )
    return _svg("".join(parts), width, height, label, f"o-bars g-{hue}" if hue else "o-bars")


def sparkline(
    values: Sequence[float], label: str, hue: str = "", width: int = 104, height: int = 26
) -> SafeString:
    """A thin line with a dot at its end."""
    if not values:
        return SafeString("")
    points = _points(values, min(values), max(values), 3, 4, width - 6, height - 8)
    x, y = points[-1]
    inner = (
        f'<polyline class="fact" points="{_path(points)}"/>'
        f'<circle class="fill" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'
    )
    return _svg(inner, width, height, label, f"o-spark g-{hue}" if hue else "o-spark")


def line(
    values: Sequence[float],
    label: str,
    *,
    plan: float | None = None,
    steps: int = 0,
    labels: tuple[str, str, str] = ("", "", ""),
    width: int = 300,
    height: int = 116,
) -> SafeString:
    """A running total against a straight plan. `steps` is how many points the whole period has,
    `labels` stand under the start, the last value and the end."""
    if not values:
        return SafeString("")
    total = max(steps, len(values))
    top = max([*values, plan or 0]) or 1
    left, base, wide, tall = 8, height - 18, width - 16, height - 34
    points = [
        (left + wide * index / max(1, total - 1), base - tall * value / top)
        for index, value in enumerate(values)
    ]
    x, y = points[-1]
    parts = [f'<line class="base" x1="{left}" x2="{left + wide}" y1="{base}" y2="{base}"/>']
    if plan is not None:
        end = base - tall * plan / top
        parts.append(f'<polyline class="plan" points="{left},{base} {left + wide},{end:.1f}"/>')
    parts.append(f'<polyline class="fact" points="{_path(points)}"/>')
    parts.append(f'<circle class="fill" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    places = ((left, "start"), (x, "middle"), (left + wide, "end"))
    parts += [
        f'<text x="{place:.1f}" y="{height - 4}" text-anchor="{anchor}">{escape(text)}</text>'
        for (place, anchor), text in zip(places, labels, strict=True)
        if text
    ]
    return _svg("".join(parts), width, height, label, "o-chart")


def columns(
    values: Sequence[tuple[str, float, str]], label: str, width: int = 640, height: int = 180
) -> SafeString:
    """Columns with a name below and a text above each: (name, value, text)."""
    if not values:
        return SafeString("")
    step, top = width / len(values), max(value for _name, value, _text in values) or 1
    base, tall = height - 20, height - 40
    parts = [f'<line class="base" x1="0" x2="{width}" y1="{base}" y2="{base}"/>']
    for index, (name, value, text) in enumerate(values):
        x, high = index * step, max(1.0, tall * max(value, 0) / top)
        middle = x + step / 2
        parts.append(
            f'<rect class="fill" x="{x + step * 0.18:.1f}" y="{base - high:.1f}"'
            f' width="{step * 0.64:.1f}" height="{high:.1f}" rx="2"/>'
            f'<text x="{middle:.1f}" y="{base - high - 5:.1f}" text-anchor="middle">{escape(text)}</text>'
            f'<text x="{middle:.1f}" y="{height - 5}" text-anchor="middle">{escape(name)}</text>'
        )
    return _svg("".join(parts), width, height, label, "o-chart broad")


def meter(share: float, label: str, hue: str = "") -> SafeString:
    """A filled part of a whole, 0 to 1."""
    filled = 100 * min(1.0, max(0.0, share))
    inner = (
        '<rect class="track" width="100" height="5" rx="2"/>'
        f'<rect class="fill" width="{filled:.1f}" height="5" rx="2"/>'
    )
    css = f"o-meter g-{hue}" if hue else "o-meter"
    return _svg(inner, 100, 5, label, css, ' preserveAspectRatio="none"')


def _points(
    values: Sequence[float],
    low: float,
    high: float,
    left: float,
    top: float,
    wide: float,
    tall: float,
) -> list[tuple[float, float]]:
    span = (high - low) or 1
    step = wide / max(1, len(values) - 1)
    return [
        (left + step * index, top + tall - tall * (value - low) / span)
        for index, value in enumerate(values)
    ]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
