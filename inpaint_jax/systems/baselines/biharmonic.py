"""The biharmonic surface of scikit-image, on the host. Needs the extra ``baselines``."""

from inpaint_jax.errors import InputError
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.parts.on_host import on_host


def build() -> System:
    """Fill the hole with a thin plate: smooth across the border, slopes included.

    The method is from Damelin & Hoang 2018. It solves one sparse linear system for the whole hole
    (``skimage.restoration.inpaint_biharmonic``): seconds for 200 x 200 missing pixels, minutes for
    much larger holes.

    Raises:
      InputError: scikit-image is not installed.
    """
    try:
        from skimage.restoration import inpaint_biharmonic
    except ImportError as error:
        raise InputError(
            "the biharmonic baseline needs scikit-image: pip install 'inpaint_jax[baselines]'"
        ) from error

    def complete(image, hole):
        return inpaint_biharmonic(image.astype(float), hole[..., 0] > 0.5, channel_axis=-1)

    return on_host(complete)
