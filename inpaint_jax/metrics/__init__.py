"""How good a completed picture is. Every metric returns one number per picture, ``[B]``, and has a protocol
string.

All take images in [-1, 1] and measure on [0, 1]: peak 1, and SSIM is not what it should be on any other
range.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.compositing import quantise, to_unit
from inpaint_jax.errors import InputError
from inpaint_jax.types import Hole, Image, PerExample, check_hole, check_image, check_same_shape


class Metric(NamedTuple):
    """A metric as tables show it: ``measure(prediction, target, hole) -> [B]``, and what it is exactly."""

    measure: Callable[[Image, Image, Hole], PerExample]
    protocol: str


def psnr(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Peak signal-to-noise ratio, peak 1.

    Args:
      prediction: completed picture, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full picture.

    Returns:
      ``[B]`` in dB; ``inf`` where the two are equal, which a mean must leave out and count.

    Raises:
      ValueError: where the shapes do not fit.
    """
    return -10.0 * jnp.log10(_region_mean(jnp.square(_unit_difference(prediction, target)), hole))


def l1_pct(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Mean absolute error in per cent of the range (Pathak et al., table 1).

    Args:
      prediction: completed picture, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full picture.

    Returns:
      ``[B]``, 100 times the mean absolute difference on [0, 1].

    Raises:
      ValueError: where the shapes do not fit.
    """
    return 100.0 * _region_mean(jnp.abs(_unit_difference(prediction, target)), hole)


def l2_pct(prediction: Image, target: Image, hole: Hole | None = None) -> PerExample:
    """Mean squared error in per cent of the squared range (Pathak et al., table 1; Salem et al., table I).

    Args:
      prediction: completed picture, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, the region to measure in; None: the full picture.

    Returns:
      ``[B]``, 100 times the mean squared difference on [0, 1]; 1 is 20 dB, if the mean is taken first.

    Raises:
      ValueError: where the shapes do not fit.
    """
    return 100.0 * _region_mean(jnp.square(_unit_difference(prediction, target)), hole)


def sse_hole(prediction: Image, target: Image, hole: Hole) -> PerExample:
    """Squared error on [0, 1], summed over the missing values: what Desai & Ghosal meant to report.

    Args:
      prediction: completed picture, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``[B]``.

    Raises:
      ValueError: where the shapes do not fit.
    """
    check_hole(hole, prediction, "prediction")
    return (hole * jnp.square(_unit_difference(prediction, target))).sum((1, 2, 3))


def desai_legacy_sse(prediction: Image, target: Image, hole: Hole, *, batch: int = 32) -> PerExample:
    """The loss that Desai & Ghosal print in tables 1 to 3, with the fault of their evaluation code.

    They paste the predictions of a batch one at a time and add, after each paste, the error of the whole
    batch divided by 32: pictures not yet pasted count with the energy of their black hole. With mean errors
    e and mean energies h the mean over a batch of 32 is (16.5 e + 15.5 h) / 32, so that a perfect model
    scores 0.484 h.

    Args:
      prediction: completed pictures, ``[B, H, W, C]`` in [-1, 1], in the set's order.
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.
      batch: pictures per batch, and the divisor, also of a last, smaller batch.

    Returns:
      ``[B]``, the value after each paste; the published number is the mean over the set. Unlike every other
      metric it depends on a picture's batch mates.

    Raises:
      ValueError: where the shapes do not fit.
    """
    error = sse_hole(prediction, target, hole)
    energy = (hole * jnp.square(to_unit(target))).sum((1, 2, 3))
    groups = -(-len(error) // batch)

    def in_batches(values):
        return jnp.pad(values, (0, groups * batch - len(values))).reshape(groups, batch)

    pasted = jnp.cumsum(in_batches(error), 1)
    black = in_batches(energy).sum(1, keepdims=True) - jnp.cumsum(in_batches(energy), 1)
    return ((pasted + black) / batch).ravel()[: len(error)]


def ssim(prediction: Image, target: Image, *, window: str = "gauss11") -> PerExample:
    """Structural similarity of the full picture (Wang et al. 2004): K1 0.01, K2 0.03, range 1, biased moments.

    Args:
      prediction: completed picture, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      window: "gauss11", 11 x 11 with sigma 1.5 as in the paper, or "uniform7", 7 x 7. Only whole windows count.

    Returns:
      ``[B]`` in [-1, 1], the mean over the map and over the channels; 1 where the two are equal.

    Raises:
      ValueError: where the shapes differ.
      InputError: for another window, or a picture smaller than it.
    """
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    if window not in WINDOWS:
        raise InputError(f"unknown SSIM window {window!r}; known: {', '.join(WINDOWS)}")
    taps = WINDOWS[window]
    if min(prediction.shape[1:3]) < len(taps):
        raise InputError(f"SSIM {window} needs pictures of {len(taps)} pixels a side, got {prediction.shape[1:3]}")
    x, y = to_unit(prediction), to_unit(target)
    # Moments are taken about each picture's own mean: about 0, float32 would lose a flat region's variance.
    mean_x, mean_y = x.mean((1, 2, 3), keepdims=True), y.mean((1, 2, 3), keepdims=True)
    x, y = x - mean_x, y - mean_y
    local_x, local_y = _filter(x, taps), _filter(y, taps)
    variance = _filter(x * x + y * y, taps) - local_x**2 - local_y**2
    covariance = _filter(x * y, taps) - local_x * local_y
    local_x, local_y = local_x + mean_x, local_y + mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2.0 * local_x * local_y + c1) / (local_x**2 + local_y**2 + c1)
    return (luminance * (2.0 * covariance + c2) / (variance + c2)).mean((1, 2, 3))


_GAUSS = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
WINDOWS = {"gauss11": _GAUSS / _GAUSS.sum(), "uniform7": np.full(7, 1 / 7)}


METRICS = {
    "psnr_hole": Metric(psnr, "psnr[hole,range=1,rgb,mean of images,uint8]"),
    "psnr_full": Metric(lambda p, t, hole: psnr(p, t), "psnr[full,range=1,rgb,mean of images,uint8]"),
    "ssim_full": Metric(lambda p, t, hole: ssim(p, t), "ssim[full,gauss11,range=1,rgb,mean of images,uint8]"),
    "l1_pct_hole": Metric(l1_pct, "100 |a-b|[hole,range=1,rgb,mean of images,uint8]"),
    "l1_pct_full": Metric(lambda p, t, hole: l1_pct(p, t), "100 |a-b|[full,range=1,rgb,mean of images,uint8]"),
    "l2_pct_hole": Metric(l2_pct, "100 (a-b)^2[hole,range=1,rgb,mean of images,uint8]"),
    "l2_pct_full": Metric(lambda p, t, hole: l2_pct(p, t), "100 (a-b)^2[full,range=1,rgb,mean of images,uint8]"),
    "sse_hole": Metric(sse_hole, "sum (a-b)^2[hole,range=1,rgb,mean of images,uint8]"),
}

PROTOCOLS = {
    **{name: metric.protocol for name, metric in METRICS.items()},
    "desai_legacy_sse": "sum (a-b)^2[hole,range=1,rgb,mean of pastes,batches of 32 part black,uint8]",
}
"""What each number is exactly: region, range, channels, averaging, quantisation."""


@jax.jit
def all_metrics(prediction: Image, target: Image, hole: Hole) -> dict[str, PerExample]:
    """Every metric of ``METRICS``, on the 256 levels of picture files.

    Args:
      prediction: completed pictures, ``[B, H, W, C]`` in [-1, 1].
      target: ground truth, same shape and range.
      hole: ``[B, H, W, 1]``, 1 where pixels are missing.

    Returns:
      ``{name: [B]}``; ``PROTOCOLS[name]`` says what it is.

    Raises:
      ValueError: where the shapes do not fit.
      InputError: for pictures below 11 pixels a side.
    """
    prediction, target = quantise(prediction), quantise(target)
    return {name: metric.measure(prediction, target, hole) for name, metric in METRICS.items()}


def _unit_difference(prediction: Image, target: Image) -> Image:
    check_image("prediction", prediction)
    check_same_shape(prediction=prediction, target=target)
    return (prediction - target) / 2.0


def _region_mean(values: Image, hole: Hole | None) -> PerExample:
    if hole is None:
        return values.mean((1, 2, 3))
    check_hole(hole, values, "prediction")
    missing = hole.sum((1, 2, 3)) * values.shape[-1]
    return (hole * values).sum((1, 2, 3)) / jnp.maximum(missing, 1.0)  # no hole, no error


def _filter(image: Image, taps: np.ndarray) -> Image:
    """The separable window, whole windows only: two products with banded matrices, in full float32 everywhere."""

    def band(length):
        return jnp.asarray(sum(t * np.eye(length - len(taps) + 1, length, i) for i, t in enumerate(taps)), jnp.float32)

    rows, columns = band(image.shape[1]), band(image.shape[2])
    return jnp.einsum("ih,bhwc,jw->bijc", rows, image, columns, precision="highest")
