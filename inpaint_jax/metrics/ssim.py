"""Structural similarity."""

import jax.numpy as jnp
import numpy as np

from inpaint_jax.compositing import to_unit
from inpaint_jax.errors import InputError
from inpaint_jax.types import Image, PerExample, check_image, check_same_shape

_GAUSS = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
WINDOWS = {"gauss11": _GAUSS / _GAUSS.sum(), "uniform7": np.full(7, 1 / 7)}


def ssim(prediction: Image, target: Image, *, window: str = "gauss11") -> PerExample:
    """Structural similarity of the full image (Wang et al. 2004).

    K1 is 0.01, K2 is 0.03, and the range is 1. Moments are biased.

    Args:
      prediction: completed image, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      window: "gauss11", 11 x 11 with sigma 1.5 as in the paper, or "uniform7", 7 x 7. Only whole
        windows contribute.

    Returns:
      ``[B]`` in [-1, 1], the mean over the map and over the channels; 1 for equal images.

    Raises:
      InputError: the shapes differ, an array is not float, the window is unknown, or images are
        smaller than the window.
    """
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    if window not in WINDOWS:
        raise InputError(f"unknown SSIM window {window!r}; known: {', '.join(WINDOWS)}")
    taps = WINDOWS[window]
    if min(prediction.shape[1:3]) < len(taps):
        raise InputError(
            f"SSIM {window} needs images of {len(taps)} pixels a side, got {prediction.shape[1:3]}"
        )
    x, y = to_unit(prediction), to_unit(target)
    # Subtract each image's mean first: otherwise float32 loses the variance of a flat region.
    mean_x, mean_y = x.mean((1, 2, 3), keepdims=True), y.mean((1, 2, 3), keepdims=True)
    x, y = x - mean_x, y - mean_y
    local_x, local_y = _filter(x, taps), _filter(y, taps)
    variance = _filter(x * x + y * y, taps) - local_x**2 - local_y**2
    covariance = _filter(x * y, taps) - local_x * local_y
    local_x, local_y = local_x + mean_x, local_y + mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2.0 * local_x * local_y + c1) / (local_x**2 + local_y**2 + c1)
    return (luminance * (2.0 * covariance + c2) / (variance + c2)).mean((1, 2, 3))


def _filter(image: Image, taps: np.ndarray) -> Image:
    """Apply the separable window to whole windows only.

    Two products with banded matrices keep full float32 precision on every device.
    """

    def band(length):
        return jnp.asarray(
            sum(t * np.eye(length - len(taps) + 1, length, i) for i, t in enumerate(taps)),
            jnp.float32,
        )

    rows, columns = band(image.shape[1]), band(image.shape[2])
    return jnp.einsum("ih,bhwc,jw->bijc", rows, image, columns, precision="highest")
