"""The shipped experiments, and the tables and figures of the five papers that they regenerate.

A page has ``get_experiment(argument) -> Experiment``: ``--experiment=desai:cpu`` names
``configs/papers/desai.py``. ``PARTS`` numbers the tables and figures: ``inpaint reproduce E06
--scale=cpu`` trains and measures everything for E06, ``inpaint reproduce all`` everything, and
``inpaint reproduce list`` prints this file. ``DATA`` lists the training and test images of a page
by role; ``--data cars=DATA/cars`` assigns images to a role.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Part(NamedTuple):
    """A table or figure of a paper, or an experiment of ours that supports the paper's tables.

    Attributes:
      what: the paper and the part.
      pages: the pages that regenerate it, ``{page: prefixes of the titles of its tables and figures
        there}``. A page with several experiments is named with words.
      lacks: the missing parts; empty: none.
    """

    what: str
    pages: Mapping[str, tuple[str, ...]]
    lacks: str = ""


class Data(NamedTuple):
    """The images of a page, ``(role, split)`` each.

    Attributes:
      train: for training.
      test: for the measurements of tables.
      validation: labelled images, for stages that validate on labels; None: none.
    """

    train: tuple[str, str]
    test: tuple[str, str]
    validation: tuple[str, str] | None = None


ROLES = {
    "faces": "aligned faces (CelebA)",
    "cars": "labelled cars (Stanford Cars)",
    "cars_test": "the cars of Buchacek et al.'s tables",
    "places": "scenes (Places)",
    "streets": "streets and facades, for training",
    "paris": "the 100 evaluation images of Paris StreetView",
}

CARS = Data(("cars", "train"), ("cars_test", "test"), ("cars", "val"))
DATA = {
    "salem": Data(("streets", "train"), ("paris", "test")),
    "salem:at64": Data(("streets", "train"), ("paris", "test")),
    "curricula": Data(("streets", "train"), ("paris", "test")),
    "levels": Data(("streets", "train"), ("paris", "test")),
    "desai": Data(("places", "train"), ("places", "val")),
    "desai:lengths": Data(("places", "train"), ("places", "val")),
    "sharma": Data(("faces", "train"), ("faces", "test")),
    "searches": Data(("faces", "train"), ("faces", "test")),
    "buchacek": CARS,
    "buchacek:published": CARS,
    "buchacek:ablations": CARS,
    "liu": Data(("places", "train"), ("places", "val")),
    # Last, because it needs a file of weights at scales cpu and paper.
    "salem:high_resolution": Data(("streets", "train"), ("paris", "test")),
}

TABLE_I = ("Table I", "All holes")
PARTS = {
    "E01": Part(
        "Salem et al., Table I",
        {"salem": TABLE_I, "salem:at64": TABLE_I, "salem:high_resolution": TABLE_I},
    ),
    "E02": Part("Salem et al., Figure 1, the blur of a squared error", {"salem": ("Figure 1",)}),
    "E03": Part(
        "Salem et al., Figure 6",
        {"salem:high_resolution": ("Figure 6a",), "salem:at64": ("Figure 6b",)},
    ),
    "E04": Part("Salem et al., Figure 7", {"salem": ("Figure 7",)}),
    "E05": Part(
        "Salem et al., counts per epoch, rules and number of levels",
        {"curricula": ("Curricula", "Composition", "Validation"), "levels": ("How many levels",)},
    ),
    "E06": Part("Desai & Ghosal, Table 1", {"desai": ("Table 1",), "desai:lengths": ("Table 1",)}),
    "E07": Part("Desai & Ghosal, Table 2", {"desai": ("Table 2",), "desai:lengths": ("Table 2",)}),
    "E08": Part("Desai & Ghosal, Table 3", {"desai": ("Table 3", "Size of the bottleneck")}),
    "E09": Part("Desai & Ghosal, Figure 3, samples of the data", {"desai": ("Figure 3",)}),
    "E10": Part("Desai & Ghosal, Figures 4 to 6", {"desai": ("Figure 4", "Figure 5", "Figure 6")}),
    "E11": Part("Desai & Ghosal, Figure 7, failures", {"desai": ("Figure 7",)}),
    "E12": Part("Sharma, Figures 6 and 7", {"sharma": ("Figure 6", "Figure 7")}),
    "E13": Part("Sharma, Figure 8", {"sharma": ("Figure 8",)}),
    "E14": Part("Sharma, Figure 9", {"sharma": ("Figure 9",)}),
    "E15": Part(
        "Buchacek et al., Table 1, default and published presets",
        {"buchacek": ("Table 1",), "buchacek:published": ("Table 1",)},
    ),
    "E16": Part("Buchacek et al., Figures 1a and 1b", {"buchacek": ("Figure 1",)}),
    "E17": Part(
        "Buchacek et al., Figure 3",
        {"buchacek": ("Figure 3",), "buchacek:published": ("Figure 3",)},
    ),
    "E18": Part(
        "Buchacek et al., Figure 4",
        {"buchacek": ("Figure 4",), "buchacek:published": ("Figure 4",)},
    ),
    "E19": Part(
        "Buchacek et al., the classifier, and which terms and layers guide",
        {
            "buchacek": ("The classifier",),
            "buchacek:ablations": (
                "The terms that guide",
                "The layer that is compared",
                "An image from the features",
            ),
        },
    ),
    "E20": Part("Liu et al., Table 5", {"liu": ("Table 5",)}),
    "E21": Part("Liu et al., Figures 2 to 4", {"liu": ("Figure", "Places", "Sizes")}),
    "E22": Part("Liu et al., what each loss brings", {"liu": ("What each loss brings",)}),
    "E23": Part(
        "Samples of DCGAN and LSGAN",
        {"buchacek": ("Samples of the DCGAN",), "sharma": ("Samples of the LSGAN",)},
    ),
    "E24": Part(
        "How the answer is blended", {"buchacek:ablations": ("How the answer is blended",)}
    ),
    "E25": Part(
        "Yeh et al., the latent search: projection, start, optimiser, batch statistics, restarts",
        {"searches": ("The latent search",)},
    ),
    "E26": Part(
        "The floors mean, harmonic and nearest",
        {},
        "a page: the floors are rows of the tables of every page",
    ),
}
