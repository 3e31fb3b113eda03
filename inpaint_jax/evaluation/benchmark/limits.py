"""Published limits of devices, and the assumed efficiency."""

from collections.abc import Mapping
from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of one device."""

    products: Mapping[str, float]  # FLOP/s, dense, by precision
    memory: float = 3.35e12  # bytes/s of HBM3
    nvlink: float = 450e9  # bytes/s in each direction
    network: float = 50e9  # bytes/s of a device's 400 Gb/s adapter
    share: float = 0.4  # assumed efficiency of products; a target, not a measurement
    streamed: float = 0.8  # assumed efficiency of memory bandwidth
    price: float = 2.5  # assumed price per device and hour, in dollars


# float32: products outside the tensor cores.
H100 = Limits({"bf16": 989e12, "tf32": 494e12, "float32": 67e12})
# Parts of JAX's ``device_kind``. SXM modules: the PCIe card of an H100 reaches three quarters of
# these products.
PUBLISHED = {
    "H100": H100,
    "H200": H100._replace(memory=4.8e12),
    "A100": Limits({"bf16": 312e12, "tf32": 156e12, "float32": 19.5e12}, memory=2.04e12),
    "TPU v5 lite": Limits({"bf16": 197e12}, memory=0.819e12),
}
DEFAULT = "tf32"  # precision of float32 products on a GPU by default


def published(kind: str, precision: str) -> float | None:
    """Return the published rate of products, in FLOP/s.

    Args:
      kind: JAX's ``device_kind``.
      precision: "bf16", "tf32", "float32", or "" for the default.

    Returns:
      The rate; None if unknown.
    """
    for name, limits in PUBLISHED.items():
        if name in kind:
            return limits.products.get(precision or DEFAULT)
    return None
