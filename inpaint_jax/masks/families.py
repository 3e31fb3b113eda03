"""Hole families by the name that users type, and the options after the colon."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.masks import boxes, noise, strokes
from inpaint_jax.naming import resolve
from inpaint_jax.types import Hole, Key


class Family(NamedTuple):
    """Hole family, and how to parse its option.

    Attributes:
      draw: ``(key, size, **options) -> hole [size, size, 1]``.
      example: a complete spec, for tests and error messages.
      read: parses the text after the colon into options of ``draw``. It raises ValueError for
        invalid text. None: the family takes no option.
      bare: True if the name alone is a complete spec.
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
    "place": Family(boxes.square_at, "place:8@0+24", _place, bare=False),
    "level": Family(boxes.square_level, "level:2", _number("level", int), bare=False),
    "square": Family(boxes.square, "square:4-16", _side_range),
    "rectangles": Family(boxes.rectangles, "rectangles"),
    "random": Family(noise.pixels, "random:0.8", _number("p_drop", float)),
    "pattern": Family(noise.pathak_pattern, "pattern:0.25", _number("share", float)),
    "ellipses": Family(strokes.ellipse_pattern, "ellipses:0.25", _number("share", float)),
    "irregular": Family(strokes.irregular, "irregular"),
}


def parse(spec: str) -> Callable[[Key, int], Hole]:
    """Parse a hole spec into a function that draws holes.

    Args:
      spec: ``name`` or ``name:option``, such as ``center``, ``random:0.8``, ``quarter:tl`` or
        ``square:4-32``; or a custom family, ``module:attribute`` or ``module:attribute:option``
        (see the example in the docstring of ``inpaint_jax.masks``).

    Returns:
      ``(key, size) -> hole [size, size, 1]``, jittable with a traced key.

    Raises:
      InputError: unknown name or invalid option. The returned function raises InputError for a hole
        that does not fit the image.
    """
    name, colon, text = spec.partition(":")
    if name in FAMILIES:
        return _with_option(FAMILIES[name], spec, text if colon else None)
    if not colon:
        raise InputError(_unknown(spec))
    attribute, colon, text = text.partition(":")
    try:
        found = resolve(f"{name}:{attribute}", {}, kind="hole")
    except InputError as error:
        if isinstance(error.__cause__, ModuleNotFoundError):  # more likely a misspelt family
            missing = f"no module {name!r} beside the config or in the working directory"
            raise InputError(f"{_unknown(spec)}; {missing}") from error
        raise
    family = found if isinstance(found, Family) else Family(found, f"{name}:{attribute}")
    return _checked(_with_option(family, spec, text if colon else None), spec)


def names_family(spec: str) -> bool:
    """Return True if ``parse`` reads a spec as a family: a known name or ``module:attribute``.

    Args:
      spec: a family, or something else, such as a folder of holes.

    Returns:
      True if the spec contains a colon or is a known name.
    """
    return ":" in spec or spec in FAMILIES


def _unknown(spec: str) -> str:
    known = ", ".join(FAMILIES)
    examples = "for example center:16, random:0.8 or your own module:attribute"
    return f"unknown hole {spec!r}; known: {known}; {examples}"


def _with_option(family: Family, spec: str, text: str | None) -> Callable[[Key, int], Hole]:
    if text is None and family.bare:
        return family.draw
    try:
        if family.read is None:
            raise ValueError
        options = family.read(text or "")
    except ValueError as error:
        message = f"cannot read the hole {spec!r}; an example of this family: {family.example}"
        raise InputError(message) from error
    return functools.partial(family.draw, **options)


def _checked(draw: Callable[[Key, int], Hole], spec: str) -> Callable[[Key, int], Hole]:
    """Wrap a custom family to check the shape of each hole at trace time."""

    def checked(key: Key, size: int) -> Hole:
        hole = draw(key, size)
        if getattr(hole, "shape", None) != (size, size, 1):
            got = getattr(hole, "shape", type(hole).__name__)
            raise InputError(f"the hole {spec!r} must be an array {(size, size, 1)}, got {got}")
        return hole.astype(jnp.float32)

    return checked


def location_grid(size: int, *, side: int, count: int) -> tuple[str, ...]:
    """List specs of equal squares on a regular grid of positions (Liu et al., fig. 2).

    Args:
      size: side of the images in pixels.
      side: side of the holes in pixels.
      count: positions per row and column; the outermost squares touch the border of the image.

    Returns:
      ``count * count`` specs such as "place:16@0+24", row by row.
    """
    starts = np.rint(np.linspace(0, size - side, count)).astype(int)
    return tuple(f"place:{side}@{top}+{left}" for top in starts for left in starts)


def cycle(specs: str, size: int) -> Callable[[Key, int], Hole]:
    """Rotate through several families: example i gets a hole of family i mod F.

    Args:
      specs: F comma-separated specs for ``parse``, such as "center,left,random:0.8,square:16-40".
      size: side of the images in pixels.

    Returns:
      ``(key, count) -> holes [count, size, size, 1]``, jittable with a traced key. It raises
      InputError if ``count`` is below F, because some families would never be drawn.

    Raises:
      InputError: unknown name, invalid option, or holes that do not fit the image.
    """
    families = [parse(spec) for spec in specs.split(",")]
    number = len(families)

    def draw(key: Key, count: int) -> Hole:
        if count < number:
            raise InputError(
                f"a batch of {count} images cannot have holes of {number} "
                "families: choose a larger batch"
            )
        keys = jax.random.split(key, count)
        drawn = [
            jax.vmap(lambda key, f=f: f(key, size))(keys[i::number]) for i, f in enumerate(families)
        ]
        examples = np.concatenate([np.arange(count)[i::number] for i in range(number)])
        return jnp.concatenate(drawn)[np.argsort(examples)]

    jax.eval_shape(lambda: draw(jax.random.key(0), number))  # raise now if a hole does not fit
    return draw
