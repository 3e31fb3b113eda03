"""The two classical methods that OpenCV ships, on the host. Needs the extra ``baselines``."""

import jax
import numpy as np

from inpaint_jax.compositing import from_levels, to_levels
from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.feed_forward import single_pass

FLAGS = {"telea": "INPAINT_TELEA", "navier_stokes": "INPAINT_NS"}


def build(*, method: str, radius: float = 3.0) -> System:
    """Inpainting of ``cv2.inpaint``, on the 256 levels of picture files.

    Args:
      method: "telea", fast marching (Telea 2004), or "navier_stokes", isophotes as a fluid (Bertalmio et al. 2001).
      radius: of the neighbourhood of a pixel, in pixels.

    Raises:
      InputError: for another method, or where OpenCV is not installed.
    """
    if method not in FLAGS:
        raise InputError(f"unknown OpenCV method {method!r}; known: {', '.join(FLAGS)}")
    try:
        import cv2
    except ImportError as error:
        raise InputError(f"the {method} baseline needs OpenCV: pip install 'inpaint_jax[baselines]'") from error
    from jax.experimental.buffer_callback import buffer_callback  # experimental: nothing else shall depend on it

    flag = getattr(cv2, FLAGS[method])

    def on_host(images, hole):
        levels = to_levels(np.asarray(images))
        missing = (np.asarray(hole) > 0.5).astype(np.uint8)
        completed = [cv2.inpaint(image, gap, radius, flag) for image, gap in zip(levels, missing, strict=True)]
        return from_levels(np.stack(completed).reshape(levels.shape))

    def in_place(context, answer, images, hole):
        del context
        np.asarray(answer)[...] = on_host(images, hole)

    def paint(states, images, hole):
        del states
        answer = jax.ShapeDtypeStruct(images.shape, images.dtype)
        return jax.lax.platform_dependent(
            images,
            hole,
            # On several CPU devices pure_callback deadlocks: its arguments are copied by the threads that wait for it.
            cpu=buffer_callback(in_place, answer),
            default=lambda *given: jax.pure_callback(on_host, answer, *given),
        )

    return single_pass(paint)
