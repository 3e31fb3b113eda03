"""Build in a fresh folder each time; everything else is in pyproject.toml.

``pip wheel .`` builds inside the checkout, and setuptools packs whatever lies in ``build/lib``:
modules that were renamed or deleted since an earlier build would be installed again.
"""

import atexit
import shutil
import tempfile

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """``build`` whose default ``build_base`` is a temporary folder."""

    def initialize_options(self):
        super().initialize_options()
        self.build_base = tempfile.mkdtemp(prefix="inpaint_jax_build_")
        atexit.register(shutil.rmtree, self.build_base, ignore_errors=True)


setup(cmdclass={"build": FreshBuild})
