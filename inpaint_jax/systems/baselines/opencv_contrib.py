"""Two methods of OpenCV's contributed modules, on the host. They need the extra ``baselines``."""

import numpy as np

from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.errors import InputError
from inpaint_jax.systems.baselines.opencv import opencv
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.membrane import membrane
from inpaint_jax.systems.parts.on_host import on_host

QUALITIES = {"fast": "INPAINT_FSR_FAST", "best": "INPAINT_FSR_BEST"}
COLOURS = ("lab", "rgb")


def frequency_selective(*, quality: str) -> System:
    """Build frequency selective reconstruction: fit Fourier waves to each block's known pixels.

    The methods of Genser et al. 2018 ("fast") and Seiler et al. 2015 ("best"), by
    ``cv2.xphoto.inpaint`` on the 256 values of image files. "best" takes tens of seconds for an
    image of 64 pixels with 80 % of its pixels missing at random.

    Args:
      quality: "fast" or "best".

    Raises:
      InputError: another quality, or OpenCV's contributed modules are not installed.
    """
    if quality not in QUALITIES:
        raise InputError(
            f"unknown quality {quality!r} of frequency selective reconstruction; known: fast, best"
        )
    cv2 = contributed(f"fsr_{quality}")
    flag = getattr(cv2.xphoto, QUALITIES[quality])

    def complete(image, hole):
        # OpenCV has blue first
        return from_uint8(xphoto(cv2, flag, to_uint8(image)[..., ::-1], hole)[..., ::-1])

    return on_host(complete)


def shift_map(*, colours: str = "lab") -> System:
    """Build completion by shifted parts of the image (He & Sun 2012), by ``cv2.xphoto.inpaint``.

    The method is made for small holes in large images. In a large hole OpenCV leaves pixels
    without a value: about a fifth to a third of them if half of an image of 64 pixels is missing.
    The harmonic surface through the painted pixels completes them. An image without any painted
    pixel is refused.

    Equal calls may give different answers: OpenCV's code (5.0) reads uninitialised memory.

    Args:
      colours: colour space of the patch comparison, "lab" (OpenCV's advice) or "rgb".

    Raises:
      InputError: other colours, or OpenCV's contributed modules are not installed; when run, an
        image in whose hole nothing is painted.
    """
    if colours not in COLOURS:
        raise InputError(f"unknown colours {colours!r} of shift-map; known: {', '.join(COLOURS)}")
    cv2 = contributed("shift_map")

    def complete(image, hole):
        missing = hole[..., 0] > 0.5
        pixels = np.maximum(to_uint8(image), 1)  # reserves (0, 0, 0) for unpainted pixels
        if colours == "lab":
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        try:
            painted = xphoto(cv2, cv2.xphoto.INPAINT_SHIFTMAP, pixels, hole)
        except cv2.error as error:
            raise InputError(
                f"shift-map cannot complete this hole ({' '.join(str(error).split())[:120]})"
            ) from error
        unpainted = missing & (painted == 0).all(-1)
        if unpainted.sum() == missing.sum():
            raise InputError(
                "shift-map cannot paint this hole, which is too large; choose another method"
            )
        if colours == "lab":
            painted = cv2.cvtColor(painted, cv2.COLOR_LAB2RGB)
        return membrane(from_uint8(painted), unpainted)

    return on_host(complete)


def contributed(method: str):
    """Import OpenCV with its contributed modules.

    Raises:
      InputError: OpenCV or its contributed modules are not installed.
    """
    cv2 = opencv(method)
    if not hasattr(cv2, "xphoto"):
        raise InputError(
            f"the {method} baseline needs OpenCV's contributed modules, which conflict with the "
            "plain wheel: pip uninstall opencv-python-headless, then pip install "
            "--force-reinstall opencv-contrib-python-headless"
        )
    return cv2


def xphoto(cv2, flag: int, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Call ``cv2.xphoto.inpaint``, whose mask is nonzero at known pixels; known pixels may change.

    Args:
      cv2: the module.
      flag: flag of the algorithm.
      pixels: uint8 ``[H, W, 3]``.
      hole: ``[H, W, 1]``, 1 = missing.

    Returns:
      uint8 ``[H, W, 3]``; 0 where the algorithm paints nothing.
    """
    completed = np.zeros_like(pixels, order="C")
    known = np.where(hole[..., 0] > 0.5, 0, 255).astype(np.uint8)
    cv2.xphoto.inpaint(np.ascontiguousarray(pixels), known, completed, flag)
    return completed
