"""Feature inversion: images whose features in one layer of a classifier equal
those of given images.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import optax

from inpaint_jax import latent_inpainting
from inpaint_jax.errors import InputError
from inpaint_jax.losses import semantic
from inpaint_jax.types import Image, Key


def invert_features(
    key: Key,
    classify: Callable,
    images: Image,
    *,
    layers: Sequence[str],
    iterations: int = 300,
    rate: float = 0.05,
) -> jax.Array:
    """Recover images from the features of single layers, by descent from noise (Gatys et al. 2015).

    The loss is the semantic loss of Buchacek et al. (eq. 2) of one layer, between the recovered and
    the given image. Adam descends on pixels, with a rate that falls to 0; pixels stay in [-1, 1].

    Args:
      key: of the noise that the descent begins with, the same for all layers.
      classify: images ``[B, H, W, C]`` to ``ClassifierOutput``.
      images: ``[B, H, W, C]`` in [-1, 1].
      layers: names of the layers.
      iterations: of the descent.
      rate: of Adam at the first iteration.

    Returns:
      ``[L, B, H, W, C]`` in [-1, 1], a batch per layer.

    Raises:
      InputError: an unknown layer.
    """
    images = jnp.asarray(images)
    known = jax.eval_shape(classify, images).features
    if unknown := [layer for layer in layers if layer not in known]:
        raise InputError(f"unknown layer {unknown[0]!r}; known: {', '.join(known)}")
    tx = optax.adam(optax.cosine_decay_schedule(rate, iterations))
    noise = jax.random.uniform(key, images.shape, minval=-0.1, maxval=0.1)

    def recover(weights, image, start):
        given = jax.lax.stop_gradient(classify(image[None]).features)

        def loss(pixels):
            features = classify(pixels[None]).features
            terms = jnp.stack(
                [semantic(features, given, layers={layer: 1.0})[0] for layer in layers]
            )
            return weights @ terms

        settings = {"tx": tx, "num_steps": iterations, "project": latent_inpainting.clip}
        return latent_inpainting.invert(loss, start, **settings).best_latent

    # One program for all layers: the layer is chosen by a weight.
    over_images = jax.vmap(recover, in_axes=(None, 0, 0))
    return jax.jit(jax.vmap(over_images, in_axes=(0, None, None)))(
        jnp.eye(len(layers)), images, noise
    )
