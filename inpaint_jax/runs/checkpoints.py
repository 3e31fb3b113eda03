"""Saving and restoring the state of a run: in the background, atomically, verified, the last few steps (with Orbax)."""

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
UNFINISHED = ".orbax-checkpoint-tmp"  # how the names of folders end that Orbax removes before it writes
ABOUT = "_CHECKPOINT_METADATA"
NEEDED = (ABOUT, "*/_METADATA", "*/d/*")
LATE = ("Event loop is closed", "unclosed event loop", "object has no attribute '_ssock'")


class Checkpoints:
    """The checkpoints of one training stage: ``folder/<step>``, written while training goes on.

    Each holds the digests of its arrays, and is verified when it is read; one without digests, of version 0.1, is read
    unverified. Reading (``latest``, ``restore``) never writes, so a run can be looked at while it trains. Over several
    processes, every process makes every call, and the folder is on a disk that all of them see::

        with Checkpoints("runs/faces/dcgan/checkpoints") as checkpoints:
            state = init() if checkpoints.latest() is None else checkpoints.restore(jax.eval_shape(init))
            ...
            checkpoints.save(step, state)

    Args:
      folder: made at the first save.
      keep: how many of the newest steps remain.
      stage: how messages name the stage.
    """

    def __init__(self, folder: str | os.PathLike[str], *, keep: int = 3, stage: str = ""):
        self.folder = Path(folder).absolute()
        self.keep, self.stage = keep, stage
        self._writer = None  # opened by the first save
        self._saving = None  # the save that is under way

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            self.wait()
        except InputError:
            if error is None:  # an error that is under way must not be hidden by a second one
                raise
        finally:
            self._close()

    def steps(self) -> list[int]:
        """The steps that can be restored, ascending. A save that was interrupted is not among them."""
        if not self.folder.is_dir():
            return []
        # A step gets its plain number by one atomic rename, after its last byte.
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit() and path.is_dir())

    def latest(self) -> int | None:
        """The newest step, or None without a checkpoint."""
        return max(self.steps(), default=None)

    def save(self, step: int, state: Tree) -> None:
        """Saves in the background; ``state`` may be donated as soon as this returns.

        A step that is there already stays as it is: a state is a function of (seed, step), so it is the same.

        Args:
          step: training steps taken.
          state: pytree of arrays and typed keys.

        Raises:
          InputError: the folder cannot be written, or the disk is full; also for the save before this one.
        """
        self.wait()
        if step in self.steps():
            return
        about = digests.sealed({"step": step, "orbax": ORBAX, "arrays": digests.digested(state)})
        try:
            if self._writer is None:
                self._writer = self._open()
            self._saving = self._writer.save_async(step, state, force=True, custom_metadata=about), step
        except Exception as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Returns when everything is on the disk.

        Raises:
          InputError: the folder cannot be written, or the disk is full.
        """
        saving, self._saving = self._saving, None
        if saving is None:
            return
        response, step = saving
        try:
            response.result()  # what ends Orbax's thread, and closes its files
            if self._writer is not None:
                self._writer.wait()
        except Exception as error:
            raise self._failure(error) from error
        if not (self.folder / str(step)).is_dir():
            raise InputError(f"cannot save a checkpoint in {self.folder}: a file is called {step} there, remove it")

    def restore(self, abstract_state: Tree, step: int | None = None) -> Tree:
        """Reads a state, bit for bit, and verifies it.

        Args:
          abstract_state: shapes and types, from ``jax.eval_shape``. A leaf with a sharding gets it back,
            whatever devices it was saved from; a leaf without one goes to the first local device.
          step: by default the newest.

        Raises:
          InputError: no such checkpoint, one of another architecture, or a damaged one; or the machine cannot read it.
        """
        chosen = self.latest() if step is None else step
        if chosen is None:
            raise InputError(f"no checkpoint in {self.folder}: run `inpaint train` first or give another workdir")
        try:
            self.check_there(chosen)
            return self._read(chosen, abstract_state)
        except InputError:
            if step is None and self.latest() not in (None, chosen):
                return self.restore(abstract_state)  # a training beside this process removes it, or has done so
            raise

    def check_there(self, step: int) -> None:
        """Raise InputError where there is no checkpoint of a step."""
        if step not in (steps := self.steps()):
            known = ", ".join(map(str, steps)) or "none"
            raise InputError(f"no checkpoint of step {step} in {self.folder}; there are: {known}")

    def discard_after(self, step: int) -> None:
        """Removes the checkpoints of later steps, at once for every reader."""
        for later in self.steps():
            if later > step:
                leftover = self.folder / f"{later}{UNFINISHED}"
                shutil.rmtree(leftover, ignore_errors=True)
                (self.folder / str(later)).rename(leftover)
                shutil.rmtree(leftover)

    def _read(self, step: int, abstract_state: Tree) -> Tree:
        path = self.folder / str(step)
        # Not by Orbax, which answers with less where the system lets it open no file.
        stored, failure = attempt(lambda: json.loads((path / ABOUT).read_bytes()))
        if failure:
            raise self._unread(step, failure)
        about = stored.get("custom_metadata") if isinstance(stored, dict) else None
        if about and not digests.unbroken(about):
            raise self._unread(step, damage(f"{ABOUT} is not what was saved"))
        if about:
            saved = about["arrays"]
        else:  # of version 0.1, which nothing verifies
            about, (found, _) = {}, attempt(lambda: digests.described(_orbax().metadata(path).metadata))
            saved = found or {}
        if saved and (difference := digests.first_difference(saved, digests.described(abstract_state))):
            raise InputError(
                f"checkpoint {path} is of another architecture: {difference}; use the config that it was "
                "trained with, or another workdir"
            )
        devices = _placed(abstract_state)  # an error of JAX's is not one of the files
        state, failure = attempt(lambda: _orbax().load(path, devices))
        if failure:
            # What wrote the files cannot read them, and nothing around them is to blame.
            proven = about.get("orbax") == ORBAX and not failure.remedy
            raise self._unread(step, failure._replace(of_files=failure.of_files or proven))
        if about.get("step", step) != step:
            raise self._unread(step, damage(f"it was saved as step {about['step']}"))
        if name := digests.first_damaged(saved, state):
            raise self._unread(step, damage(f"{name} is not what was saved"))
        return state

    def _unread(self, step: int, failure: Failure) -> InputError:
        """Why a checkpoint cannot be read; it is called damaged only where its files are."""
        path = self.folder / str(step)
        of_system = unreadable(path)
        if of_system and not of_system.of_files:
            failure = of_system
        elif lacking := [name for name in NEEDED if not any(path.glob(name))]:
            failure = damage(f"it has no {lacking[0]}")
        if failure.of_files:
            return InputError(f"checkpoint {path} is damaged ({failure.reason}): {self.instead_of(step)}")
        earlier = f"; --checkpoint={self.one_before(step)} is the one before it" if self.one_before(step) else ""
        remedy = failure.remedy or f"another version of Orbax may have written it, or its files are damaged{earlier}"
        return InputError(f"checkpoint {path} cannot be read ({failure.reason}): {remedy}")

    def one_before(self, step: int) -> str:
        """Name the checkpoint before a step, as ``--checkpoint`` takes it; empty where there is none."""
        earlier = [other for other in self.steps() if other < step]
        return f"{self.stage}{':' if self.stage else ''}{earlier[-1]}" if earlier else ""

    def instead_of(self, step: int) -> str:
        """What a user can do where the checkpoint of a step is of no use."""
        if earlier := self.one_before(step):
            return f"go on from the one before it with --checkpoint={earlier}, or delete that folder"
        return "no earlier one is left; delete that folder to train from the start"

    def _open(self):
        training = _orbax().training
        options = _orbax().options
        context = _orbax().Context(
            # With folders made in the background, Orbax's threads wait for them for 300 s after a failure.
            async_options=options.AsyncOptions(create_directories_asynchronously=False),
            # One copy whole, of which the digest is, not a part from every device.
            array_options=options.ArrayOptions(saving=options.ArrayOptions.Saving(use_replica_parallel=False)),
        )
        return training.Checkpointer(
            self.folder,
            context=context,
            preservation_policy=training.preservation_policies.LatestN(self.keep),
            cleanup_tmp_directories=True,  # what a killed run left behind
        )

    def _close(self) -> None:
        """Ends Orbax's threads; what it still has to say was said before."""
        writer, self._writer, self._saving = self._writer, None, None
        if writer is not None:
            attempt(writer.close)

    def _failure(self, error: Exception) -> Exception:
        with warnings.catch_warnings(action="ignore"):
            self._close()  # it would raise the same error again at every later call
            gc.collect()
        why = explained(error)
        if not why.remedy:
            return error  # not the system: a mistake in a program
        intact = ", ".join(map(str, self.steps())) or "none"
        return InputError(
            f"cannot save a checkpoint in {self.folder} ({why.reason}): {why.remedy}, "
            f"then start again; steps that are intact: {intact}"
        )


@functools.cache
def _orbax() -> ModuleType:
    """Orbax, silent: every thread and task that sees a failure logs it, and it reaches us as an exception."""
    from orbax.checkpoint import v1

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return not any(name in record.pathname + record.getMessage() for name in ("orbax", "tensorstore"))

    for name in ("absl", "asyncio", None):
        logging.getLogger(name).addFilter(from_elsewhere)
    report = sys.unraisablehook

    def unless_late(unraisable) -> None:
        # After one failed read, others fail too or call a closed event loop; without file descriptors none opens.
        code = getattr(unraisable.object, "cr_code", None)
        of_orbax = "orbax" in getattr(code, "co_filename", "")
        if not of_orbax and not any(words in str(unraisable.exc_value) for words in LATE):
            report(unraisable)

    sys.unraisablehook = unless_late
    return v1


def _placed(abstract_state: Tree) -> Tree:
    """Every leaf with a sharding; otherwise Orbax asks for the devices that it was saved from."""
    here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=getattr(x, "sharding", None) or here),
        abstract_state,
    )
