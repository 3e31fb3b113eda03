"""Free-form holes: strokes, discs, arcs, and regions grown from stamps, drawn on the device.

Integer arithmetic makes a hole the same on every machine: no pixel depends on float rounding.
"""

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.masks.draws import integers
from inpaint_jax.types import Hole, Key

UNIT = 256  # sub-pixels per pixel, and the scale of the sine table
ONE = 8192  # radius of an ellipse in its own coordinates
ANGLES = np.pi * np.arange(33) / 32
COSINE, SINE = (
    np.rint(UNIT * np.cos(ANGLES)).astype(np.int32),
    np.rint(UNIT * np.sin(ANGLES)).astype(np.int32),
)


def irregular(key: Key, size: int) -> Hole:
    """Draw 16 to 64 strokes: 60 % lines, 20 % discs, 20 % elliptical arcs (Zheng et al., PIC code).

    For an image of 256 pixels, the thickness of lines and arcs and the radius of discs are uniform
    in 4..20 pixels. They scale with the image and are at least one pixel. The kinds of stroke
    rotate; the released code draws the kind of each stroke at random.

    Args:
      key: typed key.
      size: side of the image in pixels.

    Returns:
      ``[size, size, 1]``.
    """
    count = integers(jax.random.fold_in(key, 13), (), 16, 65)
    y, x = jnp.mgrid[:size, :size]

    def add_five(hole, turn):
        drawn = integers(
            jax.random.fold_in(key, turn), (26,), 0, np.repeat([size, size, 17, 33], [16, 2, 5, 3])
        )
        points, axes, angles = drawn[:16].reshape(8, 2), drawn[16:18] + 1, drawn[23:]
        widths = jnp.maximum(drawn[18:23] + 4, -(-256 // size))
        strokes = [_line(y, x, points[i], points[i + 5], widths[i]) for i in range(3)]
        strokes.append(_disc(y, x, points[3], 2 * widths[3]))
        strokes.append(_arc(y, x, points[4], axes, angles, widths[4]))
        for i, stroke in enumerate(strokes):
            hole = hole | (stroke & (5 * turn + i < count))
        return hole, None

    hole, _ = jax.lax.scan(add_five, jnp.zeros((size, size), bool), jnp.arange(13))
    return hole[..., None].astype(jnp.float32)


def ellipse_pattern(key: Key, size: int, *, share: float = 0.25) -> Hole:
    """Grow a region from three seeds by stamping ellipses onto its pixels, then close it.

    This is the "pattern" hole of ChengBinJin's implementation of Yeh et al.

    Args:
      key: typed key.
      size: side of the image in pixels.
      share: share of missing pixels at which growth stops; closing adds a few pixels.

    Returns:
      ``[size, size, 1]``. Stamps are 7 pixels wide for an image of 64 pixels and scale with the
      image.

    Raises:
      InputError: unless ``0 <= share <= 1``.
    """
    if not 0 <= share <= 1:
        raise InputError(f"ellipses: the share of missing pixels must be in [0, 1], got {share}")
    radius = max(1, round(3 * size / 64))
    reach = np.arange(-radius, radius + 1)
    widths = np.rint(np.sqrt(radius**2 - reach**2)).astype(int)
    stamp = np.abs(reach)[None, :] <= widths[:, None]
    seed_key, grow_key = jax.random.split(key)

    def press(region, per_row, row, column):  # the padding makes (row, column) the stamp's centre
        window = stamp | jax.lax.dynamic_slice(region, (row, column), stamp.shape)
        region = jax.lax.dynamic_update_slice(region, window, (row, column))
        rows = jax.lax.dynamic_slice_in_dim(region, row, stamp.shape[0])[
            :, radius : radius + size
        ].sum(1, dtype=jnp.int32)
        return region, jax.lax.dynamic_update_slice(per_row, rows, (row,))

    def grow(carry):
        step, region, per_row = carry
        inside = per_row[radius : radius + size]
        nth = integers(jax.random.fold_in(grow_key, step), (), 0, inside.sum())
        row = jnp.argmax(jnp.cumsum(inside) > nth)
        nth_in_row = nth - jnp.where(jnp.arange(size) < row, inside, 0).sum()
        column = jnp.argmax(jnp.cumsum(region[row + radius, radius : radius + size]) > nth_in_row)
        return step + 1, *press(region, per_row, row, column)

    def too_small(carry):
        return carry[2][radius : radius + size].sum() < share * size**2

    region, per_row = (
        jnp.zeros((size + 2 * radius,) * 2, bool),
        jnp.zeros(size + 2 * radius, jnp.int32),
    )
    for row, column in integers(seed_key, (3, 2), 0, size):
        region, per_row = press(region, per_row, row, column)
    _, region, _ = jax.lax.while_loop(too_small, grow, (0, region, per_row))
    grown = region[radius : radius + size, radius : radius + size]
    closed = ~_dilate(~_dilate(grown, widths), widths)
    return closed[..., None].astype(jnp.float32)


# Widths below are in 256ths of the image, points (row, column) in pixels.


def _disc(y, x, middle, width):
    return (y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= (width * y.shape[0] // 2) ** 2 // 256**2


def _line(y, x, start, end, width):
    dy, dx = end[0] - start[0], end[1] - start[1]
    squared_length = dy * dy + dx * dx
    along = (y - start[0]) * dy + (x - start[1]) * dx
    across = jnp.abs((y - start[0]) * dx - (x - start[1]) * dy)
    reach = width * (y.shape[0] / 256) * jnp.sqrt(squared_length.astype(jnp.float32))
    beside = (along > 0) & (along < squared_length) & (2 * across <= reach.astype(jnp.int32))
    return beside | _disc(y, x, start, width) | _disc(y, x, end, width)


def _arc(y, x, middle, axes, angles, width):
    """Fill the area between two ellipses ``width`` apart and between two angles.

    The angles are in 32nds of a half-turn.
    """
    sine, cosine = jnp.asarray(SINE), jnp.asarray(COSINE)
    turn, first, last = angles[0], angles[1:].min(), angles[1:].max()
    dy, dx = y - middle[0], x - middle[1]
    u, v = dx * cosine[turn] + dy * sine[turn], dy * cosine[turn] - dx * sine[turn]
    half = width * y.shape[0] * UNIT // 512

    # up to 2, in units of 1 / ONE: no overflow, and one division per ellipse
    def in_radii(coordinate, radius):
        return jnp.minimum(jnp.abs(coordinate), 2 * radius) * ((ONE << 16) // radius) >> 16

    def inside(radii):
        within = (
            in_radii(u, jnp.maximum(radii[0], 1)) ** 2 + in_radii(v, jnp.maximum(radii[1], 1)) ** 2
        )
        return (within <= ONE**2) & (radii > 0).all()

    p, q = jnp.sign(u) * in_radii(u, axes[0] * UNIT), in_radii(v, axes[1] * UNIT)
    between = (
        (cosine[first] * q >= sine[first] * p) & (cosine[last] * q <= sine[last] * p) & (v >= 0)
    )
    return inside(axes * UNIT + half) & ~inside(axes * UNIT - half) & between


def _dilate(region, widths):
    """Dilate a region by a stamp that extends ``widths[i]`` pixels to each side in row i."""
    radius, (height, width) = len(widths) // 2, region.shape
    padded = jnp.pad(region.astype(jnp.int32), ((radius, radius), (radius + 1, radius)))
    # a difference of two of these counts the pixels of a run, however long
    before = padded.cumsum(1)
    touched = jnp.zeros_like(region)
    for i, reach in enumerate(widths):
        rows = before[i : i + height]
        right = rows[:, radius + reach + 1 : radius + reach + 1 + width]
        touched |= right > rows[:, radius - reach : radius - reach + width]
    return touched
