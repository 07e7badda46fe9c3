"""Draw the ratios of the speed benchmark: a group for each scenario, a bar for each of SHOWN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

SHOWN = {
    "drf-standardized-errors": "#b0b0b0",
    "ours": "#2a7ab9",
    "ours, generic views": "#174a73",
    "ours, without orjson": "#8cc0e6",
    "plain Django view": "#d9b44a",
}
GROUP, BAR, HEIGHT, LEFT, TOP = 74, 12, 220, 44, 66
LARGEST = 1.4


def draw(ratios: Mapping[str, Mapping[str, float]]) -> str:
    """Return the plot as SVG; the line at 1 is stock DRF."""
    names = list(next(iter(ratios.values())))
    width, height = LEFT + GROUP * len(names) + 10, TOP + HEIGHT + 30
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            ' font-family="sans-serif" font-size="12">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            '<text x="10" y="20" font-size="14">CPU time of a request, stock DRF = 1</text>',
            *_draw_legend(),
            *_draw_scale(width),
            *(
                line
                for place, name in enumerate(names)
                for line in _draw_group(place, name, ratios)
            ),
            "</svg>",
            "",
        ]
    )


def _get_y(ratio: float) -> float:
    return TOP + HEIGHT * (1 - min(ratio, LARGEST) / LARGEST)


def _draw_legend() -> Iterator[str]:
    x = 10
    for name, color in SHOWN.items():
        yield f'<rect x="{x}" y="32" width="12" height="12" fill="{color}"/>'
        yield f'<text x="{x + 17}" y="42">{name}</text>'
        x += 36 + 7 * len(name)


def _draw_scale(width: int) -> Iterator[str]:
    for ratio in (0, 0.25, 0.5, 0.75, 1, 1.25):
        y, color = _get_y(ratio), "#c0392b" if ratio == 1 else "#dddddd"
        yield f'<line x1="{LEFT}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="{color}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{ratio:g}</text>'


def _draw_group(place: int, name: str, ratios: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    left = LEFT + GROUP * place + 7
    shown = [configuration for configuration in SHOWN if configuration in ratios]
    for number, configuration in enumerate(shown):
        y = _get_y(ratios[configuration][name])
        yield (
            f'<rect x="{left + BAR * number}" y="{y:.1f}" width="{BAR - 1}"'
            f' height="{TOP + HEIGHT - y:.1f}" fill="{SHOWN[configuration]}">'
            f"<title>{name}, {configuration}: {ratios[configuration][name]:.2f}</title></rect>"
        )
    middle = left + BAR * len(shown) / 2
    yield f'<text x="{middle}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{name}</text>'
