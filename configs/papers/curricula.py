r"""On-demand learning against the fixed schedules of Gao & Grauman and the rules of Salem et al.

The rule of Salem et al. has several readings; each is a curriculum here. All arms have
the same images and the same number of steps, with three seeds each (two at scale ``smoke``).

  inpaint reproduce --experiment=curricula --workdir=runs/curricula \
                    --train='facades?split=train&count=1024' --images='facades?split=test&count=100'

Argument, ``curricula:scale``, a scale of ``configs/on_demand.py``, default ``cpu``, where each arm
takes a quarter of that config's steps, 250. The network is that of on-demand learning. An arm is a
curriculum and a seed: ``inv_psnr_0``. Completed images are measured at each of the five levels. A
row of the table is the mean over three seeds with the deviation, without which differences between
rows have no meaning.
"""

from inpaint_jax.configs import on_demand
from inpaint_jax.evaluation.experiments import (
    FLOORS,
    Arm,
    Comparison,
    Experiment,
    Grid,
    TrainingCurve,
)
from inpaint_jax.runs import config_words

SEEDS = (0, 1, 2)
LEVELS = range(1, 6)
NAMES = {
    "inv_psnr": "on demand, 1 / PSNR",
    "mse": "on demand, squared error",
    "inv_mse": "on demand, 1 / squared error, as printed",
    "rigid": "all levels alike",
    "staged": "one level after the other",
    "cumulative": "one level more per phase",
    "anti_staged": "one level after the other, hardest first",
    "anti_cumulative": "one level more per phase, hardest first",
}


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    (scale,) = config_words.choose(
        "configs/papers/curricula.py", argument, on_demand.SCALES, default="cpu"
    )
    shorter = ("--config.stages.on_demand.steps=250",) if scale == "cpu" else ()
    seeds = SEEDS[:2] if scale == "smoke" else SEEDS
    arms = {
        f"{rule}_{seed}": Arm(
            f"on_demand:on_demand,{rule},{scale}", (f"--config.seed={seed}", *shorter)
        )
        for seed in seeds
        for rule in NAMES
    }
    of_rules = {name: tuple(f"{rule}_{seed}" for seed in seeds) for rule, name in NAMES.items()}
    return Experiment(
        arms=arms,
        holes=tuple(f"level:{level}" for level in LEVELS),
        against=(*FLOORS, "telea", "navier_stokes"),
        comparisons=tuple(
            Comparison(
                f"Curricula, {metric}", "curriculum", metric, of_rules, paired=NAMES["rigid"]
            )
            for metric in ("psnr_hole", "psnr_full")
        ),
        figures=(
            *(
                TrainingCurve(
                    f"{what} with {rule}",
                    "on_demand",
                    y,
                    {f"level {level}": (f"{rule}_0", f"{metric}_{level}") for level in LEVELS},
                )
                for rule in ("inv_psnr", "mse", "staged")
                for what, y, metric in (
                    ("Composition of the batches", "examples of a batch", "count"),
                    ("Validation", "PSNR of the completed images, dB", "validation_psnr"),
                )
            ),
            Grid("Curricula", ("truth", "damaged", "inv_psnr_0", "mse_0", "rigid_0", "staged_0")),
        ),
        train_count=0,
    )
