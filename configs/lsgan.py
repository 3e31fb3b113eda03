r"""Sharma 2020, plain LSGAN completion: a least-squares GAN without norms, a search, a paste.

  inpaint train --config=lsgan --workdir=runs/lsgan
  inpaint complete --workdir=runs/lsgan --images='facades?split=test&count=64' --holes=center \
      --output=completed

Argument, ``lsgan:preset,scale``, in any order, default ``default,cpu``:

  default    the search seeks a critic score of 1, like the generator in training.
  published  the perceptual term of the search as printed, log(1 - C), with a sigmoid, because C is
             unbounded.
  smoke      seconds; tests.
  cpu        under an hour on two cores.
  paper      the paper's settings: for a GPU.

``configs/lsgan_autoencoder.py`` refines the answer; ``configs/papers/sharma.py`` regenerates the
paper's table.

Source: the paper and, where it states nothing, the code of the loss that it cites (Amos): Adam
0.01, 1,000 iterations, weight 0.1. Not stated are the rate of the dropout (0.3), Adam's rate in
training (2e-4) and the meaning of 100,000 "epochs" (steps of 32). Kernels of 3 with stride 2 give
the sides 4, 8, 16 and 32 of the paper's "32, 3, 3".

Deviations: scale ``cpu`` has a quarter of the channels, and 4,000 steps at a rate of 5e-4 (chosen
by the look of samples). The search takes 200 iterations by Adam with a rate that falls from 0.3 to
0, as in ``configs/yeh.py``.
"""

from ml_collections import ConfigDict

from inpaint_jax.runs import config_words

# generator, critic: width; rate: Adam's; autoencoder: width, batch, steps; images: to project.
SCALES = {
    "smoke": dict(
        size=32,
        generator=64,
        critic=16,
        latent=32,
        batch=32,
        rate=2e-4,
        steps=20,
        search=dict(optimizer=dict(name="adam", learning_rate=0.01), iterations=20),
        autoencoder=(8, 8, 20),
        images=16,
        every=10,
    ),
    "cpu": dict(
        size=64,
        generator=256,
        critic=16,
        latent=100,
        batch=32,
        rate=5e-4,
        steps=4000,
        search=dict(
            optimizer=dict(name="adam", learning_rate=0.3, schedule="cosine"), iterations=200
        ),
        autoencoder=(16, 64, 1000),
        images=1000,
        every=500,
    ),
    "paper": dict(
        size=64,
        generator=1024,
        critic=64,
        latent=100,
        batch=32,
        rate=2e-4,
        steps=100_000,
        search=dict(optimizer=dict(name="adam", learning_rate=0.01), iterations=1000),
        autoencoder=(64, 64, 625_000),  # 2,000 epochs of 20,000 images
        images=1000,
        every=1000,
    ),
}
PRESETS = ("default", "published")
PERCEPTUAL = {"default": "generator_least_squares", "published": "generator_saturating"}


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset and a scale, in any order."""
    preset, scale = config_words.choose(
        "configs/lsgan.py", argument, PRESETS, SCALES, default="default,cpu"
    )
    s = SCALES[scale]
    return ConfigDict(
        dict(
            system="lsgan",
            seed=0,
            data=dict(train="facades?split=train", size=s["size"], fit="crop", flip=True),
            networks=dict(
                generator=dict(
                    name="lsgan.Generator", size=s["size"], width=s["generator"], kernel=3
                ),
                critic=dict(name="lsgan.Discriminator", width=s["critic"]),
                latent_size=s["latent"],
            ),
            losses=dict(
                contextual=dict(fn="contextual_l1", weight=1.0),
                perceptual=dict(fn=PERCEPTUAL[preset], weight=0.1),
            ),
            search=dict(
                **s["search"],
                tolerance=0.0,
                patience=50,
                restarts=1,
                start="uniform",
                projection="clip",
                answer="best",
                window=0,
            ),
            slots=64,
            blend=dict(method="paste", edge="neumann"),
            stages=dict(
                lsgan=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    average=0.0 if preset == "published" else 0.999,
                    optimizer=dict(name="adam", learning_rate=s["rate"], b1=0.5),
                    checkpoint_every=s["every"],
                    image_every=s["every"],
                    log_every=min(50, s["every"]),
                )
            ),
        )
    )
