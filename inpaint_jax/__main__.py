"""``python -m inpaint_jax`` is ``inpaint``."""

import sys

from inpaint_jax.cli import main

sys.exit(main())
