"""Networks that see enlarged images: the 24 px of Liu et al. in networks of 64 px."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax

from inpaint_jax.networks import Network
from inpaint_jax.systems.parts import blocks
from inpaint_jax.systems.parts.blocks import BlockTask
from inpaint_jax.types import Hole, Image


@dataclass(frozen=True, eq=False)
class EnlargedTask(BlockTask):
    """Whole images of side ``size``, which a network sees and paints at side ``seen``.

    The damaged image is enlarged, so that no network sees the content of the hole. The target is
    the true image, enlarged in the same way. The output is reduced before it is pasted.
    """

    seen: int = 0

    def enlarge(self, image: Image) -> Image:
        """Enlarge images bilinearly, ``[B, seen, seen, C]``."""
        return resized(image, self.seen)

    def enlarge_hole(self, hole: Hole) -> Hole:
        """Enlarge holes, ``[B, seen, seen, 1]``: 8 pixels of 24 become 22 of 64."""
        return resized(hole, self.seen, method="nearest")

    def known(self, hole: Hole) -> jax.Array:
        """Return the mask channel, see ``BlockTask``."""
        return 1.0 - self.enlarge_hole(hole)

    def cut(self, image: Image, hole: Hole) -> Image:
        """Return the whole enlarged image, see ``BlockTask``."""
        del hole
        return self.enlarge(image)

    def cut_hole(self, hole: Hole) -> Hole:
        """Return the whole enlarged hole, see ``BlockTask``."""
        return self.enlarge_hole(hole)

    def pasted(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """Reduce the output with an antialiasing filter, then paste it, see ``BlockTask``."""
        return super().pasted(image, resized(block, self.size), hole)


def build(*, seen: int, size: int, networks: Mapping[str, Any], **options: Any) -> BlockTask:
    """Build the task of a config for networks of side ``seen``; options as of ``blocks.build``."""
    task = blocks.build(size=size, side=size, networks=networks, **options)
    return task if seen == size else EnlargedTask(**vars(task), seen=seen)


def enlarging(network: Network, seen: int) -> Network:
    """Wrap a network so that it enlarges the images of its input."""

    def init(key, images):
        return network.init(key, resized(images, seen))

    def apply(params, stats, images, **mode):
        return network.apply(params, stats, resized(images, seen), **mode)

    return Network(init, apply)


def resized(image: Image, side: int, *, method: str = "linear") -> Image:
    """Resize images to ``[B, side, side, C]``; unchanged if they already have that side."""
    if image.shape[1:3] == (side, side):
        return image
    return jax.image.resize(image, (len(image), side, side, image.shape[-1]), method)
