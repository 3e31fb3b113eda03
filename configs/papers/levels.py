r"""Number of levels in the self-tuned curriculum of Salem et al.: 1, 3, 5 or 10.

  inpaint reproduce --experiment=levels --workdir=runs/levels \
                    --train='facades?split=train&count=1024' --images='facades?split=test&count=100'

Argument, ``levels:scale``, a scale of ``configs/on_demand.py``, default ``cpu``. All arms see holes
up to the same side, 30 pixels (15 at scale ``smoke``), and differ only in the number of levels.
Each arm has one seed, so a difference below the deviation between the seeds of ``curricula`` is not
significant.
"""

from inpaint_jax.configs import on_demand
from inpaint_jax.evaluation.experiments import FLOORS, Arm, Comparison, Experiment
from inpaint_jax.runs import config_words

COUNTS = (1, 3, 5, 10)


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    (scale,) = config_words.choose(
        "configs/papers/levels.py", argument, on_demand.SCALES, default="cpu"
    )
    widest = 5 * on_demand.SCALES[scale]["self_tuned"]["pixels"]
    stage = "--config.stages.on_demand"
    arms = {
        f"levels_{count}": Arm(
            f"on_demand:self_tuned,{scale}",
            (f"{stage}.levels={count}", f"{stage}.pixels_per_level={max(widest // count, 1)}"),
        )
        for count in COUNTS
    }
    compared = {str(count): (f"levels_{count}",) for count in COUNTS}
    return Experiment(
        arms=arms,
        holes=tuple(f"level:{level}" for level in range(1, 6)),
        against=FLOORS,
        comparisons=(Comparison("How many levels", "levels", "psnr_hole", compared, paired="5"),),
        train_count=0,
    )
