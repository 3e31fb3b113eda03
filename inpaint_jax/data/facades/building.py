"""One building in a street, painted back to front.

Lengths are fractions of the image's side; y points downwards.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inpaint_jax.data.facades.canvas import Canvas, rgb
from inpaint_jax.data.facades.styles import HOURS, Hour, Style

GROUND = 0.92
GLASS, LAMPLIGHT = rgb(58, 74, 96), rgb(255, 214, 132)
DOORS = ((160, 48, 44), (40, 78, 110), (46, 92, 66), (96, 62, 40))
AWNINGS = ((196, 62, 54), (58, 120, 92), (226, 168, 70), (70, 96, 150))
SHUTTERS = ((70, 110, 92), (62, 96, 140), (140, 70, 60))


class Plan(NamedTuple):
    """Positions and colours of one building. Only the thinnest lines depend on the canvas size."""

    style: Style
    hour: Hour
    sun_left: bool
    left: float
    right: float
    eaves: float  # where the wall meets the roof
    shop_top: float  # top of the ground floor
    wall: np.ndarray
    trim: np.ndarray
    centres: list[float]  # window centres, across
    tops: list[float]  # window tops, down
    half: float  # half width of a window
    high: float  # height of a window
    line: float  # width of a thin line

    def across(self, grow: float = 0.0) -> list[tuple[float, float]]:
        """Return the spans of the window columns, widened by ``grow`` on both sides."""
        return [(c - self.half - grow, c + self.half + grow) for c in self.centres]

    def down(self, top: float = 0.0, bottom: float = 1.0) -> list[tuple[float, float]]:
        """Return the spans of the window rows, between two fractions of a window's height."""
        return [(t + top * self.high, t + bottom * self.high) for t in self.tops]

    @property
    def span(self) -> list[tuple[float, float]]:
        return [(self.left, self.right)]


def paint_building(canvas: Canvas, style: Style, chance: Iterator[float]) -> None:
    """Paint a street with one building of the style.

    ``chance`` yields numbers in [0, 1); 64 are enough.
    """
    plan = _plan(canvas, style, chance)
    sky = plan.hour.zenith + canvas.middles[:, None, None] * np.float32(1.25) * (
        plan.hour.horizon - plan.hour.zenith
    )
    canvas.rectangles([(0, 1)], [(0, 1)], sky)
    canvas.disc(0.07 if plan.sun_left else 0.93, 0.09, 0.045, rgb(255, 246, 214))
    for x in (0.0, 0.8):  # distant houses
        far = (plan.hour.horizon * 2 + plan.hour.zenith) * np.float32(0.28)
        canvas.rectangles([(_between(chance, 0.42, 0.62), GROUND)], [(x, x + 0.2)], far)
    backdrop = canvas.image.copy()
    _roof(canvas, plan, chance)
    canvas.rectangles([(plan.eaves, GROUND)], plan.span, plan.wall)
    _wall(canvas, plan)
    _windows(canvas, plan, chance)
    _ground_floor(canvas, plan, chance)
    canvas.rectangles(
        [(plan.eaves - 0.012, plan.eaves + 0.014)],
        [(plan.left - 0.02, plan.right + 0.02)],
        plan.trim,
    )
    # its shadow
    canvas.rectangles([(plan.eaves + 0.014, plan.eaves + 0.034)], plan.span, rgb(20, 20, 34), 0.28)
    _light(canvas, plan, backdrop)
    canvas.rectangles([(GROUND, 1)], [(0, 1)], rgb(150, 146, 142) * plan.hour.light)
    canvas.rectangles([(GROUND, GROUND + 0.02)], [(0, 1)], rgb(186, 182, 176) * plan.hour.light)
    canvas.rectangles([(0.97, 1)], [(0, 1)], rgb(88, 88, 94) * plan.hour.light)


def _between(chance: Iterator[float], low: float, high: float) -> float:
    return low + (high - low) * next(chance)


def _pick(chance: Iterator[float], options):
    return options[int(next(chance) * len(options))]


def _plan(canvas: Canvas, style: Style, chance: Iterator[float]) -> Plan:
    hour, sun_left = _pick(chance, HOURS), next(chance) < 0.5
    left, right = _between(chance, 0.07, 0.13), _between(chance, 0.87, 0.93)
    eaves = _between(chance, 0.20, 0.27) if style.roof != "flat" else _between(chance, 0.10, 0.18)
    wall = rgb(*_pick(chance, style.walls)) * np.float32(_between(chance, 0.94, 1.05))
    columns, floors = (
        int(_between(chance, low, high + 1)) for low, high in (style.columns, style.floors)
    )
    shop_top = GROUND - (GROUND - eaves) / (floors + 1) * 1.05
    cell_x, cell_y = (right - left) / (columns + 0.3), (shop_top - eaves - 0.02) / floors
    width, height = style.window
    return Plan(
        style=style,
        hour=hour,
        sun_left=sun_left,
        left=left,
        right=right,
        eaves=eaves,
        shop_top=shop_top,
        wall=wall,
        trim=rgb(*style.trim),
        centres=[left + cell_x * (c + 0.65) for c in range(columns)],
        tops=[eaves + 0.03 + cell_y * (f + (0.95 - height) / 2) for f in range(floors)],
        half=cell_x * width / 2,
        high=cell_y * height,
        line=max(0.008, 0.4 / canvas.size),
    )


def _roof(canvas: Canvas, plan: Plan, chance: Iterator[float]) -> None:
    colour, middle, width = (
        rgb(*plan.style.roof_colour),
        (plan.left + plan.right) / 2,
        plan.right - plan.left,
    )
    away = np.abs(canvas.middles - np.float32(middle)) / np.float32(width / 2)  # 1 at the walls
    if plan.style.roof == "gable":
        rise = np.float32(_between(chance, 0.12, 0.16)) * (1 - away / np.float32(1.08))
    elif plan.style.roof == "mansard":
        rise = np.minimum((np.float32(1.06) - away) * np.float32(width * 1.3), np.float32(0.13))
    else:
        return
    canvas.below(
        np.where(rise > 0, np.float32(plan.eaves) - rise, np.float32(1)), plan.eaves + 0.01, colour
    )


def _wall(canvas: Canvas, plan: Plan) -> None:
    storeys = [t - (plan.tops[0] - plan.eaves) / 2 for t in plan.tops]
    if plan.style.ornament == "courses":
        courses = [
            (plan.eaves + 0.02 + 0.024 * k, plan.eaves + 0.028 + 0.024 * k) for k in range(32)
        ]
        canvas.rectangles(
            [c for c in courses if c[1] < GROUND], plan.span, plan.wall * np.float32(0.89)
        )
    elif plan.style.ornament == "bands":
        canvas.rectangles(
            [(t - 0.02, t + plan.high + 0.02) for t in plan.tops],
            plan.span,
            plan.wall * np.float32(0.82),
        )
    elif plan.style.ornament == "balconies":
        canvas.rectangles(
            [(s - plan.line, s + plan.line) for s in storeys],
            plan.span,
            plan.wall * np.float32(0.84),
        )
    elif plan.style.ornament == "timber":
        cell = plan.centres[1] - plan.centres[0]
        posts = [plan.centres[0] + cell * (k - 0.5) for k in range(len(plan.centres) + 1)]
        canvas.rectangles(
            [(plan.eaves, plan.shop_top)], [(p - 0.011, p + 0.011) for p in posts], plan.trim
        )
        canvas.rectangles([(s - 0.011, s + 0.011) for s in storeys], plan.span, plan.trim)


def _windows(canvas: Canvas, plan: Plan, chance: Iterator[float]) -> None:
    line, ornament = plan.line, plan.style.ornament
    if ornament == "shutters":
        canvas.rectangles(plan.down(), plan.across(plan.half * 0.75), rgb(*_pick(chance, SHUTTERS)))
    frames = [(top - 0.6 * line, bottom + 1.4 * line) for top, bottom in plan.down()]
    canvas.rectangles(frames, plan.across(1.2 * line), plan.trim)
    height = (canvas.middles[:, None, None] - np.float32(plan.eaves)) / np.float32(
        GROUND - plan.eaves
    )
    # more sky higher up
    reflected = GLASS + (1 - height) * np.float32(0.23) * (plan.hour.horizon - GLASS)
    canvas.rectangles(plan.down(), plan.across(), reflected)
    # the lintel's shadow
    canvas.rectangles(plan.down(0.0, 0.16), plan.across(), rgb(24, 28, 40), 0.45)
    for top, bottom in plan.down():
        lamps = [span for span in plan.across() if next(chance) < plan.hour.lit]
        canvas.rectangles([(top, bottom)], lamps, LAMPLIGHT / plan.hour.light)
    if ornament != "curtain":
        canvas.rectangles(
            plan.down(), [(c - 0.45 * line, c + 0.45 * line) for c in plan.centres], plan.trim, 0.9
        )
        bars = [(top, top + 0.9 * line) for top, _ in plan.down(0.4)]
        canvas.rectangles(bars, plan.across(), plan.trim, 0.9)
        sills = [(bottom, bottom + 1.8 * line) for _, bottom in plan.down()]
        canvas.rectangles(sills, plan.across(2.5 * line), plan.trim)
    if ornament == "balconies":
        canvas.rectangles(plan.down(0.72, 1.08), plan.across(2 * line), rgb(40, 42, 50), 0.62)


def _ground_floor(canvas: Canvas, plan: Plan, chance: Iterator[float]) -> None:
    """Paint a door and, beside it, shop windows under awnings."""
    top, left, right = plan.shop_top, plan.left, plan.right
    canvas.rectangles([(top, GROUND)], plan.span, plan.wall * np.float32(0.80))
    canvas.rectangles([(top - 0.006, top + 0.008)], plan.span, plan.trim)
    door, awning = rgb(*_pick(chance, DOORS)), rgb(*_pick(chance, AWNINGS))
    middle = left + (right - left) * _pick(chance, (0.2, 0.5, 0.8))
    head = top + (GROUND - top) * 0.22
    shops = [
        (a, b)
        for a, b in ((left + 0.04, middle - 0.10), (middle + 0.10, right - 0.04))
        if b - a > 0.12
    ]
    inside = LAMPLIGHT / plan.hour.light if plan.hour.lit else GLASS
    canvas.rectangles([(head, GROUND - 0.03)], shops, inside)
    canvas.rectangles(
        [(head - 0.01, head + 0.035)], [(a - 0.015, b + 0.015) for a, b in shops], awning
    )
    canvas.rectangles([(head - 0.012, GROUND)], [(middle - 0.067, middle + 0.067)], plan.trim)
    canvas.rectangles([(head, GROUND)], [(middle - 0.055, middle + 0.055)], door)
    canvas.rectangles(
        [(head + 0.012, head + 0.045)], [(middle - 0.04, middle + 0.04)], rgb(255, 226, 160)
    )


def _light(canvas: Canvas, plan: Plan, backdrop: np.ndarray) -> None:
    """Tint everything but the sky with the light of the hour; shade the side away from the sun."""
    slope = (0.5 - canvas.middles) if plan.sun_left else (canvas.middles - 0.5)
    inside, share = canvas.cover(plan.span)
    shade = np.ones_like(slope)
    shade[inside] += np.float32(0.26) * slope[inside] * share
    built = (canvas.image != backdrop).any(axis=2)[..., None]
    canvas.image *= np.where(built, plan.hour.light * shade[:, None], np.float32(1))
