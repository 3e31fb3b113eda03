"""The classical methods of OpenCV, on the host. Needs the extra ``baselines``."""

import numpy as np

from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.on_host import on_host

FLAGS = {"telea": "INPAINT_TELEA", "navier_stokes": "INPAINT_NS"}


def build(*, method: str, radius: float = 3.0) -> System:
    """Build inpainting by ``cv2.inpaint``, on the 256 values of image files.

    Args:
      method: "telea", fast marching (Telea 2004), or "navier_stokes", isophotes as a fluid
        (Bertalmio et al. 2001).
      radius: radius of a pixel's neighbourhood, in pixels.

    Raises:
      InputError: another method, or OpenCV is not installed.
    """
    if method not in FLAGS:
        raise InputError(f"unknown OpenCV method {method!r}; known: {', '.join(FLAGS)}")
    cv2 = opencv(method)
    flag = getattr(cv2, FLAGS[method])

    def complete(image, hole):
        pixels = to_uint8(image)
        completed = cv2.inpaint(pixels, (hole > 0.5).astype(np.uint8), radius, flag)
        return from_uint8(completed.reshape(pixels.shape))

    return on_host(complete)


def opencv(method: str):
    """Import OpenCV.

    Raises:
      InputError: OpenCV is not installed; the message names the method and the extra.
    """
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            f"the {method} baseline needs OpenCV: pip install 'inpaint_jax[baselines]'"
        ) from error
    return cv2
