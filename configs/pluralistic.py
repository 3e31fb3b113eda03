r"""Zheng et al. 2019, pluralistic image completion: a generator on two paths, and as many answers as one asks for.

  inpaint train --config=pluralistic --workdir=runs/pluralistic
  inpaint complete --workdir=runs/pluralistic --images='facades?split=test&count=64' --holes=center --keep=4 \
                   --output=completed

Argument, ``pluralistic:preset,region,scale``, in any order, default ``default,any,cpu``:

  default    completions come from the average of the weights over training steps.
  published  as released: from the last weights.
  any        trained on holes of three families in rotation: the centre, rectangles, irregular strokes.
  center     trained on centre holes alone.
  smoke      seconds; tests.      cpu   under an hour on two cores.      paper   what the paper ran: for a GPU.
  paper64    as wide as ``paper``, for images of 64.

Completions are drawn, and the critic of the path that draws them ranks them: ``--keep=4`` gives the
four best of four, or of ``search.samples`` where that is more. It completes any hole, whatever it was
trained on. ``inpaint evaluate --keep=16`` adds to the table the mean over sixteen completions, their mean
image, the best of them by the truth, and how much they differ.

``stages.pluralistic.hole_files`` names a folder of hole images (white = missing) to train on in the place
of families, such as NVIDIA's irregular masks; each training image gets one of them at random, at every step.

The released weights: ``inpaint import-weights pluralistic latest_net_E.pth --output=E.npz``, likewise for
G, D and D_rec, then ``--config=pluralistic:published,paper --config.stages.pluralistic.steps=0
--config.stages.pluralistic.weights=E.npz,G.npz,D.npz,D_rec.npz``. The import was checked against the names
and shapes in the authors' repository (lyndonzheng/Pluralistic-Inpainting), not against a released file.

Sources: the paper, and the authors' released code where the two differ. The divergences are those of
N(0, s) from the posterior and of the posterior, held fixed, from the prior, with
s = 1 / (1 + exp(8 (v - 0.8))) for a known share v. Weights: 20 for the absolute error of every scale; 20
times the number of scales for the divergences, which are means over the latent; 1 for the squared distance
of the generated image's scores from 1 (twice our loss, which is half of it), and for the squared distance
of the reconstruction's scores from those of the truth. Adam 1e-4, b1 0, batches of 8. The latent is a map
of 8x8. Published by Sharma (Figure 8): SSIM 0.856, 21.79 dB on CelebA at 64; ``configs/papers/sharma.py``
has the row.

Deviations: the released discriminators hold a block that they never use and a gain of it (475,521
parameters each); ours do not. The released code asks for orthogonal kernels of gain 0.02, which its
spectrally normalised layers do not get, because they keep their kernels under another name; ours are
orthogonal of gain 1, and those of the attention of gain 0.02. It turns training images by a few degrees and
crops 256 of 266; here ``data.fit`` says what is seen. Images of 64 have three halvings in the place of
five, no attention, and three scales. Scale ``cpu`` has half the channels, two blocks in the prior's own
path in the place of six, batches of 16, and rates of 2e-4 that fall.
"""

from typing import Any

from ml_collections import ConfigDict

from inpaint_jax.runs import config_words

# size: side of the images; layers: halvings; scales: that are painted; width, most: channels at least and at most;
# latent: channels of its map; inferences: blocks of the prior's own; every: steps between checkpoints, pictures, logs.
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
SCALES["paper64"] = SCALES["paper"] | dict(size=64, layers=3, scales=3, attention=False, batch=32, steps=500_000)
PRESETS = ("default", "published")
REGIONS = {"any": "center,rectangles,irregular", "center": "center"}


def get_config(argument: str = "") -> ConfigDict:
    """The config of a preset, a region and a scale, in any order."""
    preset, region, scale = config_words.choose(
        "configs/pluralistic.py", argument, PRESETS, REGIONS, SCALES, default="default,any,cpu"
    )
    s = SCALES[scale]
    shape: dict[str, Any] = dict(width=s["width"], most=s["most"], layers=s["layers"])
    checkpoint_every, picture_every, log_every = s["every"]
    return ConfigDict(
        dict(
            system="pluralistic",
            seed=0,
            data=dict(train="facades?split=train", size=s["size"], fit="crop", flip=True),
            networks=dict(
                generator=dict(
                    name="pluralistic.Generator",
                    encoder=dict(name="pluralistic.Encoder", **shape, latent=s["latent"], inferences=s["inferences"]),
                    decoder=dict(name="pluralistic.Decoder", **shape, scales=s["scales"], attention=s["attention"]),
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
                    optimizer=dict.fromkeys(("generator", "critic"), dict(name="adam", b1=0.0, **s["rate"])),
                    losses=losses(s["scales"]),
                    holes=REGIONS[region],
                    hole_files="",
                    checkpoint_every=checkpoint_every,
                    picture_every=picture_every,
                    log_every=log_every,
                )
            ),
        )
    )


def losses(scales: int) -> dict[str, dict[str, Any]]:
    """The generator's losses, of images at so many scales."""

    def divergence(first: str, second: str, **options) -> dict[str, Any]:
        names = dict(mean=f"{first}_mean", deviation=f"{first}_deviation")
        names |= dict(other_mean=f"{second}_mean", other_deviation=f"{second}_deviation")
        return dict(fn="gaussian_kl_between", **names, **options, weight=20.0 * scales)

    return dict(
        reconstruction=dict(fn="pyramid_l1", predictions="reconstruction", targets="truth", weight=20.0),
        generation=dict(fn="known_pyramid_l1", predictions="generation", targets="truth", weight=20.0),
        posterior_divergence=divergence("assumed", "posterior"),
        prior_divergence=divergence("posterior", "prior", frozen=True),
        adversarial=dict(fn="generator_least_squares", fake_logits="fake_generation_logits", weight=2.0),
        score_matching=dict(
            fake_logits="fake_reconstruction_logits", real_logits="real_reconstruction_logits", weight=1.0
        ),
    )
