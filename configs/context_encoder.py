r"""Pathak et al. 2016, context encoders: feature learning by inpainting. From a damaged picture in one pass.

  inpaint train --config=context_encoder --workdir=runs/context_encoder
  inpaint complete --workdir=runs/context_encoder --images='facades?split=test&count=64' --holes=center \
                   --output=completed

Argument, ``context_encoder:preset,region,waist,game,scale``, in any order, default
``default,center,bottleneck,adversarial,cpu``:

  default      the block is the hole; the generator is scored by the critic that has just been updated.
  published    as released: the hole is smaller than the block by 4 pixels a side (at 128), that ring weighs 10 times as
               much in the squared error, and the generator is scored by the critic before its update. It completes
               the whole block too: of a larger hole the ring is filled harmonically before the network sees it.
  best         what has been learnt since, every part a key of its own: the network is given the hole filled
               harmonically and adds to that (``networks.residual``), and which pixels are known
               (``networks.mask_channel``); the critic plays from the middle on (``critic_after``); rates fall; windows
               of all scales; the stage ends on its best networks by training images that are set apart (``holdout``,
               ``ends_on``).
  center       one square hole in the middle, half as wide as the picture; completes holes inside it.
  random       25 % of the pixels in blobs; the whole picture is predicted, so any hole can be completed. In preset
               ``best`` training sees centre, left, random and irregular holes in turn, and the network has skip
               connections (``networks.generator.skips``).
  bottleneck   the waist is one convolution over the whole map, as released.
  channel_wise ... a fully connected layer for every channel by itself, after the paper.
  adversarial  0.999 of the squared error and 0.001 of how real the critic finds the block.
  l2           the squared error alone, without a critic: the blur that the adversary is there for.
  smoke        seconds; tests.      demo   minutes, for pictures of 32.      cpu   under an hour on two cores.
  paper        what the paper ran: for a GPU.
  cpu128       the paper's pictures of 128 and holes of 64 in half an hour on two cores, for small sets.

Training sees random windows, mirrored at random, of images whose shorter side is scaled to 350 (at windows of 128, and
as much in proportion) at scale ``paper`` and in preset ``published``, as in the paper; otherwise to a length drawn from
the window's side to that, so that whole images are among them. Aligned faces keep their crop: ``FOLDER?crop=108``.
What is completed or measured is the largest centred square (``data.evaluation_fit``), which is the released code's
validation ``full`` but for a pixel; its ``patch`` is ``--fit=random_crop:350``.

Sources: the paper, and the authors' released code where the two differ (its encoder is that of the DCGAN turned round,
without the channel-wise layer of the paper; the ring is 4 pixels wide, not 7). Published: mean L2 loss 1.96 % on the
100 validation pictures of Paris StreetView, centre holes.

Deviations: the default presets have no ring. The released code keeps the activations of the critic before its update
but pulls back through its new weights; ``published`` takes both before. The random pattern has its own noise for every
picture and exactly 25 % missing, where the code cuts windows with 20 to 30 % out of one large noise picture. Behind
the channel-wise layer the paper mixes channels by a convolution, which is left out as in on-demand learning. Scale
``cpu`` predicts blocks of 32 in pictures of 64, with half the channels, through a waist of 1,000, against a critic with
a quarter; its rates are half as large (without a critic five times) and fall to 0 over 5,500 steps. ``cpu128`` is as
narrow and takes 1,500 steps of 32.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.compositing import CAFFE_MEAN
from inpaint_jax.runs import config_words

# size: side of the pictures; trunk: channels of the encoder; width, critic: least channels of the decoder and of the
# critic; overlap: of the published preset; rate: of the critic, a tenth of the generator's beside it; alone: the
# generator's rate without one.
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
        steps=116_400,  # 500 epochs of 14,900 pictures
        rate=dict(learning_rate=2e-4),
        alone=2e-4,
        every=(1000, 1000, 100),
    ),
}
PRESETS, REGIONS, GAMES = ("default", "published", "best"), ("center", "random"), ("adversarial", "l2")
WAISTS = ("bottleneck", "channel_wise")
ANY = "center,left,random:0.8,irregular"  # the holes of one network for all


def random_crop(size: int, length: int, *, literal: bool) -> str:
    """The fit of training: windows of ``size`` of shorter sides of ``length``, or of any from ``size`` to that."""
    return f"random_crop:{length}" if literal else f"random_crop:{size}-{length}"


def get_config(argument: str = "") -> ConfigDict:
    """The config of a preset, a region, a waist, a game and a scale, in any order."""
    preset, region, waist, game, scale = config_words.choose(
        "configs/context_encoder.py",
        argument,
        PRESETS,
        REGIONS,
        WAISTS,
        GAMES,
        SCALES,
        default="default,center,bottleneck,adversarial,cpu",
    )
    published, best = preset == "published", preset == "best"
    centre, adversarial = region == "center", game == "adversarial"
    s = SCALES[scale]
    size, block = s["size"], s["size"] // 2 if centre else s["size"]
    ring = s["overlap"] if published and centre else 0
    squared = dict(fn="overlap_l2", overlap=ring, ring_weight=10.0) if ring else dict(fn="l2_mean")
    adam = dict(name="adam", b1=0.5, **s["rate"])
    alone = adam | dict(learning_rate=s["alone"])
    checkpoint_every, picture_every, log_every = s["every"]
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
                    picture_every=picture_every,
                    log_every=log_every,
                )
            ),
        )
    )
    if waist == "channel_wise":
        config.networks.generator = dict(name="channel_wise.EncoderDecoder", features=s["trunk"], size=block)
    if adversarial:
        stage = config.stages.context_encoder
        config.networks.critic = dict(name="context_encoder.Discriminator", width=s["critic"], use_bias=False)
        stage.losses.reconstruction.weight = 0.999
        stage.losses.adversarial = dict(fn="generator_nonsaturating", weight=0.001)
        stage.optimizer.critic = adam
        stage.optimizer.generator.learning_rate = 10 * adam["learning_rate"]  # where two terms are weighed
        stage.stale_critic = published
        stage.critic_after = s["steps"] // 2 if best else 0
    if best:
        end_on_best(config.stages.context_encoder)
    return config


def end_on_best(stage: Any) -> None:
    """Let a stage end on its best state by images that are set apart, at rates that fall."""
    stage.holdout, stage.adapt_every, stage.ends_on = 2 * stage.batch_size, max(stage.steps // 20, 1), "best"
    rules = stage.optimizer.values() if "name" not in stage.optimizer else [stage.optimizer]
    for rule in rules:
        rule.schedule = "cosine"
