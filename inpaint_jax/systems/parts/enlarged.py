"""Networks that see pictures larger than they are: the 24 px of Liu et al. in networks of 64."""

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
    """Whole pictures of ``size``, which a network sees and paints at ``seen``.

    A damaged picture is enlarged, so that no network sees what the hole holds. What it is compared to is the true
    picture, enlarged alike, and what it paints is reduced before it is pasted.
    """

    seen: int = 0

    def enlarge(self, image: Image) -> Image:
        """A picture ``[B, seen, seen, C]``, bilinearly."""
        return resized(image, self.seen)

    def enlarge_hole(self, hole: Hole) -> Hole:
        """A hole ``[B, seen, seen, 1]``: 8 pixels of 24 become 22 of 64."""
        return resized(hole, self.seen, method="nearest")

    def known(self, hole: Hole) -> jax.Array:
        """As in ``BlockTask``."""
        return 1.0 - self.enlarge_hole(hole)

    def cut(self, image: Image, hole: Hole) -> Image:
        """As in ``BlockTask``: all of it, as the network sees it."""
        del hole
        return self.enlarge(image)

    def cut_hole(self, hole: Hole) -> Hole:
        """As in ``BlockTask``."""
        return self.enlarge_hole(hole)

    def pasted(self, image: Image, block: jax.Array, hole: Hole) -> Image:
        """As in ``BlockTask``: what was painted is reduced first, by an antialiased filter."""
        return super().pasted(image, resized(block, self.size), hole)


def build(*, seen: int, size: int, networks: Mapping[str, Any], **options: Any) -> BlockTask:
    """The whole pictures of a config, as networks of side ``seen`` see them; the rest as of ``blocks.build``."""
    task = blocks.build(size=size, side=size, networks=networks, **options)
    return task if seen == size else EnlargedTask(**vars(task), seen=seen)


def enlarging(network: Network, seen: int) -> Network:
    """A network of pictures that enlarges what it is given."""

    def init(key, images):
        return network.init(key, resized(images, seen))

    def apply(params, stats, images, **mode):
        return network.apply(params, stats, resized(images, seen), **mode)

    return Network(init, apply)


def resized(image: Image, side: int, *, method: str = "linear") -> Image:
    """Pictures of another side, ``[B, side, side, C]``; as they are where they have it."""
    if image.shape[1:3] == (side, side):
        return image
    return jax.image.resize(image, (len(image), side, side, image.shape[-1]), method)
