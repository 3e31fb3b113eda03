"""A method that is ready to complete images: name, identity and ``run``."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from inpaint_jax import exported
from inpaint_jax.data.files import fingerprint
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.naming import announcing, resolve, split_list
from inpaint_jax.runs import configuration, stored_results
from inpaint_jax.runs.around import AROUND, run_around
from inpaint_jax.runs.method_names import RESULTS, Spec, typed
from inpaint_jax.runs.model import Model
from inpaint_jax.systems import baselines
from inpaint_jax.systems.driver import Driver, Result
from inpaint_jax.systems.interface import System
from inpaint_jax.systems.native_size import host_run, native_run
from inpaint_jax.systems.parts import latent_search, serialized
from inpaint_jax.systems.pieces import Run

BATCH = 64  # training images read at once


class Method(NamedTuple):
    """A method that completes images, and everything that its results depend on.

    Results also depend on images, holes and seed.

    Attributes:
      name: name in tables.
      identity: plain values; equal exactly if results are equal.
      size: side of the images that the method completes; None: any.
      supports: ``(hole [H, W, 1]) -> None``, or the reason why the method cannot complete the hole.
      run: ``(tasks, *, seed, stop=False, bar=None) -> results``, as ``Driver.run``.
      slots: images at once; this number changes the last bits of a result.
      model: the trained run, if the method is one.
    """

    name: str
    identity: list[Any]
    size: int | None
    supports: Callable[[np.ndarray], str | None]
    run: Callable[..., Iterator[Result]]
    slots: int
    model: Model | None = None

    def iterations(self) -> int:
        """Return the maximum number of iterations of a search; 1 without a search."""
        return self.model.config.get("search", {}).get("iterations", 1) if self.model else 1


Found = Spec | Model | exported.Completer  # a baseline, a trained run, an exported file


class Setting(NamedTuple):
    """Settings that all methods share.

    Attributes:
      size: side at which images are read; None: full size.
      fit: how images meet that size, see ``data.fitting.Fit``.
      train: comma-separated source specs of training images, for a baseline that searches in them;
        empty: none.
      slots: images at once.
      k: completions per image.
      fewer: accept a method that gives fewer completions than ``k``, instead of refusing it.
      around: side of the model if images keep their full sizes and squares around their holes are
        completed (``around.run_around``); None: images meet the model as a whole.
    """

    size: int | None
    fit: str
    train: str
    slots: int
    k: int
    around: int | None = None
    fewer: bool = False


def open_one(name: str, found: Found, setting: Setting) -> Method:
    """Open one method."""
    if setting.around:
        method = open_one(
            name, found, setting._replace(size=setting.around, fit="crop", around=None)
        )
        run = run_around(method.run, setting.around)
        return method._replace(size=None, run=run, identity=[*method.identity, AROUND])
    if isinstance(found, Model):
        return of_model(name, found, setting)
    if isinstance(found, exported.Completer):
        return of_exported(name, found, setting)
    if found.name == RESULTS:
        run, identity = stored_results.reader(found.options, size=setting.size, fit=setting.fit)
        return Method(name, identity, None, lambda hole: None, run, setting.slots)
    return of_baseline(name, found, setting)


def of_model(name: str, model: Model, setting: Setting) -> Method:
    """Build the method of a trained run."""
    steps = {stage: int(state.step) for stage, state in model.states.items()}
    identity = [fingerprint(configuration.to_plain(model.config)), steps]
    if search := model.config.get("search"):  # fail before anything is written
        restarts = max(search.get("restarts", 1), setting.k)
        latent_search.check_memory(
            restarts, images=setting.slots, pixels=3 * model.config.data.size**2
        )
    run = run_of(model.system, model.states, setting)
    return Method(
        name, identity, model.system.size, model.system.supports, run, setting.slots, model
    )


def of_exported(name: str, completer: exported.Completer, setting: Setting) -> Method:
    """Build the method of a file written by ``inpaint export``."""
    about = completer.about
    if setting.k > about["completions"] and not setting.fewer:
        raise InputError(
            f"{name} gives {about['completions']} completions per image, not {setting.k}"
        )
    system = serialized.system(completer.function, size=about["size"])._replace(
        most=about["completions"]
    )
    run = run_of(system, {"exported": completer.weights}, setting)
    identity = [about["config_hash"], about["steps"], about["date"]]
    return Method(name, identity, system.size, system.supports, run, setting.slots)


def run_of(system: System, states: dict[str, Any], setting: Setting) -> Run:
    """Return the ``run`` of a system: at one size, or on images of any size."""
    if setting.fewer and (most := 1 if system.host else system.most):
        setting = setting._replace(k=min(setting.k, most))
    if setting.size is None and system.size is None:
        return native_run(system, states, slots=setting.slots, k=setting.k)
    if system.host:
        return host_run(system, k=setting.k)  # repeats would fill the free slots
    return Driver(system, states, slots=setting.slots, k=setting.k).run


def of_baseline(name: str, spec: Spec, setting: Setting) -> Method:
    """Build a baseline; read its training images, if it needs any, at the first run."""
    build = resolve(spec.name, baselines.BASELINES, kind="method")
    options = typed(spec, build)
    # all training images, unless an option limits their number
    if spec.name == "nearest" and setting.train:
        options.setdefault("images", len(training_images(setting)))
    system = build(**options)
    if not isinstance(system, System):
        raise InputError(f"--method: {spec.name!r} returns {type(system).__name__}, not a System")
    if system.stages and not setting.train:
        raise InputError(f"{spec.name} needs training images: give --train=FOLDER")

    count = options.get("images") if spec.name == "nearest" else None

    @functools.cache
    def ready() -> Run:
        return run_of(
            system, baselines.ready(system, gallery(setting, count), name=spec.name), setting
        )

    identity = [
        spec.text,
        setting.train if system.stages else "",
        *([] if count is None else [count]),
    ]

    def run(tasks, **options) -> Iterator[Result]:
        return ready()(tasks, **options)

    return Method(name, identity, system.size, system.supports, run, setting.slots)


def training_images(setting: Setting) -> Any:
    """Open the training images for a baseline that searches in them."""
    if setting.size is None:
        raise InputError(
            "a method that searches in training images needs their size: give --size, and "
            "--fit=around if images are larger"
        )
    with announcing("the method"):  # another user's config may name them
        return open_source(split_list(setting.train), size=setting.size, fit=setting.fit)


def gallery(setting: Setting, count: int | None) -> Iterator[dict[str, np.ndarray]]:
    """Read the first ``count`` training images in batches; None: all of them."""
    source = training_images(setting)
    yield from examples(
        source, size=setting.size or 0, batch=BATCH, indices=range(len(source))[:count]
    )
