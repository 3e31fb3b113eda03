"""Input and output of an encoder-decoder: the block around a hole, or the whole image."""

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

DRAWN = 16  # holes drawn from a family, to check whether all are equal


@dataclass(frozen=True, eq=False)
class BlockTask:
    """Square blocks of images, as a network sees and predicts them.

    Attributes:
      size: side of the images.
      side: side of a block. If it equals ``size``, the network predicts the whole image under any
        hole. A smaller block is predicted from images with one of a few fixed holes, each inside
        its block.
      holes: the hole family of the training, "center:56" or "pattern", or several families
        separated by commas, in rotation.
      trained: the fixed holes, ``[F, size, size, 1]``; None for the whole image.
      places: top and left of the blocks, ``[F, 2]``. A block may be larger than its hole. The ring
        between them is visible in training. Holes that reach into the ring can be completed too,
        see ``shown``.
      colour: value inside the hole of the network's input, one number or one per channel, in
        [-1, 1].
      unit_range: the network sees and paints [0, 1] instead of [-1, 1].
      mask_channel: the network's input has one more channel, 1 where pixels are known.
      residual: the hole in the network's input is filled harmonically instead of with a colour, and
        the output is added to the filling; the generator is then a ``networks.residual``.
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
        """Draw training holes, ``[count, size, size, 1]``."""
        return steps.global_draw(masks.cycle(self.holes, self.size), key, count, axis_name)

    def damage(self, image: Image, hole: Hole, *, train: bool = False) -> jax.Array | Given:
        """Make the network's input, ``[B, size, size, C]`` in the network's range.

        For ``train``, see ``filling.harmonic``.
        """
        filled = (
            harmonic(image, hole, train=train)
            if self.residual
            else fill(image, hole, value=jnp.asarray(self.colour))
        )
        return self.given(filled, hole)

    def given(self, filled: Image, hole: Hole) -> jax.Array | Given:
        """Make the network's input from an image with a filled hole."""
        seen = self.to_network(self.enlarge(filled))
        if self.mask_channel:
            seen = jnp.concatenate([seen, self.known(hole)], axis=-1)
        return Given(seen, self.to_network(self.cut(filled, hole))) if self.residual else seen

    def known(self, hole: Hole) -> jax.Array:
        """Return the mask channel: 1 at known pixels of the input, ``[B, size, size, 1]``."""
        return 1.0 - hole

    def enlarge(self, image: Image) -> Image:
        """Resize an image to the network's input size."""
        return image

    def enlarge_hole(self, hole: Hole) -> Hole:
        """Resize a hole to the network's input size."""
        return hole

    def cut(self, image: jax.Array, hole: Hole) -> jax.Array:
        """Cut the block at each hole out of an image or a hole, ``[B, side, side, C]``."""
        if len(self.places) == 1:
            top, left = self.places[0]
            return image[:, top : top + self.side, left : left + self.side]

        def one(image, place):
            return jax.lax.dynamic_slice(
                image, (*place, 0), (self.side, self.side, image.shape[-1])
            )

        return jax.vmap(one)(image, self.place_of(hole))

    def paste(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """Paste the block into the image at each hole, ``[B, size, size, C]``."""
        if len(self.places) == 1:
            top, left = self.places[0]
            return (
                jnp.asarray(image).at[:, top : top + self.side, left : left + self.side].set(block)
            )

        def one(image, block, place):
            return jax.lax.dynamic_update_slice(image, block, (*place, 0))

        return jax.vmap(one)(image, block, self.place_of(hole))

    def to_network(self, image: Image) -> jax.Array:
        """Convert from [-1, 1] to the network's range."""
        return to_unit(image) if self.unit_range else image

    def from_network(self, image: jax.Array) -> Image:
        """Convert to [-1, 1]; a tanh output below 0 in the unit range becomes less than -1."""
        return from_unit(image) if self.unit_range else image

    def pasted(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """Paste a network's output into the image in place of the block, in [-1, 1]."""
        return self.paste(image, jnp.clip(self.from_network(block), -1.0, 1.0), hole)

    def loss_values(self, prediction: jax.Array, image: Image, hole: Hole) -> dict[str, jax.Array]:
        """Return the block's ``prediction`` and ``target`` in [-1, 1], and ``hole``, for losses."""
        return {
            "prediction": self.from_network(prediction),
            "target": self.cut(image, hole),
            "hole": self.cut_hole(hole),
        }

    def cut_hole(self, hole: Hole) -> Hole:
        """Cut the hole within the block, ``[B, side, side, 1]``."""
        return self.cut(hole, hole)

    @functools.cached_property
    def reached(self) -> np.ndarray:
        """Return the blocks as holes, ``[F, size, size, 1]``."""
        reached = np.zeros((len(self.places), self.size, self.size, 1), np.float32)
        for area, (top, left) in zip(reached, self.places, strict=True):
            area[top : top + self.side, left : left + self.side] = 1
        return reached

    def fits(self, hole: Hole) -> jax.Array:
        """Test which blocks contain each hole, bool ``[B, F]``."""
        return (jnp.asarray(hole)[:, None] <= self.reached[None]).all((2, 3, 4))

    def smallest(self, hole: Hole) -> jax.Array:
        """Index ``[B]``: the smallest trained hole around each hole, else the largest that fits."""
        assert self.trained is not None
        areas = jnp.asarray(self.trained.sum((1, 2, 3)))
        inside = (jnp.asarray(hole)[:, None] <= self.trained[None]).all((2, 3, 4))
        cost = jnp.where(inside, areas[None], 2.0 * self.size**2 - areas[None])
        return jnp.where(self.fits(hole), cost, jnp.inf).argmin(1)

    def place_of(self, hole: Hole) -> jax.Array:
        """Return top and left of each hole's block, ``[B, 2]``."""
        return jnp.asarray(self.places)[self.smallest(hole)]

    def trained_hole(self, hole: Hole) -> Hole:
        """Return the hole that the network sees: for a smaller block one of the trained holes."""
        if self.trained is None:
            return hole
        return jnp.asarray(self.trained)[self.smallest(hole)]

    def shown(self, image: Image, hole: Hole) -> tuple[Image, Hole]:
        """Prepare an image and a hole as the network knows them from training.

        Missing pixels in the ring between a trained hole and its block are filled harmonically,
        because the network expects to see content there. They are then painted with the rest of
        the block.
        """
        if self.trained is None or (self.trained == self.reached).all():
            return image, self.trained_hole(hole)
        trained = self.trained_hole(hole)
        ring = (hole > 0.5) & (trained < 0.5)
        return jnp.where(ring, harmonic(image, hole), image), trained

    def supports(self, hole: Any) -> str | None:
        """Return None, or the reason why the network cannot fill a hole ``[size, size, 1]``."""
        if self.trained is None or (np.asarray(hole)[None] <= self.reached).all((1, 2, 3)).any():
            return None
        return f"it was trained for holes inside {self.holes}"

    def views(self, image: Image, hole: Hole, block: jax.Array) -> jax.Array:
        """Collect true, damaged, painted and completed images to look at, see ``views.rows``."""
        image, hole, block = image[: views.SHOWN], hole[: views.SHOWN], block[: views.SHOWN]
        damaged = fill(image, hole, value=jnp.asarray(self.colour))
        painted = self.pasted(damaged, block, hole)
        return views.rows(image, damaged, painted, jnp.where(hole > 0.5, painted, image))


def build(
    *, size: int, side: int, holes: str, networks: dict[str, Any] | Any, label: str
) -> BlockTask:
    """Build the blocks of a config.

    Args:
      size: side of the images.
      side: side of a block.
      holes: the hole family of the training, or several separated by commas.
      networks: networks of the config: ``fill`` is the colour, ``unit_range`` the range; for the
        optional ``mask_channel`` and ``residual`` see ``BlockTask``.
      label: the config key of ``holes``, for error messages.

    Raises:
      InputError: a block that does not lie inside the image, an unknown family, or a family whose
        holes vary or do not lie in the middle of a block with equal margins.
    """
    if not 0 < side <= size:
        raise InputError(f"networks: a block of {side} pixels does not fit an image of {size}")
    draw, families = masks.cycle(holes, size), 1 + holes.count(",")
    trained, places = None, np.zeros((1, 2), int)
    if side < size:
        drawn = np.asarray(draw(jax.random.key(1), DRAWN * families)).reshape(
            DRAWN, families, size, size, 1
        )
        trained = drawn[0]
        places = np.array([place_around(hole, side) for hole in trained])
        if (drawn != trained[None]).any() or (places < 0).any() or (places > size - side).any():
            need = f"blocks of {side} pixels need fixed holes, each in the middle of a block"
            raise InputError(f"{label}: {need}, not {holes!r}")
    colour = networks["fill"]
    colour = tuple(colour) if isinstance(colour, list) else colour
    switches = {name: networks.get(name, False) for name in ("mask_channel", "residual")}
    return BlockTask(size, side, holes, trained, places, colour, networks["unit_range"], **switches)


def place_around(hole: np.ndarray, side: int) -> tuple[int, ...]:
    """Find top and left of the block centred on a hole ``[H, W, 1]``; -1 if there is none."""
    if not hole.any():
        return -1, -1
    ends = [np.flatnonzero(hole.any((axis, 2)))[[0, -1]] + (0, 1) for axis in (1, 0)]
    fits = all((first + last - side) % 2 == 0 and last - first <= side for first, last in ends)
    return tuple((first + last - side) // 2 if fits else -1 for first, last in ends)
