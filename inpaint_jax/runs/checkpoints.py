"""Saving and restoring the state of a run: in the background, atomically, the last few steps (with Orbax)."""

import functools
import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.types import Tree


class Checkpoints:
    """The checkpoints of one training stage: ``folder/<step>``, written while training goes on.

    Reading (``latest``, ``restore``) never writes, so a run can be looked at while it trains. Over several
    processes, every process makes every call, and the folder is on a disk that all of them see::

        with Checkpoints("runs/faces/dcgan/checkpoints") as checkpoints:
            state = init() if checkpoints.latest() is None else checkpoints.restore(jax.eval_shape(init))
            ...
            checkpoints.save(step, state)

    Args:
      folder: made at the first save.
      keep: how many of the newest steps remain.
    """

    def __init__(self, folder: str | os.PathLike[str], *, keep: int = 3):
        self.folder = Path(folder).absolute()
        self.keep = keep
        self._writer = None  # opened by the first save

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind, error, trace) -> None:
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        except Exception as failure:
            if error is None:  # an error that is under way must not be hidden by a second one
                raise self._failure(failure) from failure

    def steps(self) -> list[int]:
        """The steps that can be restored, ascending. A save that was interrupted is not among them."""
        if not self.folder.is_dir():
            return []
        # A step gets its plain number by one atomic rename, after its last byte.
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())

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
        try:
            if self._writer is None:
                self._writer = self._open()
            self._writer.wait()
            if step not in self.steps():
                self._writer.save_async(step, state, force=True)
        except Exception as error:
            raise self._failure(error) from error

    def wait(self) -> None:
        """Returns when everything is on the disk.

        Raises:
          InputError: the folder cannot be written, or the disk is full.
        """
        try:
            if self._writer is not None:
                self._writer.wait()
        except Exception as error:
            raise self._failure(error) from error

    def restore(self, abstract_state: Tree, step: int | None = None) -> Tree:
        """Reads a state, bit for bit.

        Args:
          abstract_state: shapes and types, from ``jax.eval_shape``. A leaf with a sharding gets it back,
            whatever devices it was saved from; a leaf without one goes to the first local device.
          step: by default the newest.

        Raises:
          InputError: no such checkpoint, one of another architecture, or a damaged one.
        """
        step = self.latest() if step is None else step
        if step is None:
            raise InputError(f"no checkpoint in {self.folder}: run `inpaint train` first or give another workdir")
        if step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise InputError(f"no checkpoint of step {step} in {self.folder}; there are: {known}")
        path = self.folder / str(step)
        # None if the arrays are damaged; loading then says how.
        saved, _ = _attempt(lambda: _orbax().metadata(path).metadata)
        difference = saved and _first_difference(_described(saved), _described(abstract_state))
        if difference:
            raise InputError(
                f"checkpoint {path} is of another architecture: {difference}; use the config that it was "
                "trained with, or another workdir"
            )
        state, failure = _attempt(lambda: _orbax().load(path, _placed(abstract_state)))
        if failure:
            earlier = [s for s in self.steps() if s < step]
            raise InputError(
                f"checkpoint {path} cannot be read ({failure}): delete that folder to go on from "
                + (f"step {earlier[-1]}" if earlier else "the start")
            )
        return state

    def _open(self):
        training = _orbax().training
        return training.Checkpointer(
            self.folder,
            preservation_policy=training.preservation_policies.LatestN(self.keep),
            cleanup_tmp_directories=True,  # what a killed run left behind
        )

    def _failure(self, error: Exception) -> Exception:
        self._writer = None  # it would raise the same error again at every later call
        if not isinstance(error, OSError) and "os_error_code" not in str(error):
            return error  # not the disk: a mistake in a program
        intact = ", ".join(map(str, self.steps())) or "none"
        return InputError(
            f"cannot save a checkpoint in {self.folder} ({_reason(error)}): free some space or give another "
            f"workdir, then start again; steps that are intact: {intact}"
        )


@functools.cache
def _orbax() -> ModuleType:
    """Orbax, silent: every thread and task that sees a failure logs it, and it reaches us as an exception."""
    from orbax.checkpoint import v1

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return not any(name in record.pathname + record.getMessage() for name in ("orbax", "tensorstore"))

    logging.getLogger("absl").addFilter(from_elsewhere)
    logging.getLogger("asyncio").addFilter(from_elsewhere)
    report = sys.unraisablehook

    def unless_late(unraisable) -> None:  # after one failed read, others call a closed event loop
        if str(unraisable.exc_value) != "Event loop is closed":
            report(unraisable)

    sys.unraisablehook = unless_late
    return v1


def _attempt(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """``(read(), None)``, or ``(None, why it failed)`` with nothing of the failure left to report later."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return read(), None
        except Exception as error:
            reason = _reason(error)
        gc.collect()  # reads that the failure left unfinished warn when they are collected: here
        return None, reason


def _placed(abstract_state: Tree) -> Tree:
    """Every leaf with a sharding; otherwise Orbax asks for the devices that it was saved from."""
    here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=getattr(x, "sharding", None) or here),
        abstract_state,
    )


def _described(tree: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    """``{path: (shape, dtype)}`` of every array; a typed key counts as the words that it is saved as."""
    described = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda x: hasattr(x, "shape"))[0]:
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.eval_shape(jax.random.key_data, leaf)
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        described[name] = (tuple(leaf.shape), str(leaf.dtype))
    return described


def _first_difference(saved: dict, wanted: dict) -> str | None:
    """The first array, in the order of the state, that is not the same on both sides; in words."""
    for path, (shape, dtype) in wanted.items():
        if path not in saved:
            return f"it has no {path}, here {list(shape)}"
        if saved[path] != (shape, dtype):
            return f"{path} is {saved[path][1]}{list(saved[path][0])} there and {dtype}{list(shape)} here"
    surplus = next((path for path in saved if path not in wanted), None)
    return surplus and f"it has {surplus} {list(saved[surplus][0])}, which is not here"


def _reason(error: Exception) -> str:
    """The innermost of the causes that tensorstore strings together, without the specification it appends."""
    first_line = str(error).partition("\n")[0].partition(" [tensorstore_spec")[0]
    return first_line.rpartition('": ')[2] or type(error).__name__
