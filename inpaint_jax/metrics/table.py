"""Metrics by name; a custom metric is named ``module:attribute``."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from inpaint_jax.errors import InputError
from inpaint_jax.metrics.distribution import kid_vgg16
from inpaint_jax.metrics.interface import AnyMetric, BatchMetric, Metric, SetMetric
from inpaint_jax.metrics.legacy import BATCH, desai_legacy_sse
from inpaint_jax.metrics.perceptual import FeatureNetwork, lpips
from inpaint_jax.metrics.pixels import l1_pct, l2_pct, psnr, sse_hole
from inpaint_jax.metrics.ssim import ssim
from inpaint_jax.metrics.wasserstein import sliced_wasserstein
from inpaint_jax.naming import resolve as resolve_name
from inpaint_jax.types import Hole, Image, PerExample


def _full(
    measure: Callable[..., PerExample], **options: Any
) -> Callable[[Image, Image, Hole], PerExample]:
    return lambda prediction, target, hole: measure(prediction, target, **options)


def _lpips_alex(
    prediction: Image, target: Image, hole: Hole, *, alexnet: FeatureNetwork
) -> PerExample:
    del hole
    return lpips(prediction, target, features=alexnet)


def _lpips_vgg(
    prediction: Image, target: Image, hole: Hole, *, vgg16: FeatureNetwork
) -> PerExample:
    del hole
    return lpips(prediction, target, features=vgg16)


METRICS: dict[str, AnyMetric] = {
    "psnr_hole": Metric(psnr, "psnr[hole,range=1,rgb,mean of images,uint8]"),
    "psnr_full": Metric(_full(psnr), "psnr[full,range=1,rgb,mean of images,uint8]"),
    "ssim_full": Metric(_full(ssim), "ssim[full,gauss11,range=1,rgb,mean of images,uint8]"),
    "l1_pct_hole": Metric(l1_pct, "100 |a-b|[hole,range=1,rgb,mean of images,uint8]"),
    "l1_pct_full": Metric(_full(l1_pct), "100 |a-b|[full,range=1,rgb,mean of images,uint8]"),
    "l2_pct_hole": Metric(l2_pct, "100 (a-b)^2[hole,range=1,rgb,mean of images,uint8]"),
    "l2_pct_full": Metric(_full(l2_pct), "100 (a-b)^2[full,range=1,rgb,mean of images,uint8]"),
    "sse_hole": Metric(sse_hole, "sum (a-b)^2[hole,range=1,rgb,mean of images,uint8]"),
    "desai_legacy_sse": BatchMetric(
        desai_legacy_sse,
        "sum (a-b)^2[hole,range=1,rgb,mean of pastes,batches of 32 part black,uint8]",
        batch=BATCH,
    ),
    "ssim_uniform_full": Metric(
        _full(ssim, window="uniform7"), "ssim[full,uniform7,range=1,rgb,mean of images,uint8]"
    ),
    "lpips_alex": Metric(
        _lpips_alex, "LPIPS 0.1[full,AlexNet of ImageNet,rgb,mean of images,uint8]", ("alexnet",)
    ),
    "lpips_vgg": Metric(
        _lpips_vgg, "LPIPS 0.1[full,VGG-16 of ImageNet,rgb,mean of images,uint8]", ("vgg16",)
    ),
    "kid_vgg16": SetMetric(
        kid_vgg16,
        "1000 MMD^2 of "
        "(x.y/512+1)^3[full,mean of relu5_3 of ImageNet's VGG-16,rgb,unbiased over pairs,uint8]",
        ("vgg16",),
    ),
    "swd": SetMetric(
        sliced_wasserstein,
        "1000 SWD[full,128 Laplacian patches of 7x7 per level and image,rgb,"
        "mean of levels from 16 px,uint8]",
    ),
}

DEFAULT = (
    "psnr_hole",
    "psnr_full",
    "ssim_full",
    "l1_pct_hole",
    "l1_pct_full",
    "l2_pct_hole",
    "l2_pct_full",
    "sse_hole",
    "desai_legacy_sse",
)
"""Metrics measured by default. In a list of names, "default" expands to them."""

PERCEPTUAL = ("lpips_alex", "kid_vgg16")
"""Metrics on ImageNet networks. In a list of names, "perceptual" expands to both."""

GROUPS = {"default": DEFAULT, "perceptual": PERCEPTUAL}


def resolve(names: Sequence[str] = DEFAULT) -> dict[str, AnyMetric]:
    """Find metrics by name.

    Args:
      names: keys of ``METRICS``, "default" for all of ``DEFAULT``, "perceptual" for all of
        ``PERCEPTUAL``, or ``module:attribute`` for a custom metric. A custom metric is a
        ``Metric``, ``BatchMetric`` or ``SetMetric``, or a function
        ``(prediction, target, hole) -> [B]``. The first line of the function's docstring is the
        protocol; further parameters without a default are the ``needs``.

    Returns:
      ``{name: metric}`` in the order of the names, without duplicates.

    Raises:
      InputError: an unknown name, module or attribute, or an object that is not a metric.
    """
    expanded = [name for word in names for name in GROUPS.get(word, (word,))]
    return {name: _as_metric(name, resolve_name(name, METRICS, kind="metric")) for name in expanded}


def protocols(names: Sequence[str] = DEFAULT) -> dict[str, str]:
    """Return the protocol of each metric: what it measures exactly.

    Args:
      names: as for ``resolve``.

    Returns:
      ``{name: protocol}``.

    Raises:
      InputError: as for ``resolve``.
    """
    return {name: metric.protocol for name, metric in resolve(names).items()}


def _as_metric(name: str, found: Any) -> AnyMetric:
    if isinstance(found, AnyMetric):
        return found
    if not callable(found):
        raise InputError(f"metric {name!r} is a {type(found).__name__}, not a Metric or a function")
    function: Callable[..., Any] = found
    parameters = list(inspect.signature(found).parameters.values())
    if len(parameters) < 3:
        raise InputError(f"metric {name!r} must take (prediction, target, hole)")
    if not (protocol := (inspect.getdoc(found) or "").partition("\n")[0].strip()):
        raise InputError(
            f"metric {name!r} needs a docstring, whose first line is the protocol in tables"
        )
    return Metric(
        function,
        protocol,
        tuple(p.name for p in parameters[3:] if p.default is inspect.Parameter.empty),
    )


PROTOCOLS = protocols()
"""Protocol of each default metric: region, range, channels, averaging, quantisation."""
