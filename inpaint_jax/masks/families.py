"""Every hole family by the name that users type, and what may follow its colon."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.masks import boxes, noise, strokes
from inpaint_jax.types import Hole, Key


class Family(NamedTuple):
    """A hole family as users name it.

    Attributes:
      draw: ``(key, size, **options) -> hole [size, size, 1]``.
      example: a complete spec, for tests and messages.
      read: from what follows the colon to options of ``draw``; any ValueError means that it makes no sense.
      bare: whether the name alone is a spec.
    """

    draw: Callable[..., Hole]
    example: str
    read: Callable[[str], dict[str, Any]] | None = None
    bare: bool = True


def _number(option: str, kind: type) -> Callable[[str], dict[str, Any]]:
    return lambda text: {option: kind(text)}


def _side_range(text: str) -> dict[str, Any]:
    smallest, largest = text.split("-")
    return {"smallest": int(smallest), "largest": int(largest)}


def _place(text: str) -> dict[str, Any]:
    side, at = text.split("@")
    top, left = at.split("+")
    return {"side": int(side), "top": int(top), "left": int(left)}


def _corner(text: str) -> dict[str, Any]:
    return {"corner": boxes.CORNERS[boxes.CORNERS.index(text)]}


FAMILIES = {
    "center": Family(boxes.center, "center:16", _number("side", int)),
    "center_overlap": Family(boxes.center_overlap, "center_overlap:4", _number("overlap", int)),
    "half": Family(boxes.half, "half"),
    "left": Family(functools.partial(boxes.half, side="left"), "left"),
    "right": Family(functools.partial(boxes.half, side="right"), "right"),
    "top": Family(functools.partial(boxes.half, side="top"), "top"),
    "bottom": Family(functools.partial(boxes.half, side="bottom"), "bottom"),
    "quarter": Family(boxes.quarter, "quarter:tl", _corner, bare=False),
    "place": Family(boxes.place, "place:8@0+24", _place, bare=False),
    "level": Family(boxes.square_level, "level:2", _number("level", int), bare=False),
    "square": Family(boxes.square, "square:4-16", _side_range),
    "rectangles": Family(boxes.rectangles, "rectangles"),
    "random": Family(noise.pixels, "random:0.8", _number("p_drop", float)),
    "pattern": Family(noise.pathak_pattern, "pattern:0.25", _number("share", float)),
    "ellipses": Family(strokes.ellipse_pattern, "ellipses:0.25", _number("share", float)),
    "irregular": Family(strokes.irregular, "irregular"),
}


def parse(spec: str) -> Callable[[Key, int], Hole]:
    """The hole family that a user names.

    Args:
      spec: ``name`` or ``name:option``, such as ``center``, ``random:0.8``, ``quarter:tl`` or
        ``square:4-32``.

    Returns:
      ``(key, size) -> hole [size, size, 1]``, jittable with a traced key.

    Raises:
      InputError: for an unknown name or an option that makes no sense, here; for a hole that does not fit the
        picture, when it is drawn.
    """
    name, colon, text = spec.partition(":")
    if name not in FAMILIES:
        raise InputError(f"unknown hole {spec!r}; known: {', '.join(FAMILIES)}; for example center:16 or random:0.8")
    family = FAMILIES[name]
    if not colon and family.bare:
        return family.draw
    try:
        if family.read is None:
            raise ValueError
        options = family.read(text)
    except ValueError as error:
        raise InputError(f"cannot read the hole {spec!r}; an example of this family: {family.example}") from error
    return functools.partial(family.draw, **options)


def location_grid(size: int, *, side: int, count: int) -> tuple[str, ...]:
    """Specs of equal squares on a regular grid of places (Liu et al., fig. 2).

    Args:
      size: side of the pictures in pixels.
      side: side of the holes in pixels.
      count: places per row and column; the outermost touch the picture's border.

    Returns:
      ``count * count`` specs such as "place:16@0+24", row by row.
    """
    starts = np.rint(np.linspace(0, size - side, count)).astype(int)
    return tuple(f"place:{side}@{top}+{left}" for top in starts for left in starts)


def by_turns(specs: str, size: int) -> Callable[[Key, int], Hole]:
    """Holes of several families by turns: example i has one of family i mod F, and no other is drawn for it.

    Args:
      specs: F families by comma, as ``parse`` reads them: "center,left,random:0.8,square:16-40".
      size: side of the pictures.

    Returns:
      ``(key, count) -> holes [count, size, size, 1]``, jittable with a traced key. It raises InputError for more
      families than holes: some would never be seen.

    Raises:
      InputError: for an unknown name, an option that makes no sense, or holes that do not fit the picture.
    """
    families = [parse(spec) for spec in specs.split(",")]
    turns = len(families)

    def draw(key: Key, count: int) -> Hole:
        if count < turns:
            raise InputError(f"a batch of {count} pictures cannot have holes of {turns} families: choose a larger one")
        keys = jax.random.split(key, count)
        drawn = [jax.vmap(lambda key, f=f: f(key, size))(keys[i::turns]) for i, f in enumerate(families)]
        places = np.concatenate([np.arange(count)[i::turns] for i in range(turns)])
        return jnp.concatenate(drawn)[np.argsort(places)]

    jax.eval_shape(lambda: draw(jax.random.key(0), turns))  # a hole that does not fit is refused now
    return draw
