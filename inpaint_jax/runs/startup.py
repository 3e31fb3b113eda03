"""Start JAX for a command: compile cache, devices, and processes of a multi-machine run."""

import contextlib
import gc
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from inpaint_jax.checks import cores
from inpaint_jax.errors import InputError
from inpaint_jax.runs import compile_cache

# For programs that run a few steps: compiling takes longer than they do. The newer emitters of
# fused loops compile slowly, and later versions cannot switch them off.
QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
if jax.__version__.startswith("0.10."):
    QUICK += " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"


def start_jax(*, distributed: bool = False, quick: bool = False, share: int = 1) -> None:
    """Prepare JAX for a command: compile cache, and the run's processes or this CPU's cores.

    Args:
      distributed: join the other processes of a cluster job.
      quick: compile in less time for the CPU, to slower programs.
      share: number of processes that share this CPU's cores.

    Raises:
      InputError: JAX finds no device, or computes in 64 bits.
    """
    check_bits()
    enable_compilation_cache()
    if quick:
        gc.set_threshold(200_000, 20, 100)  # tracing creates many objects, of which few are garbage
        os.environ["XLA_FLAGS"] = f"{QUICK} {os.environ.get('XLA_FLAGS', '')}"
    if distributed:
        initialize(True)
    else:
        use_cores(share)
    check_devices()


def check_bits() -> None:
    """Raise InputError if JAX is set to compute in 64 bits."""
    if jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        raise InputError(
            "networks and searches compute in float32: unset JAX_ENABLE_X64 (set "
            "JAX_ENABLE_X64=0); JAX_DEBUG_NANS=1 shows where numbers are lost"
        )


def check_devices() -> None:
    """Raise InputError if JAX finds no device of the requested kind."""
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # AssertionError: no JAX plugin of this kind
        reason = " ".join(str(error).split())[:200]
        wanted = f"JAX_PLATFORMS={os.environ.get('JAX_PLATFORMS', '')}"
        remedy = "JAX_PLATFORMS=cpu computes on the CPU, and pip install 'jax[cuda]' adds GPUs"
        raise InputError(
            f"JAX found no device with {wanted}{reason and f' ({reason})'}: {remedy}"
        ) from error


def enable_compilation_cache() -> Path | None:
    """Keep compiled programs between runs, in ``~/.cache/inpaint_jax/xla``.

    ``JAX_COMPILATION_CACHE_DIR`` chooses another folder, ``XDG_CACHE_HOME`` another ``~/.cache``,
    and ``INPAINT_NO_CACHE=1`` disables the cache. Programs from the cache are executed. So a folder
    that the user cannot write, or that other users can write, is not used.

    Returns:
      The folder, or None.
    """
    if os.environ.get("INPAINT_NO_CACHE", "0") not in ("", "0"):
        jax.config.update("jax_enable_compilation_cache", False)
        return None
    if chosen := os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return Path(chosen)  # JAX reads it itself
    try:
        folder = (
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inpaint_jax" / "xla"
        )
        folder.mkdir(parents=True, exist_ok=True)
        private = compile_cache.make_private(folder.parent) and compile_cache.make_private(folder)
        if not private or not os.access(folder, os.W_OK | os.X_OK):
            return None
        compile_cache.sweep(folder)
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def use_cores(share: int = 1) -> None:
    """Make every core of the CPU a device, up to a power of two and at most 8.

    XLA keeps two cores far less busy with one program than with one program each.
    ``JAX_NUM_CPU_DEVICES`` chooses another number. Accelerators are not affected, nor is a process
    that has already used JAX.

    Args:
      share: number of processes that share the cores.
    """
    if "JAX_NUM_CPU_DEVICES" in os.environ:
        return
    with contextlib.suppress(RuntimeError):  # the devices already exist
        jax.config.update(
            "jax_num_cpu_devices", min(8, 2 ** (max(1, cores() // share).bit_length() - 1))
        )


def initialize(
    distributed: bool | None = None,
    *,
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    timeout: int = 300,
) -> None:
    """Join the processes of one run; call it before anything touches a device.

    Args:
      distributed: False: never. True: always, with missing values from the cluster (Slurm, TPU pod,
        Open MPI, Kubernetes). None: if this is one of several tasks of a Slurm step or MPI run, or
        all values are given.
      coordinator: host:port of process 0; default ``JAX_COORDINATOR_ADDRESS``.
      processes: number of processes; default ``JAX_NUM_PROCESSES``.
      process: index of this process; default ``JAX_PROCESS_ID``.
      timeout: seconds to wait for the other processes.

    Raises:
      InputError: the cluster cannot be recognised, or the other processes were not found.
    """
    coordinator = coordinator or os.environ.get("JAX_COORDINATOR_ADDRESS")
    processes = _number("JAX_NUM_PROCESSES") if processes is None else processes
    process = _number("JAX_PROCESS_ID") if process is None else process
    configured = None not in (coordinator, processes, process)
    # Tasks of the step, not of the allocation: a shell inside an allocation is not part of a run.
    several = (_number("SLURM_STEP_NUM_TASKS") or 1) > 1 or (
        _number("OMPI_COMM_WORLD_SIZE") or 1
    ) > 1
    if distributed is False or (distributed is None and not configured and not several):
        return
    try:
        jax.distributed.initialize(coordinator, processes, process, initialization_timeout=timeout)
    except ValueError as error:
        raise InputError(
            f"cannot tell which processes belong together ({error}): use srun, mpirun or a TPU "
            "pod, or set JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and JAX_PROCESS_ID"
        ) from error
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"the processes of this run did not find each other ({reason}): check that all run, "
            f"that they reach {coordinator or 'the first host'}, and that no *_proxy variable "
            "blocks the connection"
        ) from error


def agree(flag: Any) -> bool:
    """Return on every process whether any process raised its flag; all must call at the same step.

    A signal reaches the processes of a run at different steps. A process that stopped alone would
    leave the others waiting for it in the next step.
    """
    if jax.process_count() == 1:
        return bool(flag)
    return bool(np.any(multihost_utils.process_allgather(np.asarray(bool(flag)))))


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else None
