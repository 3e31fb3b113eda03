"""``inpaint export``: a trained system as one file that runs without this package's training code.

The file is a zip: ``function`` (``jax.export``, for any number of pictures and several kinds of devices),
``weights/*.npy`` (what completion needs of the states, and nothing else) and ``about.json``.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export as jax_export
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from jax.interpreters import partial_eval

from inpaint_jax.compositing import fill
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.record import run_record
from inpaint_jax.systems.interface import System

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
CONTRACT = (
    "images float32 [B, size, size, channels] in [-1, 1]; holes float32 [B, size, size, 1], 1 = missing, neither empty "
    "nor full. What the images hold inside the holes is not used; known pixels come back bit for bit. A method "
    "that was trained for some holes only completes no others."
)


def export(model: Model, output: str | Path, *, k: int = 1, platforms: Sequence[str] = ("cpu", "cuda", "tpu")) -> Path:
    """Writes a trained system as one file, for ``exported.load``.

    Args:
      model: from ``model.load``; its ``search`` and ``blend``, overrides included, are those of the file.
      output: the file; its folder is made.
      k: completions per picture that the file gives.
      platforms: kinds of devices that the file runs on; none has to be at hand.

    Returns:
      The file.

    Raises:
      InputError: where the file exists, or the system cannot be exported: because it calls back to the host
        (OpenCV), or because its pictures depend on each other (``search.batch_norm: batch``).
    """
    output = Path(output)
    if output.exists():
        raise InputError(f"{output} exists: remove it, or choose another name")
    if k < 1:
        raise InputError(f"completions per picture must be at least 1, got {k}")
    if not platforms or set(platforms) - set(PLATFORMS):
        raise InputError(f"unknown platforms {','.join(platforms)!r}; known: {', '.join(PLATFORMS)}")
    if model.config.get("search", {}).get("batch_norm") == "batch":
        raise InputError("search.batch_norm=batch lets pictures depend on each other: export with running or sample")
    size, channels = model.system.size or model.config.data.size, 3
    about = {
        **run_record(model.config),
        "steps": {name: state.step for name, state in model.states.items()},
        "size": size,
        "channels": channels,
        "completions": k,
        "platforms": list(platforms),
        "contract": CONTRACT,
    }
    function, weights = _serialize(model, (size, size, channels), k=k, platforms=platforms)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.json", json.dumps(files.plain(about), indent=2, allow_nan=False) + "\n")
        archive.writestr("function", function)
        for name, weight in weights.items():
            with archive.open(f"weights/{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(weight), allow_pickle=False)
    files.write_bytes(output, buffer.getvalue())
    print(
        f"{output}: {buffer.tell() / 1e6:.1f} MB for {', '.join(platforms)}. From Python:\n"
        "  from inpaint_jax import exported\n"
        f'  completed = exported.load("{output}")(images, holes, seed=0)  # [B, {size}, {size}, {channels}] in [-1, 1]'
    )
    return output


def _serialize(
    model: Model, shape: tuple[int, ...], *, k: int, platforms: Sequence[str]
) -> tuple[bytes, dict[str, Any]]:
    """The function for pictures of a shape ``[H, W, C]``, and the weights that are its first argument."""
    (count,) = jax_export.symbolic_shape("pictures")
    pictures = (
        jax.ShapeDtypeStruct((count, *shape), jnp.float32),
        jax.ShapeDtypeStruct((count, *shape[:2], 1), jnp.float32),
        jax.ShapeDtypeStruct((count, 2), jnp.uint32),
    )
    try:
        run, needed = prune(lambda states, *given: complete(model.system, states, *given, k=k), model.states, *pictures)
        leaves = jax.tree.leaves_with_path(model.states)
        weights = {
            jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in compress(leaves, needed)
        }
        given = needed[len(leaves) :]

        def function(weights, *pictures):
            return run(*weights, *compress(pictures, given))

        shapes = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in weights.values()]
        exported = jax_export.export(jax.jit(function), platforms=platforms)(shapes, *pictures)
    except NotImplementedError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"this system cannot be exported, as those that call back to the host cannot ({reason})"
        ) from error
    return bytes(exported.serialize()), weights


def complete(system: System, states, images, hole, key_data, *, k: int) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Completes any number of pictures in one call.

    Every picture is a batch of one for the system, mapped over the pictures: systems that count their batch in
    Python work with a number of pictures that is not known yet.

    Args:
      system: the method.
      states: its trained stages by name.
      images: ``[B, H, W, C]`` in [-1, 1]; what they hold inside the holes is not used.
      hole: ``[B, H, W, 1]``, 1 = missing.
      key_data: uint32 ``[B, 2]``, of ``seeds.example_keys(..., "search")``.
      k: completions per picture.

    Returns:
      ``[B, K, H, W, C]`` in [-1, 1], best first, and the losses ``{term: [B, K]}``.
    """
    keys = jax.random.wrap_key_data(key_data, impl="threefry2x32")
    images = fill(images, hole)
    progress = jax.vmap(lambda *one: system.begin(states, *(part[None] for part in one), k))(images, hole, keys)
    if step := system.advance:

        def advance(states, progress):
            return jax.vmap(lambda one: step(states, one))(progress)

        # JAX prunes no loop by itself: everything that it is given would count as needed.
        run, needed = prune(advance, states, progress)
        progress = jax.lax.while_loop(
            lambda progress: ~progress.done.all(),
            lambda progress: run(*compress(jax.tree.leaves((states, progress)), needed)),
            progress,
        )
    completion = jax.vmap(lambda one: system.finish(states, one))(progress)
    return completion.images[:, 0, :k], {name: values[:, 0, :k] for name, values in completion.losses.items()}


def prune(function: Callable, *arguments) -> tuple[Callable, list[bool]]:
    """A function without what its outputs do not depend on.

    Args:
      function: of trees of arrays, to a tree of arrays.
      arguments: for their shapes.

    Returns:
      The function of those leaves of its arguments that it needs, and for every leaf whether it does.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    jaxpr, needed = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars))
    lean = jaxpr_as_fun(ClosedJaxpr(jaxpr, closed.consts))
    return lambda *leaves: jax.tree.unflatten(jax.tree.structure(shape), lean(*leaves)), needed
