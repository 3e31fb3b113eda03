r"""Zheng et al. 2019, pluralistic image completion: many different completions per image.

  inpaint train --config=pluralistic --workdir=runs/pluralistic
  inpaint complete --workdir=runs/pluralistic --images='facades?split=test&count=64' \
      --holes=center --keep=4 --output=completed

Argument, ``pluralistic:preset,region,scale``, in any order, default ``default,any,cpu``:

  default    completions come from the average of the weights over training steps.
  published  as released: completions come from the last weights.
  best       with later improvements, each a separate key: the decoder sees the known features at
             every size (``skips``); the image painted from the mean of the prior is compared to the
             truth everywhere (``expected``), alone until the latents join (``latent_after``); drawn
             images are compared to it lightly (``completion``); the divergences and the adversary
             weigh less; the critics join last (``critic_after``); the generator learns faster.
  any        trained on three hole families in rotation: centre, rectangles, irregular strokes.
  center     trained on centre holes only.
  smoke      seconds; tests.
  cpu        under an hour on two cores.
  paper      the paper's settings: for a GPU.
  paper64    as wide as ``paper``, for images of 64.

Completions are drawn at random and ranked by the critic of the generation path. ``--keep=4``
returns the best four of ``search.samples``, or of four if that is more. The model completes any
hole, regardless of the holes of the training. ``inpaint evaluate --keep=16`` adds rows for the mean
over sixteen completions, for the mean image, and for the best completion by the truth, and a
measure of diversity.

``stages.pluralistic.hole_files`` names a folder of hole images (white = missing), such as NVIDIA's
irregular masks, that replaces the families in training. Each training image gets one of them at
random in every step.

To use the released weights, run ``inpaint import-weights pluralistic latest_net_E.pth
--output=E.npz``, do the same for G, D and D_rec, and train with
``--config=pluralistic:published,paper --config.stages.pluralistic.steps=0
--config.stages.pluralistic.weights=E.npz,G.npz,D.npz,D_rec.npz``. The import was checked against
the names and shapes in the authors' repository (lyndonzheng/Pluralistic-Inpainting), not against a
released file.

Sources: the paper, and the authors' released code where the two differ. The divergences are those
of N(0, s) from the posterior and of the posterior, held fixed, from the prior, with s = 1 / (1 +
exp(8 (v - 0.8))) for a known share v. Weights: 20 for the absolute error of every scale; 20 times
the number of scales for the divergences, which are means over the latent; 1 for the squared
distance of the generated image's scores from 1 (twice our loss, which is half of it), and for the
squared distance of the reconstruction's scores from those of the truth. Adam 1e-4, b1 0, batches of
8. The latent is a map of 8x8. Published by Sharma (Figure 8): SSIM 0.856, 21.79 dB on CelebA at 64;
``configs/papers/sharma.py`` has the row.

Deviations: the released discriminators contain an unused block and its gain (475,521 parameters
each); ours do not. The released code requests orthogonal kernels of gain 0.02, but its spectrally
normalised layers ignore this, because they store their kernels under another name. Our kernels are
orthogonal with gain 1, and with gain 0.02 in the attention. The released code turns training images
by a few degrees and crops 256 of 266; here ``data.fit`` sets the crop. Images of 64 have three
halvings instead of five, no attention, and three scales. Scale ``cpu`` has half the channels, two
blocks instead of six in the path of the prior, batches of 16, and rates of 2e-4 that fall. Of
``best``, only scale ``cpu`` has been measured.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.runs import config_words

# size: side of the images; layers: halvings; scales: number of painted scales; width, most: minimum
# and maximum of channels; latent: channels of the latent map; inferences: blocks of the prior;
# every: steps between checkpoints, images, logs.
SCALES = {
    "smoke": dict(
        size=32,
        layers=2,
        scales=2,
        width=8,
        most=16,
        latent=8,
        inferences=1,
        attention=False,
        batch=6,
        rate=dict(learning_rate=1e-3),
        steps=20,
        every=(10, 10, 5),
    ),
    "cpu": dict(
        size=64,
        layers=3,
        scales=3,
        width=16,
        most=64,
        latent=64,
        inferences=2,
        attention=False,
        batch=16,
        rate=dict(learning_rate=2e-4, schedule="cosine"),
        steps=4000,
        every=(500, 500, 50),
    ),
    "paper": dict(
        size=256,
        layers=5,
        scales=4,
        width=32,
        most=128,
        latent=128,
        inferences=6,
        attention=True,
        batch=8,
        rate=dict(learning_rate=1e-4),
        steps=1_000_000,
        every=(5000, 5000, 100),
    ),
}
SCALES["paper64"] = SCALES["paper"] | dict(
    size=64, layers=3, scales=3, attention=False, batch=32, steps=500_000
)
PRESETS = ("default", "published", "best")
REGIONS = {"any": "center,rectangles,irregular", "center": "center"}


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, a region and a scale, in any order."""
    preset, region, scale = config_words.choose(
        "configs/pluralistic.py", argument, PRESETS, REGIONS, SCALES, default="default,any,cpu"
    )
    s = SCALES[scale]
    shape: dict[str, Any] = dict(width=s["width"], most=s["most"], layers=s["layers"])
    checkpoint_every, image_every, log_every = s["every"]
    best = preset == "best"
    config = ConfigDict(
        dict(
            system="pluralistic",
            seed=0,
            data=dict(train="facades?split=train", size=s["size"], fit="crop", flip=True),
            networks=dict(
                generator=dict(
                    name="pluralistic.Generator",
                    encoder=dict(
                        name="pluralistic.Encoder",
                        **shape,
                        latent=s["latent"],
                        inferences=s["inferences"],
                    ),
                    decoder=dict(
                        name="pluralistic.Decoder",
                        **shape,
                        scales=s["scales"],
                        attention=s["attention"],
                    ),
                ),
                critic=dict(name="pluralistic.Critics", **shape, attention=s["attention"]),
            ),
            search=dict(samples=1),
            slots=64 if s["size"] <= 64 else 8,
            stages=dict(
                pluralistic=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    average=0.0 if preset == "published" else 0.999,
                    optimizer={
                        which: dict(name="adam", b1=0.0, **s["rate"])
                        for which in ("generator", "critic")
                    },
                    losses=losses(s["scales"], best=best),
                    holes=REGIONS[region],
                    hole_files="",
                    checkpoint_every=checkpoint_every,
                    image_every=image_every,
                    log_every=log_every,
                )
            ),
        )
    )
    if best:
        config.networks.generator.expected = True
        config.networks.generator.decoder.skips = True
        stage = config.stages.pluralistic
        stage.optimizer.generator.update(learning_rate=3e-3, b1=0.5, schedule="cosine")
        # A step on the image of the mean alone takes two fifths of the time of a step on all paths.
        stage.steps = s["steps"] * 12 // 5
        stage.latent_after, stage.critic_after = stage.steps * 4 // 5, stage.steps * 9 // 10
    return config


def losses(scales: int, *, best: bool = False) -> dict[str, dict[str, Any]]:
    """Build the losses of the generator for a number of scales."""

    def divergence(first: str, second: str, **options) -> dict[str, Any]:
        names = dict(mean=f"{first}_mean", deviation=f"{first}_deviation")
        names |= dict(other_mean=f"{second}_mean", other_deviation=f"{second}_deviation")
        weight = 1.0 if best else 20.0 * scales
        return dict(fn="gaussian_kl_between", **names, **options, weight=weight)

    terms = dict(
        reconstruction=dict(
            fn="pyramid_l1", predictions="reconstruction", targets="truth", weight=20.0
        ),
        generation=dict(
            fn="known_pyramid_l1", predictions="generation", targets="truth", weight=20.0
        ),
        posterior_divergence=divergence("assumed", "posterior"),
        prior_divergence=divergence("posterior", "prior", frozen=True),
        adversarial=dict(
            fn="generator_least_squares",
            fake_logits="fake_generation_logits",
            weight=0.2 if best else 2.0,
        ),
        score_matching=dict(
            fake_logits="fake_reconstruction_logits",
            real_logits="real_reconstruction_logits",
            weight=1.0,
        ),
    )
    if best:  # a mean minimises the squared error
        terms["expected"] = dict(
            fn="pyramid_l2", predictions="expected", targets="truth", weight=40.0
        )
        terms["completion"] = dict(
            fn="pyramid_l1", predictions="generation", targets="truth", weight=2.0
        )
    return terms
