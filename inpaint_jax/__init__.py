"""GAN-era image inpainting as pure JAX functions.

The contract that every function of this package keeps:

* Images are ``float32 [B, H, W, C]`` in [-1, 1]. Only ``data/`` and the writers know uint8.
* ``hole`` is ``float32 [B, H, W, 1]``, **1 = missing**. In files, white = missing.
* Networks return logits; losses own the sigmoid. Losses and metrics return ``[B]``; only ``objective.py`` and
  ``evaluate.py`` average over a batch.
* A random function takes a typed key first. Options are keyword-only.
* The truth inside a hole never enters a system: what a system is given is ``fill(image, hole)``.

From Python::

    import inpaint_jax

    model = inpaint_jax.load("runs/faces")                            # a workdir of `inpaint train`
    completed = inpaint_jax.complete(model, images, holes, seed=0)    # [B, H, W, C] in [-1, 1]
"""

__version__ = "0.2.0"
__all__ = ["complete", "load"]


def __getattr__(name):  # lazy: `import inpaint_jax` and `inpaint --help` do not pay for jax
    if name in __all__:
        from inpaint_jax.runs import model

        return getattr(model, name)
    raise AttributeError(f"module 'inpaint_jax' has no attribute {name!r}")
