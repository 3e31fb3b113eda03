"""What an encoder-decoder is given and what it predicts: the centre block of a picture, or all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax import masks, steps
from inpaint_jax.compositing import fill, from_unit_range, to_unit_range
from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, Key

SHOWN = 16  # pictures in a grid, four views of each


@dataclass(frozen=True)
class Blocks:
    """A square block in the middle of the pictures, as a network sees and predicts it.

    Attributes:
      size: side of the pictures.
      side: of the block; ``size``: the whole picture is predicted, under any hole. A smaller block is predicted from
        pictures whose hole is always the same, inside the block.
      holes: the family that is trained on, "center:56" or "pattern", or several by comma, by turns.
      colour: inside the hole of what the network is given, one number or one per channel, in [-1, 1].
      unit_range: the network sees and paints [0, 1] instead of [-1, 1].
    """

    size: int
    side: int
    holes: str
    colour: float | Sequence[float]
    unit_range: bool

    def draw(self, key: Key, count: int, axis_name: str | None = None) -> Hole:
        """Holes to train on, ``[count, size, size, 1]``."""
        return steps.global_draw(masks.by_turns(self.holes, self.size), key, count, axis_name)

    def damage(self, image: Image, hole: Hole) -> jax.Array:
        """What the network is given, ``[B, size, size, C]`` in its own range."""
        return self.to_network(fill(image, hole, value=jnp.asarray(self.colour)))

    def cut(self, image: jax.Array) -> jax.Array:
        """The block of a picture or a hole, ``[B, side, side, C]``."""
        low = (self.size - self.side) // 2
        return image[:, low : low + self.side, low : low + self.side]

    def place(self, image: Image, block: jax.Array) -> Image:
        """The picture with the block in its place, ``[B, size, size, C]``."""
        low = (self.size - self.side) // 2
        return jnp.asarray(image).at[:, low : low + self.side, low : low + self.side].set(block)

    def to_network(self, image: Image) -> jax.Array:
        """From [-1, 1] to the network's range."""
        return to_unit_range(image) if self.unit_range else image

    def from_network(self, image: jax.Array) -> Image:
        """From the network's range to [-1, 1]; what a tanh paints below 0 in the unit range lies below -1."""
        return from_unit_range(image) if self.unit_range else image

    def restored(self, image: Image, block: jax.Array) -> Image:
        """The picture with what a network painted in the block's place, in [-1, 1]."""
        return self.place(image, jnp.clip(self.from_network(block), -1.0, 1.0))

    def values(self, prediction: jax.Array, image: Image, hole: Hole) -> dict[str, jax.Array]:
        """What losses are offered: ``prediction`` and ``target`` of the block in [-1, 1], and its ``hole``."""
        return {"prediction": self.from_network(prediction), "target": self.cut(image), "hole": self.cut(hole)}

    def gap(self, hole: Hole) -> Hole:
        """The hole that the network is shown: for a smaller block always the one that it was trained on."""
        return hole if self.side == self.size else jnp.broadcast_to(self.trained_hole()[None], hole.shape)

    def trained_hole(self) -> jax.Array:
        """The one hole of a smaller block, ``[size, size, 1]``."""
        return masks.parse(self.holes.split(",")[0])(jax.random.key(0), self.size)

    def supports(self, hole: Any) -> str | None:
        """None, or the reason why the network cannot fill a hole ``[size, size, 1]``."""
        if self.side == self.size or not np.any(np.asarray(hole) > np.asarray(self.trained_hole())):
            return None
        return f"it was trained for holes inside {self.holes}"

    def views(self, image: Image, hole: Hole, block: jax.Array) -> jax.Array:
        """Pictures to look at: true, damaged, painted, completed, of the first ``SHOWN``, ``[4 N, size, size, C]``."""
        image, hole, block = image[:SHOWN], hole[:SHOWN], block[:SHOWN]
        damaged = fill(image, hole, value=jnp.asarray(self.colour))
        painted = self.restored(damaged, block)
        rows = jnp.stack((image, damaged, painted, jnp.where(hole > 0.5, painted, image)), axis=1)
        return rows.reshape(-1, *image.shape[1:])


def build(*, size: int, side: int, holes: str, networks: dict[str, Any] | Any, label: str) -> Blocks:
    """The block of a config.

    Args:
      size: side of the pictures.
      side: of the block.
      holes: the family that is trained on, or several by comma.
      networks: of the config; ``fill`` is the colour, ``unit_range`` the range.
      label: the config key of ``holes``, for error messages.

    Raises:
      InputError: for a block that is no centred part of the picture, an unknown family, or one whose holes are not
        always the same and inside the block.
    """
    colour = networks["fill"]
    blocks = Blocks(size, side, holes, tuple(colour) if isinstance(colour, list) else colour, networks["unit_range"])
    if not 0 < side <= size or (size - side) % 2:
        raise InputError(f"networks: a block of {side} pixels is no centred part of a picture of {size}")
    drawn = blocks.draw(jax.random.key(1), 2 * (1 + holes.count(",")))
    if side < size and (jnp.any(drawn != blocks.trained_hole()[None]) or drawn.sum() > blocks.cut(drawn).sum()):
        raise InputError(f"{label}: a generator of the centre {side} pixels needs one hole inside them, not {holes!r}")
    return blocks
