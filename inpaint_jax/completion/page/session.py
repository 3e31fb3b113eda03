"""What the page remembers of one visitor."""

import tempfile
from pathlib import Path

import numpy as np

from inpaint_jax.completion.page.jobs import Stop
from inpaint_jax.completion.page.results import Shown
from inpaint_jax.completion.page.uploads import Upload


class Session:
    """One visitor's image and results.

    Args:
      folder: where files of results go.

    Attributes:
      upload: the image; None: not yet.
      mask: from a file, bool ``[H, W]``; None: none.
      before: the file of the image as it was.
      results: by label, in the order in which they were made.
      stop: of the job under way.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.upload: Upload | None = None
        self.mask: np.ndarray | None = None
        self.before: Path | None = None
        self.results: dict[str, Shown] = {}
        self.stop = Stop()

    def begin(self) -> Path:
        """Begin a job: forget the results of the one before, and return a new folder."""
        self.results, self.stop = {}, Stop()
        return Path(tempfile.mkdtemp(dir=self.folder))
