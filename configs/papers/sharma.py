r"""Sharma 2020, LSGAN completion refined by an autoencoder: table and figures of the paper.

All methods are measured on four hole families.

  inpaint reproduce --experiment=sharma --workdir=runs/sharma \
                    --train='facades?split=train' --images='facades?split=test&count=128'

Argument, ``sharma:scale,preset``, in any order, default ``cpu,default``; both words are those of
``configs/lsgan.py``. Arms: the context encoder and pluralistic completion, trained on the same four
hole families; the LSGAN; and the same LSGAN with an autoencoder for each possible kind of training
pairs. The LSGAN arms run the same search, so they differ only in the processing of the same painted
images. The context encoder paints whole images of 64 at every scale, in 1,500 steps at scale
``cpu``. Like the other arms, it sees aligned faces without random crops.

The paper's numbers are for 20,000 images of CelebA and undescribed holes; by their size they are
for whole images. So ``ssim_full`` and ``psnr_full`` stand beside them, and ``psnr_hole`` is ours.
Pluralistic completion gives one sample per image. At scale ``paper`` it is as wide as the authors'
network, with three halvings for images of 64 and without attention. The paper does not state which
completion it measures.
"""

from inpaint_jax.configs import lsgan, lsgan_autoencoder
from inpaint_jax.evaluation.experiments import (
    FLOORS,
    Arm,
    Experiment,
    Grid,
    LossCurves,
    Row,
    Samples,
    Table,
    TrainingCurve,
)
from inpaint_jax.runs import config_words

HOLES = tuple(lsgan_autoencoder.HOLES.split(","))
PUBLISHED = {  # Fig. 8: SSIM, PSNR
    "context_encoder": ("Context Encoders", "0.872", "22.85"),
    "pluralistic": ("Pluralistic Image Completion", "0.856", "21.79"),
    "lsgan": ("LSGAN", "0.817", "19.30"),
    "noisy": ("LSGAN + AutoEncoder", "0.883", "22.30"),
}
OURS = {
    "projected": "the same, trained on projections",
    "identity": "the same, trained on true images",
}
REFINED = ("noisy", "projected", "identity")
STEPS = {"smoke": 20, "cpu": 1500, "paper": 116_400}  # of the context encoder
# pluralistic: scale and steps
DRAWN = {"smoke": ("smoke", 20), "cpu": ("cpu", 2000), "paper": ("paper64", 500_000)}
MEASURED = tuple(("test", metric) for metric in ("ssim_full", "psnr_full", "psnr_hole"))


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale and a preset, in any order."""
    scale, preset = config_words.choose(
        "configs/papers/sharma.py", argument, lsgan.SCALES, lsgan.PRESETS, default="cpu,default"
    )
    stage = "--config.stages.context_encoder"
    smaller = (
        ("--config.data.size=64", "--config.networks.generator.size=64") if scale == "paper" else ()
    )
    arms = {
        "context_encoder": Arm(
            f"context_encoder:random,{scale}",
            (
                f"{stage}.holes={','.join(HOLES)}",
                f"{stage}.steps={STEPS[scale]}",
                "--config.data.fit=crop",
                *smaller,
            ),
        ),
        "pluralistic": Arm(
            f"pluralistic:{DRAWN[scale][0]},{preset}",
            (
                f"--config.stages.pluralistic.holes={','.join(HOLES)}",
                f"--config.stages.pluralistic.steps={DRAWN[scale][1]}",
            ),
        ),
        "lsgan": Arm(f"lsgan:{scale},{preset}"),
    }
    for name in REFINED:
        arms[name] = Arm(f"lsgan_autoencoder:{name},{scale},{preset}", reuse="lsgan")
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=(*FLOORS, "telea", "navier_stokes"),
        tables=(
            Table(
                "Figure 8",
                ("method", "published SSIM", "published PSNR"),
                (
                    *(
                        Row((label,), arm, (ssim, psnr))
                        for arm, (label, ssim, psnr) in PUBLISHED.items()
                    ),
                    *(Row((label,), arm, ("–", "–")) for arm, label in OURS.items()),
                ),
                MEASURED,
            ),
        ),
        figures=(
            TrainingCurve(
                "Figure 6: training the autoencoder",
                "autoencoder",
                "squared error",
                {name: (name, "reconstruction") for name in REFINED},
            ),
            LossCurves("Figure 7: the loss of the search", {"LSGAN": "lsgan"}),
            Grid(
                "Figure 9",
                (
                    "truth",
                    "damaged",
                    "context_encoder",
                    "pluralistic",
                    "lsgan",
                    "noisy",
                    "projected",
                ),
            ),
            Grid(
                "Where the refined fail",
                ("truth", "damaged", "context_encoder", "lsgan", "noisy"),
                pick="noisy",
            ),
            Samples("Samples of the LSGAN", "lsgan", "lsgan"),
        ),
        train_count=0,
    )
