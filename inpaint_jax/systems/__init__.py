"""One file per method, read top to bottom as its paper's method section."""

from inpaint_jax.systems import yeh

SYSTEMS = {"yeh": yeh.build}
