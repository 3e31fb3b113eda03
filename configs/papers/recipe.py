r"""The effect of each part of preset ``best`` on one context encoder for any hole.

Every part is left out once.

  inpaint reproduce --experiment=recipe:demo --workdir=runs/recipe \
                    --train='portraits?split=train&count=3000' --images='portraits?split=val'

Argument, ``recipe:scale``, a scale of ``configs/context_encoder.py``, default ``cpu``. The
experiment is not from a paper: it served to choose the parts, so it uses validation images.
Differences are paired over the images of one training each; another seed of the training also
changes them.
"""

from inpaint_jax.configs import context_encoder
from inpaint_jax.evaluation.experiments import Arm, Comparison, Experiment, Grid
from inpaint_jax.runs import config_words

HOLES = ("center", "left", "random:0.8", "irregular")
AGAINST = ("mean", "harmonic", "biharmonic", "telea", "nearest")
STAGE = "stages.context_encoder"


def left_out(steps: int) -> dict[str, tuple[str, ...]]:
    """List the arms by what they leave out, with their overrides."""
    return {
        "best": (),
        "no skip connections": ("networks.generator.skips=False",),
        "no residual": ("networks.residual=False",),
        "no mask channel": ("networks.mask_channel=False",),
        "no average": (f"{STAGE}.average=0",),
        "critic from the middle": (f"{STAGE}.critic_after={steps // 2}",),
        "last networks, not the best": (f"{STAGE}.ends_on=last",),
        "blobs alone": (f"{STAGE}.holes=pattern",),
    }


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    (scale,) = config_words.choose(
        "configs/papers/recipe.py", argument, context_encoder.SCALES, default="cpu"
    )
    arms = {
        name.replace(" ", "_").replace(",", ""): Arm(
            f"context_encoder:best,random,{scale}",
            ("--config.data.fit=crop", *(f"--config.{change}" for change in changes)),
        )
        for name, changes in left_out(context_encoder.SCALES[scale]["steps"]).items()
    }
    arms["without_critic"] = Arm(
        f"context_encoder:best,random,l2,{scale}", ("--config.data.fit=crop",)
    )
    arms["default"] = Arm(f"context_encoder:random,{scale}", ("--config.data.fit=crop",))
    compared = {name.replace("_", " "): (name,) for name in (*arms, *AGAINST)}
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=AGAINST,
        comparisons=tuple(
            Comparison(
                f"What is left out, {metric}",
                "left out",
                metric,
                compared,
                paired="best",
                holes=HOLES,
            )
            for metric in ("psnr_hole", "ssim_full")
        ),
        figures=(Grid("Completions", ("truth", "damaged", *arms), rows=4, holes=HOLES),),
        train_count=0,
    )
