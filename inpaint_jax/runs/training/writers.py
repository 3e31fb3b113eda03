"""Writers of a run: log lines, JSON lines, TensorBoard events, image grids.

The methods are those of ``clu.metric_writers``, which cannot be imported without TensorFlow. Only
the first process writes.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from inpaint_jax.data import files, sheets
from inpaint_jax.data.image_files import encode_image, write_image
from inpaint_jax.runs import metric_log

logger = logging.getLogger("inpaint_jax")


class Writer:
    """A writer that writes nothing; subclasses override the methods for what they write."""

    def write_scalars(self, step: int, scalars: Mapping[str, Any]) -> None:
        """Write numbers: ``{name: number}``."""

    def write_images(self, step: int, images: Mapping[str, np.ndarray]) -> None:
        """Write images: ``{name: [N, H, W, C] in [-1, 1]}``."""

    def write_hparams(self, hparams: Mapping[str, Any]) -> None:
        """Write the settings of a run: ``{dotted key: value}``."""

    def flush(self) -> None:
        """Wait until everything is in the files."""

    def close(self) -> None:
        """Flush; nothing is written afterwards."""


class MultiWriter(Writer):
    """A writer that passes everything to several writers."""

    def __init__(self, writers: Iterable[Writer]):
        self.writers = tuple(writers)

    def write_scalars(self, step, scalars):
        for writer in self.writers:
            writer.write_scalars(step, scalars)

    def write_images(self, step, images):
        for writer in self.writers:
            writer.write_images(step, images)

    def write_hparams(self, hparams):
        for writer in self.writers:
            writer.write_hparams(hparams)

    def flush(self):
        for writer in self.writers:
            writer.flush()

    def close(self):
        for writer in self.writers:
            writer.close()


class LogLines(Writer):
    """One line per step to the logger "inpaint_jax"."""

    def __init__(self, name: str):
        self.name = name

    def write_scalars(self, step, scalars):
        numbers = ", ".join(f"{name} {float(value):.4g}" for name, value in scalars.items())
        logger.info("%s %d: %s", self.name, step, numbers)


class JsonLines(Writer):
    """One JSON object per step; a number that is not finite becomes null.

    Args:
      path: path of the file.
      start_step: step at which the run continues. Lines of later steps, from before an
        interruption, are dropped. So the file ends as that of an uninterrupted run (times aside).
    """

    def __init__(self, path: str | os.PathLike[str], *, start_step: int = 0):
        path = Path(path)
        kept = (
            [line for line in metric_log.read(path) if line["step"] <= start_step]
            if start_step
            else []
        )
        metric_log.unseal(path)
        files.write_bytes(path, "".join(f"{json.dumps(line)}\n" for line in kept).encode())
        with files.writing(path):
            self._file = open(path, "a", encoding="utf-8")

    def write_scalars(self, step, scalars):
        # A float32 has no more than nine digits.
        numbers = {name: float(f"{float(value):.9g}") for name, value in scalars.items()}
        self._write(json.dumps(files.plain({"step": step, **numbers})) + "\n")

    def flush(self):
        with files.writing(self._file.name):
            files.keep(self._file)

    def close(self):
        self._file.close()
        metric_log.seal(self._file.name)

    def _write(self, text: str) -> None:
        with files.writing(self._file.name):
            self._file.write(text)
            self._file.flush()


class TensorBoard(Writer):
    """An event file for TensorBoard, written without TensorFlow.

    Args:
      folder: folder of the event files.
      start_step: step at which the run continues; TensorBoard drops the later events of earlier
        runs.
    """

    def __init__(self, folder: str | os.PathLike[str], *, start_step: int = 0):
        # Not tensorboard's EventFileWriter, which imports TensorFlow if it is installed.
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._protos = _tensorboard_protos()
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self.path = Path(folder) / name
        with files.writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._records = RecordWriter(open(self.path, "wb"))
        self._add(file_version="brain.Event:2")
        log = self._protos.SessionLog
        self._add(step=start_step + 1, session_log=log(status=log.START))

    def write_scalars(self, step, scalars):
        for name, number in scalars.items():
            self._add_value(step, tag=name, simple_value=float(number))

    def write_images(self, step, images):
        for name, group in images.items():
            grid = sheets.grid(group)
            height, width, _ = grid.shape
            image = self._protos.Summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=encode_image(grid)
            )
            self._add_value(step, tag=name, image=image)

    def write_hparams(self, hparams):
        from tensorboard.plugins.hparams import summary_v2

        kinds = (bool, int, float, str)
        plain = {
            key: value if isinstance(value, kinds) else str(value) for key, value in hparams.items()
        }
        self._add(summary=summary_v2.hparams_pb(plain))

    def flush(self):
        with files.writing(self.path):
            self._records.flush()

    def close(self):
        with files.writing(self.path):
            self._records.close()

    def _add_value(self, step: int, **fields) -> None:
        summary = self._protos.Summary
        self._add(step=step, summary=summary(value=[summary.Value(**fields)]))

    def _add(self, **fields) -> None:
        event = self._protos.Event(wall_time=time.time(), **fields)
        with files.writing(self.path):
            self._records.write(event.SerializeToString())


class ImageGrids(Writer):
    """Files ``folder/<name>_<step>.png``, one per set of images."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)

    def write_images(self, step, images):
        for name, group in images.items():
            write_image(self.folder / f"{name}_{step:08d}.png", sheets.grid(group))


def create(folder: str | os.PathLike[str], *, start_step: int = 0) -> MultiWriter:
    """Create all writers of a stage: ``metrics.jsonl``, ``events.*``, ``images/``, and the log.

    Args:
      folder: folder of the stage.
      start_step: step of the checkpoint at which the run continues; 0: a new run.

    Returns:
      A writer; on every process but the first, a writer that writes nothing.

    Raises:
      InputError: the folder cannot be written.
    """
    if jax.process_index():
        return MultiWriter(())
    folder = Path(folder)
    return MultiWriter(
        (
            LogLines(folder.name),
            JsonLines(folder / "metrics.jsonl", start_step=start_step),
            TensorBoard(folder, start_step=start_step),
            ImageGrids(folder / "images"),
        )
    )


def _tensorboard_protos() -> Any:
    from tensorboard.compat.proto import event_pb2, summary_pb2

    return SimpleNamespace(**{**vars(event_pb2), **vars(summary_pb2)})
