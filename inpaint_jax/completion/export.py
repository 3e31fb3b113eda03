"""``inpaint export``: write a trained system to one file that runs without the training code.

The file is a zip with three parts: ``function`` (``jax.export``, for any number of images and
several platforms), ``weights/*.npy`` (only the arrays that completion needs), and ``about.json``
(metadata, with the digests of the arrays in the order of the function's arguments).
"""

import io
import json
import zipfile
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export as jax_export

from inpaint_jax import checks
from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.record import run_record
from inpaint_jax.systems.pruning import prune
from inpaint_jax.systems.whole import complete

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
CONTRACT = (
    "images float32 [B, size, size, channels] in [-1, 1]; holes float32 [B, size, size, 1], 1 = "
    "missing, neither empty nor full. Values of the images inside the holes are ignored; known "
    "pixels are returned bit for bit. A method that was trained for certain holes completes only "
    "those."
)


def export(
    model: Model,
    output: str | Path,
    *,
    k: int = 1,
    platforms: Sequence[str] = ("cpu", "cuda", "tpu"),
) -> Path:
    """Write a trained system to one file, for ``exported.load``.

    Args:
      model: from ``model.load``; the file uses its ``search`` and ``blend``, including overrides.
      output: file to write; missing folders are created.
      k: completions per image that the exported function returns.
      platforms: kinds of devices that the file supports; they need not be present.

    Returns:
      Path of the file.

    Raises:
      InputError: the file exists, the system calls back to the host (OpenCV), its images depend on
        each other (``search.batch_norm: batch``), or a weight is not finite.
    """
    output = Path(output)
    if output.exists():
        raise InputError(f"{output} exists: remove it, or choose another name")
    if k < 1:
        raise InputError(f"completions per image must be at least 1, got {k}")
    if not platforms or set(platforms) - set(PLATFORMS):
        raise InputError(
            f"unknown platforms {','.join(platforms)!r}; known: {', '.join(PLATFORMS)}"
        )
    if model.config.get("search", {}).get("batch_norm") == "batch":
        raise InputError(
            "search.batch_norm=batch makes images depend on each other: export "
            "with running or sample"
        )
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
    arrays = {name: np.asarray(weight) for name, weight in weights.items()}
    if wrong := next(
        (name for name, array in arrays.items() if not np.isfinite(array).all()), None
    ):
        raise InputError(f"{wrong} is not finite: export an earlier checkpoint with --checkpoint")
    # in the order of the function
    about["arrays"] = {name: checks.digest(array) for name, array in arrays.items()}
    about["function_sha256"] = checks.digest(np.frombuffer(function, np.uint8))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "about.json", json.dumps(files.plain(about), indent=2, allow_nan=False) + "\n"
        )
        archive.writestr("function", function)
        for name, array in arrays.items():
            with archive.open(f"weights/{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    files.write_bytes(output, buffer.getvalue())
    print(
        f"{output}: {buffer.tell() / 1e6:.1f} MB for {', '.join(platforms)}. From Python:\n"
        "  from inpaint_jax import exported\n"
        f'  completed = exported.load("{output}")(images, holes, seed=0)'
        f"  # [B, {size}, {size}, {channels}] in [-1, 1]"
    )
    return output


def _serialize(
    model: Model, shape: tuple[int, ...], *, k: int, platforms: Sequence[str]
) -> tuple[bytes, dict[str, Any]]:
    """Serialise the function for images ``[H, W, C]``; also return its weights, by name."""
    (count,) = jax_export.symbolic_shape("images")
    inputs = (
        jax.ShapeDtypeStruct((count, *shape), jnp.float32),
        jax.ShapeDtypeStruct((count, *shape[:2], 1), jnp.float32),
        jax.ShapeDtypeStruct((count, 2), jnp.uint32),
    )

    def completed(states, images, hole, key_data):
        keys = jax.random.wrap_key_data(key_data, impl="threefry2x32")
        completion = complete(model.system, states, images, hole, keys, k=k)
        return completion.images, completion.losses

    try:
        run, needed = prune(completed, model.states, *inputs)
        leaves = jax.tree.leaves_with_path(model.states)
        weights = {
            jax.tree_util.keystr(path, simple=True, separator="."): leaf
            for path, leaf in compress(leaves, needed)
        }
        given = needed[len(leaves) :]

        def function(weights, *inputs):
            return run(*weights, *compress(inputs, given))

        shapes = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in weights.values()]
        exported = jax_export.export(jax.jit(function), platforms=platforms)(shapes, *inputs)
    except NotImplementedError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"this system cannot be exported because it calls back to the host ({reason})"
        ) from error
    return bytes(exported.serialize()), weights
