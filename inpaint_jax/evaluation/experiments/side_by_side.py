"""Chains of jobs computed in parallel, each chain in its own process.

Tracing and compiling keep one core busy. Experiments of a few training steps do little else, so two
processes on two cores halve their time.
"""

import functools
import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from typing import Any, NamedTuple

from tqdm import tqdm

from inpaint_jax.data.workers import end_with_parent
from inpaint_jax.errors import InputError, Interrupted, note, some_of
from inpaint_jax.runs.interruption import interruption

POLL = 1.0  # seconds between two looks at signals and progress
GRACE = 30.0  # seconds for saving before a process is killed
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Job(NamedTuple):
    """A named piece of work; picklable."""

    name: str
    run: Callable[[], Any]


def side_by_side(
    chains: Sequence[Sequence[Job]],
    processes: int,
    *,
    initializer: Callable[[], Any],
    on_done: Callable[[], Any],
    on_poll: Callable[[], Any],
) -> None:
    """Run chains of jobs in several processes; the jobs of a chain run in order in one process.

    A job that fails ends its chain, and a note names the job. The other chains run to their end. A
    signal stops every process at its next safe point, and no further chain starts. The processes
    are spawned, not forked: a fork of a process that uses JAX may hang. A script that calls this
    function needs the usual ``if __name__ == "__main__":``.

    Args:
      chains: jobs. They show no progress bars.
      processes: maximum number of processes at a time, at least 1.
      initializer: called first in every process; picklable.
      on_done: called in this process after every job that succeeded.
      on_poll: called in this process about once a second.

    Raises:
      InputError: at least one job failed, or its process was killed.
      Interrupted: a signal stopped the work.
    """
    context = multiprocessing.get_context("spawn")
    waiting, failed = list(chains), []
    running: dict[connection.Connection, tuple[Any, list[str]]] = {}
    with interruption() as stop:
        try:
            while running or (waiting and not stop):
                while waiting and len(running) < processes and not stop:
                    chain = waiting.pop(0)
                    receiver, sender = context.Pipe(duplex=False)
                    process = context.Process(target=run_chain, args=(chain, sender, initializer))
                    with signals_blocked():
                        process.start()
                    sender.close()
                    running[receiver] = process, [job.name for job in chain]
                if stop:  # again at every poll: a process may not have reached a safe point
                    for process, _ in running.values():
                        process.terminate()
                ready = connection.wait(list(running), timeout=POLL)
                for receiver in [one for one in running if one in ready]:
                    process, names = running[receiver]
                    error = result(receiver, process)
                    if error is None:
                        names.pop(0)
                        on_done()
                    else:
                        note(f"{names[0]}: {error}")
                        failed.append(names[0])
                    if error is not None or not names:
                        del running[receiver]
                        process.join()
                on_poll()
        except BaseException as error:
            end(
                [process for process, _ in running.values()],
                grace=0 if isinstance(error, KeyboardInterrupt) else GRACE,
            )
            raise
    if stop:
        raise stop.error("finished pages and trainings are saved")
    if failed:
        raise InputError(
            f"{some_of(failed, 'page')} failed; the notes above give the reasons. The same command "
            "resumes"
        )


@contextmanager
def signals_blocked():
    """Block signals, so that a process which starts here receives none while it imports modules."""
    resource_tracker.ensure_running()  # its start would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_chain(
    chain: Sequence[Job], sender: connection.Connection, initializer: Callable[[], Any]
) -> None:
    """Run the jobs of a chain in this process; send "" or the error after every job.

    Signals act inside ``interruption`` alone, where the work can be saved.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=end_with_parent, daemon=True).start()
    tqdm.__init__ = functools.partialmethod(  # pyright: ignore[reportAttributeAccessIssue]
        tqdm.__init__, disable=True
    )
    try:
        initializer()
        for job in chain:
            job.run()
            sender.send("")
    except (InputError, Interrupted) as error:
        sender.send(" ".join(str(error).split()))
    except Exception as error:
        traceback.print_exc()
        sender.send(f"{type(error).__name__}, see the traceback above")
    sender.close()


def result(receiver: connection.Connection, process: Any) -> str | None:
    """Receive the result of a job.

    Returns:
      None if the job succeeded, otherwise the error.
    """
    try:
        return receiver.recv() or None
    except (EOFError, OSError):  # the process ended without a result
        process.join()
        if process.exitcode == -signal.SIGKILL:
            return "its process was killed, perhaps for lack of memory: try --processes=1"
        return f"its process ended with code {process.exitcode}: --processes=1 may show more"


def end(processes: Sequence[Any], *, grace: float) -> None:
    """Stop processes at their next safe point; kill those that need more than ``grace`` seconds."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(grace)
        process.kill()
        process.join()
