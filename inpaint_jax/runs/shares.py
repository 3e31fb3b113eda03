"""Shares of a job on many machines: the images of each share, its records, and other workers.

A hash of an image's id decides its share, so machines without a connection agree on the work. A
share writes its records below ``shares/``, under a separate lock; a worker on the whole job reads
all records.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.naming import hashed
from inpaint_jax.runs.locks import holding, in_use
from inpaint_jax.runs.startup import agree

REPORT, PROCESSES = "report", "processes"  # --share without numbers; the latter is --distributed
SHARES = "shares"  # folder of the shares, below the folder of a job


class Share(NamedTuple):
    """Share ``number`` of ``total``, from 1."""

    number: int
    total: int

    def takes(self, name: str) -> bool:
        """Return whether the image with this id belongs to the share."""
        return hashed(name) % self.total == self.number - 1

    def folder(self, output: Path) -> Path:
        """Return the folder with the records and the lock of this share of a job."""
        return output / SHARES / f"{self.number}-of-{self.total}"


def parse(text: str | None) -> Share | str | None:
    """Read ``--share``: "3/8", "report", "processes" or None.

    Raises:
      InputError: anything else.
    """
    if text in (None, REPORT, PROCESSES):
        return text
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(
            f"--share={text}: write 1/8 to 8/8 for each of eight machines, then report"
        )
    return Share(int(found[1]), int(found[2]))


@contextlib.contextmanager
def working(output: Path, share: Share | None, doing: str) -> Iterator[None]:
    """Hold the folder of a job, or of a share, while no other process works on the same images.

    Args:
      output: folder of the job.
      share: the share; None: the whole job.
      doing: activity that the message to another process names.

    Raises:
      InputError: another process works on the whole job, on this share, or on shares of another
        total number.
    """
    folder = share.folder(output) if share else output
    with holding(folder, doing, option="--output", sweep=False):
        for other in rivals(output, share):
            if described := in_use(other):
                raise InputError(f"{other} is in use: {described}; wait until it ends, or stop it")
        files.sweep(folder)
        yield


def rivals(output: Path, share: Share | None) -> list[Path]:
    """Return the folders whose holders would work on the same images."""
    others = share_folders(output)
    if share is None:
        return others
    same = re.compile(rf"\d+-of-{share.total}")
    return [output, *(folder for folder in others if not same.fullmatch(folder.name))]


def share_folders(output: Path) -> list[Path]:
    """Return the folders of all shares that ever worked on a job."""
    return sorted((output / SHARES).glob("*-of-*"))


def by_processes(work: Callable[[Share | None], Any], report: Callable[[], Any]) -> None:
    """Do one share of a job per process of a cluster; the first process then writes the report.

    Args:
      work: does a share, or the whole job.
      report: does the remaining work, once.

    Raises:
      InputError, Interrupted: the error of this process; or another process failed, and then none
        writes a report.
    """
    if jax.process_count() == 1:
        work(None)
        return
    number = jax.process_index() + 1
    together(lambda: work(Share(number, jax.process_count())))
    together(lambda: report() if number == 1 else None)


def together(step: Callable[[], Any]) -> None:
    """Take a step on every process, and continue when all processes have taken it."""
    failure: Exception | None = None
    try:
        step()
    except (InputError, Interrupted) as error:
        failure = error
    if agree(failure is not None):
        raise failure or InputError(
            "another process of this job has stopped: see its message; the same "
            "command resumes the job"
        )
