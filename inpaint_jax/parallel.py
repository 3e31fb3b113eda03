"""Run the same step with the same results on one device, many devices, or many machines.

The default is ``jit`` with a batch sharded over the mesh axis "data". The batch is one global
array, so batch statistics and means need no collectives in the code. ``shard_map`` runs the same
step once per device, with ``axis_name="data"``. It is the default for the cores of a CPU: there,
our convolutions loop over the batch, and under ``jit`` the compiler would sum weight gradients over
the devices in every iteration of the loop. ``pmap`` does the same (it is in maintenance; current
JAX implements it as ``jit(shard_map)``).

``JAX_DISABLE_JIT=1`` is for debugging. Everything then runs on one device without ``shard_map``,
which needs jit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from inpaint_jax import checks
from inpaint_jax.errors import InputError
from inpaint_jax.types import Tree

__all__ = [
    "AXIS",
    "data_parallel",
    "mesh",
    "per_device",
    "put_batch",
    "replicate",
    "share_batch",
    "share_slots",
    "spread",
]

AXIS = "data"
MOST_COPIED = 32_000_000  # parameters; above this, CPU cores do not hold a copy each


def mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """Make a mesh with the single axis "data".

    Args:
      devices: default: all devices of all processes. Pass ``jax.local_devices()`` for work that
        processes do not share.

    Returns:
      The mesh.
    """
    devices = jax.devices() if devices is None else devices
    return jax.make_mesh((len(devices),), (AXIS,), axis_types=(AxisType.Auto,), devices=devices)


def available_memory() -> int | None:
    """Return the free bytes per device, or of all CPU devices together; None if unknown."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return checks.available_memory()
    known = device.memory_stats() or {}
    return known["bytes_limit"] - known.get("bytes_in_use", 0) if "bytes_limit" in known else None


def share_slots(slots: int) -> tuple[Mesh, int]:
    """Choose the local devices for a number of slots, and the slots per device.

    Every accelerator gets ``slots``. The cores of a CPU divide them: the function uses as many
    cores as leave at least 8 slots per core.

    Args:
      slots: images at once, on each accelerator or on all cores together.

    Returns:
      The mesh of devices, and the slots per device.
    """
    devices = jax.local_devices()
    if _without_jit():
        return mesh(devices[:1]), slots
    if devices[0].platform != "cpu":
        return mesh(devices), slots
    count = max(
        n for n in range(1, len(devices) + 1) if n == 1 or (slots % n == 0 and slots // n >= 8)
    )
    return mesh(devices[:count]), slots // count


def share_batch(size: int, *, parameters: int = 0) -> Mesh:
    """Choose the devices for a global batch: all, or as many CPU cores as divide it evenly.

    Args:
      size: examples in the batch.
      parameters: number of network parameters. Very large networks run on one core, because every
        core would update a separate copy in the same memory.

    Returns:
      The mesh of devices.
    """
    devices = jax.devices()
    if _without_jit():
        return mesh(devices[:1])
    if devices[0].platform != "cpu" or jax.process_count() > 1:
        return mesh(devices)
    if parameters > MOST_COPIED:
        return mesh(devices[:1])
    return mesh(devices[: max(n for n in range(1, len(devices) + 1) if size % n == 0)])


def replicate(tree: Tree, mesh: Mesh) -> Tree:
    """Copy a tree to every device of a mesh; the copy may share memory with the original.

    Args:
      tree: arrays, the same on every process.
      mesh: the devices.

    Returns:
      The tree, replicated.
    """
    copied = NamedSharding(mesh, PartitionSpec())
    if copied.is_fully_addressable:
        return jax.device_put(tree, copied)

    def place(leaf):  # device_put cannot take keys to the devices of other processes
        if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
            return jax.jit(lambda x: x, out_shardings=copied)(leaf)
        return multihost_utils.host_local_array_to_global_array(leaf, mesh, PartitionSpec())

    return jax.tree.map(place, tree)


def put_batch(batch: Tree, mesh: Mesh) -> Tree:
    """Split a global batch over the devices of a mesh.

    Args:
      batch: the part of this process, NumPy arrays ``[B of this process, ...]``; every process has
        the same number of examples.
      mesh: the devices.

    Returns:
      The global batch.

    Raises:
      InputError: B is not a multiple of the number of devices.
    """
    _check_divisible(batch, len(mesh.local_devices))
    if _without_jit():  # operations outside of jit cannot take every sharded array
        return jax.device_put(batch, mesh.devices.flat[0])
    split = NamedSharding(mesh, PartitionSpec(AXIS))
    return jax.tree.map(lambda x: jax.make_array_from_process_local_data(split, x), batch)


def data_parallel(step: Callable, mesh: Mesh, *, how: str | None = None) -> Callable:
    """Compile a training step for all devices of a mesh.

    Args:
      step: ``(state, batch, earlier, *, axis_name=None) -> (state, metrics)``. With an axis name,
        the step averages gradients, statistics and metrics over that axis.
      mesh: the devices.
      how: "jit" (one step over the global batch), "shard_map" or "pmap" (one step per device over
        its part of the batch). None: the fastest on these devices.

    Returns:
      ``(state, batch, earlier) -> (state, metrics)``, with state and metrics on all devices. The
      batch must come from ``put_batch``. The memory of the input state is reused.

    Raises:
      InputError: unknown ``how``, or a batch size that is not a multiple of the number of devices.
    """
    ways = {"jit": _jitted, "shard_map": _mapped, "pmap": _pmapped}
    if _without_jit():
        if how not in (None, "jit"):
            raise InputError(f"JAX_DISABLE_JIT=1 cannot run {how}: unset it, or choose jit")
        how = "jit"
    if how is None:
        how = (
            "shard_map"
            if mesh.devices.flat[0].platform == "cpu" and jax.process_count() == 1
            else "jit"
        )
    if how not in ways:
        raise InputError(f"unknown way to run on several devices {how!r}; known: {', '.join(ways)}")
    compiled = ways[how](step, mesh)

    def run(state, batch, earlier):
        _check_divisible(batch, mesh.size)
        return compiled(state, batch, earlier)

    return run


def _jitted(step: Callable, mesh: Mesh) -> Callable:
    copied, split = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec(AXIS))
    return jax.jit(
        lambda state, batch, earlier: step(state, batch, earlier),
        in_shardings=(copied, split, copied),
        out_shardings=copied,
        donate_argnums=0,
    )


def per_device(step: Callable, mesh: Mesh) -> Callable:
    """Run a training step on every device over its part of the batch; jit the result.

    Args:
      step: a step as for ``data_parallel``.
      mesh: the devices.

    Returns:
      ``(state, batch, earlier) -> (state, metrics)``. The step itself averages over the devices.
    """
    copied, split = PartitionSpec(), PartitionSpec(AXIS)
    return jax.shard_map(
        lambda state, batch, earlier: step(state, batch, earlier, axis_name=AXIS),
        mesh=mesh,
        in_specs=(copied, split, copied),
        out_specs=copied,
        check_vma=False,
    )


def _mapped(step: Callable, mesh: Mesh) -> Callable:
    return jax.jit(per_device(step, mesh), donate_argnums=0)


def _pmapped(step: Callable, mesh: Mesh) -> Callable:
    on_each = jax.pmap(
        lambda state, batch, earlier: step(state, batch, earlier, axis_name=AXIS),
        axis_name=AXIS,
        in_axes=(None, 0, None),
        out_axes=None,  # type: ignore[arg-type]  # supported; the annotation is too narrow
        devices=list(mesh.devices.flat),
        axis_size=mesh.size,
        donate_argnums=0,
    )

    @jax.jit
    def by_device(batch):
        return jax.tree.map(
            lambda x: x.reshape(mesh.size, x.shape[0] // mesh.size, *x.shape[1:]), batch
        )

    def run(state, batch, earlier):
        outputs = on_each(state, by_device(batch), earlier)
        if jax.process_count() > 1:  # pmap returns arrays of this process alone
            outputs = multihost_utils.host_local_array_to_global_array(
                outputs, mesh, PartitionSpec()
            )
        return outputs

    return run


def spread(fn: Callable, mesh: Mesh) -> Callable:
    """Map a function over independent examples on several devices, without communication.

    Every device runs the same program on the same number of examples. The results are bit-identical
    for any number of devices, as long as the number of examples per device is the same.

    Args:
      fn: ``(replicated, per_example) -> per_example``. The leaves of ``per_example`` have a leading
        axis of examples.
      mesh: the devices.

    Returns:
      The same function of all examples; jit it. The number of examples must be a multiple of the
      number of devices.

    Raises:
      InputError: the number of examples is not a multiple of the number of devices.
    """
    examples = PartitionSpec(AXIS)
    on_each = jax.shard_map(
        fn, mesh=mesh, in_specs=(PartitionSpec(), examples), out_specs=examples, check_vma=False
    )

    def run(replicated, per_example):
        _check_divisible(per_example, mesh.size)
        return (fn if _without_jit() else on_each)(replicated, per_example)

    return run


def _without_jit() -> bool:
    return jax.config.jax_disable_jit  # pyright: ignore[reportAttributeAccessIssue]


def _check_divisible(tree: Any, parts: int) -> None:
    for leaf in jax.tree.leaves(tree):
        if leaf.shape[0] % parts:
            raise InputError(
                f"{leaf.shape[0]} examples cannot be shared by {parts} devices: "
                f"choose a batch size that is a multiple of {parts}"
            )
