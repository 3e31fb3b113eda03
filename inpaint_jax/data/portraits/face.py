"""Random parameters of one portrait.

Lengths are in heads: the head reaches from -1 (crown) to 1 (chin). In the image, x points to the
right and y downwards.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inpaint_jax.data.portraits import colours

STYLES = ("bald", "short", "fringe", "long", "curly", "bun", "beanie")


class Pose(NamedTuple):
    """Position of the head in the image, and direction of the view."""

    x: float  # centre of the head, as a fraction of the image's side
    y: float
    unit: float  # half height of the head, as a fraction of the image's side
    lean: float  # tilt towards a shoulder: tangent of half of the angle
    turn: float  # sine of the angle to the right
    nod: float  # sine of the angle downwards


class Light(NamedTuple):
    """One key light, and soft light from everywhere."""

    x: float  # unit vector towards the light; negative x: from the left
    y: float  # negative: from above
    z: float  # towards the viewer
    tint: np.ndarray  # colour where the key light falls
    shade: np.ndarray  # colour where it does not reach


class Head(NamedTuple):
    width: float  # half width
    jaw: float  # how much narrower the chin is: 0.2 square, 0.5 pointed
    ears: float  # size
    skin: np.ndarray
    blush: float


class Eyes(NamedTuple):
    apart: float  # half of the distance between the eye centres
    width: float  # half width
    open: float  # height of the upper lid
    slant: float  # height of the outer corners above the inner ones
    gaze_x: float  # -1 to 1
    gaze_y: float
    iris: np.ndarray
    lashes: float  # thickness
    brow: float  # thickness
    brow_height: float
    brow_slope: float  # positive: worried, negative: angry


class Mouth(NamedTuple):
    width: float  # half width
    smile: float  # -1 frown to 1
    open: float  # 0 closed to 1
    lips: float  # thickness
    lip: np.ndarray


class Hair(NamedTuple):
    style: str  # one of STYLES
    colour: np.ndarray
    natural: np.ndarray  # colour of brows and beard
    volume: float
    part: float  # position of the part, -1 to 1
    line: float  # height of the hairline
    length: float
    beard: float  # 0 none, 0.3 stubble, 1 full


class Face(NamedTuple):
    """All parameters of one portrait."""

    pose: Pose
    light: Light
    head: Head
    eyes: Eyes
    nose: tuple[float, float]  # half width, length
    mouth: Mouth
    hair: Hair
    glasses: bool
    frame: tuple[float, float, float]  # height and roundness of the lenses, darkness of the glass
    frame_colour: np.ndarray
    earrings: bool
    cloth: np.ndarray
    trim: np.ndarray  # collar, cap
    collar: float  # depth of the neckline
    stripes: bool
    wall: tuple[np.ndarray, np.ndarray]  # colours at the upper left and the lower right

    @property
    def label(self) -> int:
        return 2 * STYLES.index(self.hair.style) + self.glasses


def draw_face(chance: Iterator[float]) -> Face:
    """Draw a random face; ``chance`` yields numbers in [0, 1), of which fewer than 128 are used."""

    def flat(low: float, high: float) -> float:
        return low + (high - low) * next(chance)

    def bell(low: float, high: float) -> float:
        """Return a random number that mostly lies near the middle."""
        return low + (high - low) * (next(chance) + next(chance) + next(chance)) / 3

    def often(share: float) -> bool:
        return next(chance) < share

    style = STYLES[int(next(chance) * len(STYLES))]
    glasses = often(0.35)
    tone = 0.06 + 0.94 * next(chance) * flat(0.5, 1)
    skin = colours.between(colours.SKIN, tone)
    smile = bell(-0.8, 1.6)
    pose = Pose(
        x=0.5 + bell(-0.035, 0.035),
        y=0.495 + bell(-0.03, 0.03),
        unit=bell(0.315, 0.36),
        lean=bell(-0.07, 0.07),
        turn=bell(-0.5, 0.5),
        nod=bell(-0.12, 0.12),
    )
    light = _light(flat(-0.85, 0.85), flat(0.25, 0.7), flat(-1, 1))
    head = Head(bell(0.70, 0.84), bell(0.02, 0.32), bell(0.8, 1.2), skin, flat(0.1, 0.5))
    eyes = Eyes(
        apart=bell(0.28, 0.35),
        width=bell(0.155, 0.195),
        open=bell(0.08, 0.17) - 0.02 * max(smile, 0),
        slant=bell(-0.03, 0.04),
        gaze_x=bell(-1, 1),
        gaze_y=bell(-0.6, 0.6),
        iris=colours.between(colours.EYES, flat(0, 1 - 0.6 * tone)),
        lashes=bell(0.018, 0.04),
        brow=bell(0.02, 0.055),
        brow_height=bell(0.20, 0.29),
        brow_slope=bell(-0.25, 0.25) - 0.1 * min(smile, 0),
    )
    rose = colours.colour(206, 70, 84)
    lip = skin * np.float32(0.82) + np.float32(flat(0.15, 0.5)) * (rose - skin * np.float32(0.82))
    mouth = Mouth(
        bell(0.22, 0.35) + 0.06 * max(smile, 0), smile, max(flat(-0.8, 1), 0), bell(0.05, 0.09), lip
    )
    natural = colours.between(colours.HAIR, flat(0, 1 if tone < 0.55 else 0.4))
    grey, dyed = often(0.1), often(0.06)
    dye = colours.between(colours.DYES, flat(0, 1))
    beard = flat(0.15, 1) if often(0.4) else 0.0
    hair = Hair(
        style=style,
        colour=colours.GREY_HAIR if grey else dye if dyed else natural,
        natural=colours.GREY_HAIR if grey else natural,
        volume=bell(-0.05, 0.1),
        part=flat(-1, 1),
        line=bell(-0.66, -0.5),
        length=bell(0.7, 1.5),
        beard=beard if style in ("bald", "short", "curly", "beanie") else 0.0,
    )
    wall = flat(0, 1)
    other = min(max(wall + bell(-0.3, 0.3), 0), 1)
    cloth, trim = (colours.between(colours.CLOTH, flat(0, 1)) for _ in range(2))
    return Face(
        pose=pose,
        light=light,
        head=head,
        eyes=eyes,
        nose=(bell(0.09, 0.15), bell(0.28, 0.40)),
        mouth=mouth,
        hair=hair,
        glasses=glasses,
        frame=(bell(0.15, 0.24), flat(0.3, 1), flat(0.65, 0.9) if often(0.15) else 0.08),
        frame_colour=colours.between(colours.FRAMES, flat(0, 1)),
        earrings=often(0.3),
        cloth=cloth,
        trim=trim,
        collar=flat(0.05, 0.4),
        stripes=often(0.25),
        wall=(colours.between(colours.WALLS, wall), colours.between(colours.WALLS, other)),
    )


def _light(side: float, height: float, warmth: float) -> Light:
    length = math.sqrt(side * side + height * height + 1.2)
    warm, cool = colours.colour(255, 238, 210), colours.colour(230, 240, 252)
    tint = (warm + cool + np.float32(warmth) * (warm - cool)) * np.float32(0.55)
    shade = (
        colours.colour(178, 142, 152) + np.float32(0.08 * warmth) * (cool - warm)
    ) * np.float32(0.95)
    return Light(side / length, -height / length, math.sqrt(1.2) / length, tint, shade)
