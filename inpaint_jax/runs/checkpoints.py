"""Checkpoints of a run: written in the background, atomic, verified, newest steps only (Orbax)."""

import functools
import gc
import importlib.metadata
import json
import logging
import os
import shutil
import sys
import warnings
from pathlib import Path
from types import ModuleType

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.runs import digests
from inpaint_jax.runs.faults import Failure, attempt, damage, explained, unreadable
from inpaint_jax.types import Tree

ORBAX = importlib.metadata.version("orbax-checkpoint")
UNFINISHED = ".orbax-checkpoint-tmp"  # end of folder names that Orbax removes before it writes
ABOUT = "_CHECKPOINT_METADATA"
NEEDED = (ABOUT, "*/_METADATA", "*/d/*")
LATE = ("Event loop is closed", "unclosed event loop", "object has no attribute '_ssock'")


class Checkpoints:
    """The checkpoints of one training stage: ``folder/<step>``, written while training goes on.

    Each checkpoint holds the digests of its arrays, and is verified when it is read. One without
    digests (version 0.1) is read unverified. Reading (``latest``, ``restore``) never writes, so a
    run can be inspected while it trains. With several processes, every process makes every call,
    and the folder is on a disk that all of them see::

        with Checkpoints("runs/faces/dcgan/checkpoints") as checkpoints:
            state = init() if checkpoints.latest() is None else
            checkpoints.restore(jax.eval_shape(init)) ...
            checkpoints.save(step, state)

    Args:
      folder: created at the first save.
      keep: number of newest steps to keep.
      stage: name of the stage in messages.
    """

    def __init__(self, folder: str | os.PathLike[str], *, keep: int = 3, stage: str = ""):
        self.folder = Path(folder).absolute()
        self.keep, self.stage = keep, stage
        self._writer = None  # opened by the first save
        self._saving = None  # the save in progress

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            self.wait()
        except InputError:
            if error is None:  # a second error must not hide the first
                raise
        finally:
            self._close()

    def steps(self) -> list[int]:
        """Return the steps that can be restored, ascending, without interrupted saves."""
        if not self.folder.is_dir():
            return []
        # A step gets its plain number by one atomic rename, after its last byte.
        return sorted(
            int(path.name)
            for path in self.folder.iterdir()
            if path.name.isdigit() and path.is_dir()
        )

    def latest(self) -> int | None:
        """Return the newest step, or None without a checkpoint."""
        return max(self.steps(), default=None)

    def save(self, step: int, state: Tree) -> None:
        """Save in the background; ``state`` may be donated as soon as this returns.

        An existing step is left unchanged: a state is a function of (seed, step), so it is the
        same.

        Args:
          step: training steps taken.
          state: pytree of arrays and typed keys.

        Raises:
          InputError: the folder cannot be written, or the disk is full. The error may come from the
            save before this one.
        """
        self.wait()
        if step in self.steps():
            return
        about = digests.sealed({"step": step, "orbax": ORBAX, "arrays": digests.digested(state)})
        try:
            if self._writer is None:
                self._writer = self._open()
            self._saving = (
                self._writer.save_async(step, state, force=True, custom_metadata=about),
                step,
            )
        except Exception as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Wait until everything is on the disk.

        Raises:
          InputError: the folder cannot be written, or the disk is full.
        """
        saving, self._saving = self._saving, None
        if saving is None:
            return
        response, step = saving
        try:
            response.result()  # this ends Orbax's thread and closes its files
            if self._writer is not None:
                self._writer.wait()
        except Exception as error:
            raise self._failure(error) from error
        if not (self.folder / str(step)).is_dir():
            raise InputError(
                f"cannot save a checkpoint in {self.folder}: remove the file named {step} there"
            )

    def restore(self, abstract_state: Tree, step: int | None = None) -> Tree:
        """Read a state, bit for bit, and verify it.

        Args:
          abstract_state: shapes and types, from ``jax.eval_shape``. A leaf with a sharding is
            restored with that sharding, whatever devices it was saved from; a leaf without one goes
            to the first local device.
          step: the step; default: the newest.

        Raises:
          InputError: no such checkpoint, a checkpoint of another architecture, a damaged one, or
            one that the machine cannot read.
        """
        chosen = self.latest() if step is None else step
        if chosen is None:
            raise InputError(
                f"no checkpoint in {self.folder}: run inpaint train first, or give another workdir"
            )
        try:
            self.check_there(chosen)
            return self._read(chosen, abstract_state)
        except InputError:
            if step is None and self.latest() not in (None, chosen):
                return self.restore(abstract_state)  # a training in another process removes it
            raise

    def check_there(self, step: int) -> None:
        """Raise InputError if a step has no checkpoint."""
        if step not in (steps := self.steps()):
            known = ", ".join(map(str, steps)) or "none"
            raise InputError(f"no checkpoint of step {step} in {self.folder}; there are: {known}")

    def discard_after(self, step: int) -> None:
        """Remove the checkpoints of later steps, at once for every reader."""
        for later in self.steps():
            if later > step:
                leftover = self.folder / f"{later}{UNFINISHED}"
                shutil.rmtree(leftover, ignore_errors=True)
                (self.folder / str(later)).rename(leftover)
                shutil.rmtree(leftover)

    def _read(self, step: int, abstract_state: Tree) -> Tree:
        path = self.folder / str(step)
        # Not with Orbax, which returns fewer steps when the system opens no more files.
        stored, failure = attempt(lambda: json.loads((path / ABOUT).read_bytes()))
        if failure:
            raise self._unread(step, failure)
        about = stored.get("custom_metadata") if isinstance(stored, dict) else None
        if about and not digests.unbroken(about):
            raise self._unread(step, damage(f"{ABOUT} does not match its digest"))
        if about:
            saved = about["arrays"]
        else:  # version 0.1 has no digests to verify
            about, (found, _) = (
                {},
                attempt(lambda: digests.described(_orbax().metadata(path).metadata)),
            )
            saved = found or {}
        if saved and (
            difference := digests.first_difference(saved, digests.described(abstract_state))
        ):
            raise InputError(
                f"checkpoint {path} has another architecture: {difference}; use the config of its "
                "training, or another workdir"
            )
        devices = _placed(abstract_state)  # an error of JAX does not concern the files
        state, failure = attempt(lambda: _orbax().load(path, devices))
        if failure:
            # Orbax wrote the files but cannot read them, and the machine is not to blame.
            proven = about.get("orbax") == ORBAX and not failure.remedy
            raise self._unread(step, failure._replace(of_files=failure.of_files or proven))
        if about.get("step", step) != step:
            raise self._unread(step, damage(f"it was saved as step {about['step']}"))
        if name := digests.first_damaged(saved, state):
            raise self._unread(step, damage(f"{name} does not match its digest"))
        return state

    def _unread(self, step: int, failure: Failure) -> InputError:
        """Describe why a checkpoint cannot be read; call it damaged only if its files are."""
        path = self.folder / str(step)
        of_system = unreadable(path)
        if of_system and not of_system.of_files:
            failure = of_system
        elif lacking := [name for name in NEEDED if not any(path.glob(name))]:
            failure = damage(f"it has no {lacking[0]}")
        if failure.of_files:
            return InputError(
                f"checkpoint {path} is damaged ({failure.reason}): {self.instead_of(step)}"
            )
        earlier = (
            f"; --checkpoint={self.one_before(step)} reads the previous one"
            if self.one_before(step)
            else ""
        )
        remedy = (
            failure.remedy
            or f"another version of Orbax may have written it, or its files are damaged{earlier}"
        )
        return InputError(f"checkpoint {path} cannot be read ({failure.reason}): {remedy}")

    def one_before(self, step: int) -> str:
        """Name the checkpoint before a step, in the syntax of ``--checkpoint``; empty if none."""
        earlier = [other for other in self.steps() if other < step]
        return f"{self.stage}{':' if self.stage else ''}{earlier[-1]}" if earlier else ""

    def instead_of(self, step: int) -> str:
        """Suggest a remedy for an unusable checkpoint of a step."""
        if earlier := self.one_before(step):
            return (
                f"resume from the previous one with --checkpoint={earlier}, or delete that folder"
            )
        return "no earlier checkpoint is left; delete that folder to train from the start"

    def _open(self):
        training = _orbax().training
        options = _orbax().options
        context = _orbax().Context(
            # With folders made in the background, Orbax's threads wait 300 s for them after a
            # failure.
            async_options=options.AsyncOptions(create_directories_asynchronously=False),
            # One whole copy, which has the digest, not a part from every device.
            array_options=options.ArrayOptions(
                saving=options.ArrayOptions.Saving(use_replica_parallel=False)
            ),
        )
        return training.Checkpointer(
            self.folder,
            context=context,
            preservation_policy=training.preservation_policies.LatestN(self.keep),
            cleanup_tmp_directories=True,  # remove what a killed run left behind
        )

    def _close(self) -> None:
        """End Orbax's threads and ignore errors, which were reported before."""
        writer, self._writer, self._saving = self._writer, None, None
        if writer is not None:
            attempt(writer.close)

    def _failure(self, error: Exception) -> Exception:
        with warnings.catch_warnings(action="ignore"):
            self._close()  # Orbax would raise the same error at every later call
            gc.collect()
        why = explained(error)
        if not why.remedy:
            return error  # not a fault of the system: a bug in a program
        intact = ", ".join(map(str, self.steps())) or "none"
        return InputError(
            f"cannot save a checkpoint in {self.folder} ({why.reason}): {why.remedy}, then start "
            f"again; intact steps: {intact}"
        )


@functools.cache
def _orbax() -> ModuleType:
    """Silence Orbax: it logs a failure in every thread and task, and we get it as an exception."""
    from orbax.checkpoint import v1

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return not any(
            name in record.pathname + record.getMessage() for name in ("orbax", "tensorstore")
        )

    for name in ("absl", "asyncio", None):
        logging.getLogger(name).addFilter(from_elsewhere)
    report = sys.unraisablehook

    def unless_late(unraisable) -> None:
        # After one failed read, others fail too or call a closed event loop; without file
        # descriptors none opens.
        code = getattr(unraisable.object, "cr_code", None)
        of_orbax = "orbax" in getattr(code, "co_filename", "")
        if not of_orbax and not any(words in str(unraisable.exc_value) for words in LATE):
            report(unraisable)

    sys.unraisablehook = unless_late
    return v1


def _placed(abstract_state: Tree) -> Tree:
    """Give every leaf a sharding; otherwise Orbax wants the devices of the save."""
    here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(
            x.shape, x.dtype, sharding=getattr(x, "sharding", None) or here
        ),
        abstract_state,
    )
