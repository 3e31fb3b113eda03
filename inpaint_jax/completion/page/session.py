"""State of one visitor of the page."""

import tempfile
from pathlib import Path

import numpy as np

from inpaint_jax.completion.page.jobs import Stop
from inpaint_jax.completion.page.results import Shown
from inpaint_jax.completion.page.uploads import Upload


class Session:
    """Image and results of one visitor.

    Args:
      folder: folder for result files.

    Attributes:
      upload: the image; None before an upload.
      mask: mask from a file, bool ``[H, W]``; None without a mask.
      before: file of the original image.
      results: results by label, in order of creation.
      stop: flag of the running job.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.upload: Upload | None = None
        self.mask: np.ndarray | None = None
        self.before: Path | None = None
        self.results: dict[str, Shown] = {}
        self.stop = Stop()

    def begin(self) -> Path:
        """Begin a job: discard the results of the previous job, and return a new folder."""
        self.results, self.stop = {}, Stop()
        return Path(tempfile.mkdtemp(dir=self.folder))
