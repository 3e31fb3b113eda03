r"""Liu et al. 2018: Table 5, Figures 2 to 4, the effect of each loss, and training on random holes.

  inpaint reproduce --experiment=liu --workdir=runs/liu \
                    --train='facades?split=train&count=3200' --images='facades?split=test'

Argument, ``liu:scale``, a scale of ``configs/neural_features.py``, default ``cpu``. Arm
``features`` trains the VGG-19, and no generator. The other arms share the VGG-19, except
``no_features`` and ``drawn_features``. ``full`` is the paper's method, ``random_holes`` our
extension. The other arms omit losses or, in ``weak_critics``, reduce the weights.
``drawn_features`` tests whether the features need training. For further test images, run the
command again with other ``--images``: finished trainings are kept.

The paper trains on one centred hole and shows completions of other holes. Both are measured here,
under centred holes of seven sizes, holes at nine places, and the random squares of the paper's
Figure 4. The paper does not state the holes of its Table 5, so ours has two. Nor does it state the
region: ``psnr_full`` beside its PSNR grows with the share of known pixels, by 2.5 dB from a hole of
a ninth of the image (8 of 24 px, as in the paper's text) to our sixteenth. Sizes are for images
of 64 px, and smaller for smaller images.
"""

from inpaint_jax import masks
from inpaint_jax.configs import neural_features
from inpaint_jax.evaluation.experiments import (
    FLOORS,
    Arm,
    Comparison,
    Experiment,
    Grid,
    HoleSweep,
    Row,
    Table,
)
from inpaint_jax.runs import config_words

SIDES = (4, 8, 12, 16, 22, 28, 32)  # in images of 64
PLACES = (
    *("top left", "top", "top right"),
    *("left", "centre", "right"),
    *("bottom left", "bottom", "bottom right"),
)
TRAINED = {"hole in the middle": "full", "random holes": "random_holes"}
SWEPT = TRAINED | {"PatchMatch": "patchmatch", "harmonic filling": "harmonic"}
LOCAL, GLOBAL = (
    "inpainter.losses.local_adversarial.weight",
    "inpainter.losses.global_adversarial.weight",
)
ABLATION = {  # overrides of the arms
    "all losses": ("full", {}),
    "without neural features": ("no_features", {"inpainter.losses.feature.weight": 0}),
    "features at random initialisation": ("drawn_features", {"features.steps": 0}),
    "without the local critic": ("no_local", {LOCAL: 0}),
    "without the global critic": ("no_global", {GLOBAL: 0}),
    "a tenth of both critics": ("weak_critics", {LOCAL: 20, GLOBAL: 20}),
    "squared error and features": ("no_critics", {LOCAL: 0, GLOBAL: 0}),
}
OWN_FEATURES = ("no_features", "drawn_features")  # arms with other features, or none
AGAINST = (*FLOORS, "telea", "navier_stokes", "patchmatch")
MEASURED = tuple(("test", metric) for metric in ("psnr_full", "ssim_full", "psnr_hole"))


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    (scale,) = config_words.choose(
        "configs/papers/liu.py", argument, neural_features.SCALES, default="cpu"
    )
    size = neural_features.SCALES[scale]["size"]
    side = size // 4
    sizes = {length: f"center:{length}" for length in (length * size // 64 for length in SIDES)}
    places = dict(zip(PLACES, masks.location_grid(size, side=side, count=3), strict=True))
    centre, anywhere = f"center:{side}", f"square:{size // 16}-{size // 2}"
    compared = {label: (arm,) for label, arm in TRAINED.items()} | {
        name: (name,) for name in AGAINST
    }
    return Experiment(
        arms=arms(scale),
        holes=tuple(dict.fromkeys((centre, anywhere, *sizes.values(), *places.values()))),
        against=AGAINST,
        tables=(
            Table(
                "Table 5",
                ("method", "published PSNR", "published SSIM"),
                (
                    Row(("PatchMatch",), "patchmatch", ("17.9027", "0.8997")),
                    Row(("Liu et al.",), "full", ("24.3315", "0.9599")),
                    Row(("... trained on random holes",), "random_holes", ("–", "–")),
                ),
                MEASURED,
                holes=(centre, anywhere),
            ),
        ),
        comparisons=(
            *(
                Comparison(
                    f"What each loss brings, {metric}",
                    "losses",
                    metric,
                    {label: (arm,) for label, (arm, _) in ABLATION.items()},
                    paired="all losses",
                    holes=(centre, anywhere),
                )
                for metric in ("psnr_hole", "ssim_full")
            ),
            Comparison(
                "Places",
                "trained on",
                "psnr_hole",
                compared,
                paired="hole in the middle",
                holes=tuple(places.values()),
            ),
            Comparison(
                "Sizes",
                "trained on",
                "psnr_hole",
                compared,
                paired="hole in the middle",
                holes=tuple(sizes.values()),
            ),
        ),
        figures=(
            *(
                HoleSweep(f"{title}, {metric}", x, metric, SWEPT, holes)
                for metric in ("psnr_hole", "ssim_full")
                for title, x, holes in (
                    ("Figure 2: place of the hole", f"place of a hole of {side} px", places),
                    ("Figure 3: size of the hole", "side of the hole in the middle, px", sizes),
                )
            ),
            Grid(
                "Figure 2",
                ("truth", "damaged", *TRAINED.values()),
                rows=1,
                holes=tuple(places.values()),
            ),
            Grid(
                "Figure 3",
                ("truth", "damaged", *TRAINED.values()),
                rows=1,
                holes=tuple(sizes.values()),
            ),
            Grid(
                "Figure 4",
                ("damaged", "patchmatch", *TRAINED.values(), "truth"),
                rows=16,
                holes=(anywhere,),
            ),
            Grid(
                "What each loss brings",
                ("truth", "damaged", *(arm for arm, _ in ABLATION.values())),
                holes=(centre,),
            ),
        ),
        train_count=0,
    )


def arms(scale: str) -> dict[str, Arm]:
    """List the trainings by name: same seed, same steps."""
    config = "neural_features:{},{}".format
    trained = {"features": Arm(config("default", scale), ("--config.stages.inpainter.steps=0",))}
    for arm, changes in ABLATION.values():
        overrides = tuple(f"--config.stages.{key}={value}" for key, value in changes.items())
        trained[arm] = Arm(
            config("default", scale), overrides, reuse=None if arm in OWN_FEATURES else "features"
        )
    return trained | {"random_holes": Arm(config("random_holes", scale), reuse="features")}
