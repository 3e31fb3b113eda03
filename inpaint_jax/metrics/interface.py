"""The three kinds of metric."""

from collections.abc import Callable
from typing import Any, NamedTuple

from inpaint_jax.types import PerExample


class Metric(NamedTuple):
    """Metric with one number per image, which depends on that image alone.

    Attributes:
      measure: ``(prediction, target, hole, **needs) -> [B]``, a pure function of images in [-1, 1].
        ``metrics.measure`` jits it.
      protocol: exact definition of the number: region, range, channels, averaging, quantisation.
      needs: names of values that ``measure`` takes as keyword arguments, such as a trained network.
    """

    measure: Callable[..., PerExample]
    protocol: str
    needs: tuple[str, ...] = ()


class BatchMetric(NamedTuple):
    """Metric with one number per image, which also depends on neighbouring images in the set.

    Attributes:
      measure: as for ``Metric``, but called with whole batches in the order of the set.
      protocol: as for ``Metric``.
      batch: images per batch; the last batch of a set may be smaller. One call may contain several
        batches.
      needs: as for ``Metric``.
    """

    measure: Callable[..., PerExample]
    protocol: str
    batch: int
    needs: tuple[str, ...] = ()


class SetMetric(NamedTuple):
    """Metric of a whole set of images, such as the distance between two distributions.

    Attributes:
      measure: ``(prediction, target, hole, **needs) -> (value, standard error)`` of arrays
        ``[N, H, W, C]`` and ``[N, H, W, 1]`` on the host. It is not jitted and splits the set into
        batches itself.
      protocol: as for ``Metric``.
      needs: as for ``Metric``.
    """

    measure: Callable[..., tuple[Any, Any]]
    protocol: str
    needs: tuple[str, ...] = ()


class SetScore(NamedTuple):
    """Result of a ``SetMetric``."""

    value: float
    error: float  # standard error of the value; NaN if there is no estimate


AnyMetric = Metric | BatchMetric | SetMetric
