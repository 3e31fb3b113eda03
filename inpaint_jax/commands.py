"""The commands of the command line; each imports the modules that it needs."""

import os
from pathlib import Path

from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_list
from inpaint_jax.runs import specs


def train(arguments, overrides) -> None:
    """Run ``inpaint train``."""
    start_jax(distributed=arguments.distributed)
    from inpaint_jax.runs import configuration
    from inpaint_jax.runs.training.loop import train as run

    config = configuration.load(arguments.config, overrides)
    run(
        config,
        arguments.workdir,
        how=arguments.parallel,
        reuse_from=arguments.reuse,
        checkpoint=arguments.checkpoint,
        skip_errors=arguments.on_error == "skip",
    )


def complete(arguments, overrides) -> None:
    """Run ``inpaint complete``."""
    if arguments.record:
        return complete_again(arguments, overrides)
    named = arguments.method or arguments.workdir
    given = {
        "--method or --workdir": named,
        "--images": arguments.images,
        "--holes": arguments.holes,
    }
    if lacking := [name for name, value in given.items() if value is None]:
        raise InputError(f"inpaint complete needs {', '.join(lacking)}, or --record=FILE alone")
    start_jax(distributed=arguments.share == "processes")
    from inpaint_jax.completion.folder import complete_folder

    chosen = untrained(arguments, overrides) if arguments.method else [arguments.workdir]
    # not an option of an image source: the images keep their sizes
    around = arguments.fit == "around"
    for name in chosen:
        complete_folder(
            name if arguments.method else trained(arguments, overrides),
            specs.image_source(arguments, fit=not around),
            specs.hole_specs(arguments, [arguments.holes])[0],
            arguments.output
            if len(chosen) == 1
            else os.path.join(arguments.output, name.replace("/", "-")),
            size=arguments.size,
            fit="around" if around else None,
            train=arguments.train,
            seed=arguments.seed,
            keep=arguments.keep,
            slots=arguments.slots,
            skip_errors=arguments.on_error == "skip",
            same_format=arguments.format == "same",
            share=arguments.share,
        )


def complete_again(arguments, overrides) -> None:
    """Run ``inpaint complete --record``."""
    free = ("command", "run", "debug", "record", "images", "output", "on_error", "format")
    usual = {"seed": 0, "keep": 1}
    others = {name: value for name, value in vars(arguments).items() if name not in free}
    given = [
        f"--{name.replace('_', '-')}"
        for name, value in others.items()
        if value not in (None, False, usual.get(name))
    ]
    if given := [*given, *overrides]:
        raise InputError(
            f"{given[0]} conflicts with --record, which fixes all settings; give only --images"
        )
    start_jax()
    from inpaint_jax.completion.reproducible import complete_record

    complete_record(arguments.record, arguments.images or [], arguments.output)


def page(arguments, overrides) -> None:
    """Run ``inpaint page``."""
    named = untrained(arguments, overrides) if arguments.method else []
    if overrides:
        raise InputError(f"{overrides[0]}: with --method, write it as --method='NAME?key=value'")
    start_jax()
    from inpaint_jax.completion.page import serve

    serve(named, port=arguments.port, browser=not arguments.no_browser)


def trained(arguments, overrides):
    """Load the run of ``--workdir`` with ``--search`` and the overrides."""
    from inpaint_jax.runs.model import load

    overrides = specs.search_overrides(arguments, overrides)
    return load(
        arguments.workdir,
        search=arguments.search,
        overrides=overrides,
        checkpoint=arguments.checkpoint,
    )


def untrained(arguments, overrides) -> list[str]:
    """Return the texts of ``--method``, which contain their options."""
    given = [getattr(arguments, name, None) for name in ("search", "checkpoint")]
    if given := overrides or [text for text in given if text]:
        raise InputError(f"{given[0]}: with --method, write it as --method='NAME?key=value'")
    return [name for names in arguments.method for name in names]


def evaluate(arguments, overrides) -> None:
    """Run ``inpaint evaluate``."""
    start_jax(distributed=arguments.share == "processes")
    from inpaint_jax.evaluation.evaluate import evaluate as run

    named: list = [name for names in arguments.method for name in names]
    if arguments.workdir:
        named = [*searches(arguments, overrides), *named]
    elif (
        given := overrides or arguments.search or [text for text in [arguments.checkpoint] if text]
    ):
        raise InputError(
            f"{given[0]}: needs --workdir; with --method, write it as --method='NAME?key=value'"
        )
    against = arguments.against or ([] if arguments.method else ["floors"])
    home = f"{arguments.workdir}/evaluation" if arguments.workdir else "evaluation"
    run(
        [*named, *against],
        specs.image_source(arguments),
        specs.hole_specs(arguments, split_list(arguments.holes)),
        output=arguments.output or home,
        size=arguments.size,
        train=arguments.train,
        seed=arguments.seed,
        slots=arguments.slots,
        metrics=arguments.metrics,
        keep=arguments.keep,
        skip_errors=arguments.on_error == "skip",
        share=arguments.share,
    )


def leaderboard(arguments, overrides) -> None:
    """Run ``inpaint leaderboard``."""
    if overrides:
        raise InputError(f"{overrides[0]}: write options of a method as --method='NAME?key=value'")
    if arguments.tolerance is not None:
        raise InputError("--tolerance: write it as --method='RUN?search.tolerance=0.01'")
    start_jax()
    from inpaint_jax.evaluation.leaderboard import leaderboard as run

    run(
        [*arguments.workdirs, *(name for names in arguments.method for name in names)],
        specs.image_sets(specs.image_source(arguments)),
        specs.hole_specs(arguments, split_list(arguments.holes)),
        arguments.output,
        reference=arguments.reference,
        size=arguments.size,
        train=arguments.train,
        seed=arguments.seed,
        slots=arguments.slots,
        metrics=arguments.metrics,
        skip_errors=arguments.on_error == "skip",
    )


def searches(arguments, overrides: list[str]) -> list:
    """Load the run of ``--workdir`` once per ``--search``, named as in tables."""
    from inpaint_jax.runs.model import load, with_search

    overrides = specs.search_overrides(arguments, overrides)
    search = next(iter(arguments.search), None)
    model = load(
        arguments.workdir, search=search, overrides=overrides, checkpoint=arguments.checkpoint
    )
    if not arguments.search:
        return [model]
    return [
        (specs.search_name(spec), with_search(model, spec, overrides)) for spec in arguments.search
    ]


def holes(arguments, overrides) -> None:
    """Run ``inpaint holes``."""
    if overrides:
        raise InputError(f"{overrides[0]}: inpaint holes reads no config; remove it")
    from inpaint_jax.evaluation.frozen_holes import write_holes

    about = write_holes(
        split_list(arguments.families),
        specs.image_source(arguments),
        arguments.output,
        size=arguments.size,
        seed=arguments.seed,
    )
    sets = ", ".join(f"{family} {digest}" for family, digest in about["holes_hash"].items())
    print(f"{about['count']} images and their holes in {arguments.output}; hole sets: {sets}")


def reproduce(arguments, overrides) -> None:
    """Run ``inpaint reproduce``."""
    if overrides:
        raise InputError(
            f"{overrides[0]}: the file of an experiment fixes its configs; edit that file instead"
        )
    if arguments.parts:
        reproduce_parts(arguments)
        return
    if arguments.processes:
        raise InputError("--processes goes with parts: an experiment runs in one process")
    given = ("experiment", "workdir", "train", "images")
    if lacking := [f"--{name}" for name in given if not getattr(arguments, name)]:
        raise InputError(
            f"inpaint reproduce needs {', '.join(lacking)}; or name parts: list, all, E06"
        )
    start_jax()
    from inpaint_jax.evaluation.experiments.reproduce import reproduce as run

    run(
        arguments.experiment,
        arguments.workdir,
        training=arguments.train,
        images=specs.image_source(arguments),
        validation=arguments.validation,
        only=arguments.only.split(",") if arguments.only else (),
        seed=arguments.seed,
        weights=dict(arguments.weights),
        skip_errors=arguments.on_error == "skip",
    )


def reproduce_parts(arguments) -> None:
    """Run ``inpaint reproduce list``, ``all`` or ``E06``."""
    free = ("experiment", "train", "images", "validation", "only")
    if given := [f"--{name}" for name in free if getattr(arguments, name)]:
        raise InputError(
            f"{given[0]} goes with --experiment; parts take their images from --data ROLE=SPEC"
        )
    if "list" in arguments.parts:
        if len(arguments.parts) > 1:
            raise InputError("inpaint reproduce list takes no other parts")
        from inpaint_jax.evaluation.experiments import catalogue

        print(catalogue.listing(Path(arguments.workdir) if arguments.workdir else None))
        return
    if not arguments.workdir:
        raise InputError(f"reproduce {' '.join(arguments.parts)} needs --workdir")
    start_jax(quick=arguments.scale == "smoke")
    from inpaint_jax.evaluation.experiments.reproduce_all import reproduce_parts as run

    run(
        arguments.parts,
        arguments.workdir,
        scale=arguments.scale,
        data=dict(arguments.data),
        count=arguments.count,
        seed=arguments.seed,
        weights=dict(arguments.weights),
        skip_errors=arguments.on_error == "skip",
        processes=arguments.processes,
    )


def import_weights(arguments, overrides) -> None:
    """Run ``inpaint import-weights``."""
    if overrides:
        raise InputError(f"{overrides[0]}: inpaint import-weights reads no config; remove it")
    from inpaint_jax.runs.weights.importing import import_weights as run

    run(arguments.kind, arguments.file, arguments.output, mean=arguments.mean)


def models(arguments, overrides) -> None:
    """Run ``inpaint models``."""
    if overrides:
        raise InputError(f"{overrides[0]}: inpaint models reads no config; remove it")
    from inpaint_jax.runs.shipped import cards

    print(cards.listing())


def export(arguments, overrides) -> None:
    """Run ``inpaint export``."""
    start_jax()
    from inpaint_jax.completion.export import export as write
    from inpaint_jax.runs.model import load

    write(
        load(
            arguments.workdir,
            search=arguments.search,
            overrides=overrides,
            checkpoint=arguments.checkpoint,
        ),
        arguments.output,
        k=arguments.keep,
        platforms=arguments.platforms.split(","),
    )


def benchmark(arguments, overrides) -> None:
    """Run ``inpaint benchmark``, without a compile cache except for ``search``."""
    # a GPU's memory is shared with PyTorch
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    from inpaint_jax.evaluation.benchmark import benchmark as run
    from inpaint_jax.runs import configuration, startup

    if arguments.cases[:1] not in (["programs"], ["compiled"]):  # these need one device
        startup.use_cores()
    jax.config.update("jax_enable_compilation_cache", arguments.cases == ["search"])
    run(
        arguments.cases,
        configuration.load(arguments.config, overrides),
        batches=arguments.batch,
        against=arguments.against,
        precision=arguments.precision,
        rounds=arguments.rounds,
        output=arguments.output,
        spec=arguments.config,
        measured=arguments.measured,
        search={
            name: getattr(arguments, name) for name in ("workdir", "images", "holes", "searches")
        },
        ahead=arguments.compiled,
    )


def start_jax(*, distributed: bool = False, quick: bool = False) -> None:
    """Prepare JAX for a command."""
    from inpaint_jax.runs import startup

    startup.start_jax(distributed=distributed, quick=quick)
