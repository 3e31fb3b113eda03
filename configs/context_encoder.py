r"""Pathak et al. 2016, context encoders: feature learning by inpainting. Completes in one pass.

  inpaint train --config=context_encoder --workdir=runs/context_encoder
  inpaint complete --workdir=runs/context_encoder --images='facades?split=test&count=64' \
      --holes=center --output=completed

Argument, ``context_encoder:preset,region,bottleneck,losses,scale``, in any order, default
``default,center,bottleneck,adversarial,cpu``:

  default      the block is the hole; the updated critic scores the generator.
  published    as released. The hole is smaller than the block by 4 pixels a side (at 128). That
               ring has 10 times the weight in the squared error. The critic scores the generator
               before the critic's update. The model also completes the whole block: the ring of a
               larger hole is filled harmonically before the network sees it.
  best         with later improvements, each a separate key: the network sees the hole filled
               harmonically and adds to the filling (``networks.residual``); it sees which pixels
               are known (``networks.mask_channel``); rates fall; windows of all scales; the stage
               ends on the best networks by held-out training images (``holdout``, ``ends_on``);
               under centre holes, the completion is the mean of those of the image and its mirror
               image (``self_ensemble``).
  center       one square hole in the middle, half as wide as the image; completes holes inside it.
  random       25 % of the pixels in blobs; the network predicts the whole image, so it completes
               any hole. In preset ``best`` the training uses centre, left, random and irregular
               holes in rotation, and the network has skip connections
               (``networks.generator.skips``).
  bottleneck   the bottleneck is one convolution over the whole map, as released.
  channel_wise the bottleneck is a separate fully connected layer per channel, as in the paper.
  adversarial  0.999 of the squared error and 0.001 of the adversarial loss.
  l2           the squared error alone, without a critic: shows the blur that the critic reduces.
  smoke        seconds; tests.
  demo         minutes, for images of 32.
  cpu          under an hour on two cores.
  paper        the paper's settings: for a GPU.
  cpu128       the paper's images of 128 and holes of 64 in half an hour on two cores, for small
               sets.

The training uses random windows, mirrored at random. At scale ``paper`` and in preset ``published``
the shorter side of an image is scaled to 350, as in the paper (for windows of 128; proportional for
others). Otherwise it is scaled to a random length between the window's side and that length, so
that some windows are whole images. Aligned faces keep their crop: ``FOLDER?crop=108``. Faces that
are cropped already gain from slight windows: ``--config.data.fit=random_crop:64-68`` at scale
``cpu``. Completion and evaluation use the largest centred square (``data.evaluation_fit``). That is
the validation ``full`` of the released code up to one pixel; the validation ``patch`` is
``--fit=random_crop:350``.

Sources: the paper, and the authors' released code where the two differ (its encoder is the DCGAN's
reversed, without the channel-wise layer of the paper; the ring is 4 pixels wide, not 7). Published:
mean L2 loss 1.96 % on the 100 validation images of Paris StreetView, centre holes.

Deviations: the default presets have no ring. The released code keeps the critic's activations from
before its update, but backpropagates through the updated weights; ``published`` uses the old
weights for both. The random pattern has separate noise for every image and exactly 25 % missing;
the code cuts windows with 20 to 30 % out of one large noise image. After the channel-wise layer the
paper mixes channels by a convolution, which is left out as in on-demand learning. Scale ``cpu``
predicts blocks of 32 in images of 64, with half the channels, a bottleneck of 1,000, and a critic
with a quarter of the channels; the rates are half as large (without a critic five times as large)
and fall to 0 over 5,500 steps. ``cpu128`` is as narrow and takes 1,500 steps of 32.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.compositing import CAFFE_MEAN
from inpaint_jax.runs import config_words

# size: side of the images; trunk: channels of the encoder; width, critic: least channels of the
# decoder and of the critic; overlap: of the published preset; rate: of the critic, a tenth of the
# generator's beside it; alone: the generator's rate without a critic.
SCALES = {
    "smoke": dict(
        size=32,
        trunk=[8, 16, 32],
        bottleneck=16,
        width=8,
        critic=8,
        overlap=1,
        batch=8,
        steps=20,
        rate=dict(learning_rate=2e-4),
        alone=2e-4,
        every=(10, 10, 5),
    ),
    "demo": dict(
        size=32,
        trunk=[32, 64, 128],
        bottleneck=256,
        width=32,
        critic=16,
        overlap=1,
        batch=32,
        steps=1000,
        rate=dict(learning_rate=1e-4, schedule="cosine"),
        alone=1e-3,
        every=(500, 500, 50),
    ),
    "cpu": dict(
        size=64,
        trunk=[32, 64, 128, 256],
        bottleneck=1000,
        width=32,
        critic=16,
        overlap=2,
        batch=64,
        steps=5500,
        rate=dict(learning_rate=1e-4, schedule="cosine"),
        alone=1e-3,
        every=(500, 500, 50),
    ),
    "cpu128": dict(
        size=128,
        trunk=[32, 32, 64, 128, 256],
        bottleneck=1000,
        width=32,
        critic=16,
        overlap=4,
        batch=32,
        steps=1500,
        rate=dict(learning_rate=1e-4, schedule="cosine"),
        alone=1e-3,
        every=(250, 250, 25),
    ),
    "paper": dict(
        size=128,
        trunk=[64, 64, 128, 256, 512],
        bottleneck=4000,
        width=64,
        critic=64,
        overlap=4,
        batch=64,
        steps=116_400,  # 500 epochs of 14,900 images
        rate=dict(learning_rate=2e-4),
        alone=2e-4,
        every=(1000, 1000, 100),
    ),
}
PRESETS, REGIONS, LOSSES = (
    ("default", "published", "best"),
    ("center", "random"),
    ("adversarial", "l2"),
)
BOTTLENECKS = ("bottleneck", "channel_wise")
ANY = "center,left,random:0.8,irregular"  # holes of one network for all families


def random_crop(size: int, length: int, *, literal: bool) -> str:
    """Name the training fit: windows of ``size``; ``length``: shorter side, or its upper bound."""
    return f"random_crop:{length}" if literal else f"random_crop:{size}-{length}"


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, region, bottleneck, losses and scale, in any order."""
    preset, region, bottleneck, losses, scale = config_words.choose(
        "configs/context_encoder.py",
        argument,
        PRESETS,
        REGIONS,
        BOTTLENECKS,
        LOSSES,
        SCALES,
        default="default,center,bottleneck,adversarial,cpu",
    )
    published, best = preset == "published", preset == "best"
    centre, adversarial = region == "center", losses == "adversarial"
    s = SCALES[scale]
    size, block = s["size"], s["size"] // 2 if centre else s["size"]
    ring = s["overlap"] if published and centre else 0
    squared = dict(fn="overlap_l2", overlap=ring, ring_weight=10.0) if ring else dict(fn="l2_mean")
    adam = dict(name="adam", b1=0.5, **s["rate"])
    alone = adam | dict(learning_rate=s["alone"])
    checkpoint_every, image_every, log_every = s["every"]
    literal = published or (scale == "paper" and not best)
    config: Any = ConfigDict(
        dict(
            system="context_encoder",
            seed=0,
            data=dict(
                train="facades?split=train",
                size=size,
                fit=random_crop(size, size * 350 // 128, literal=literal),
                evaluation_fit="crop",
                flip=True,
            ),
            networks=dict(
                generator=dict(
                    name="context_encoder.Generator",
                    trunk=dict(name="trunks.Strided", features=s["trunk"], use_bias=False),
                    size=block,
                    bottleneck=s["bottleneck"],
                    width=s["width"],
                    slope=0.2,
                    use_bias=False,
                    skips=best and not centre,
                ),
                fill=list(CAFFE_MEAN),
                unit_range=False,
                mask_channel=best,
                residual=best,
            ),
            slots=64,
            stages=dict(
                context_encoder=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    average=0.0 if published else 0.999,
                    optimizer=dict(generator=alone),
                    losses=dict(reconstruction=dict(**squared, weight=1.0)),
                    holes=f"center:{block - 2 * ring}" if centre else ANY if best else "pattern",
                    stale_critic=False,
                    checkpoint_every=checkpoint_every,
                    image_every=image_every,
                    log_every=log_every,
                )
            ),
        )
    )
    if bottleneck == "channel_wise":
        config.networks.generator = dict(
            name="channel_wise.EncoderDecoder", features=s["trunk"], size=block
        )
    if adversarial:
        stage = config.stages.context_encoder
        config.networks.critic = dict(
            name="context_encoder.Discriminator", width=s["critic"], use_bias=False
        )
        stage.losses.reconstruction.weight = 0.999
        stage.losses.adversarial = dict(fn="generator_nonsaturating", weight=0.001)
        stage.optimizer.critic = adam
        stage.optimizer.generator.learning_rate = 10 * adam["learning_rate"]  # with two loss terms
        stage.stale_critic = published
        stage.critic_after = 0
    if best:
        end_on_best(config.stages.context_encoder)
    if best and centre:
        config.self_ensemble = True
    return config


def end_on_best(stage: Any) -> None:
    """Let a stage end on its best state by held-out images, with falling rates."""
    stage.holdout, stage.adapt_every, stage.ends_on = (
        2 * stage.batch_size,
        max(stage.steps // 20, 1),
        "best",
    )
    rules = stage.optimizer.values() if "name" not in stage.optimizer else [stage.optimizer]
    for rule in rules:
        rule.schedule = "cosine"
