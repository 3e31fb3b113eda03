"""What an encoder-decoder is given and what it predicts: the block around a hole, or the whole picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import masks
from inpaint_jax.compositing import fill, from_unit, to_unit
from inpaint_jax.errors import InputError
from inpaint_jax.optimization import steps
from inpaint_jax.systems.parts import views
from inpaint_jax.types import Hole, Image, Key

DRAWN = 16  # holes of a family that are compared to tell whether it is always the same


@dataclass(frozen=True, eq=False)
class BlockTask:
    """Square blocks of the pictures, as a network sees and predicts them.

    Attributes:
      size: side of the pictures.
      side: of a block; ``size``: the whole picture is predicted, under any hole. A smaller block is predicted from
        pictures with one of a few holes that are always the same, around which the blocks lie.
      holes: the family that is trained on, "center:56" or "pattern", or several by comma, in rotation.
      trained: those few holes, ``[F, size, size, 1]``; None for the whole picture.
      places: top and left of their blocks, ``[F, 2]``.
      colour: inside the hole of what the network is given, one number or one per channel, in [-1, 1].
      unit_range: the network sees and paints [0, 1] instead of [-1, 1].
    """

    size: int
    side: int
    holes: str
    trained: np.ndarray | None
    places: np.ndarray
    colour: float | Sequence[float]
    unit_range: bool

    def draw(self, key: Key, count: int, axis_name: str | None = None) -> Hole:
        """Holes to train on, ``[count, size, size, 1]``."""
        return steps.global_draw(masks.cycle(self.holes, self.size), key, count, axis_name)

    def damage(self, image: Image, hole: Hole) -> jax.Array:
        """What the network is given, ``[B, size, size, C]`` in its own range."""
        return self.to_network(fill(image, hole, value=jnp.asarray(self.colour)))

    def cut(self, image: jax.Array, hole: Hole) -> jax.Array:
        """The block of a picture or a hole, ``[B, side, side, C]``, where its hole is."""
        if len(self.places) == 1:
            top, left = self.places[0]
            return image[:, top : top + self.side, left : left + self.side]

        def one(image, place):
            return jax.lax.dynamic_slice(image, (*place, 0), (self.side, self.side, image.shape[-1]))

        return jax.vmap(one)(image, self.place_of(hole))

    def paste(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """The picture with the block where its hole is, ``[B, size, size, C]``."""
        if len(self.places) == 1:
            top, left = self.places[0]
            return jnp.asarray(image).at[:, top : top + self.side, left : left + self.side].set(block)

        def one(image, block, place):
            return jax.lax.dynamic_update_slice(image, block, (*place, 0))

        return jax.vmap(one)(image, block, self.place_of(hole))

    def to_network(self, image: Image) -> jax.Array:
        """From [-1, 1] to the network's range."""
        return to_unit(image) if self.unit_range else image

    def from_network(self, image: jax.Array) -> Image:
        """From the network's range to [-1, 1]; what a tanh paints below 0 in the unit range lies below -1."""
        return from_unit(image) if self.unit_range else image

    def pasted(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """The picture with what a network painted in the block's place, in [-1, 1]."""
        return self.paste(image, jnp.clip(self.from_network(block), -1.0, 1.0), hole)

    def loss_values(self, prediction: jax.Array, image: Image, hole: Hole) -> dict[str, jax.Array]:
        """What losses are offered: ``prediction`` and ``target`` of the block in [-1, 1], and its ``hole``."""
        return {
            "prediction": self.from_network(prediction),
            "target": self.cut(image, hole),
            "hole": self.cut(hole, hole),
        }

    def fits(self, hole: Hole) -> jax.Array:
        """Which of the trained holes each hole lies inside, bool ``[B, F]``."""
        assert self.trained is not None
        return (jnp.asarray(hole)[:, None] <= self.trained[None]).all((2, 3, 4))

    def smallest(self, hole: Hole) -> jax.Array:
        """Which trained hole each hole lies inside, the smallest of them, ``[B]``."""
        assert self.trained is not None
        areas = jnp.asarray(self.trained.sum((1, 2, 3)))
        return jnp.where(self.fits(hole), areas[None], jnp.inf).argmin(1)

    def place_of(self, hole: Hole) -> jax.Array:
        """Top and left of each hole's block, ``[B, 2]``."""
        return jnp.asarray(self.places)[self.smallest(hole)]

    def trained_hole(self, hole: Hole) -> Hole:
        """The hole that the network is shown: for a smaller block one of those that it was trained on."""
        if self.trained is None:
            return hole
        return jnp.asarray(self.trained)[self.smallest(hole)]

    def supports(self, hole: Any) -> str | None:
        """None, or the reason why the network cannot fill a hole ``[size, size, 1]``."""
        if self.trained is None or (np.asarray(hole)[None] <= self.trained).all((1, 2, 3)).any():
            return None
        return f"it was trained for holes inside {self.holes}"

    def views(self, image: Image, hole: Hole, block: jax.Array) -> jax.Array:
        """Pictures to look at: true, damaged, painted, completed, see ``views.rows``."""
        image, hole, block = image[: views.SHOWN], hole[: views.SHOWN], block[: views.SHOWN]
        damaged = fill(image, hole, value=jnp.asarray(self.colour))
        painted = self.pasted(damaged, block, hole)
        return views.rows(image, damaged, painted, jnp.where(hole > 0.5, painted, image))


def build(*, size: int, side: int, holes: str, networks: dict[str, Any] | Any, label: str) -> BlockTask:
    """The blocks of a config.

    Args:
      size: side of the pictures.
      side: of a block.
      holes: the family that is trained on, or several by comma.
      networks: of the config; ``fill`` is the colour, ``unit_range`` the range.
      label: the config key of ``holes``, for error messages.

    Raises:
      InputError: for a block that is no part of the picture, an unknown family, or one whose holes are not always the
        same and in the middle of a block, with equal margins.
    """
    if not 0 < side <= size:
        raise InputError(f"networks: a block of {side} pixels is no part of a picture of {size}")
    draw, families = masks.cycle(holes, size), 1 + holes.count(",")
    trained, places = None, np.zeros((1, 2), int)
    if side < size:
        drawn = np.asarray(draw(jax.random.key(1), DRAWN * families)).reshape(DRAWN, families, size, size, 1)
        trained = drawn[0]
        places = np.array([place_around(hole, side) for hole in trained])
        if (drawn != trained[None]).any() or (places < 0).any() or (places > size - side).any():
            need = f"blocks of {side} pixels need holes that are always the same, each in the middle of its block"
            raise InputError(f"{label}: {need}, not {holes!r}")
    colour = networks["fill"]
    colour = tuple(colour) if isinstance(colour, list) else colour
    return BlockTask(size, side, holes, trained, places, colour, networks["unit_range"])


def place_around(hole: np.ndarray, side: int) -> tuple[int, ...]:
    """Top and left of the block that has a hole ``[H, W, 1]`` in its middle; -1 where none has, or it is too small."""
    if not hole.any():
        return -1, -1
    ends = [np.flatnonzero(hole.any((axis, 2)))[[0, -1]] + (0, 1) for axis in (1, 0)]
    fits = all((first + last - side) % 2 == 0 and last - first <= side for first, last in ends)
    return tuple((first + last - side) // 2 if fits else -1 for first, last in ends)
