"""Every test runs on four virtual CPU devices, with strict rank promotion and warnings as errors."""

import os

os.environ.setdefault("JAX_PLATFORMS", os.environ.get("INPAINT_TEST_PLATFORM", "cpu"))

import jax

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_rank_promotion", "raise")
