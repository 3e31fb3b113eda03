r"""Yeh et al. 2017, semantic image inpainting: DCGAN 64x64, latent search, Poisson blending.

  inpaint train --config=yeh --workdir=runs/yeh
  inpaint complete --workdir=runs/yeh --images='facades?split=test&count=64' --holes=center \
      --output=completed

Argument, ``yeh:preset,scale,search``, in any order, default ``default,cpu``:

  default    z from U(-1, 1), running batch statistics, one restart: results do not depend on other
             images; the search uses an average of the weights over the steps
             (``stages.dcgan.average``).
  published  as run by Buchacek et al.: z from N(0, 1), per-image batch statistics, the last
             weights, and their code's Poisson blending, which is wrong at the left and right border
             (``blending.poisson_blend``, edge "wrap").
  learnt     default, and an encoder trained on damaged images, which predicts the start of the
             search.
  smoke      seconds; tests. Every search takes 20 iterations.
  demo       minutes; launch/demo.sh.
  cpu        under an hour on two cores.
  paper      the papers' settings: for a GPU.
  nag        1,500 iterations of decayed Nesterov descent, as in the released codes (default of
             ``paper`` and ``smoke``).
  adam       Adam with a constant rate.
  cosine     Adam with a large rate that falls to 0 (default of ``cpu``).
  thorough   as cosine, with a larger rate, for 300 iterations: for holes as large as half of the
             image.
  ensemble   as cosine, six searches of 100 iterations per image, whose images are averaged: higher
             PSNR and softer than a single search. For another number of searches:
             ``--config.search.restarts``.
  lbfgs      L-BFGS with a zoom line search, which evaluates the loss several times per iteration.

Deviations: scale ``cpu`` is a quarter as wide as the paper's networks (4x4 kernels in the critic),
trains for 8,000 steps with one update of the generator per update of the critic and twice the rate,
and searches for 200 iterations. On validation faces these reach the loss of 1,500 Nesterov
iterations. ``configs/results/yeh/celeba.md`` compares the recipes.
"""

from ml_collections import ConfigDict

from inpaint_jax.runs import config_words

# generator, critic: width and side of the kernels; encoder: width and steps; rate: Adam's; updates:
# of the generator per update of the critic.
SCALES = {
    "smoke": dict(
        encoder=(16, 20),
        size=32,
        generator=(64, 3),
        critic=(16, 5),
        latent=32,
        batch=32,
        rate=2e-4,
        updates=2,
        steps=20,
        search="nag",
        iterations=20,
        every=10,
    ),
    "demo": dict(
        encoder=(32, 300),
        size=32,
        generator=(128, 5),
        critic=(32, 4),
        latent=64,
        batch=32,
        rate=5e-4,
        updates=1,
        steps=1500,
        search="adam",
        iterations=150,
        every=500,
    ),
    "cpu": dict(
        encoder=(32, 1000),
        size=64,
        generator=(256, 3),
        critic=(32, 4),
        latent=100,
        batch=64,
        rate=4e-4,
        updates=1,
        steps=8000,
        search="cosine",
        iterations=200,
        every=500,
    ),
    "paper": dict(
        encoder=(64, 5000),
        size=64,
        generator=(1024, 3),
        critic=(64, 5),
        latent=100,
        batch=64,
        rate=2e-4,
        updates=2,
        steps=13000,
        search="nag",
        iterations=1500,
        every=500,
    ),
}
PRESETS = ("default", "published", "learnt")
COSINE = dict(name="adam", learning_rate=0.3, schedule="cosine")
SEARCHES = {
    "nag": dict(
        optimizer=dict(name="nag", learning_rate=0.01, momentum=0.9, decay=0.95), iterations=1500
    ),
    "adam": dict(optimizer=dict(name="adam", learning_rate=0.03), iterations=400),
    "cosine": dict(optimizer=COSINE, iterations=200),
    "thorough": dict(
        optimizer=dict(name="adam", learning_rate=0.6, schedule="cosine"), iterations=300
    ),
    "ensemble": dict(optimizer=COSINE, iterations=100, restarts=6, answer="mean"),
    "lbfgs": dict(optimizer=dict(name="lbfgs", memory_size=20), iterations=60),
}


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a preset, a scale and a search, in any order."""
    preset, scale, named = config_words.choose(
        "configs/yeh.py", argument, PRESETS, SCALES, SEARCHES, default="default,cpu"
    )
    s = SCALES[scale]
    published, learnt = preset == "published", preset == "learnt"
    usual = (
        SEARCHES["nag"] if published else SEARCHES[s["search"]] | dict(iterations=s["iterations"])
    )
    search = dict(SEARCHES.get(named, usual))
    if scale == "smoke":
        search["iterations"] = min(search["iterations"], s["iterations"])
    config = ConfigDict(
        dict(
            system="yeh",
            seed=0,
            data=dict(train="facades?split=train", size=s["size"], fit="crop", flip=True),
            networks=dict(
                generator=dict(
                    name="dcgan.Generator",
                    size=s["size"],
                    width=s["generator"][0],
                    kernel=s["generator"][1],
                ),
                critic=dict(
                    name="dcgan.Discriminator", width=s["critic"][0], kernel=s["critic"][1]
                ),
                latent_size=s["latent"],
            ),
            losses=dict(
                contextual=dict(fn="contextual_l1", weight=1.0),
                prior=dict(fn="generator_nonsaturating", weight=0.003),
            ),
            search=dict(
                tolerance=0.0,
                patience=50,
                restarts=1,
                start="learnt" if learnt else "normal" if published else "uniform",
                projection="clip",
                answer="best",
                window=7,
                counted="missing",
                batch_norm="sample" if published else "running",
            )
            | search,
            slots=64,
            blend=dict(method="poisson", edge="wrap" if published else "neumann"),
            stages=dict(
                dcgan=dict(
                    batch_size=s["batch"],
                    steps=s["steps"],
                    average=0.0 if published else 0.999,
                    optimizer=dict(
                        name="adam", learning_rate=2e-4 if published else s["rate"], b1=0.5
                    ),
                    generator_updates=2 if published else s["updates"],
                    checkpoint_every=s["every"],
                    image_every=s["every"],
                    log_every=min(50, s["every"]),
                )
            ),
        )
    )
    if learnt:
        width, steps = s["encoder"]
        config.networks.encoder = dict(name="encoders.Encoder", width=width, kernel=s["critic"][1])
        config.stages.encoder = dict(
            batch_size=s["batch"],
            steps=steps,
            average=0.999,
            optimizer=dict(name="adam", learning_rate=1e-3),
            holes="center,left,random:0.8,square",
            checkpoint_every=s["every"],
            image_every=s["every"],
            log_every=min(50, s["every"]),
        )
    return config
