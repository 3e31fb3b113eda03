"""The only interface between methods and the harness: a system is a bundle of pure functions.

Training, completion, evaluation and reproduction use a method through this interface alone.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from inpaint_jax.errors import InputError
from inpaint_jax.networks import Network


class Stage(NamedTuple):
    """One network, or one adversarial pair, with a training of its own.

    Attributes:
      name: folder of the stage under the workdir.
      init: ``(key, batch, earlier) -> TrainState``; ``earlier`` maps the names of the earlier
        stages to their final states.
      step: ``(state, batch, earlier, *, axis_name=None) -> (state, {metric: scalar})``; all random
        draws derive from ``optimization.state.step_key(state)``.
      validate: ``(state, batch, key, earlier) -> ({metric: [B]}, images [N, H, W, C] to look at)``.
      projection: a ``System`` that completes the training images before the stage begins; it
        receives ``earlier``. Every batch then has the answers as "projection" and the holes as
        "hole". The settings of the stage have ``holes`` and ``projection.slots``. None: the stage
        learns from images alone.
      adapt: ``(schedule, {metric: [B]}) -> schedule``: updates the schedule of the state from the
        result of ``validate`` on held-out images. If the schedule has ``finished []``, it ends the
        stage. With ``ends_on="best"`` in the settings, the stage ends with the networks of the
        last rise of the schedule's ``best []``. The settings have ``holdout``, the number of
        held-out images, and ``adapt_every``, in steps. None: no images are held out.
      classes: number of label classes; batches must then contain "label" in 0..classes-1. 0 if the
        stage uses no labels.
      networks: the pure functions of the networks in the state, under the same names;
        ``Model.network`` returns them.
    """

    name: str
    init: Callable[..., Any]
    step: Callable[..., Any]
    validate: Callable[..., Any] | None = None
    projection: "System | None" = None
    adapt: Callable[..., Any] | None = None
    classes: int = 0
    networks: Mapping[str, Network] = MappingProxyType({})


class Completion(NamedTuple):
    """The answer of a system for a batch of images.

    Attributes:
      images: ``[B, K, H, W, C]`` in [-1, 1], best first by the system's own loss.
      losses: ``{term: [B, K]}``, the terms of that loss at the answer, including "total"; empty for
        feed-forward systems.
      traces: ``{term: [B, T]}``, the terms over the iterations of the best answer, and
        ``evaluations``, the evaluations of the loss so far. NaN after an early finish; empty for
        feed-forward systems.
      evaluations: ``[B]``, evaluations of the loss per image, summed over restarts; None for
        systems without a search.
    """

    images: jax.Array
    losses: dict[str, jax.Array]
    traces: dict[str, jax.Array]
    evaluations: jax.Array | None = None


class System(NamedTuple):
    """An inpainting method.

    Attributes:
      size: side of the images that the system completes; None: any size.
      stages: in the order of training; a baseline has none.
      begin: ``(states, images, hole, keys [B], k) -> progress``, a pytree with leading axis B and
        ``.done [B]``. ``images`` are damaged: 0 inside the hole. A system with ``families`` also
        takes the keyword ``family [B]``: indices into ``families``, or -1.
      advance: ``(states, progress) -> progress``, one chunk of iterations; None for feed-forward
        systems.
      finish: ``(states, progress) -> Completion``.
      supports: ``(hole [H, W, 1]) -> None``, or the reason why the system cannot complete the hole;
        by default every hole is supported.
      host: ``(image [H, W, C], hole [H, W, 1]) -> [H, W, C]`` with NumPy arrays: the same
        completion of one damaged image on the host, for methods that need no device and no
        compiled code; otherwise None.
      weights: ``(states, hole [N, H, W, 1], family) -> {term: weight}``, one for all holes or
        ``[N]``: the weights of the loss terms under these holes of a family (empty: no family).
        Without a search there are no terms.
      families: hole families for which the system has learnt separate values.
      remark: ``(states, hole [N, H, W, 1], family) -> text``, a note for reports on results under
        these holes; empty: no note.
      watch: ``(progress) -> {name: [B]}``, values of unfinished completions for a progress bar.
      most: completions per image that the system gives at most; None: any number.
    """

    size: int | None
    stages: tuple[Stage, ...]
    begin: Callable[..., Any]
    advance: Callable[..., Any] | None
    finish: Callable[..., Completion]
    supports: Callable[..., str | None] = lambda hole: None
    host: Callable[..., Any] | None = None
    weights: Callable[..., dict[str, Any]] = lambda states, hole, family="": {}
    families: tuple[str, ...] = ()
    remark: Callable[..., str] = lambda states, hole, family: ""
    watch: Callable[..., Mapping[str, Any]] = lambda progress: {}
    most: int | None = None


def check_count(system: System, k: int) -> None:
    """Refuse a number of completions per image that a system cannot give.

    Args:
      system: the method.
      k: completions per image.

    Raises:
      InputError: ``k`` is less than 1, or more than ``system.most``.
    """
    if k < 1:
        raise InputError(f"completions per image must be at least 1, got {k}")
    if system.most is not None and k > system.most:
        number = "one completion" if system.most == 1 else f"{system.most} completions"
        raise InputError(f"this system gives {number} per image, not {k}")
