r"""Salem et al.: the rows of Table I on the same holes, and Figures 1, 6 and 7.

  inpaint reproduce --experiment=salem --workdir=runs/salem \
                    --train='facades?split=train&count=1024' --images='facades?split=test&count=100'
  inpaint reproduce --experiment=salem:at64 --workdir=runs/salem_64 ...

Argument, ``salem:side,scale``, in any order, default ``at128,cpu``; a scale is ``smoke``, ``cpu``
or ``paper``.

  at128  the self-tuned network, the L2-GANs and the context encoder, on images of 128, where holes
         of 30 px are 5.5 % of the image (at scale ``smoke`` all is smaller: 64, and 32 for the
         L2-GANs and the context encoder).
  at64   on-demand learning, a method for images of 64, where the same holes are 22 %, beside a
         context encoder of that size.
  high_resolution
         adds neural patch synthesis (published: 2.21 %, centre) to ``at128``: texture for the
         completion by the context encoder of the same table. It needs ``vgg16.npz``, see
         ``neural_patches``; at scale ``smoke`` the features are random. The published row is for
         images of 512.

Each published row is for other holes: the centre, squares of 1 to 30 pixels, or corners. Some rows
are copied from other papers. Here every method is measured on all of these holes that it can
complete, and on irregular holes. All rows of a table use the largest centred squares of the same
images, whatever the windows of the training. At scale ``cpu`` all arms take fewer steps than their
configs. ``l2_gan_one``, one model for all corners, is our extension.

The paper reports a "D_Loss" of 1.96 % for the L2-GAN without a definition (the context encoder's L2
loss is 1.96 % too). Our column beside it is 100 times the critic's cross entropy at the end of the
training; a critic that cannot distinguish real from painted images has 138.6.
"""

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments import (
    FLOORS,
    Arm,
    Comparison,
    Experiment,
    Grid,
    Logged,
    Row,
    Table,
)
from inpaint_jax.masks.boxes import CORNERS
from inpaint_jax.runs import config_words, configuration

QUARTERS = tuple(f"quarter:{corner}" for corner in CORNERS)
HIGH, LABEL = "neural_patches", ("High-resolution synthesis", "2.21 %", "center")
D_LOSS = {"l2_gan": "1.96 %"}  # published
CRITIC = Logged("100 BCE of the critic, training", "discriminator_bce", times=100)
HOLES = ("center", "square:1-30", *QUARTERS, "irregular")
SCALES = ("smoke", "cpu", "paper")
SIDES = {  # methods to compare, by side of the images
    "at128": ("context_encoder", "squared_error", "self_tuned", "l2_gan", "l2_gan_one"),
    "at64": ("context_encoder", "on_demand"),
}
METHODS = {  # config; method, published mean L2 loss and its holes in Table I
    "context_encoder": ("context_encoder:", ("Context encoder", "1.96 %", "center")),
    "squared_error": ("context_encoder:l2,", ("Context encoder, squared error alone", "–", "–")),
    "on_demand": ("on_demand:on_demand,", ("On-demand learning", "2 %", "squares")),
    "self_tuned": ("on_demand:self_tuned,", ("Self-tuned encoder-decoder", "0.79 %", "squares")),
    "l2_gan": ("l2_gan:four,", ("L2-GAN", "3.19 %", "a quarter")),
    "l2_gan_one": ("l2_gan:one,", ("L2-GAN, one model for all corners", "–", "–")),
}
# configs with a scale for 128 px
WIDE = {
    "context_encoder": "cpu128",
    "squared_error": "cpu128",
    "l2_gan": "cpu128",
    "l2_gan_one": "cpu128",
}
BLUR = ("truth", "damaged", "squared_error", "context_encoder")
STEPS = {  # steps of stages at scale cpu
    "context_encoder": {"context_encoder": 500},
    "squared_error": {"context_encoder": 500},
    "on_demand": {"on_demand": 500},
    "self_tuned": {"on_demand": 500},
}


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a side and a scale, in any order."""
    side, scale, more = config_words.choose(
        "configs/papers/salem.py",
        argument,
        SIDES,
        SCALES,
        default="at128,cpu",
        several=("high_resolution",),
    )
    if more and side != "at128":
        raise InputError("configs/papers/salem.py: high_resolution is a method of at128")
    methods = {name: METHODS[name] for name in SIDES[side]}
    arms = {name: arm(name, side, scale) for name in methods}
    if more:
        methods[HIGH], arms[HIGH] = ("", LABEL), high_resolution(scale, arms["context_encoder"])
    compared = [name for name in ("on_demand", "self_tuned") if name in methods]
    corners = [name for name in ("l2_gan", "l2_gan_one") if name in methods]
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=(*FLOORS, "telea", "navier_stokes"),
        tables=(
            Table(
                "Table I",
                ("method", "published mean L2 loss", "of holes", "published D_Loss"),
                tuple(
                    Row((label,), arm, (*published, D_LOSS.get(arm, "–")))
                    for arm, (_, (label, *published)) in methods.items()
                ),
                tuple(("test", metric) for metric in ("l2_pct_full", "l2_pct_hole", "psnr_hole")),
                logged=(CRITIC,),
            ),
        ),
        comparisons=(
            Comparison(
                "All holes",
                "method",
                "psnr_hole",
                {label: (arm,) for arm, (_, (label, *_)) in methods.items()},
            ),
        ),
        figures=(
            *(
                (Grid("Figure 1: the blur of a squared error", BLUR, holes=("center",)),)
                if side == "at128"
                else ()
            ),
            *(
                (
                    Grid(
                        "Figure 6a",
                        ("truth", "damaged", "context_encoder", HIGH),
                        holes=("center",),
                    ),
                )
                if more
                else ()
            ),
            Grid(
                "Figure 7a" if side == "at128" else "Figure 6b",
                ("truth", "damaged", *compared),
                holes=("square:1-30",),
            ),
            *(
                (Grid("Figures 7b and 7c", ("truth", "damaged", *corners), rows=3, holes=QUARTERS),)
                if corners
                else ()
            ),
        ),
        train_count=0,
    )


def arm(name: str, side: str, scale: str) -> Arm:
    """Build a training on images of the compared side."""
    at128 = side == "at128"
    wide_scale = WIDE.get(name, scale) if at128 and scale == "cpu" else scale
    changes = []
    if scale == "cpu":
        changes += [f"stages.{stage}.steps={n}" for stage, n in STEPS.get(name, {}).items()]
    if name == "self_tuned" and scale == "smoke":  # as small as the other smoke networks
        changes += [
            "data.size=32",
            "networks.generator.size=32",
            "stages.on_demand.pixels_per_level=1",
        ]
        changes += ["data.fit=random_crop:32-88"]
    if name == "context_encoder" and not at128 and scale != "cpu":
        block = {"smoke": (64, 32), "paper": (64, 32)}[scale]
        changes += [f"data.size={block[0]}", f"networks.generator.size={block[1]}"]
        changes += [
            f"stages.context_encoder.holes=center:{block[1]}",
            f"data.fit=random_crop:{block[0]}-175",
        ]
    return Arm(f"{METHODS[name][0]}{wide_scale}", tuple(f"--config.{change}" for change in changes))


def high_resolution(scale: str, encoder: Arm) -> Arm:
    """Build neural patch synthesis with the content network of another arm."""
    theirs = configuration.load(encoder.config, encoder.overrides)
    features = "drawn" if scale == "smoke" else "vgg16"
    settings = dict(
        steps=theirs.stages.context_encoder.steps,
        weights="",
        average=theirs.stages.context_encoder.average,
    )
    changes = [f"data.size={theirs.data.size}", f"data.fit={theirs.data.fit}"]
    changes += [f"networks.content.size={theirs.data.size}"]
    changes += [f"stages.context_encoder.{key}={value}" for key, value in settings.items()]
    overrides = tuple(f"--config.{change}" for change in changes)
    return Arm(f"neural_patches:default,{features},{scale}", overrides, reuse="context_encoder")
