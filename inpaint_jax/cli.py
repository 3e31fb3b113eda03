"""The command line. Nothing heavy is imported before a command is known, so that ``--help`` answers in a blink."""

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

COUNTS = ("count", "keep", "rounds", "size", "slots")  # options that are at least 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code: 0 done, 2 bad input, 130/143 stopped by a signal with everything saved."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments, overrides = parser().parse_known_args(argv)
    try:
        if strange := [item for item in overrides if not (item.startswith("--config.") and "=" in item)]:
            raise InputError(f"unknown argument {strange[0]!r}; see inpaint {arguments.command} --help")
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
    except OSError as error:  # the system refuses a path that no command has words for, such as one that is too long
        if error.filename is None:
            raise
        print(f"inpaint: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def check_values(given: Mapping[str, Any]) -> None:
    """Refuse empty names and counts below 1 before any work.

    Raises:
      InputError: by the name of the option.
    """
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        texts = value if isinstance(value, list) else [value]
        if name != "validation" and any(isinstance(text, str) and not text.strip() for text in texts):
            raise InputError(f"{option} is empty; is a shell variable unset?")
        if name in COUNTS and isinstance(value, int) and value < 1:
            raise InputError(f"{option}={value}: it must be at least 1")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="inpaint", description="GAN-era image inpainting as pure JAX functions.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"inpaint_jax {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, text):
        sub = subparsers.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.set_defaults(run=getattr(commands, name.replace("-", "_")))
        return sub

    sub = command("train", "train a system; the same command goes on where an earlier one stopped")
    sub.add_argument(
        "--config",
        required=True,
        help="NAME or FILE.py[:preset,scale], such as yeh:cpu; override keys with --config.key=value: "
        "--config.precision=bf16 for networks in bfloat16, tf32 or float32; --config.data.workers=4 for images decoded "
        "by as many processes, to the same bits, where they do not fit into memory",
    )
    sub.add_argument("--workdir", required=True, help="where checkpoints, metrics and samples go")
    sub.add_argument("--reuse", metavar="WORKDIR", help="take the finished stages of this run where the configs agree")
    sub.add_argument("--checkpoint", help="STEP or STAGE:STEP to go on from; removes the later ones of that stage")
    sub.add_argument("--parallel", choices=("jit", "shard_map", "pmap"), help="how the step is spread over devices")
    options.on_error(sub)
    sub.add_argument("--distributed", action="store_true", help="join the other processes of a cluster job")

    sub = command("complete", "complete damaged pictures, each with its own hole")
    sub.add_argument("--record", help="a record of the page: its image is completed again, to the same pixels")
    named = sub.add_mutually_exclusive_group()
    named.add_argument("--workdir", help="a trained run; short for --method=WORKDIR")
    named.add_argument(
        "--method", action="append", type=options.methods, help=f"by comma, or repeated: {options.METHODS}"
    )
    options.pictures(sub, required=False)
    sub.add_argument("--holes", help=options.HOLES)
    sub.add_argument("--output", required=True, help="folder for the completed pictures; continued if interrupted")
    sub.add_argument(
        "--search", help="NAME or FILE.py[:words]: search, losses and blend of that config in place of the run's"
    )
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    sub.add_argument("--keep", type=int, default=1, help="completions per picture, and a map of where they differ")
    sub.add_argument(
        "--format", choices=("png", "same"), default="png", help="same: JPEG images stay JPEG, where PNG loses nothing"
    )
    options.shared(sub)

    sub = command("page", "paint holes into images in the browser, and compare methods; needs the extra page")
    sub.add_argument(
        "--method", action="append", type=options.methods, default=[], help=f"besides the usual: {options.METHODS}"
    )
    sub.add_argument("--port", type=int, help="of 127.0.0.1; default the first free one from 7860 on")
    sub.add_argument("--no-browser", action="store_true", help="only say where the page is")

    sub = command("evaluate", "complete whole pictures under holes, and measure against the truth")
    sub.add_argument("--workdir", help="a trained run, which comes first in every table")
    sub.add_argument(
        "--method",
        action="append",
        type=options.methods,
        default=[],
        help=f"by comma, or repeated: {options.METHODS}",
    )
    options.pictures(sub)
    sub.add_argument("--holes", default="center,left,random:0.8", help=f"several, by comma: {options.HOLES}")
    sub.add_argument(
        "--against",
        type=options.methods,
        help="baselines by comma: floors, opencv, or single names; none. Default floors",
    )
    sub.add_argument("--output", help="folder for table and grids; default WORKDIR/evaluation or evaluation")
    sub.add_argument(
        "--metrics",
        type=options.names,
        help="by comma: default, perceptual, lpips_vgg, swd, my_metrics:edge, ...; default: default, with the extra "
        "perceptual installed default,perceptual",
    )
    sub.add_argument(
        "--search",
        nargs="+",
        default=[],
        help="NAME or FILE.py[:words] ...: searches to compare, the first is the reference",
    )
    sub.add_argument("--keep", type=int, default=1, help="completions per image, of methods that give several")
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    options.shared(sub)

    sub = command("leaderboard", "measure many methods on several sets under the same holes: one table, one plot")
    sub.add_argument("workdirs", nargs="*", metavar="RUN", help="trained runs and exported files; short for --method")
    sub.add_argument(
        "--method", action="append", type=options.methods, default=[], help=f"by comma, or repeated: {options.METHODS}"
    )
    options.pictures(sub)
    sub.add_argument("--holes", default="center,left,random:0.8", help=f"several, by comma: {options.HOLES}")
    sub.add_argument("--reference", help="the method to which paired differences are taken; default harmonic")
    sub.add_argument("--metrics", type=options.names, help="by comma, as inpaint evaluate takes them")
    sub.add_argument("--output", default="leaderboard", help="folder for table and plot; continued if given again")

    sub = command("holes", "write the holes of an evaluation as files, to measure any other program on them")
    sub.add_argument("families", help="by comma: center | left | quarter:tl | random:0.8 | level:5 | irregular | ...")
    sub.add_argument("--images", required=True, nargs="+", help="whole pictures, as inpaint evaluate takes them")
    sub.add_argument("--output", required=True, help="folder for pictures, holes (white = missing) and holes.json")
    sub.add_argument("--size", type=int, required=True, help="side of the pictures")
    sub.add_argument("--split", help="test | val | train, where the images have a partition")
    sub.add_argument("--fit", help="crop | crop:SIDE | resize: how pictures meet that size; default crop")
    sub.add_argument("--count", type=int, help="only so many pictures")
    sub.add_argument("--seed", type=int, default=0, help="of the holes")

    sub = command("reproduce", "train and measure all that a paper reports; write its tables and figures")
    sub.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="E06 ...: tables and figures by their numbers; all; list: what there is, with --workdir how far it is",
    )
    sub.add_argument("--scale", default="cpu", help="of the parts: smoke | cpu | paper")
    sub.add_argument(
        "--data",
        action="append",
        type=options.assignment,
        default=[],
        metavar="ROLE=SPEC",
        help="images of the parts, such as cars=DATA/cars; can be repeated; the built-in facades fill other roles",
    )
    sub.add_argument("--experiment", help="in place of parts: NAME or FILE.py[:words], such as desai:cpu")
    sub.add_argument("--workdir", help="a folder per training, the report; continued if interrupted")
    sub.add_argument("--train", help="training pictures of --experiment, as --config.data.train takes them")
    sub.add_argument("--images", nargs="+", help="test pictures of --experiment, as inpaint evaluate takes them")
    sub.add_argument("--count", type=int, help="only so many test pictures")
    sub.add_argument("--validation", default="", help="labelled pictures, for stages that are validated on some")
    sub.add_argument("--only", help="trainings by comma; default all")
    sub.add_argument(
        "--weights",
        action="append",
        type=options.assignment,
        default=[],
        metavar="STAGE=FILE",
        help="imported weights that a stage begins with in every training that has it; can be repeated",
    )
    sub.add_argument("--seed", type=int, default=0, help="of drawn holes and latents")
    options.on_error(sub)

    sub = command(
        "import-weights",
        "turn weights that were trained in torch into a file for our networks",
    )
    sub.add_argument(
        "kind", choices=("googlenet", "vgg16", "vgg19", "resnet", "pluralistic"), help="whose network; see the README"
    )
    sub.add_argument(
        "file",
        nargs="?",
        help="state dict: .pth or .pt (read without torch), .safetensors, .npz; default of vgg16: ImageNet's, of the "
        "extra 'perceptual'",
    )
    sub.add_argument("--output", required=True, help="the .npz file, for --config.stages.NAME.weights=FILE")
    sub.add_argument(
        "--mean",
        type=options.numbers,
        default=(),
        metavar="R,G,B",
        help="googlenet for [0, 255] less this colour, not [-1, 1]",
    )

    command("models", "list the trained models that come with the package")

    sub = command("export", "write a trained system as one file that runs without this package's training code")
    sub.add_argument("--workdir", required=True, help="a trained run")
    sub.add_argument("--output", required=True, help="the file, such as faces.inpaint")
    sub.add_argument(
        "--search", help="NAME or FILE.py[:words]: search, losses and blend of that config in place of the run's"
    )
    sub.add_argument("--checkpoint", help=options.CHECKPOINT)
    sub.add_argument("--keep", type=int, default=1, help="completions per picture")
    sub.add_argument("--platforms", default="cpu,cuda,tpu", help="that the file runs on, by comma: cpu cuda rocm tpu")

    sub = command("benchmark", "measure this machine: searching, training, blending, reading pictures")
    sub.add_argument(
        "cases",
        nargs="*",
        help="latent dcgan context_encoder poisson input; default all. scale: expected rates. programs: every training "
        "step and the completion of --config here; words after it choose some. search: seconds until a search of a "
        "trained run is where that of --config ends. compiled [h100] [v5e]: programs are compiled for four of "
        "these",
    )
    sub.add_argument(
        "--config", default="yeh:paper", help="of latent, dcgan, input, programs, compiled and the reference search"
    )
    sub.add_argument("--workdir", default="portraits-yeh", help="of search: a trained Yeh run")
    sub.add_argument("--images", default="portraits?split=test", help="of search")
    sub.add_argument("--holes", type=options.names, default=("center",), help="of search: families by comma")
    sub.add_argument(
        "--search", dest="searches", nargs="+", default=(), metavar="CONFIG", help="of search; default the run's"
    )
    sub.add_argument("--batch", type=options.batch_sizes, default=(), help="sizes by comma; default each case's own")
    sub.add_argument("--against", choices=("torch",), help="the same computation in PyTorch, measured in turns")
    sub.add_argument(
        "--precision", choices=("float32", "tf32", "bf16"), help="of float32 products on a GPU; bf16 for programs alone"
    )
    sub.add_argument("--rounds", type=int, default=5, help="of measurements")
    sub.add_argument("--output", help="JSON file for every round, the hardware and the versions; of scale the page")
    sub.add_argument("--measured", nargs="+", default=(), metavar="FILE", help="files of programs that scale shows")
    sub.add_argument("--compiled", nargs="+", default=(), metavar="FILE", help="files of compiled that scale shows")
    return top
