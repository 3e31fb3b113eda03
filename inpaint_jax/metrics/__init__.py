"""Metrics of completed images by name, and how to add your own.

A metric is a pure function ``(prediction, target, hole) -> [B]`` of images in [-1, 1], one number
per image. Tables print the protocol of each metric beside the number: region, range, channels,
averaging, quantisation. The metrics of this package measure on [0, 1]: the peak is 1, and SSIM
depends on the range.

Write your own metric as a function in a file beside your config. The first line of the docstring is
the protocol::

    # my_metrics.py
    import jax.numpy as jnp

    def edge_l1_pct(prediction, target, hole):
        \"\"\"100 |dx a - dx b|[full,range=1,rgb,mean of images,uint8]\"\"\"
        difference = (prediction - target) / 2
        return 100 * jnp.abs(jnp.diff(difference, axis=2)).mean((1, 2, 3))

It is measured by name:
``metrics.measure(prediction, target, hole, ["psnr_hole", "my_metrics:edge_l1_pct"])``.
"""

from inpaint_jax.metrics.distribution import kid
from inpaint_jax.metrics.interface import AnyMetric, BatchMetric, Metric, SetMetric, SetScore
from inpaint_jax.metrics.legacy import desai_legacy_sse
from inpaint_jax.metrics.measuring import measure
from inpaint_jax.metrics.perceptual import FeatureNetwork, lpips
from inpaint_jax.metrics.pixels import l1_pct, l2_pct, psnr, sse_hole
from inpaint_jax.metrics.ssim import ssim
from inpaint_jax.metrics.table import DEFAULT, METRICS, PERCEPTUAL, PROTOCOLS, protocols, resolve
from inpaint_jax.metrics.wasserstein import sliced_wasserstein

__all__ = [
    "DEFAULT",
    "METRICS",
    "PERCEPTUAL",
    "PROTOCOLS",
    "AnyMetric",
    "BatchMetric",
    "FeatureNetwork",
    "Metric",
    "SetMetric",
    "SetScore",
    "desai_legacy_sse",
    "kid",
    "l1_pct",
    "l2_pct",
    "lpips",
    "measure",
    "protocols",
    "psnr",
    "resolve",
    "sliced_wasserstein",
    "sse_hole",
    "ssim",
]
