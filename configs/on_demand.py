r"""Gao & Grauman 2017, on-demand learning; Salem et al., the self-tuned encoder-decoder.

Both train one network on holes of all sizes.

  inpaint train --config=on_demand --workdir=runs/self_tuned
  inpaint complete --workdir=runs/self_tuned --images='facades?split=test&count=64' \
      --holes=level:5 --output=completed

Argument, ``on_demand:preset,network,curriculum,bottleneck,scale``, in any order, default
``default,self_tuned,inv_psnr,cpu``:

  default     the papers' method.
  best        ... with later improvements: the network sees the hole filled harmonically and adds to
              the filling (``networks.residual``); it sees which pixels are known
              (``networks.mask_channel``); the rate falls; windows of all scales.

  on_demand   images of 64, four layers down and up around a channel-wise bottleneck.
  self_tuned  images of 128, the context encoder for random holes.
  bottleneck  the self-tuned network has a bottleneck of 4000 units (default).
  channel_wise ... the "fully channel-wise layer" of its text between six layers down and six up: a
              fourteenth of the parameters. On-demand learning has no other bottleneck.
  inv_psnr    levels get examples in proportion to 1 / PSNR of the last validation.
  mse         ... in proportion to the squared error, as in the text of Salem et al.
  inv_mse     ... in proportion to its inverse, as printed in their Figure 4: most go to the
              easiest.
  rigid       equal shares.
  staged, cumulative, anti_staged, anti_cumulative one level (more) per phase, from the easiest or
              from the hardest: the comparisons of Gao & Grauman.
  smoke       seconds; tests.
  cpu         under an hour on two cores.
  paper       the papers' settings: for a GPU.

Five levels of squares have sides from 1 to 6 up to 25 to 30 pixels. That holds at 128 pixels too,
where 30 are 5.5 % of the image, as printed; "1 % to 50 % of the image" would be
``--config.stages.on_demand.pixels_per_level=18``. For three levels, ten or one, change ``levels``
and ``pixels_per_level`` together. 128 training images, chosen by a hash of their ids, are held out.
Every ``adapt_every`` steps each level is measured on them, and the result determines the shares of
the levels in the next batches. The self-tuned network stops when 20 such measurements bring no
improvement. Both networks end on the state with the best mean over the levels
(``stages.on_demand.ends_on``).

The training uses random windows, mirrored at random. At scale ``paper`` the shorter side of an
image is scaled to 96 (on demand) or 350 (self-tuned), as in the papers. Otherwise it is scaled to a
random length between the window's side and that length, so that some windows are whole images.
Completion and evaluation, also of held-out images, use the largest centred square
(``data.evaluation_fit``).

Sources: the papers, and the released code of Gao & Grauman, which lacks the rule. Published: mean
L2 loss 2 % (on demand) and 0.79 % (self-tuned), each on its own holes.

Deviations: at scale ``smoke`` the self-tuned network has images of 64 and squares of half the size.
The papers measure after every epoch; ``adapt_every`` is 149 steps of 100 at scale ``paper``, an
epoch of 14,900 images, and 25 of 50 or 36 of 32 at scale ``cpu``, an epoch of the 1,277 facades for
which the scale was made, without held-out images. Scale ``cpu`` has half of the channels, a
bottleneck of 1,000, 1,000 or 1,440 steps, and a rate that falls from 1e-3 to 0.
"""

from ml_collections import ConfigDict

from inpaint_jax.compositing import CAFFE_MEAN
from inpaint_jax.configs.context_encoder import random_crop
from inpaint_jax.curriculum import RULES, SCHEDULES
from inpaint_jax.errors import InputError
from inpaint_jax.runs import config_words

# size: side of the images; features: channels of the encoder; pixels: per level; epoch: steps.
SCALES = {
    "smoke": {
        "on_demand": dict(size=64, features=[8, 16, 32, 32], pixels=6, batch=10, epoch=5, steps=20),
        "self_tuned": dict(
            size=64, features=[8, 16, 32, 32], pixels=3, batch=10, epoch=5, steps=20
        ),
        "bottleneck": 16,
        "rate": dict(learning_rate=2e-4),
        "holdout": 8,
        "every": (10, 5),
    },
    "cpu": {
        "on_demand": dict(
            size=64, features=[32, 64, 128, 256], pixels=6, batch=50, epoch=25, steps=1000
        ),
        "self_tuned": dict(
            size=128, features=[32, 32, 64, 128, 256], pixels=6, batch=32, epoch=36, steps=1440
        ),
        "bottleneck": 1000,
        "rate": dict(learning_rate=1e-3, schedule="cosine"),
        "holdout": 128,
        "every": (250, 25),
    },
    "paper": {
        "on_demand": dict(
            size=64, features=[64, 128, 256, 512], pixels=6, batch=100, epoch=149, steps=250 * 149
        ),
        "self_tuned": dict(
            size=128,
            features=[64, 64, 128, 256, 512],
            pixels=6,
            batch=100,
            epoch=149,
            steps=500 * 149,
        ),
        "bottleneck": 4000,
        "rate": dict(learning_rate=2e-4),
        "holdout": 128,
        "every": (1000, 100),
    },
}
NETWORKS, CURRICULA = ("on_demand", "self_tuned"), (*RULES, *SCHEDULES)
PRESETS = ("default", "best")
BOTTLENECKS = ("bottleneck", "channel_wise")
SHORTER = {"on_demand": (96, 64), "self_tuned": (350, 128)}  # shorter side, side of the window


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, network, curriculum, bottleneck and scale, in any order."""
    preset, network, curriculum, bottleneck, scale = config_words.choose(
        "configs/on_demand.py",
        argument,
        PRESETS,
        NETWORKS,
        CURRICULA,
        BOTTLENECKS,
        SCALES,
        default="default,self_tuned,inv_psnr,cpu",
    )
    best = preset == "best"
    if network == "on_demand" and bottleneck == "bottleneck":
        raise InputError(
            "configs/on_demand.py: on_demand needs channel_wise; bottleneck needs self_tuned"
        )
    shared, s = SCALES[scale], SCALES[scale][network]
    channel_wise = dict(
        name="channel_wise.EncoderDecoder",
        features=s["features"]
        + s["features"][-1:] * (network == "self_tuned"),  # six layers at 128 px
        size=s["size"],
    )
    length, window = SHORTER[network]
    plain = dict(
        name="context_encoder.Generator",
        trunk=dict(name="trunks.Strided", features=s["features"], use_bias=False),
        size=s["size"],
        bottleneck=shared["bottleneck"],
        width=s["features"][0],
        slope=0.2,
        use_bias=False,
    )
    checkpoint_every, log_every = shared["every"]
    return ConfigDict(
        dict(
            system="on_demand",
            seed=0,
            data=dict(
                train="facades?split=train",
                size=s["size"],
                fit=random_crop(
                    s["size"], s["size"] * length // window, literal=scale == "paper" and not best
                ),
                evaluation_fit="crop",
                flip=True,
            ),
            networks=dict(
                generator=channel_wise
                if network == "on_demand" or bottleneck == "channel_wise"
                else plain,
                fill=list(CAFFE_MEAN),
                unit_range=False,
                mask_channel=best,
                residual=best,
            ),
            slots=64,
            stages=dict(
                on_demand=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    average=0.999,
                    optimizer=dict(
                        name="adam",
                        b1=0.5,
                        **(shared["rate"] | (dict(schedule="cosine") if best else {})),
                    ),
                    losses=dict(reconstruction=dict(fn="l2_mean", weight=1.0)),
                    curriculum=curriculum,
                    levels=5,
                    pixels_per_level=s["pixels"],
                    patience=20 if network == "self_tuned" else 0,
                    holdout=shared["holdout"],
                    ends_on="best",
                    adapt_every=s["epoch"],
                    checkpoint_every=checkpoint_every,
                    log_every=log_every,
                )
            ),
        )
    )
