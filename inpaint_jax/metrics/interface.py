"""The three kinds of metric."""

from collections.abc import Callable
from typing import Any, NamedTuple

from inpaint_jax.types import PerExample


class Metric(NamedTuple):
    """A metric with one number per image, which depends on nothing but that image.

    Attributes:
      measure: ``(prediction, target, hole, **needs) -> [B]``, a pure function of images in [-1, 1]; it is jitted.
      protocol: what the number is exactly: region, range, channels, averaging, quantisation.
      needs: names of values that ``measure`` takes as keyword arguments, such as a trained network's features.
    """

    measure: Callable[..., PerExample]
    protocol: str
    needs: tuple[str, ...] = ()


class BatchMetric(NamedTuple):
    """A metric with one number per image, which also depends on the images before and after it in the set.

    Attributes:
      measure: as for ``Metric``; it is given whole batches, in the order of the set.
      protocol: as for ``Metric``.
      batch: images per batch; the last batch of a set may be smaller. Several batches may arrive in one call.
      needs: as for ``Metric``.
    """

    measure: Callable[..., PerExample]
    protocol: str
    batch: int
    needs: tuple[str, ...] = ()


class SetMetric(NamedTuple):
    """A metric of a whole set of images, such as the distance between two distributions.

    Attributes:
      measure: ``(prediction, target, hole, **needs) -> (value, standard error)`` of arrays ``[N, H, W, C]`` and
        ``[N, H, W, 1]`` on the host; it is not jitted, and splits the set into batches itself.
      protocol: as for ``Metric``.
      needs: as for ``Metric``.
    """

    measure: Callable[..., tuple[Any, Any]]
    protocol: str
    needs: tuple[str, ...] = ()


class SetScore(NamedTuple):
    """The result of a ``SetMetric``."""

    value: float
    error: float  # standard error of the value; NaN if there is no estimate


AnyMetric = Metric | BatchMetric | SetMetric
