r"""Yeh et al. 2017, semantic image inpainting: DCGAN 64x64, latent search, Poisson blending.

  inpaint train --config=configs/yeh.py --workdir=runs/yeh
  inpaint complete --workdir=runs/yeh --images='facades?split=test&count=64' --holes=center --output=completed

Argument, ``configs/yeh.py:preset,scale``, default ``default,cpu``:

  default    z from U(-1, 1), running batch statistics, one restart: a picture's result is its own.
  published  as Buchacek et al. ran it: z from N(0, 1), per-picture batch statistics.
  smoke      seconds; tests.      demo   minutes; launch/demo.sh.
  cpu        under an hour on two cores.      paper   what the papers ran: for a GPU.

Deviations: scale ``cpu`` is a quarter as wide as the paper's networks (4x4 kernels in the critic), trains for 2,000
steps, and searches with Adam for 200 iterations: on validation faces that ends at a lower loss than 400 of Nesterov.
"""

from ml_collections import ConfigDict

from inpaint_jax.errors import InputError

# generator, critic: width and side of the kernels; rate: Adam's.
SCALES = {
    "smoke": dict(
        size=32, generator=(64, 3), critic=(16, 5), latent=32, batch=32, rate=2e-4, steps=20, iterations=20, every=10
    ),
    "demo": dict(
        size=32,
        generator=(128, 5),
        critic=(32, 4),
        latent=64,
        batch=32,
        rate=5e-4,
        steps=1500,
        iterations=150,
        every=500,
    ),
    "cpu": dict(
        size=64,
        generator=(256, 3),
        critic=(32, 4),
        latent=100,
        batch=64,
        rate=2e-4,
        steps=2000,
        iterations=200,
        every=500,
    ),
    "paper": dict(
        size=64,
        generator=(1024, 3),
        critic=(64, 5),
        latent=100,
        batch=64,
        rate=2e-4,
        steps=13000,
        iterations=1500,
        every=500,
    ),
}
PRESETS = ("default", "published")
NAG = dict(name="nag", learning_rate=0.01, momentum=0.9, decay=0.95)
ADAM = dict(name="adam", learning_rate=0.03)


def get_config(argument: str = "default,cpu") -> ConfigDict:
    """The config of a preset and a scale, in any order."""
    words = argument.split(",") if argument else []
    preset = next((w for w in words if w in PRESETS), "default")
    scale = next((w for w in words if w in SCALES), "cpu")
    if unknown := set(words) - {*PRESETS, *SCALES}:
        known = ", ".join((*PRESETS, *SCALES))
        raise InputError(f"configs/yeh.py: unknown preset or scale {', '.join(sorted(unknown))}; known: {known}")
    s = SCALES[scale]
    published = preset == "published"
    return ConfigDict(
        dict(
            system="yeh",
            seed=0,
            data=dict(train="facades?split=train", size=s["size"], fit="crop", flip=True),
            networks=dict(
                generator=dict(
                    name="dcgan.Generator", size=s["size"], width=s["generator"][0], kernel=s["generator"][1]
                ),
                critic=dict(name="dcgan.Discriminator", width=s["critic"][0], kernel=s["critic"][1]),
                latent_size=s["latent"],
            ),
            losses=dict(
                contextual=dict(fn="contextual_l1", weight=1.0),
                prior=dict(fn="generator_nonsaturating", weight=0.003),
            ),
            search=dict(
                optimizer=ADAM if scale in ("demo", "cpu") else NAG,
                iterations=s["iterations"],
                restarts=1,
                start="normal" if published else "uniform",
                projection="clip",
                window=7,
                batch_norm="sample" if published else "running",
                slots=64,
            ),
            blend=dict(method="poisson", edge="published" if published else "neumann"),
            stages=dict(
                dcgan=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    optimizer=dict(name="adam", learning_rate=s["rate"], b1=0.5),
                    generator_updates=2,
                    checkpoint_every=s["every"],
                    picture_every=s["every"],
                    log_every=min(50, s["every"]),
                )
            ),
        )
    )
