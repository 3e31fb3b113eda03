"""Command-line options shared by several commands, and parsers of their values."""

import argparse
import os

METHODS = (
    "comma-separated or repeated: WORKDIR | FILE.inpaint | portraits-yeh (see inpaint models) | "
    "telea?radius=5 | harmonic | floors | opencv | images?folder=DIR | module:name"
)
HOLES = (
    "center | center:16 | left | quarter:tl | random:0.8 | level:5 | irregular | ... | module:name "
    "| FILE | FOLDER of holes (white = missing), paired with images by name | alpha (the "
    "transparent pixels)"
)
CHECKPOINT = "STEP, or comma-separated STAGE:STEP; default the newest checkpoint of every stage"


def batch_sizes(text: str) -> tuple[int, ...]:
    """Parse ``64,1`` to whole numbers."""
    return tuple(int(size) for size in text.split(","))


def methods(text: str) -> list[str]:
    """Split comma-separated methods. A text with options, or an existing path, is one method."""
    return [text] if "?" in text or os.path.exists(text) else text.split(",")


def names(text: str) -> tuple[str, ...]:
    """Split comma-separated names."""
    return tuple(text.split(","))


def assignment(text: str) -> tuple[str, str]:
    """Split ``classifier=googlenet.npz`` into name and value."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"write it as NAME=VALUE, got {text!r}")
    return name, value


def numbers(text: str) -> tuple[float, ...]:
    """Parse ``107.961,102.388,103.13`` to numbers."""
    return tuple(float(number) for number in text.split(","))


def on_error(sub: argparse.ArgumentParser) -> None:
    """Add the option for bad images."""
    sub.add_argument(
        "--on-error", choices=("stop", "skip"), default="stop", help="skip: leave bad images out"
    )


def shared(sub: argparse.ArgumentParser) -> None:
    """Add the options that divide a job among machines."""
    sub.add_argument(
        "--share",
        metavar="I/N",
        help="1/8 ... 8/8: one eighth of the images, for machines without a coordinator; report: "
        "once all shares are done",
    )
    text = "take this process's share of a cluster job; the first process writes the report"
    sub.add_argument(
        "--distributed", dest="share", action="store_const", const="processes", help=text
    )


def hole_files(sub: argparse.ArgumentParser) -> None:
    """Add the options for reading hole files."""
    sub.add_argument(
        "--grow",
        type=int,
        metavar="N",
        help="hole files: grow holes by N pixels in every direction",
    )
    sub.add_argument(
        "--holes-above",
        type=int,
        metavar="LEVEL",
        help="hole files: grey values above LEVEL are missing; 0: any grey",
    )
    sub.add_argument("--invert-holes", action="store_true", help="hole files: black = missing")
    sub.add_argument(
        "--resize-holes",
        action="store_true",
        help="hole files: resize holes to the size of their images",
    )


def images(sub: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options for the images and how they are completed."""
    hole_files(sub)
    on_error(sub)
    sub.add_argument(
        "--images",
        required=required,
        nargs="+",
        help="folder | files | facades?split=test | tfds:NAME?split=..",
    )
    sub.add_argument("--split", help="test | val | train, where the images have a partition")
    sub.add_argument(
        "--fit",
        help="crop | crop:SIDE | resize: how to fit images to the model; default the config's. "
        "With complete also around: a square around every hole",
    )
    sub.add_argument(
        "--size",
        type=int,
        help="side at which images are completed; default the run's; without a run, complete "
        "keeps each image's own, and evaluate needs this option",
    )
    sub.add_argument(
        "--train", help="training images, for methods that need some; default the run's"
    )
    sub.add_argument("--count", type=int, help="maximum number of images")
    sub.add_argument("--seed", type=int, default=0, help="random seed of holes and latents")
    sub.add_argument(
        "--slots",
        type=int,
        help="images at once on each GPU or TPU, or on the CPU; default the config's",
    )
    sub.add_argument(
        "--tolerance",
        type=float,
        help="stop a search early when its loss improves by less than this fraction "
        "per window of iterations",
    )
