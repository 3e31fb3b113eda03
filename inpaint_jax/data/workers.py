"""Batches prepared by processes of their own (Grain),
in the order and with the bits of one process.

Every process takes every n-th batch. A batch is a pure function of its number, and they are taken
in turns, so the number of processes changes the speed alone.
"""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

import grain
import jax
from absl import flags

from inpaint_jax.errors import InputError

AHEAD = 2  # batches that every process holds ready
PROFILING = (
    "grain_enable_multiprocess_worker_profiling"  # a flag that Grain 0.2.18 reads without a default
)


def in_workers(
    batches: grain.IterDataset, workers: int, *, then: Callable[[Any], Any]
) -> Generator[Any]:
    """Yield batches that processes prepare.

    They are spawned, not forked: a fork of a process that uses JAX may hang. So a script that
    trains with workers needs the usual ``if __name__ == "__main__":``.

    Args:
      batches: what each of the processes does; it is pickled.
      workers: number of processes, at least 1.
      then: what this process does with a batch. It must copy what it keeps: a batch is in memory
        that the processes share.

    Raises:
      InputError: that of a worker; a worker was killed, or the source cannot be sent to one.
    """
    if PROFILING in flags.FLAGS:
        flags.FLAGS[
            PROFILING
        ].present = True  # as if the command line had been parsed, which is not absl's here
    options = grain.multiprocessing.MultiprocessingOptions(
        num_workers=workers, per_worker_buffer_size=AHEAD
    )
    try:
        for batch in closing(batches.mp_prefetch(options, worker_init_fn=begin)):
            yield then(batch)
    except InputError:
        raise
    except (RuntimeError, TypeError, AttributeError, pickle.PicklingError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"data.workers={workers}: {what.rstrip('.')}; a worker may lack memory, or the source "
            "cannot be sent to another process; data.workers=0 reads in this one"
        ) from error


def closing(batches: grain.IterDataset) -> Generator[Any]:
    """Yield batches; closing the iterator ends their threads and processes."""
    reader = iter(batches)
    try:
        yield from reader
    finally:
        reader.close()


def begin(index: int, count: int) -> None:
    """Prepare a worker: it leaves the devices and the signals to the process that trains."""
    del index, count
    # decoding needs no device; this one would take its memory
    jax.config.update("jax_platforms", "cpu")
    # a cluster sends these to all processes of a job
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End this process after the death of its parent, which could send no signal."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
