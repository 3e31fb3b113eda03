"""Open methods by name: trained runs, exported files, baselines, or stored results.

``open_methods`` turns specs such as ``"runs/faces"`` or ``"telea?radius=5"`` into ``Method``s.
``complete``, ``evaluate`` and experiments use only this interface.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inpaint_jax import exported
from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_list
from inpaint_jax.optimization import average
from inpaint_jax.runs import configuration, pages, shipped
from inpaint_jax.runs.around import AROUND
from inpaint_jax.runs.configuration import check_same_view, evaluation_fit, from_plain
from inpaint_jax.runs.initial_state import average_decay, drawn_state
from inpaint_jax.runs.method import Found, Method, Setting, open_one
from inpaint_jax.runs.method_names import GROUPS, RESULTS, Spec, label, parse
from inpaint_jax.runs.model import SLOTS, Model, load
from inpaint_jax.runs.older_configs import modernised
from inpaint_jax.runs.weights import matching
from inpaint_jax.runs.workdir import CHANGEABLE, SECTIONS
from inpaint_jax.systems import baselines

Named = str | Model | tuple[str, Model]  # ways to name a method


def open_methods(
    named: Sequence[Named],
    *,
    size: int | None = None,
    fit: str | None = None,
    train: str | None = None,
    slots: int | None = None,
    k: int = 1,
    fewer: bool = False,
) -> tuple[list[Method], Setting]:
    """Open methods by name; refuse unknown or missing ones before any work.

    ``runs/faces`` or ``runs/faces?search=yeh:cpu,nag&search.iterations=500``
      a workdir of ``inpaint train``; options: ``search``, a config whose search replaces the run's,
      ``checkpoint``, and config keys that may change after training.
    ``portraits-yeh`` or ``portraits-yeh?search.restarts=4``
      a shipped model, see ``shipped``; the options of a workdir, except ``checkpoint``.
    ``faces.inpaint``
      a file of ``inpaint export``.
    ``yeh:smoke``, ``my_config.py``
      a config whose stages need no training (``steps=0``).
    ``telea``, ``telea?radius=5``, ``my_methods:mean?power=2``
      a baseline, or a custom function that returns a ``System``; options are keyword arguments.
    ``floors``, ``opencv``, ``classical``, ``none``
      groups of baselines.
    ``images?folder=DIR``
      completed images of another program in a folder (``stored_results``).

    Args:
      named: specs, loaded models, or pairs of a name for tables and a model. An existing file or
        folder wins over a shipped model, and a shipped model over a baseline.
      size: side of the images; None: the side of the trained runs, or the original size.
      fit: how to fit images to that size; None: as in the trained runs, or "crop". "around": images
        keep their sizes, and squares around the holes are completed, see ``around.run_around``.
      train: comma-separated source specs of training images, for baselines that need some; None:
        those of the first trained run.
      slots: images at once; None: as in the first trained run, or 64.
      k: completions per image.
      fewer: accept methods that give fewer completions.

    Returns:
      The methods in order, and their shared setting.

    Raises:
      InputError: an unknown name or option, two methods with the same name, or trained runs with
        different image sizes or fits.
    """
    opened = [pair for item in named for pair in find(item)]
    names = [name for name, _ in opened]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two methods are called {repeated!r}: give only one of them")
    setting = shared_setting(opened, size=size, fit=fit, train=train, slots=slots, k=k)
    setting = setting._replace(fewer=fewer)
    return [open_one(name, found, setting) for name, found in opened], setting


def one_method(named: str | Model, **setting) -> tuple[list[Method], Setting]:
    """Open exactly one method; see ``open_methods``.

    Raises:
      InputError: as for ``open_methods``, or the spec is a group of several methods.
    """
    if isinstance(named, str) and (count := len(GROUPS.get(named, (named,)))) != 1:
        raise InputError(f"--method: {named!r} names {count} methods; give one")
    return open_methods([named], **setting)


def find(item: Named) -> Iterator[tuple[str, Found]]:
    """Yield the methods that a spec names, each with its name for tables.

    A group yields one method per member.
    """
    if isinstance(item, Model):
        yield item.config.system, item
    elif not isinstance(item, str):
        yield item
    else:
        yield from find_text(item)


def find_text(item: str) -> Iterator[tuple[str, Found]]:
    """Return the object that a spec names."""
    for text in GROUPS.get(item, (item,)):
        spec = parse(text)
        if Path(spec.name).is_dir() or shipped.find(spec.name):
            yield label(spec), trained_run(spec)
        elif Path(spec.name).is_file() and not spec.name.endswith(".py"):
            if spec.options:
                raise InputError(
                    f"--method: {text!r}: an exported file takes no options; its search is fixed"
                )
            yield label(spec), exported.load(spec.name)
        elif (
            spec.name in baselines.BASELINES or spec.name == RESULTS or not names_config(spec.name)
        ):
            yield label(spec), spec
        else:
            yield label(spec), untrained_model(spec)


def trained_run(spec: Spec) -> Model:
    """Load a workdir or a shipped model, with the search that the options name, if any."""
    options = dict(spec.options)
    search, checkpoint = options.pop("search", None), options.pop("checkpoint", None)
    if wrong := [key for key in options if key.partition(".")[0] not in CHANGEABLE]:
        keys = (f"{key}.*" if key in SECTIONS else key for key in CHANGEABLE)
        known = ", ".join(("search=CONFIG", "checkpoint=STEP", *keys))
        raise InputError(f"--method: {spec.text!r}: unknown option {wrong[0]!r}; known: {known}")
    overrides = [f"--config.{key}={value}" for key, value in options.items()]
    return load(spec.name, search=search, overrides=overrides, checkpoint=checkpoint)


def untrained_model(spec: Spec) -> Model:
    """Build the system of a config whose stages need no training, and load its weights.

    The digest of the weights becomes a part of the config, because results depend on it.

    Raises:
      InputError: a stage needs training, or the weights do not fit.
    """
    overrides = [f"--config.{key}={value}" for key, value in spec.options.items()]
    config = configuration.load(spec.name, overrides)
    system = configuration.build_system(config)
    if stages := [stage.name for stage in system.stages if config.stages[stage.name].steps]:
        raise InputError(
            f"--method: the config {spec.name} trains {', '.join(stages)}: run inpaint train "
            f"--config={spec.name} --workdir=DIR first, then name DIR"
        )
    states: dict[str, Any] = {}
    for stage in system.stages:
        state = drawn_state(stage, config, states)
        if paths := config.stages[stage.name].get("weights"):
            label, digests = f"--method: stages.{stage.name}.weights", []
            for path in split_list(paths):
                weights = matching.fitted(path, state, label=label, stage=stage.name)
                state = matching.replaced(state, weights)
                digests.append(weights.record["sha256"])
            state = average.start(state) if average_decay(stage, config) else state
            with config.unlocked():
                config.stages[stage.name].weights_sha256 = ",".join(digests)
        states[stage.name] = state
    return Model(config, system, states)


def names_config(name: str) -> bool:
    """Return True if the name is that of a config: ``yeh``, ``yeh:smoke``, ``my_config.py``."""
    page = name.partition(":")[0]
    return page.endswith(".py") or page in pages.shipped(pages.CONFIGS)


def shared_setting(
    opened: Sequence[tuple[str, Found]],
    *,
    size: int | None,
    fit: str | None,
    train: str | None,
    slots: int | None,
    k: int,
) -> Setting:
    """Return the chosen setting; where nothing is chosen, that of the trained methods.

    Raises:
      InputError: the trained methods differ from the choice, or from each other, in size or fit.
    """
    if fit == AROUND:
        inner = shared_setting(opened, size=size, fit=None, train=train, slots=slots, k=k)
        if inner.size is None:
            names = ", ".join(name for name, _ in opened)
            raise InputError(
                f"--fit=around: {names} completes images at their original size; "
                "give --size, or no --fit"
            )
        return inner._replace(size=None, fit="whole", around=inner.size)
    trained = {name: found.config for name, found in opened if isinstance(found, Model)}
    for name, found in opened:
        if isinstance(found, exported.Completer):
            trained[name] = from_plain(modernised(found.about["config"]))
    if not trained:
        # At original sizes, windows rarely share a shape: all slots but one would repeat a window.
        return Setting(
            size,
            fit or ("crop" if size else "whole"),
            train or "",
            slots or (SLOTS if size else 1),
            k,
        )
    check_same_view(trained, "measure them in separate tables")
    first, config = next(iter(trained.items()))
    data = config.data
    if size not in (None, data.size):
        raise InputError(
            f"--size={size}: {first} completes images of {data.size} pixels; leave --size out"
        )
    return Setting(
        data.size,
        fit or evaluation_fit(config),
        train or data.train,
        slots or config.get("slots", SLOTS),
        k,
    )
