r"""Desai & Ghosal, image inpainting using variational autoencoders, with three encoders.

  inpaint train --config=desai_vae:vgg --workdir=runs/vae_vgg
  inpaint complete --workdir=runs/vae_vgg --images='facades?split=test&count=64' \
      --holes=center:32 --output=completed

Argument, ``desai_vae:network,preset,scale``, in any order, default ``vgg,default,cpu``:

  alexnet    five convolutions, the first 11x11 with stride 4, and a decoder with batch norm.
  vgg        four 7x7 convolutions with group norm and large poolings.
  resnet     four residual blocks with group norm; the decoder of vgg.
  default    images in [-1, 1], blocks from a tanh, leaky ReLUs of slope 0.2; the mean of the latent
             gives the answer.
  published  as released: images in [0, 1]. The blocks of alexnet end in a ReLU and a sigmoid, which
             cannot paint below mid-grey. The leaky ReLUs of vgg and of the decoders have slope 1,
             which makes them linear. The blocks of vgg and resnet are normalised as a whole, so
             that all have the same brightness. A sample of the latent gives the answer.
  best       as default, with later improvements: the network sees the hole filled harmonically and
             adds to the filling (``networks.residual``); it sees which pixels are known
             (``networks.mask_channel``); random windows, mirrored at random, of images whose
             shorter side is up to a quarter longer; rates fall; the stage ends on the best networks
             by held-out training images (``holdout``, ``ends_on``).
  sweep      the shorter training of the paper's Table 3: 30 epochs instead of 100.
  smoke      seconds; tests.
  cpu        under an hour on two cores.
  paper      the paper's settings: for a GPU.

The size of the latent, the paper's bottleneck n, is ``--config.networks.autoencoder.bottleneck``:
500, 2000 or 4000 at scale ``paper``, 64, 256 or 512 at scale ``cpu``. Further completions
(``--keep=4``) are decoded from samples. Completion and evaluation use the largest centred square,
and so does the training except in ``best``; the paper's images are square.

Source: the paper and the authors' code. The loss is that of the code: the squared error in [0, 1]
and 0.1 of the divergence, both per value of the block. The former equals 0.25 of the squared error
in [-1, 1]. Published, for n = 4000, as ``desai_legacy_sse`` of training and test images: AlexNet
1894.29 and 1882.63, VGG 1747.96 and 1784.43, ResNet 1725.11 and 1769.02;
``configs/papers/desai.py`` regenerates the tables.

Deviations: the released code stores images as BGR, ours as RGB; a network that sees only one of
them does not differ. Scale ``cpu`` has blocks of 32 in images of 128, an eighth of the channels, of
the features around the latent and of the latent, a smaller last pooling (otherwise the trunks of
128 px would end in one pixel, smaller than any latent), ten times the rate, and 5 epochs of 3,200
images (sweep: 1.5) in batches of 16.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.configs.context_encoder import end_on_best, random_crop
from inpaint_jax.runs import config_words

# size: side of the images; block: side of the hole; hidden: features around the latent; bottleneck:
# ours for the paper's 500, 2000 and 4000; pool: side of the trunks' last pooling; rate: of the
# autoencoders; steps: of a whole training, and of the sweep's.
SCALES = {
    "smoke": dict(
        size=128,
        block=32,
        width=8,
        hidden=16,
        bottleneck={500: 2, 2000: 4, 4000: 8},
        pool=dict(alexnet=1, vgg=2, resnet=2),
        rate=1e-3,
        train="facades?split=train",
        batch=4,
        steps=dict(whole=6, sweep=3),
        every=(3, 3, 1),
    ),
    "cpu": dict(
        size=128,
        block=32,
        width=8,
        hidden=64,
        bottleneck={500: 64, 2000: 256, 4000: 512},
        pool=dict(alexnet=1, vgg=2, resnet=2),
        rate=1e-3,
        train="facades?split=train&count=3200",
        batch=16,
        steps=dict(whole=5 * 3200 // 16, sweep=5 * 3200 // 16 * 3 // 10),
        every=(100, 500, 20),
    ),
    "paper": dict(
        size=256,
        block=64,
        width=64,
        hidden=500,
        bottleneck={500: 500, 2000: 2000, 4000: 4000},
        pool=dict(alexnet=3, vgg=4, resnet=4),
        rate=1e-4,
        train="facades?split=train&count=5000",
        batch=32,
        steps=dict(whole=100 * 5000 // 32, sweep=30 * 5000 // 32),
        every=(1000, 1000, 100),
    ),
}
NETWORKS, PRESETS = ("alexnet", "vgg", "resnet"), ("default", "published", "best")
WORDS = (NETWORKS, PRESETS, ("sweep",), SCALES)
TRUNKS = {"alexnet": "trunks.AlexNet", "vgg": "trunks.VGG", "resnet": "trunks.ResNet"}
DECODERS = {"alexnet": "decoders.AlexNet", "vgg": "decoders.VGG", "resnet": "decoders.VGG"}


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a network, a preset, a scale and possibly the sweep, in any order."""
    network, preset, sweep, scale = config_words.choose(
        "configs/desai_vae.py", argument, *WORDS, default="vgg,default,cpu"
    )
    published, best = preset == "published", preset == "best"
    s = SCALES[scale]
    block, width, slope = s["block"], s["width"], 1.0 if published else 0.2
    trunk: dict[str, Any] = dict(name=TRUNKS[network], width=width, pool=s["pool"][network])
    decoder = dict(name=DECODERS[network], size=block, width=width, rectified=published)
    if network == "vgg":
        trunk["slope"] = slope
    if network == "resnet":
        trunk["last"] = 4 * width
    if network != "alexnet":
        decoder |= dict(slope=slope, output_norm=published)
    checkpoint_every, image_every, log_every = s["every"]
    config: Any = ConfigDict(
        dict(
            system="desai_vae",
            seed=0,
            data=dict(
                train=s["train"], size=s["size"], fit="crop", evaluation_fit="crop", flip=False
            ),
            networks=dict(
                autoencoder=dict(
                    name="variational.Autoencoder",
                    trunk=trunk,
                    decoder=decoder,
                    bottleneck=s["bottleneck"][4000],
                    hidden=s["hidden"],
                ),
                fill=-1.0,
                unit_range=published,
                mask_channel=best,
                residual=best,
            ),
            slots=64,
            search=dict(answer="sample" if published else "mean"),
            stages=dict(
                vae=dict(
                    batch_size=s["batch"],
                    steps=s["steps"]["sweep" if sweep else "whole"],
                    average=0.0 if published else 0.999,
                    optimizer=dict(name="adam", learning_rate=s["rate"]),
                    losses=dict(
                        reconstruction=dict(fn="l2_mean", weight=0.25),
                        divergence=dict(fn="gaussian_kl", weight=0.1 / (block * block * 3)),
                    ),
                    holes=f"center:{block}",
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
        end_on_best(config.stages.vae)
    return config
