"""Built-in pictures: procedural building facades under changing light, for demo, tests and benchmarks.

Picture ``i`` is a pure function of (split, i): Philox's raw words, which NumPy promises never to change, and
elementwise float32 arithmetic without transcendental functions give the same bytes on any machine. Shapes are
painted by their exact pixel coverage, so every size shows the same building, antialiased.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inpaint_jax.data.canvas import Canvas, rgb
from inpaint_jax.errors import InputError

SPLITS = {"train": (0, 5000), "val": (1 << 40, 500), "test": (2 << 40, 500)}  # first picture, usual count


class Style(NamedTuple):
    """What the pictures of one class share. Lengths are shares of a window cell; colours are sRGB."""

    walls: tuple[tuple[int, int, int], ...]  # one is drawn
    trim: tuple[int, int, int]  # frames, sills, cornice
    roof: str  # "flat", "mansard", "gable"
    roof_colour: tuple[int, int, int]
    columns: tuple[int, int]  # windows across, fewest and most
    floors: tuple[int, int]  # above the ground floor
    width: float  # of a window
    height: float
    ornament: str  # "courses", "balconies", "shutters", "mullions", "bands", "timber"


STYLES = {
    "brick": Style(
        ((158, 74, 58), (140, 62, 52), (172, 92, 68)),
        (236, 226, 208),
        "flat",
        (92, 60, 52),
        (3, 4),
        (3, 4),
        0.50,
        0.62,
        "courses",
    ),
    "limestone": Style(
        ((226, 208, 172), (214, 198, 168), (234, 220, 192)),
        (248, 240, 222),
        "mansard",
        (84, 98, 116),
        (4, 5),
        (3, 4),
        0.46,
        0.74,
        "balconies",
    ),
    "stucco": Style(
        ((238, 190, 96), (232, 150, 122), (122, 186, 178), (240, 212, 150)),
        (250, 244, 230),
        "gable",
        (188, 92, 62),
        (3, 3),
        (2, 3),
        0.36,
        0.58,
        "shutters",
    ),
    "glass": Style(
        ((72, 96, 118), (60, 110, 118), (84, 92, 110)),
        (196, 208, 214),
        "flat",
        (60, 72, 84),
        (5, 6),
        (5, 6),
        0.88,
        0.86,
        "mullions",
    ),
    "modern": Style(
        ((240, 238, 232), (222, 224, 222), (206, 200, 192)),
        (92, 96, 102),
        "flat",
        (120, 122, 124),
        (2, 3),
        (3, 4),
        0.84,
        0.50,
        "bands",
    ),
    "timber": Style(
        ((246, 236, 214), (240, 224, 190)),
        (92, 58, 40),
        "gable",
        (150, 70, 50),
        (3, 4),
        (2, 3),
        0.44,
        0.50,
        "timber",
    ),
}

# zenith and horizon of the sky, the light's colour, and the share of windows that are lit
HOURS = (
    ((98, 152, 214), (206, 226, 240), (1.00, 1.00, 1.00), 0.0),  # noon
    ((130, 178, 220), (248, 222, 190), (1.04, 0.99, 0.92), 0.0),  # morning
    ((92, 92, 156), (250, 168, 112), (1.02, 0.88, 0.80), 0.3),  # sunset
    ((28, 36, 78), (96, 92, 140), (0.52, 0.54, 0.70), 0.6),  # evening
)


class Facades:
    """A source of facades of ``size`` x ``size``; the label is the index of the style in ``STYLES``.

    Args:
      size: side in pixels.
      split: "train", "val" or "test": disjoint ranges of pictures.
      count: how many of them; None: 5000 for training, 500 otherwise.

    Raises:
      InputError: an unknown split.
    """

    classes = tuple(STYLES)

    def __init__(self, *, size: int, split: str = "train", count: int | None = None):
        if split not in SPLITS:
            raise InputError(f"facades have no split {split!r}; known: {', '.join(SPLITS)}")
        self._first, usual = SPLITS[split]
        self._size, self._split, self._count = size, split, usual if count is None else count

    def __len__(self) -> int:
        return self._count

    def id(self, i: int) -> str:
        return f"{self._split}-{range(self._count)[i]:06d}"

    def __getitem__(self, i: int) -> dict:
        image, label = draw(self._first + range(self._count)[i], self._size)
        return {"image": image, "id": self.id(i), "label": label}


def draw(number: int, size: int) -> tuple[np.ndarray, int]:
    """Paints one facade.

    Args:
      number: which, in [0, 2**64).
      size: side in pixels.

    Returns:
      (uint8 ``[size, size, 3]``, label).
    """
    chance = iter((np.random.Philox(key=number).random_raw(160) >> np.uint64(40)) / np.float32(1 << 24))
    label = int(next(chance) * len(STYLES))
    canvas = Canvas(size)
    _paint(canvas, list(STYLES.values())[label], chance)
    return canvas.pixels(), label


def _paint(canvas: Canvas, style: Style, chance: Iterator) -> None:
    """Sky, building, windows, ground floor, pavement, light: back to front."""

    def between(low: float, high: float) -> float:
        return float(low + (high - low) * next(chance))

    def pick(options):
        return options[int(next(chance) * len(options))]

    *colours, lit_share = pick(HOURS)
    zenith, horizon, light = (rgb(*colour) for colour in colours)
    sky = zenith + canvas.middles[:, None, None] * 1.25 * (horizon - zenith)
    everywhere, ground = canvas.cover((0, 1)), 0.92
    canvas.paint(everywhere, everywhere, sky)
    sun_left = next(chance) < 0.5
    canvas.disc(*((0.12, 0.16) if sun_left else (0.88, 0.16)), 0.045, (255, 246, 214), 0.9)

    left, right = between(0.07, 0.13), between(0.87, 0.93)
    eaves = between(0.20, 0.27) if style.roof != "flat" else between(0.10, 0.18)
    wall = rgb(*pick(style.walls)) * between(0.94, 1.05)
    trim, roof = rgb(*style.trim), rgb(*style.roof_colour)
    span = canvas.cover((left, right))
    far = (horizon * 2 + zenith) / 3 * 0.86
    for x in (0.0, 0.80):
        canvas.paint(canvas.cover((between(0.42, 0.62), ground)), canvas.cover((x, x + 0.2)), far)

    if style.roof == "gable":
        rise = np.abs(canvas.middles - (left + right) / 2) / (right - left) * 2
        skyline = eaves - between(0.12, 0.16) * (1 - rise / 1.08)
        canvas.below(np.where(rise < 1.08, skyline, 1).astype(np.float32), roof, eaves + 0.01)
    elif style.roof == "mansard":
        outside = np.maximum(np.maximum(left - canvas.middles, canvas.middles - right) + 0.05, 0) * 2.6
        skyline = eaves - 0.13 + outside
        canvas.below(np.where(outside < 0.13, skyline, 1).astype(np.float32), roof, eaves)
    canvas.paint(canvas.cover((eaves, ground)), span, wall)

    columns = int(between(*style.columns) + 0.5)
    floors = int(between(*style.floors) + 0.5)
    shop_top = ground - (ground - eaves) / (floors + 1) * 1.05
    cell_x, cell_y = (right - left) / (columns + 0.3), (shop_top - eaves - 0.02) / floors
    centres = [left + cell_x * (c + 0.65) for c in range(columns)]
    tops = [eaves + 0.03 + cell_y * (f + (0.95 - style.height) / 2) for f in range(floors)]
    half, high = cell_x * style.width / 2, cell_y * style.height
    line = max(0.008, 0.4 / canvas.size)

    def across(grow: float, shift: float = 0.0) -> np.ndarray:
        return canvas.cover(*[(c - half - grow + shift, c + half + grow + shift) for c in centres])

    def rows(above: float, below: float) -> np.ndarray:
        return canvas.cover(*[(t - above, t + high + below) for t in tops])

    storeys = [t - (tops[0] - eaves) * 0.5 for t in tops]
    if style.ornament == "courses":
        courses = [(y, y + 0.008) for y in np.arange(eaves + 0.02, ground, 0.024)]
        canvas.paint(canvas.cover(*courses), span, wall * 0.86, 0.8)
    elif style.ornament == "bands":
        canvas.paint(canvas.cover(*[(t - 0.02, t + high + 0.02) for t in tops]), span, wall * 0.82)
    elif style.ornament == "timber":
        uprights = [left + cell_x * (c + 0.15) for c in range(columns + 1)]
        canvas.paint(
            canvas.cover((eaves, shop_top)), canvas.cover(*[(u - 0.011, u + 0.011) for u in uprights]), trim
        )
        canvas.paint(canvas.cover(*[(s - 0.011, s + 0.011) for s in storeys]), span, trim)
    elif style.ornament == "balconies":
        canvas.paint(canvas.cover(*[(s - line, s + line) for s in storeys]), span, wall * 0.84)

    if style.ornament == "shutters":
        shutter = rgb(*pick(((70, 110, 92), (62, 96, 140), (140, 70, 60))))
        canvas.paint(rows(0, 0), across(half * 0.75), shutter)
    canvas.paint(rows(0.6 * line, 1.4 * line), across(1.2 * line), trim)
    slant = 0.35 + 0.65 * (canvas.middles[:, None, None] - eaves) / (ground - eaves)
    glass = rgb(58, 74, 96) + (1 - slant) * 0.35 * (horizon - rgb(58, 74, 96))
    canvas.paint(rows(0, 0), across(0), glass)
    canvas.paint(canvas.cover(*[(t, t + 0.16 * high) for t in tops]), across(0), (24, 28, 40), 0.45)  # reveal
    for top in tops:
        lit = [c for c in centres if next(chance) < lit_share]
        if lit:
            panes = canvas.cover(*[(c - half, c + half) for c in lit])
            canvas.paint(canvas.cover((top, top + high)), panes, rgb(255, 214, 128) / light)
    if style.ornament != "mullions":
        canvas.paint(
            rows(0, 0), canvas.cover(*[(c - 0.45 * line, c + 0.45 * line) for c in centres]), trim, 0.9
        )
        canvas.paint(
            canvas.cover(*[(t + 0.4 * high, t + 0.4 * high + 0.9 * line) for t in tops]), across(0), trim, 0.9
        )
        canvas.paint(
            canvas.cover(*[(t + high, t + high + 1.8 * line) for t in tops]), across(2.5 * line), trim
        )
    if style.ornament == "balconies":
        rails = canvas.cover(*[(t + 0.72 * high, t + high + line) for t in tops])
        canvas.paint(rails, across(2 * line), (40, 42, 50), 0.62)

    _ground_floor(canvas, style, chance, wall, left, right, shop_top, ground, glass, lit_share > 0.0)
    canvas.paint(
        canvas.cover((eaves - 0.012, eaves + 0.014)), canvas.cover((left - 0.02, right + 0.02)), trim
    )
    canvas.paint(canvas.cover((eaves + 0.014, eaves + 0.034)), span, (20, 20, 34), 0.28)

    slope = (0.5 - canvas.middles) if sun_left else (canvas.middles - 0.5)
    shade = 1 + 0.26 * slope * canvas.cover((left, right))
    below_sky = np.clip((canvas.image - sky).any(-1), 0, 1)[..., None]  # light falls on what was built
    lighting = light * shade[None, :, None]
    canvas.image *= 1 + below_sky * (lighting - 1)
    canvas.paint(canvas.cover((ground, 1)), everywhere, rgb(150, 146, 142) * light)
    canvas.paint(canvas.cover((ground, ground + 0.02)), everywhere, rgb(186, 182, 176) * light)
    canvas.paint(canvas.cover((0.97, 1)), everywhere, rgb(88, 88, 94) * light)


def _ground_floor(canvas, style, chance, wall, left, right, top, ground, glass, lit) -> None:
    """A door and, beside it, shop windows under an awning."""
    span = canvas.cover((left, right))
    canvas.paint(canvas.cover((top, ground)), span, wall * 0.80)
    canvas.paint(canvas.cover((top - 0.006, top + 0.008)), span, style.trim)
    door = ((160, 48, 44), (40, 78, 110), (46, 92, 66), (96, 62, 40))[int(next(chance) * 4)]
    awning = ((196, 62, 54), (58, 120, 92), (226, 168, 70), (70, 96, 150))[int(next(chance) * 4)]
    middle = left + (right - left) * (0.2, 0.5, 0.8)[int(next(chance) * 3)]
    head = top + (ground - top) * 0.22
    shops = [(a, b) for a, b in ((left + 0.04, middle - 0.10), (middle + 0.10, right - 0.04)) if b - a > 0.12]
    if shops:
        panes = canvas.cover(*shops)
        canvas.paint(canvas.cover((head, ground - 0.03)), panes, (255, 214, 140) if lit else glass)
        canvas.paint(
            canvas.cover((head - 0.01, head + 0.035)),
            canvas.cover(*[(a - 0.015, b + 0.015) for a, b in shops]),
            awning,
        )
    canvas.paint(
        canvas.cover((head - 0.012, ground)), canvas.cover((middle - 0.067, middle + 0.067)), style.trim
    )
    canvas.paint(canvas.cover((head, ground)), canvas.cover((middle - 0.055, middle + 0.055)), door)
    canvas.paint(
        canvas.cover((head + 0.012, head + 0.045)),
        canvas.cover((middle - 0.04, middle + 0.04)),
        (255, 226, 160),
    )
