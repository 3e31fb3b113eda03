r"""Buchacek et al. 2020, a classifier in Yeh's search: the paper's table, curves and grid.

  inpaint reproduce --experiment=buchacek --workdir=runs/cars \
                    --train='DATA/stanford_cars_train?split=train' \
                    --images='DATA/stanford_cars_test_64?count=100' \
                    --validation='DATA/stanford_cars_train?split=val'

The paper's Table 1 uses the first 100 images of the official test split, which are the first 100 of
that folder. The shares of ``ablations`` are compared on validation images,
``--images='DATA/stanford_cars_train?split=val&count=64'``.

Argument, ``buchacek:what,scale``, in any order, default ``table,cpu``; for the scales see
``configs/classifier_guided.py``.

  table      Table 1, Figures 3 and 4 with the default presets: Yeh's search, and guided searches
             without and with logits. The paper's "random" holes are of two kinds, both here: its
             mask files are independent pixels, 70 % of them missing, and its figures show free-form
             strokes, 19 to 70 % missing.
  published  the same with the published presets, whose weights depend on the holes.
  ablations  comparisons of terms, shares, layers and blending methods, under centre holes, and
             images recovered from the features of single layers. A comparison of layers is without
             the critic's score of the completed image, so that only features are added to Yeh's
             search.

All arms share one DCGAN, and all guided arms one classifier: use one --workdir for all three. The
published PSNR is most likely of the hole, and the SSIM of the whole image (see the columns; both
windows). ``--weights classifier=FILE`` begins the classifier with imported weights.
"""

from inpaint_jax.configs import classifier_guided
from inpaint_jax.evaluation.experiments import (
    FLOORS,
    Arm,
    Comparison,
    Experiment,
    Grid,
    Inversion,
    Row,
    Samples,
    Table,
    TermCurves,
    TrainingCurve,
)
from inpaint_jax.runs import config_words

CENTER, LEFT, RANDOM, STROKES = HOLES = ("center", "left", "random:0.7", "irregular")
WHAT = ("table", "published", "ablations")
PUBLISHED = {  # Table 1: PSNR and SSIM of centre, left and random holes
    "melding": ("Image melding", "14.21", "0.81", "8.09", "0.56", "8.41", "0.54"),
    "yeh": ("Yeh et al.", "12.58", "0.79", "6.85", "0.55", "11.69", "0.65"),
    "without": ("without logits", "12.76", "0.80", "6.42", "0.55", "11.41", "0.63"),
    "with": ("with logits", "12.87", "0.79", "6.73", "0.55", "11.21", "0.60"),
}
METHODS = ("yeh", "without", "with")
MELDING = "image_melding"  # a method without training, measured beside the arms
BESIDE = {"melding": MELDING}
WEIGHTS = {  # of the critic's score of the completed image; of the classifier's terms, as shares
    "share_0": dict(semantic=0.0, categorical=0.0),
    "share_3": dict(semantic=0.03, categorical=0.03),
    "share_10": dict(semantic=0.1, categorical=0.1),
    "share_30": dict(semantic=0.3, categorical=0.3),
    "semantic_alone": dict(inpainting=0.0, categorical=0.0),
    "categorical_alone": dict(inpainting=0.0, semantic=0.0),
    "without_inpainting": dict(inpainting=0.0),
}
SLOTS = "--config.slots=50"  # a hundred images in two full rounds
MEASURED = tuple(
    ("test", metric) for metric in ("psnr_hole", "psnr_full", "ssim_full", "ssim_uniform_full")
)


def get_experiment(argument: str = "") -> Experiment:
    """Build the experiment of a scale."""
    what, scale = config_words.choose(
        "configs/papers/buchacek.py", argument, WHAT, classifier_guided.SCALES, default="table,cpu"
    )
    return {"table": table, "published": published, "ablations": ablations}[what](scale)


def arms_of(scale: str) -> dict[str, Arm]:
    """List Yeh's search and guided searches with default presets; "yeh" and "with" train networks.

    "without" watches the class probabilities, and "watched" is Yeh's search with all three terms
    watched.
    """
    guided = "classifier_guided:default"
    return {
        "yeh": Arm(f"yeh:default,{scale}", ("--config.data.fit=resize", SLOTS)),
        "with": Arm(f"{guided},logits,{scale}", (SLOTS,), reuse="yeh"),
        "without": Arm(
            f"{guided},nologits,{scale}",
            (SLOTS, "--config.losses.categorical.watch=True"),
            reuse="with",
        ),
        "watched": Arm(f"{guided},unguided,{scale}", (SLOTS,), reuse="with", holes=(CENTER,)),
    }


def rows(names: dict[str, str], family: str) -> tuple[Row, ...]:
    """List the rows of Table 1 under one kind of holes; ``names`` are the arms of the methods."""
    # the paper has one column for both kinds of random holes
    first = 2 * min(HOLES.index(family), 2)
    return tuple(
        Row((label,), names.get(method), tuple(numbers[first : first + 2]))
        for method, (label, *numbers) in PUBLISHED.items()
    )


def tables(title: str, names: dict[str, dict[str, str]]) -> tuple[Table, ...]:
    """Build Table 1, one per kind of holes, from ``{family: {method: arm}}``."""
    header = ("method", "published PSNR", "published SSIM")
    return tuple(
        Table(f"{title}, {family}", header, rows(arms, family), MEASURED, holes=(family,))
        for family, arms in names.items()
    )


def table(scale: str) -> Experiment:
    """Build Table 1, Figures 1, 3 and 4, and classifier accuracy, with the default presets."""
    return Experiment(
        arms=arms_of(scale),
        holes=HOLES,
        against=(*FLOORS, "telea", "navier_stokes", MELDING),
        tables=tables(
            "Table 1", {family: {method: method for method in METHODS} | BESIDE for family in HOLES}
        ),
        comparisons=(
            Comparison(
                "What the classifier brings",
                "method",
                "psnr_hole",
                {name: (name,) for name in METHODS},
                paired="yeh",
            ),
        ),
        figures=(
            TrainingCurve(
                "The classifier: top-1 accuracy",
                "classifier",
                "share of images",
                {"training": ("with", "accuracy"), "validation": ("with", "validation_accuracy")},
            ),
            *(
                TermCurves(f"Figure 3{letter}: {PUBLISHED[method][0]}", arm)
                for letter, method, arm in zip(
                    "abc", METHODS, ("watched", "without", "with"), strict=True
                )
            ),
            *(
                Grid(
                    title,
                    ("truth", "damaged", "yeh", "with"),
                    pick="with",
                    by="semantic",
                    highest=most,
                    rows=5,
                    holes=(CENTER,),
                )
                for title, most in (
                    ("Figure 1a: least semantic loss", False),
                    ("Figure 1b: most semantic loss", True),
                )
            ),
            Grid("Figure 4", ("truth", "damaged", MELDING, *METHODS)),
            Grid("Where the guided fail", ("truth", "damaged", *METHODS), pick="with", rows=5),
            Samples("Samples of the DCGAN", "yeh", "dcgan"),
        ),
        train_count=0,
    )


def published(scale: str) -> Experiment:
    """Build Table 1, Figures 3 and 4 with published presets (scale ``cpu``: default search)."""
    search = "cosine" if scale == "cpu" else "nag"
    arms = {name: arm for name, arm in arms_of(scale).items() if name in ("yeh", "with")}
    # All arms read the networks of the first arm, including averages of the weights.
    prior, judge = (f"--config.stages.{stage}.average=0.999" for stage in ("dcgan", "classifier"))
    overrides = ("--config.data.fit=resize", SLOTS, prior)
    arms["yeh_published"] = Arm(f"yeh:published,{scale},{search}", overrides, reuse="yeh")
    classifier = "yeh" if scale == "paper" else "with"  # "paper" has two schedules
    for preset, holes in (("published", (CENTER, LEFT)), ("published_random", (RANDOM, STROKES))):
        for name, terms in (("with", "logits"), ("without", "nologits")):
            spec = f"classifier_guided:{preset},{terms},{scale},{search}"
            arms[f"{name}_{preset}"] = Arm(
                spec, (SLOTS, prior, judge), reuse=classifier, holes=holes
            )
            classifier = "with" if classifier == "with" else "with_published"
    names = {method: f"{method}_published" for method in METHODS}
    of_random = names | {method: f"{method}_published_random" for method in ("without", "with")}
    return Experiment(
        arms=arms,
        holes=HOLES,
        against=FLOORS,
        tables=tables(
            "Table 1, published presets",
            {CENTER: names, LEFT: names, RANDOM: of_random, STROKES: of_random},
        ),
        figures=(
            *(
                TermCurves(
                    f"Figure 3{letter}, published presets: {PUBLISHED[method][0]}", names[method]
                )
                for letter, method in zip("abc", METHODS, strict=True)
            ),
            Grid(
                "Figure 4, published presets",
                ("truth", "damaged", *names.values()),
                holes=(CENTER, LEFT),
            ),
        ),
        train_count=0,
    )


def ablations(scale: str) -> Experiment:
    """Build comparisons of guiding terms, single layers and three blends, under centre holes."""
    arms = arms_of(scale)
    terms = {"none": ("yeh",), "all": ("with",)}
    every = 4 if scale == "smoke" else 1  # one arm of four: they run the same code
    for name, changes in list(WEIGHTS.items())[::every]:
        overrides = tuple(
            f"--config.losses.{label}.weight={weight}" for label, weight in changes.items()
        )
        arms[name] = arms["with"]._replace(
            overrides=(*arms["with"].overrides, *overrides), reuse="with"
        )
        terms[name.replace("_", " ")] = (name,)
    layers = {}
    for layer in classifier_guided.LAYERS[::every]:
        layers[layer] = (f"only_{layer}",)
        overrides = (SLOTS, "--config.losses.inpainting.weight=0.0")
        arms[f"only_{layer}"] = Arm(
            f"classifier_guided:default,nologits,{layer},{scale}", overrides, reuse="with"
        )
    blended = ("yeh", "with")
    arms = {
        name: arm if name in blended else arm._replace(holes=(CENTER,))
        for name, arm in arms.items()
    }
    blends = {}
    for method in blended:
        arms[f"{method}_paste"] = arms[method]._replace(
            overrides=(*arms[method].overrides, "--config.blend.method=paste"), reuse=method
        )
        arms[f"{method}_edge"] = arms[method]._replace(
            overrides=(*arms[method].overrides, "--config.blend.edge=wrap"), reuse=method
        )
        blends |= {f"{method}, Poisson": (method,), f"{method}, paste": (f"{method}_paste",)}
        blends |= {f"{method}, published edge": (f"{method}_edge",)}
    return Experiment(
        arms=arms,
        holes=(CENTER, LEFT),
        against=FLOORS,
        comparisons=(
            *(
                Comparison(f"{title}{suffix}", header, metric, rows, holes=(CENTER,))
                for title, header, rows in (
                    ("The terms that guide", "terms and shares", terms),
                    ("The layer that is compared", "layer", {"none": ("yeh",), **layers}),
                )
                for suffix, metric in (("", "psnr_hole"), (", SSIM", "ssim_full"))
            ),
            Comparison("How the answer is blended", "method", "psnr_hole", blends),
            Comparison("How the answer is blended, SSIM", "method", "ssim_full", blends),
        ),
        figures=(
            Inversion(
                "An image from the features of one layer",
                "with",
                classifier_guided.LAYERS[::every],
                iterations=20 if scale == "smoke" else 300,
            ),
        ),
        train_count=0,
    )
