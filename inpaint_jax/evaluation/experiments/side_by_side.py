"""Chains of jobs computed side by side, each chain in its own process.

Tracing and compiling keep one core busy. Experiments of a few training steps do little else, so two
processes on two cores halve their time.
"""

import functools
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import connection
from typing import Any

from tqdm import tqdm

from inpaint_jax.data.workers import end_with_parent
from inpaint_jax.errors import InputError, Interrupted, note
from inpaint_jax.runs.interruption import interruption

POLL = 1.0  # seconds between two looks at signals and progress


def side_by_side(
    chains: Sequence[Sequence[Callable[[], Any]]],
    processes: int,
    *,
    begin: Callable[[], Any],
    watch: Callable[[], Any],
    finished: Callable[[], Any],
) -> None:
    """Run chains of jobs in several processes; the jobs of a chain run in order in one process.

    The processes are spawned, not forked: a fork of a process that uses JAX may hang. A job that
    fails ends its chain, and the other chains run to their end. A signal is passed on to every
    process once, and no further chain starts.

    Args:
      chains: jobs, which are pickled; they show no progress bars.
      processes: maximum number of processes at a time.
      begin: called first in every process; pickled.
      watch: called in this process about once a second.
      finished: called in this process after every job.

    Raises:
      InputError: the first error of a job, or a process was killed.
      Interrupted: a signal stopped the work.
    """
    context = multiprocessing.get_context("spawn")
    waiting, failed = list(chains), []
    running: dict[connection.Connection, Any] = {}
    passed_on = False
    with interruption() as stop:
        try:
            while running or (waiting and not stop):
                while waiting and len(running) < processes and not stop:
                    receiver, sender = context.Pipe(duplex=False)
                    process = context.Process(target=work, args=(waiting.pop(0), sender, begin))
                    process.start()
                    sender.close()
                    running[receiver] = process
                if stop.signal and not passed_on:
                    for process in running.values():
                        os.kill(process.pid, stop.signal)
                    passed_on = True
                ready = connection.wait(list(running), timeout=POLL)
                for receiver in [one for one in running if one in ready]:
                    try:
                        error = receiver.recv()
                    except EOFError:
                        error = end_of(running.pop(receiver))
                    else:
                        finished()
                    if error is not None:
                        failed.append(error)
                        if not isinstance(error, Interrupted):
                            note(str(error))
                watch()
        finally:
            for process in running.values():
                process.kill()
    if stop:
        raise stop.error("finished pages and trainings are saved")
    if failed:
        raise failed[0]


def work(
    chain: Sequence[Callable[[], Any]], sender: connection.Connection, begin: Callable[[], Any]
) -> None:
    """Run the jobs of a chain in this process; send None or the error after every job."""
    os.setpgrp()  # a terminal sends Ctrl-C to a whole group; the parent passes it on once
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    threading.Thread(target=end_with_parent, daemon=True).start()
    tqdm.__init__ = functools.partialmethod(  # pyright: ignore[reportAttributeAccessIssue]
        tqdm.__init__, disable=True
    )
    try:
        begin()
        for job in chain:
            job()
            sender.send(None)
    except (InputError, Interrupted, OSError) as error:
        sender.send(error)
    except KeyboardInterrupt:  # between two safe points
        sender.send(Interrupted(signal.SIGINT, "finished pages and trainings are saved"))
    except Exception as error:
        traceback.print_exc()
        sender.send(RuntimeError(f"{type(error).__name__}: {error}"))
    sender.close()


def end_of(process: Any) -> InputError | None:
    """Wait for the end of a process; return an error if the process was killed."""
    process.join()
    if process.exitcode == 0:
        return None
    return InputError(
        f"a process ended with code {process.exitcode}: it may lack memory; --processes=1 "
        "computes one page at a time, and the same command resumes"
    )
