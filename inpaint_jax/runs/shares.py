"""One job on many machines: which images each share completes, where it keeps its records, and who else is at work.

Images belong to shares by a hash of their ids, so machines that never meet agree on who does what. A share
writes its records below ``shares/``, under a lock of its own; whoever works on the whole job reads them all.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax

from inpaint_jax.data import files
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.runs.locks import holding, in_use
from inpaint_jax.runs.startup import agree

REPORT, PROCESSES = "report", "processes"  # what a share may be besides numbers; the latter is --distributed
SHARES = "shares"  # the folder, below that of a job


class Share(NamedTuple):
    """Share ``number`` of ``total``, from 1."""

    number: int
    total: int

    def takes(self, name: str) -> bool:
        """Return whether the image of this id belongs to the share."""
        found = hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:8]
        return int.from_bytes(found, "big") % self.total == self.number - 1

    def folder(self, output: Path) -> Path:
        """Where the share of a job keeps its records and its lock."""
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
        raise InputError(f"--share={text}: write 1/8 to 8/8 for each of eight machines, then report")
    return Share(int(found[1]), int(found[2]))


@contextlib.contextmanager
def working(output: Path, share: Share | None, doing: str) -> Iterator[None]:
    """Hold a job's folder, or that of a share, while nobody works on the same images.

    Args:
      output: the job's folder.
      share: None: the whole job.
      doing: what the message tells another process.

    Raises:
      InputError: another process works on the whole job, on this share, or on shares of another number.
    """
    own = share.folder(output) if share else output
    with holding(own, doing, option="--output", sweep=False):
        for other in rivals(output, share):
            if described := in_use(other):
                raise InputError(f"{other} is in use: {described}; wait until it ends, or stop it")
        files.sweep(own)
        yield


def rivals(output: Path, share: Share | None) -> list[Path]:
    """The folders whose holders would work on the same images."""
    others = share_folders(output)
    if share is None:
        return others
    same = re.compile(rf"\d+-of-{share.total}")
    return [output, *(folder for folder in others if not same.fullmatch(folder.name))]


def share_folders(output: Path) -> list[Path]:
    """The folders of all shares that ever worked on a job."""
    return sorted((output / SHARES).glob("*-of-*"))


def by_processes(work: Callable[[Share | None], Any], report: Callable[[], Any]) -> None:
    """Do a job as one of the processes of a cluster: a share each, and then the first writes the report.

    Args:
      work: does a share, or the whole job.
      report: what remains to be done once.

    Raises:
      InputError, Interrupted: of this process; or another process has failed, after which none writes a report.
    """
    if jax.process_count() == 1:
        work(None)
        return
    number = jax.process_index() + 1
    together(lambda: work(Share(number, jax.process_count())))
    together(lambda: report() if number == 1 else None)


def together(step: Callable[[], Any]) -> None:
    """Take a step on every process, and go on when all have taken it."""
    failure: Exception | None = None
    try:
        step()
    except (InputError, Interrupted) as error:
        failure = error
    if agree(failure is not None):
        raise failure or InputError(
            "another process of this job has stopped: see its message; the same command goes on"
        )
