"""Options that several commands share, and how their texts are read."""

import argparse
import os

METHODS = (
    "WORKDIR | FILE.inpaint | portraits-yeh, see inpaint models | telea?radius=5 | harmonic | floors | opencv | "
    "pictures?folder=DIR | module:name"
)
HOLES = (
    "center | center:16 | left | quarter:tl | random:0.8 | level:5 | irregular | ... | module:name | "
    "FILE | FOLDER of holes (white = missing), paired with images by their names | alpha, the transparent pixels"
)
CHECKPOINT = "the step to read, or STAGE:STEP, several by comma; default the newest of every stage"


def batch_sizes(text: str) -> tuple[int, ...]:
    """``64,1`` as numbers."""
    return tuple(int(size) for size in text.split(","))


def methods(text: str) -> list[str]:
    """Methods by comma; a text with options, or one that exists as file or folder, is one method."""
    return [text] if "?" in text or os.path.exists(text) else text.split(",")


def names(text: str) -> tuple[str, ...]:
    """Names by comma."""
    return tuple(text.split(","))


def assignment(text: str) -> tuple[str, str]:
    """``classifier=googlenet.npz`` as name and value."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"write it as NAME=VALUE, got {text!r}")
    return name, value


def numbers(text: str) -> tuple[float, ...]:
    """``107.961,102.388,103.13`` as numbers."""
    return tuple(float(number) for number in text.split(","))


def on_error(sub: argparse.ArgumentParser) -> None:
    """What is done with a bad image."""
    sub.add_argument("--on-error", choices=("stop", "skip"), default="stop", help="skip: leave bad images out")


def shared(sub: argparse.ArgumentParser) -> None:
    """How a job is shared by machines."""
    sub.add_argument(
        "--share",
        metavar="I/N",
        help="1/8 ... 8/8: the images of one of 8 machines that never meet; report: when all are done",
    )
    text = "take the share of this process in a cluster job; the first of its processes writes the report"
    sub.add_argument("--distributed", dest="share", action="store_const", const="processes", help=text)


def hole_files(sub: argparse.ArgumentParser) -> None:
    """How hole files are read."""
    sub.add_argument("--grow", type=int, metavar="N", help="hole files: grow holes by N pixels in every direction")
    sub.add_argument("--holes-above", type=int, metavar="LEVEL", help="grey levels above it are missing; 0: any grey")
    sub.add_argument("--invert-holes", action="store_true", help="hole files: black = missing")
    sub.add_argument("--resize-holes", action="store_true", help="bring hole files to the size of their images")


def pictures(sub: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The options that say what is completed, and how."""
    hole_files(sub)
    on_error(sub)
    sub.add_argument(
        "--images", required=required, nargs="+", help="folder | files | facades?split=test | tfds:NAME?split=.."
    )
    sub.add_argument("--split", help="test | val | train, where the images have a partition")
    sub.add_argument(
        "--fit",
        help="crop | crop:SIDE | resize: how pictures meet the model; default the config's. "
        "complete: around, a square around every hole",
    )
    sub.add_argument("--size", type=int, help="side at which they are completed; default the run's, or their own")
    sub.add_argument("--train", help="training pictures, for a method that looks at some; default the run's")
    sub.add_argument("--count", type=int, help="only so many pictures")
    sub.add_argument("--seed", type=int, default=0, help="of drawn holes and latents")
    sub.add_argument(
        "--slots", type=int, help="pictures at once on each GPU or TPU, or on the CPU; default the config's"
    )
    sub.add_argument("--tolerance", type=float, help="a search ends early when a window of iterations gains less")
