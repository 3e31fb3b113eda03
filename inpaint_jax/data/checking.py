"""Search for unreadable images before the images are needed."""

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from inpaint_jax.data.views import Source, Subset
from inpaint_jax.errors import InputError

BLOCK = 64  # images that a thread reads at a time


def unreadable(source: Source) -> dict[str, str]:
    """Read every image of a source once and report the unreadable ones.

    Args:
      source: the images.

    Returns:
      ``{id: reason}`` for every image that cannot be read or fitted; empty if all can.
    """

    def block(first: int) -> dict[str, str]:
        found = {}
        for i in range(first, min(first + BLOCK, len(source))):
            try:
                source[i]
            except InputError as error:
                found[source.id(i)] = str(error)
        return found

    found: dict[str, str] = {}
    blocks = range(0, len(source), BLOCK)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for part in tqdm(pool.map(block, blocks), "checking", len(blocks), leave=False, delay=2):
            found |= part
    return found


def leaving_out(source: Source, names: Collection[str]) -> Source:
    """Return a source without the images that have the given ids.

    Raises:
      InputError: no image is left.
    """
    kept = [i for i in range(len(source)) if source.id(i) not in names] if names else []
    if names and not kept:
        raise InputError(f"no image is left: all {len(source)} were left out")
    return Subset(source, kept) if names and len(kept) < len(source) else source
