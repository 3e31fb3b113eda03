r"""Five versions of Yeh's latent search: one trained DCGAN, five searches, the same images.

  inpaint train    --config=yeh:cpu --workdir=runs/faces --config.data.train=...
  inpaint evaluate --workdir=runs/faces --images=... --holes=center --against=none \
      --config.search.restarts=1 \
      --search yeh_dialects:{yeh2017,moodoki,bamos,chengbinjin,buchacek}

  yeh2017      the paper's text: Adam, saturating prior with weight 0.003, window 7. Rate, start and
               answer are not stated: 0.01, U(-1, 1), the best iterate.
  moodoki      the authors' first released code: NAG, prior weight 0.1, N(0, 1), the last iterate,
               64 starts at once. Its weights of known pixels grow with the distance from the hole,
               and sum to 28 times the paper's for a centre hole.
  bamos        the most widely used TensorFlow code: Adam, every known pixel has weight 1, weight
               0.1, no blending.
  chengbinjin  the base of the code of Buchacek et al.: decayed NAG, prior weight 3, per-batch
               statistics, the best iterate of one start. (Its ``num_try=20`` is 20 batches of other
               images.)
  buchacek     the search as printed by Buchacek et al., on that code: squared weighted differences,
               saturating prior.

The three codes that blend use one Poisson solver, which is wrong at the left and right border (edge
"wrap"). The five versions differ only in numbers and named switches. Deviations: ``chengbinjin``
takes batch statistics over two copies of one image, which equal the statistics of that image
("sample"). A mean over the batch in a prior becomes the term of a single image, because its
gradient amounts to that. Each start of ``moodoki`` costs a search: with
``--config.search.restarts=1`` all five versions cost about the same.
"""

from ml_collections import ConfigDict

from inpaint_jax.configs import yeh
from inpaint_jax.runs import config_words

ADAM = dict(name="adam", learning_rate=0.01)
NAG = dict(name="nag", learning_rate=0.01, momentum=0.9)

DIALECTS = {
    "yeh2017": dict(
        search=dict(optimizer=ADAM, iterations=1500),
        losses=dict(contextual=("contextual_l1", 1.0), prior=("generator_saturating", 0.003)),
    ),
    "moodoki": dict(
        search=dict(
            optimizer=NAG,
            iterations=1000,
            start="normal",
            answer="last",
            restarts=64,
            counted="known",
        ),
        losses=dict(contextual=("contextual_l1", 1.0), prior=("generator_nonsaturating", 0.1)),
        edge="wrap",
    ),
    "bamos": dict(
        search=dict(optimizer=ADAM, iterations=1000, answer="last", window=0),
        losses=dict(contextual=("contextual_l1", 1.0), prior=("generator_nonsaturating", 0.1)),
        blend="paste",
    ),
    "chengbinjin": dict(
        search=dict(
            optimizer=NAG | dict(decay=0.95), iterations=1500, start="normal", batch_norm="sample"
        ),
        losses=dict(contextual=("contextual_l1", 1.0), prior=("generator_nonsaturating", 3.0)),
        edge="wrap",
    ),
    "buchacek": dict(
        search=dict(
            optimizer=NAG | dict(decay=0.95), iterations=1500, start="normal", batch_norm="sample"
        ),
        losses=dict(contextual=("contextual_l2", 1.0), prior=("generator_saturating", 0.003)),
        edge="wrap",
    ),
}


def get_config(argument: str = "") -> ConfigDict:
    """Build the config of a dialect, and optionally of a scale: ``bamos`` or ``bamos,paper``."""
    name, scale = config_words.choose(
        "configs/yeh_dialects.py", argument, DIALECTS, yeh.SCALES, default="yeh2017,cpu"
    )
    config, dialect = yeh.get_config(scale), DIALECTS[name]
    config.search = {**config.search.to_dict(), **dialect["search"]}
    config.losses = {
        label: dict(fn=fn, weight=weight) for label, (fn, weight) in dialect["losses"].items()
    }
    config.blend.method, config.blend.edge = (
        dialect.get("blend", "poisson"),
        dialect.get("edge", "neumann"),
    )
    return config
