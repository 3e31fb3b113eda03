"""What an encoder-decoder is given and what it predicts: the block around a hole, or the whole picture."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import masks
from inpaint_jax.compositing import fill, from_unit, to_unit
from inpaint_jax.errors import InputError
from inpaint_jax.networks.residual import Given
from inpaint_jax.optimization import steps
from inpaint_jax.systems.parts import views
from inpaint_jax.systems.parts.filling import harmonic
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
      places: top and left of their blocks, ``[F, 2]``. A block may reach beyond its hole, which leaves a ring that the
        network is shown in training; holes that reach into the ring are completed too, see ``shown``.
      colour: inside the hole of what the network is given, one number or one per channel, in [-1, 1].
      unit_range: the network sees and paints [0, 1] instead of [-1, 1].
      mask_channel: the network is given one channel more, 1 where pixels are known.
      residual: the network sees the hole filled harmonically, not in a colour, and what it paints is added to that
        filling; its generator is then a ``networks.residual``.
    """

    size: int
    side: int
    holes: str
    trained: np.ndarray | None
    places: np.ndarray
    colour: float | Sequence[float]
    unit_range: bool
    mask_channel: bool = False
    residual: bool = False

    def draw(self, key: Key, count: int, axis_name: str | None = None) -> Hole:
        """Holes to train on, ``[count, size, size, 1]``."""
        return steps.global_draw(masks.cycle(self.holes, self.size), key, count, axis_name)

    def damage(self, image: Image, hole: Hole) -> jax.Array | Given:
        """What the network is given, ``[B, size, size, C]`` in its own range."""
        filled = harmonic(image, hole) if self.residual else fill(image, hole, value=jnp.asarray(self.colour))
        return self.given(filled, hole)

    def given(self, filled: Image, hole: Hole) -> jax.Array | Given:
        """What the network is given of a picture whose hole is filled already."""
        seen = self.to_network(self.enlarge(filled))
        if self.mask_channel:
            seen = jnp.concatenate([seen, self.known(hole)], axis=-1)
        return Given(seen, self.to_network(self.cut(filled, hole))) if self.residual else seen

    def known(self, hole: Hole) -> jax.Array:
        """The channel that says which pixels of what the network sees are known, ``[B, size, size, 1]``."""
        return 1.0 - hole

    def enlarge(self, image: Image) -> Image:
        """A picture in the size in which the network sees it."""
        return image

    def enlarge_hole(self, hole: Hole) -> Hole:
        """A hole in that size."""
        return hole

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
            "hole": self.cut_hole(hole),
        }

    def cut_hole(self, hole: Hole) -> Hole:
        """The hole within the block, ``[B, side, side, 1]``."""
        return self.cut(hole, hole)

    @functools.cached_property
    def reached(self) -> np.ndarray:
        """The blocks as holes, ``[F, size, size, 1]``."""
        reached = np.zeros((len(self.places), self.size, self.size, 1), np.float32)
        for area, (top, left) in zip(reached, self.places, strict=True):
            area[top : top + self.side, left : left + self.side] = 1
        return reached

    def fits(self, hole: Hole) -> jax.Array:
        """Which of the blocks each hole lies inside, bool ``[B, F]``."""
        return (jnp.asarray(hole)[:, None] <= self.reached[None]).all((2, 3, 4))

    def smallest(self, hole: Hole) -> jax.Array:
        """Which trained hole each hole lies inside, the smallest of them, ``[B]``; else the largest in whose block."""
        assert self.trained is not None
        areas = jnp.asarray(self.trained.sum((1, 2, 3)))
        inside = (jnp.asarray(hole)[:, None] <= self.trained[None]).all((2, 3, 4))
        cost = jnp.where(inside, areas[None], 2.0 * self.size**2 - areas[None])
        return jnp.where(self.fits(hole), cost, jnp.inf).argmin(1)

    def place_of(self, hole: Hole) -> jax.Array:
        """Top and left of each hole's block, ``[B, 2]``."""
        return jnp.asarray(self.places)[self.smallest(hole)]

    def trained_hole(self, hole: Hole) -> Hole:
        """The hole that the network is shown: for a smaller block one of those that it was trained on."""
        if self.trained is None:
            return hole
        return jnp.asarray(self.trained)[self.smallest(hole)]

    def shown(self, image: Image, hole: Hole) -> tuple[Image, Hole]:
        """A picture and its hole as the network knows them from training.

        What is missing of the ring between a trained hole and its block is filled harmonically: the network expects
        to see something there. It is painted with the rest of the block.
        """
        if self.trained is None or (self.trained == self.reached).all():
            return image, self.trained_hole(hole)
        trained = self.trained_hole(hole)
        ring = (hole > 0.5) & (trained < 0.5)
        return jnp.where(ring, harmonic(image, hole), image), trained

    def supports(self, hole: Any) -> str | None:
        """None, or the reason why the network cannot fill a hole ``[size, size, 1]``."""
        if self.trained is None or (np.asarray(hole)[None] <= self.reached).all((1, 2, 3)).any():
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
      networks: of the config; ``fill`` is the colour, ``unit_range`` the range, and ``mask_channel`` and ``residual``
        as of ``BlockTask``, where there are any.
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
    switches = {name: networks.get(name, False) for name in ("mask_channel", "residual")}
    return BlockTask(size, side, holes, trained, places, colour, networks["unit_range"], **switches)


def place_around(hole: np.ndarray, side: int) -> tuple[int, ...]:
    """Top and left of the block that has a hole ``[H, W, 1]`` in its middle; -1 where none has, or it is too small."""
    if not hole.any():
        return -1, -1
    ends = [np.flatnonzero(hole.any((axis, 2)))[[0, -1]] + (0, 1) for axis in (1, 0)]
    fits = all((first + last - side) % 2 == 0 and last - first <= side for first, last in ends)
    return tuple((first + last - side) // 2 if fits else -1 for first, last in ends)
