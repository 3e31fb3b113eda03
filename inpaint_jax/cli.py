"""The command line: parser and exit codes.

Heavy modules are imported only after a command is parsed, so ``--help`` answers at once.
"""

import argparse
import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inpaint_jax import __version__, commands
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.runs import options, pages

COUNTS = ("count", "keep", "processes", "rounds", "size", "slots")  # options that are at least 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
      argv: arguments without the program name; None: those of the process.

    Returns:
      The exit code: 0 success, 2 bad input, 130 or 143 stopped by a signal after saving.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names need not be UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments, overrides = parser().parse_known_args(argv)
    try:
        if strange := [
            item for item in overrides if not (item.startswith("--config.") and "=" in item)
        ]:
            raise InputError(
                f"unknown argument {strange[0]!r}; see inpaint {arguments.command} --help"
            )
        check_values(vars(arguments))
        pages.make_importable(Path.cwd())  # for every module:attribute
        arguments.run(arguments, overrides)
        return 0
    except Interrupted as stop:
        print(f"inpaint: {stop}", file=sys.stderr)
        return 128 + stop.signal
    except InputError as error:
        if arguments.debug:
            traceback.print_exception(error)
        print(f"inpaint: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:  # a refused path that no command handles, such as one that is too long
        if error.filename is None:
            raise
        print(f"inpaint: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def check_values(given: Mapping[str, Any]) -> None:
    """Refuse empty names and counts below 1 before any work.

    Raises:
      InputError: an empty name or a count below 1; the message names the option.
    """
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        texts = value if isinstance(value, list) else [value]
        if name != "validation" and any(
            isinstance(text, str) and not text.strip() for text in texts
        ):
            raise InputError(f"{option} is empty; is a shell variable unset?")
        if name in COUNTS and isinstance(value, int) and value < 1:
            raise InputError(f"{option}={value}: it must be at least 1")


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands and their options."""
    top = argparse.ArgumentParser(
        prog="inpaint",
        description="GAN-era image inpainting as pure JAX functions.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"inpaint_jax {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, text):
        sub = subparsers.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.set_defaults(run=getattr(commands, name.replace("-", "_")))
        return sub

    sub = command("train", "train a system; the same command resumes an interrupted training")
    sub.add_argument(
        "--config",
        required=True,
        help="NAME or FILE.py[:preset,scale], such as yeh:cpu; override keys with "
        "--config.key=value: --config.precision=bf16 for networks in bfloat16, tf32 or float32; "
        "--config.data.workers=4 for images decoded by as many processes, to the same bits, "
        "where they do not fit into memory",
    )
    sub.add_argument("--workdir", required=True, help="folder for checkpoints, metrics and samples")
    sub.add_argument(
        "--reuse", metavar="WORKDIR", help="run whose finished stages are reused if configs agree"
    )
    sub.add_argument(
        "--checkpoint",
        help="STEP or STAGE:STEP to resume from; removes later checkpoints of that stage",
    )
    sub.add_argument(
        "--parallel",
        choices=("jit", "shard_map", "pmap"),
        help="distribution of a step over devices",
    )
    options.on_error(sub)
    sub.add_argument(
        "--distributed", action="store_true", help="join the other processes of a cluster job"
    )

    sub = command("complete", "complete damaged images, each with its own hole")
    sub.add_argument(
        "--record",
        help="a record downloaded from the page; repeats its completion, to the same pixels",
    )
    named = sub.add_mutually_exclusive_group()
    named.add_argument("--workdir", help="a trained run; shorthand for --method=WORKDIR")
    named.add_argument("--method", action="append", type=options.methods, help=options.METHODS)
    options.images(sub, required=False)
    sub.add_argument("--holes", help=options.HOLES)
    sub.add_argument(
        "--output", required=True, help="folder for the completed images; resumed if interrupted"
    )
    sub.add_argument(
        "--search",
        help="NAME or FILE.py[:words]: config whose search, losses and blend replace the run's",
    )
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    sub.add_argument(
        "--keep", type=int, default=1, help="completions per image, and a map of where they differ"
    )
    sub.add_argument(
        "--format",
        choices=("png", "same"),
        default="png",
        help="png (lossless), or same: keep each image's own format",
    )
    options.shared(sub)

    sub = command(
        "page", "paint holes into images in the browser, and compare methods; needs the extra page"
    )
    sub.add_argument(
        "--method",
        action="append",
        type=options.methods,
        default=[],
        help=f"besides the usual methods: {options.METHODS}",
    )
    sub.add_argument(
        "--port", type=int, help="port of 127.0.0.1; default the first free port from 7860 on"
    )
    sub.add_argument("--no-browser", action="store_true", help="only print the address of the page")

    sub = command(
        "evaluate",
        "complete whole images under holes, and measure the results against the originals",
    )
    sub.add_argument("--workdir", help="a trained run, which comes first in every table")
    sub.add_argument(
        "--method", action="append", type=options.methods, default=[], help=options.METHODS
    )
    options.images(sub)
    sub.add_argument(
        "--holes", default="center,left,random:0.8", help=f"comma-separated: {options.HOLES}"
    )
    sub.add_argument(
        "--against",
        type=options.methods,
        help="comma-separated baselines: floors, opencv, single names, or none; default floors",
    )
    sub.add_argument(
        "--output", help="folder for table and grids; default WORKDIR/evaluation or evaluation"
    )
    sub.add_argument(
        "--metrics",
        type=options.names,
        help="comma-separated metrics: default, perceptual, lpips_vgg, swd, my_metrics:edge, ...; "
        "default: default, plus perceptual where that extra is installed",
    )
    sub.add_argument(
        "--search",
        nargs="+",
        default=[],
        help="NAME or FILE.py[:words] ...: searches to compare; the first is the reference",
    )
    sub.add_argument(
        "--keep", type=int, default=1, help="completions per image, for methods that give several"
    )
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    options.shared(sub)

    sub = command(
        "leaderboard",
        "measure many methods on several sets under the same holes: one table, one plot",
    )
    sub.add_argument(
        "workdirs",
        nargs="*",
        metavar="RUN",
        help="trained runs, exported files; short for --method",
    )
    sub.add_argument(
        "--method", action="append", type=options.methods, default=[], help=options.METHODS
    )
    options.images(sub)
    sub.add_argument(
        "--holes", default="center,left,random:0.8", help=f"comma-separated: {options.HOLES}"
    )
    sub.add_argument(
        "--reference", help="reference method of the paired differences; default harmonic"
    )
    sub.add_argument(
        "--metrics", type=options.names, help="comma-separated metrics, as for inpaint evaluate"
    )
    sub.add_argument(
        "--output", default="leaderboard", help="folder for table and plot; resumed if given again"
    )

    sub = command(
        "holes", "write the holes of an evaluation to files, for measuring another program on them"
    )
    sub.add_argument(
        "families",
        help="comma-separated: center | left | quarter:tl | random:0.8 | level:5 | irregular | ...",
    )
    sub.add_argument(
        "--images", required=True, nargs="+", help="whole images, as for inpaint evaluate"
    )
    sub.add_argument(
        "--output", required=True, help="folder for images, holes (white = missing) and holes.json"
    )
    sub.add_argument("--size", type=int, required=True, help="side of the images")
    sub.add_argument("--split", help="test | val | train, where the images have a partition")
    sub.add_argument(
        "--fit", help="crop | crop:SIDE | resize: how to fit images to that size; default crop"
    )
    sub.add_argument("--count", type=int, help="maximum number of images")
    sub.add_argument("--seed", type=int, default=0, help="random seed of the holes")

    sub = command(
        "reproduce",
        "train and measure everything that a paper reports; write its tables and figures",
    )
    sub.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="E06 ...: numbers of tables and figures; all; list: print all parts, with "
        "--workdir also their progress",
    )
    sub.add_argument("--scale", default="cpu", help="scale of the parts: smoke | cpu | paper")
    sub.add_argument(
        "--data",
        action="append",
        type=options.assignment,
        default=[],
        metavar="ROLE=SPEC",
        help="image source of a role of the parts, such as cars=DATA/cars; repeatable; other roles "
        "get the built-in facades",
    )
    sub.add_argument(
        "--experiment", help="instead of parts: NAME or FILE.py[:words], such as desai:cpu"
    )
    sub.add_argument(
        "--workdir", help="folder for the trainings and the report; resumed if interrupted"
    )
    sub.add_argument("--train", help="training images for --experiment, as in --config.data.train")
    sub.add_argument(
        "--images", nargs="+", help="test images for --experiment, as for inpaint evaluate"
    )
    sub.add_argument("--count", type=int, help="maximum number of test images")
    sub.add_argument(
        "--validation", default="", help="labelled images, for stages whose validation needs them"
    )
    sub.add_argument("--only", help="comma-separated trainings; default all")
    sub.add_argument(
        "--weights",
        action="append",
        type=options.assignment,
        default=[],
        metavar="STAGE=FILE",
        help="imported weights from which a stage starts, in every training that "
        "has the stage; repeatable",
    )
    sub.add_argument("--seed", type=int, default=0, help="random seed of holes and latents")
    sub.add_argument(
        "--processes",
        type=int,
        help="maximum number of pages computed at a time, each in its own process; default 1, at "
        "scale smoke on a CPU one per core and at most 4",
    )
    options.on_error(sub)

    sub = command("import-weights", "convert weights trained in torch to a file for our networks")
    sub.add_argument(
        "kind",
        choices=("googlenet", "vgg16", "vgg19", "resnet", "pluralistic"),
        help="network of the weights",
    )
    sub.add_argument(
        "file",
        nargs="?",
        help="state dict: .pth or .pt (read without torch), .safetensors, .npz; default for vgg16: "
        "the ImageNet weights of the extra 'perceptual'",
    )
    sub.add_argument(
        "--output", required=True, help=".npz file to write, for --config.stages.NAME.weights=FILE"
    )
    sub.add_argument(
        "--mean",
        type=options.numbers,
        default=(),
        metavar="R,G,B",
        help="mean colour, for a googlenet trained on [0, 255] minus this "
        "colour instead of [-1, 1]",
    )

    command("models", "list the trained models shipped with the package")

    sub = command(
        "export",
        "write a trained system to one file that runs without the training code of this package",
    )
    sub.add_argument("--workdir", required=True, help="a trained run")
    sub.add_argument("--output", required=True, help="file to write, such as faces.inpaint")
    sub.add_argument(
        "--search",
        help="NAME or FILE.py[:words]: config whose search, losses and blend replace the run's",
    )
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    sub.add_argument("--keep", type=int, default=1, help="completions per image")
    sub.add_argument(
        "--platforms", default="cpu,cuda,tpu", help="comma-separated: cpu cuda rocm tpu"
    )

    sub = command(
        "benchmark", "measure this machine: searching, training, blending, reading images"
    )
    sub.add_argument(
        "cases",
        nargs="*",
        help="latent dcgan context_encoder poisson input; default all. scale: derive rates "
        "expected on accelerators. programs: time every training step and the completion of "
        "--config on this device; further words select programs. search: seconds until the "
        "search of a trained run reaches the final loss of the search of --config. compiled "
        "[h100] [v5e]: compile the programs for four of these devices",
    )
    sub.add_argument(
        "--config", default="yeh:paper", help="config of the cases and of the reference search"
    )
    sub.add_argument("--workdir", default="portraits-yeh", help="search: a trained Yeh run")
    sub.add_argument("--images", default="portraits?split=test", help="search: image source")
    sub.add_argument(
        "--holes", type=options.names, default=("center",), help="search: comma-separated families"
    )
    sub.add_argument(
        "--search",
        dest="searches",
        nargs="+",
        default=(),
        metavar="CONFIG",
        help="search: configs; default the run's",
    )
    sub.add_argument(
        "--batch",
        type=options.batch_sizes,
        default=(),
        help="comma-separated; default: those of each case",
    )
    sub.add_argument(
        "--against",
        choices=("torch",),
        help="also measure the same computation in PyTorch, alternating",
    )
    sub.add_argument(
        "--precision",
        choices=("float32", "tf32", "bf16"),
        help="of float32 products on a GPU; programs: also bf16",
    )
    sub.add_argument("--rounds", type=int, default=5, help="number of measurements")
    sub.add_argument("--output", help="JSON file of all rounds and versions; scale: the page")
    sub.add_argument(
        "--measured", nargs="+", default=(), metavar="FILE", help="scale: files written by programs"
    )
    sub.add_argument(
        "--compiled", nargs="+", default=(), metavar="FILE", help="scale: files written by compiled"
    )
    return top
