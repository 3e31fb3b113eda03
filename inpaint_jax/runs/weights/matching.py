"""Initialisation of a stage with imported weights (``stages.<name>.weights``)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.data import files
from inpaint_jax.errors import InputError
from inpaint_jax.optimization.state import NetworkState, TrainState
from inpaint_jax.runs.weights import archive, trained
from inpaint_jax.runs.weights.archive import Weights

Place = tuple[str, ...]  # network, and modules in it: ("autoencoder", "trunk")


class Beginning(NamedTuple):
    """Arrays that fit a stage.

    Attributes:
      place: network, and module in it.
      arrays: arrays by path below that place, "params/Conv_0/kernel".
      record: description and origin of the arrays, for a JSON file.
    """

    place: Place
    arrays: dict[str, np.ndarray]
    record: dict[str, Any]


def fitted(path: str | Path, state: TrainState, *, label: str, stage: str = "") -> Beginning:
    """Match a weight file to a stage: find the network, or submodule, that shares most paths.

    Args:
      path: path of a file written by ``inpaint import-weights``, or of a workdir, see
        ``trained.of_run``.
      state: state of the stage; its shapes suffice.
      label: the config key, for error messages.
      stage: stage of a workdir, whose network is taken.

    Raises:
      InputError: no such file, no network of such layers, a layer that the file lacks, or an array
        of another shape. A classifier's last layer is an exception: it stays as initialised if its
        number of classes differs.
    """
    try:
        weights = trained.of_run(path, stage) if Path(path).is_dir() else archive.read(path)
        place = find(weights, state)
        arrays, shapes = weights.arrays, shapes_below(place, state)
        kept = [name for name in shapes if stays(name, shapes[name], weights)]
        for name, shape in shapes.items():
            if name not in arrays and name not in kept:
                raise InputError(
                    f"{path} lacks {name} {list(shape)}, which {'/'.join(place)} needs"
                )
            if name not in kept and arrays[name].shape != shape:
                raise InputError(
                    f"{path} has {name} of the shape {list(arrays[name].shape)}, "
                    f"{'/'.join(place)} of {list(shape)}"
                )
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    taken = {name: arrays[name] for name in shapes if name not in kept}
    record = {
        "file": str(path),
        "sha256": weights.sha256,
        "made": weights.about,
        "network": "/".join(place),
        "taken": len(taken),
        "as_initialised": kept,
        "not_needed": sorted(arrays.keys() - shapes.keys()),
    }
    return Beginning(place, taken, record)


def begin(state: TrainState, beginning: Beginning, record_file: Path) -> TrainState:
    """Return the state of ``replaced``; print a note and write the record of the arrays.

    The record goes to ``record_file``.
    """
    record = beginning.record
    files.write_json(record_file, record)
    if not jax.process_index():
        layers = sorted(
            {name.rpartition("/")[0].removeprefix("params/") for name in record["as_initialised"]}
        )
        kept = f"; as initialised: {', '.join(layers)}" if layers else ""
        spare = f"; not needed: {len(record['not_needed'])}" if record["not_needed"] else ""
        taken = f"{record['taken']} arrays of {record['file']}"
        print(f"{record_file.parent.name}: {record['network']} takes {taken}{spare}{kept}")
    return replaced(state, beginning)


def replaced(state: TrainState, beginning: Beginning) -> TrainState:
    """Return the state with those arrays in place of the initial ones.

    The optimiser's state is also that of the new parameters: optax's states begin with zeros of the
    parameters' shapes.
    """
    network, *modules = beginning.place

    def leaf(path, value):
        kind, *rest = path_of(path).split("/")
        collection = [rest.pop(0)] if kind == "stats" else []
        if rest[: len(modules)] != modules:
            return value
        name = "/".join((kind, *collection, *rest[len(modules) :]))
        return jnp.array(beginning.arrays[name], value.dtype) if name in beginning.arrays else value

    current = state.networks[network]
    new = jax.tree_util.tree_map_with_path(leaf, {"params": current.params, "stats": current.stats})
    return state._replace(networks={**state.networks, network: current._replace(**new)})


def find(weights: Weights, state: TrainState) -> Place:
    """Return the place that shares most paths with the weights; refuse none, or a tie."""
    found: dict[Place, int] = {}
    for network, current in state.networks.items():
        paths = [path.split("/") for path in shapes(current.params)]
        for modules in {tuple(path[:depth]) for path in paths for depth in range(len(path) - 1)}:
            place = (network, *modules)
            found[place] = len(shapes_below(place, state).keys() & weights.arrays.keys())
    best = max(found.values(), default=0)
    if not best:
        has = next(iter(weights.arrays), "nothing")
        raise InputError(
            f"no network of this stage ({', '.join(state.networks)}) has layers "
            f"like {has} of the file"
        )
    places = [place for place, count in found.items() if count == best]
    if len(places) > 1 and (meant := tuple(str(weights.about.get("place")).split("/"))) in places:
        return meant
    if len(places) > 1:
        raise InputError(
            f"the file fits {' and '.join('/'.join(place) for place in places)} equally"
        )
    return places[0]


def stays(name: str, shape: tuple[int, ...], weights: Weights) -> bool:
    """Return whether an array stays as initialised.

    Its layer must be one that may, and the file lacks it or has another number of outputs.
    """
    if (
        not name.removeprefix("params/")
        .removeprefix("stats/batch_stats/")
        .startswith(tuple(weights.about["stays"]))
    ):
        return False
    stored = weights.arrays.get(name)
    return stored is None or (stored.shape != shape and stored.shape[:-1] == shape[:-1])


def shapes_below(place: Place, state: TrainState) -> dict[str, tuple[int, ...]]:
    """Return shapes of the arrays of a network, or of a module in it, by the file's paths."""
    network, *modules = place
    current: NetworkState = state.networks[network]

    def inside(tree: Any) -> Any:
        for name in modules:
            tree = tree.get(name, {}) if isinstance(tree, Mapping) else {}
        return tree

    return shapes(
        {
            "params": inside(current.params),
            "stats": {name: inside(stats) for name, stats in current.stats.items()},
        }
    )


def shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """Return shapes by path."""
    return {path_of(path): leaf.shape for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def path_of(path: Any) -> str:
    """Return a path as text, "params/Conv_0/kernel"."""
    return jax.tree_util.keystr(path, simple=True, separator="/")
