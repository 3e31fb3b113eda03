"""The processes of one run on many machines: how they find each other, and how they agree."""

import os
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from inpaint_jax.errors import InputError


def initialize(
    distributed: bool | None = None,
    *,
    coordinator: str | None = None,
    processes: int | None = None,
    process: int | None = None,
    timeout: int = 300,
) -> None:
    """Joins the processes of one run; to be called before anything touches a device.

    Args:
      distributed: False: never. True: always, asking the cluster (Slurm, TPU pod, Open MPI, Kubernetes) for
        what is not given. None: if this is one of several tasks of a Slurm step or MPI run, or all is given.
      coordinator: host:port of process 0; default ``JAX_COORDINATOR_ADDRESS``.
      processes: how many; default ``JAX_NUM_PROCESSES``.
      process: which of them this is; default ``JAX_PROCESS_ID``.
      timeout: seconds to wait for the others.

    Raises:
      InputError: the cluster cannot be told, or the other processes were not found.
    """
    coordinator = coordinator or os.environ.get("JAX_COORDINATOR_ADDRESS")
    processes = _number("JAX_NUM_PROCESSES") if processes is None else processes
    process = _number("JAX_PROCESS_ID") if process is None else process
    told = None not in (coordinator, processes, process)
    # Tasks of the step, not of the allocation: a shell inside an allocation is no part of a run.
    several = (_number("SLURM_STEP_NUM_TASKS") or 1) > 1 or (_number("OMPI_COMM_WORLD_SIZE") or 1) > 1
    if distributed is False or (distributed is None and not told and not several):
        return
    try:
        jax.distributed.initialize(coordinator, processes, process, initialization_timeout=timeout)
    except ValueError as error:
        raise InputError(
            f"cannot tell which processes belong together ({error}): use srun, mpirun or a TPU pod, or set "
            "JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and JAX_PROCESS_ID"
        ) from error
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"the processes of this run did not find each other ({reason}): check that all run, that they "
            f"reach {coordinator or 'the first host'}, and that no *_proxy variable is in the way"
        ) from error


def agree(flag: Any) -> bool:
    """Whether any process says so, known to all of them; every process asks at the same step.

    A signal reaches the processes of a run at different steps, and one that stopped alone would leave the others
    waiting for it in the next step.
    """
    if jax.process_count() == 1:
        return bool(flag)
    return bool(np.any(multihost_utils.process_allgather(np.asarray(bool(flag)))))


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else None
