r"""Salem et al.: the rows of their Table I on the same holes, and the pictures of their Figure 7.

  inpaint reproduce --experiment=salem --workdir=runs/salem \
                    --train='facades?split=train&count=1024' --images='facades?split=test&count=100'

Argument, ``salem:scale``, one of ``configs/l2_gan.py``, default ``cpu``. The published rows are of other
holes each: of the centre, of squares of 1 to 30 pixels, of corners; some are copied from the papers that they are of.
Here every method is measured on all of these that it can complete, and on irregular holes. All see pictures of the same
size: 128 at scale ``paper``, 64 at scale ``cpu``, where all arms take fewer steps than their own configs say.
``l2_gan_one``, one model for all corners, is our extension. High-resolution synthesis (published: 2.21 %, centre) is of
a method that is not here yet.
"""

from inpaint_jax.configs import l2_gan
from inpaint_jax.evaluation.experiments import Arm, Comparison, Experiment, Grid, Row, Table
from inpaint_jax.masks.boxes import CORNERS
from inpaint_jax.runs import config_words

QUARTERS = tuple(f"quarter:{corner}" for corner in CORNERS)
HOLES = ("center", "square:1-30", *QUARTERS, "irregular")
METHODS = {  # config; method, published mean L2 loss and its holes in Table I
    "context_encoder": ("context_encoder:", ("Context encoder", "1.96 %", "center")),
    "on_demand": ("on_demand:on_demand,", ("On-demand learning", "2 %", "squares")),
    "self_tuned": ("on_demand:self_tuned,", ("Self-tuned encoder-decoder", "0.79 %", "squares")),
    "l2_gan": ("l2_gan:four,", ("L2-GAN", "3.19 %", "a quarter")),
    "l2_gan_one": ("l2_gan:one,", ("L2-GAN, one model for all corners", "–", "–")),
}
SIZED = ("data.size", "networks.generator.size")
SIDES = {  # of the pictures, where an arm's own config has others
    "smoke": {"on_demand": 32, "self_tuned": 32},
    "cpu": {"self_tuned": 64},
    "paper": {"on_demand": 128},
}
STEPS = {  # of stages, where they are not the config's
    "cpu": {
        "context_encoder": {"context_encoder": 500},
        "on_demand": {"on_demand": 500},
        "self_tuned": {"on_demand": 500},
        "l2_gan": {f"{stage}_{c}": n for c in CORNERS for stage, n in (("reconstruction", 300), ("adversarial", 75))},
        "l2_gan_one": {"reconstruction": 1200, "adversarial": 300},
    }
}


def get_experiment(argument: str = "") -> Experiment:
    """The trainings of a scale."""
    (scale,) = config_words.choose("configs/papers/salem.py", argument, l2_gan.SCALES, default="cpu")

    def changes(name):
        steps = [f"stages.{stage}.steps={n}" for stage, n in STEPS.get(scale, {}).get(name, {}).items()]
        sides = [f"{key}={SIDES[scale][name]}" for key in SIZED if name in SIDES[scale]]
        return tuple(f"--config.{change}" for change in (*sides, *steps))

    arms = {name: Arm(f"{config}{scale}", changes(name)) for name, (config, _) in METHODS.items()}
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=("mean", "harmonic", "telea", "navier_stokes"),
        tables=(
            Table(
                "Table I",
                ("method", "published mean L2 loss", "of holes"),
                tuple(Row((label,), arm, tuple(published)) for arm, (_, (label, *published)) in METHODS.items()),
                tuple(("test", metric) for metric in ("l2_pct_full", "l2_pct_hole", "psnr_hole")),
            ),
        ),
        comparisons=(
            Comparison(
                "All holes", "method", "psnr_hole", {label: (arm,) for arm, (_, (label, *_)) in METHODS.items()}
            ),
        ),
        figures=(
            Grid("Figure 7a", ("truth", "damaged", "on_demand", "self_tuned"), holes=("square:1-30",)),
            Grid("Figures 7b and 7c", ("truth", "damaged", "l2_gan", "l2_gan_one"), rows=3, holes=QUARTERS),
        ),
        train_count=0,
    )
