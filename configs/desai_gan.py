r"""Desai & Ghosal, the GANs beside their autoencoders: context encoders with other encoders.

  inpaint train --config=desai_gan:resnet --workdir=runs/gan_resnet
  inpaint complete --workdir=runs/gan_resnet --images='facades?split=test&count=64' \
      --holes=center:32 --output=completed

Argument, ``desai_gan:network,preset,scale``, in any order, default ``alexnet,default,cpu``:

  alexnet    six strided 4x4 convolutions: the context encoder's, despite the name.
  vgg        four 7x7 convolutions with group norm, then one of 3x3; named in the paper's abstract,
             without a result.
  resnet     four residual blocks with group norm.
  default    images in [-1, 1].
  published  as released: images in [0, 1], and blocks from a tanh, whose negative half is never
             right.
  best       as default, with later improvements: the network sees the hole filled harmonically and
             adds to the filling (``networks.residual``); it sees which pixels are known
             (``networks.mask_channel``); random windows, mirrored at random, of images whose
             shorter side is up to a quarter longer; the critic joins halfway (``critic_after``);
             rates fall; weights do not decay; the stage ends on the best networks by held-out
             training images (``holdout``, ``ends_on``).
  sweep      the shorter training of the paper's Table 3: 30 epochs instead of 100.
  smoke      seconds; tests.
  cpu        under an hour on two cores.
  paper      the paper's settings: for a GPU.

The bottleneck n of the paper is ``--config.networks.generator.bottleneck``: 500, 2000 or 4000 at
scale ``paper``, 64, 256 or 512 at scale ``cpu``. Completion and evaluation use the largest centred
square, and so does the training except in ``best``; the paper's images are square.

Source: the paper and the authors' code, which uses Adam with L2 weight decay for both networks.
Published, for n = 4000, as ``desai_legacy_sse`` of training and test images: AlexNet 1798.83 and
1768.69, ResNet 3030.98 and 3038.22; ``configs/papers/desai.py`` regenerates the tables.

Deviations: ``vgg`` is our guess: the trunk of the autoencoder, one more convolution, and a pooling
to 4x4, the final size of the other encoders. Scale ``cpu`` is that of ``desai_vae``: blocks of 32
in images of 128, an eighth of the channels, five strided convolutions instead of six, 2.5 times the
rate, and 5 epochs of 3,200 images (sweep: 1.5).
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs.context_encoder import end_on_best, random_crop
from inpaint_jax.configs.desai_vae import SCALES, WORDS
from inpaint_jax.runs import config_words


def trunks(size: int, width: int) -> dict[str, dict]:
    """List the encoders by the paper's names.

    The strided encoder ends in 4x4, so it has one layer less for half the side.
    """
    features = [width] * (3 if size == 256 else 2) + [4 * width, 4 * width, 8 * width]
    return {
        "alexnet": dict(name="trunks.Strided", features=features, use_bias=True),
        "vgg": dict(name="trunks.VGG", width=width, last=8 * width),
        "resnet": dict(name="trunks.ResNet", width=width, last=8 * width, pool=2),
    }


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a network, a preset, a scale and possibly the sweep, in any order."""
    network, preset, sweep, scale = config_words.choose(
        "configs/desai_gan.py", argument, *WORDS, default="alexnet,default,cpu"
    )
    published, best = preset == "published", preset == "best"
    s = SCALES[scale]
    rate = 2e-4 if scale == "paper" else 5e-4  # the small scales train for fewer steps
    # A residual starts at zero, where the decay outweighs the loss and shrinks every kernel.
    decay = 0.0 if best else 5e-4
    adam = dict(name="adam_l2", learning_rate=rate, b1=0.5, weight_decay=decay)
    checkpoint_every, image_every, log_every = s["every"]
    config: Any = ConfigDict(
        dict(
            system="context_encoder",
            seed=0,
            data=dict(
                train=s["train"], size=s["size"], fit="crop", evaluation_fit="crop", flip=False
            ),
            networks=dict(
                generator=dict(
                    name="context_encoder.Generator",
                    trunk=trunks(s["size"], s["width"])[network],
                    size=s["block"],
                    bottleneck=s["bottleneck"][4000],
                    width=s["width"],
                    slope=0.0,
                    use_bias=True,
                ),
                critic=dict(name="context_encoder.Discriminator", width=s["width"], use_bias=True),
                fill=-1.0,
                unit_range=published,
                mask_channel=best,
                residual=best,
            ),
            slots=64,
            stages=dict(
                context_encoder=dict(
                    batch_size=s["batch"],
                    steps=s["steps"]["sweep" if sweep else "whole"],
                    average=0.0 if published else 0.999,
                    optimizer=dict(generator=adam, critic=dict(adam)),
                    losses=dict(  # the squared error in the range of the code's images
                        reconstruction=dict(fn="l2_mean", weight=0.999 / 4 if published else 0.999),
                        adversarial=dict(fn="generator_nonsaturating", weight=0.001),
                    ),
                    holes=f"center:{s['block']}",
                    stale_critic=False,
                    critic_after=s["steps"]["sweep" if sweep else "whole"] // 2 if best else 0,
                    checkpoint_every=checkpoint_every,
                    image_every=image_every,
                    log_every=log_every,
                )
            ),
        )
    )
    if best:
        config.data.fit, config.data.flip = (
            random_crop(s["size"], s["size"] * 5 // 4, literal=False),
            True,
        )
        end_on_best(config.stages.context_encoder)
    return config
