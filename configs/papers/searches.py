r"""The latent search of Yeh et al.: one setting changed at a time, all searches with one DCGAN.

  inpaint reproduce --experiment=searches --workdir=runs/searches \
                    --train='DATA/celeba?split=train' --images='DATA/celeba?split=test&count=128'

Argument, ``searches:scale``, a scale of ``configs/yeh.py``, default ``cpu``. The first row is the
default search of that scale, with one of the four optimisers. The published search draws its start
from N(0, 1), clips, and uses the batch statistics of single images (see ``configs/yeh.py``,
``published``). Nesterov's descent takes 1,500 iterations, as published (20 at scale ``smoke``), so
the optimisers differ in evaluations of the loss too; ``configs/results/yeh/searches.md`` compares
them at equal numbers of evaluations.
"""

from inpaint_jax.configs import yeh
from inpaint_jax.evaluation.experiments import FLOORS, Arm, Comparison, Experiment, LossCurves
from inpaint_jax.runs import config_words

HOLES = ("center", "left", "random:0.8")
CHANGED = {  # settings of the search, by arm
    "default": (),
    "stochastic_clipping": ("projection=stochastic",),
    "no_projection": ("projection=none",),
    "normal_start": ("start=normal",),
    "statistics_per_image": ("batch_norm=sample",),
    "statistics_of_the_batch": ("batch_norm=batch",),
    "four_restarts": ("restarts=4",),
    "last_iterate": ("answer=last",),
}
OPTIMISERS = ("nag", "adam", "cosine", "lbfgs")  # words of configs/yeh.py


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    (scale,) = config_words.choose(
        "configs/papers/searches.py", argument, yeh.SCALES, default="cpu"
    )
    searches = {name: (f"yeh:default,{scale}", changes) for name, changes in CHANGED.items()}
    usual = yeh.SCALES[scale]["search"]
    others = [name for name in OPTIMISERS if name != usual]
    searches |= {name: (f"yeh:default,{scale},{name}", ()) for name in others}
    arms = {
        name: Arm(
            config,
            tuple(f"--config.search.{change}" for change in changes),
            reuse=None if name == "default" else "default",
        )
        for name, (config, changes) in searches.items()
    }
    compared = {name.replace("_", " "): (name,) for name in arms}
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=FLOORS,
        comparisons=tuple(
            Comparison(f"The latent search, {metric}", "search", metric, compared, paired="default")
            for metric in ("psnr_hole", "ssim_full")
        ),
        figures=(
            LossCurves(
                "The latent search: optimisers",
                {f"{usual}, default": "default"} | {name: name for name in others},
            ),
        ),
        train_count=0,
    )
