"""The one interface between methods and the harness: a system is a bundle of pure functions.

Training, completing, evaluating and reproducing know nothing else about a method.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from inpaint_jax.networks import Network


class Stage(NamedTuple):
    """One network, or adversarial pair, that is trained on its own.

    Attributes:
      name: its folder under the workdir.
      init: ``(key, batch, earlier) -> TrainState``; ``earlier`` maps the names of the stages before it to their
        finished states.
      step: ``(state, batch, earlier, *, axis_name=None) -> (state, {metric: scalar})``; what it draws
        follows from ``optimization.state.step_key(state)``.
      validate: ``(state, batch, key, earlier) -> ({metric: [B]}, pictures [N, H, W, C] to look at)``.
      projection: a ``System`` that completes the stage's training pictures before it begins, given ``earlier``; every
        batch then has its answers as "projection" and their holes as "hole". The stage's settings have ``holes`` and
        ``projection.slots``. None: the stage learns from pictures alone.
      adapt: ``(schedule, {metric: [B]}) -> schedule``, how the state's schedule follows from what ``validate`` measured
        on pictures that are set apart; its ``finished []``, if there is one, ends the stage. With ``ends_on="best"``
        in its settings the stage ends with the networks under which ``best []`` of the schedule rose last. The settings
        have ``holdout``, the number of those pictures, and ``adapt_every``, in steps. None: nothing is set apart.
      classes: its pictures need a "label" of 0 .. classes - 1; 0: it reads none.
      networks: the pure functions of the networks in its state, by their names there; what
        ``Model.network`` hands out.
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
    """What a system answers for a batch of pictures.

    Attributes:
      images: ``[B, K, H, W, C]`` in [-1, 1], best first by the system's own loss.
      losses: ``{term: [B, K]}``, the terms of that loss at the answer, "total" among them (empty for feed-forward
        systems).
      traces: ``{term: [B, T]}``, the terms over iterations of the best answer, and ``evaluations`` of the loss until
        then; NaN after an early finish (empty likewise).
      evaluations: ``[B]``, evaluations of the loss for a picture, all its restarts together; None: no search.
    """

    images: jax.Array
    losses: dict[str, jax.Array]
    traces: dict[str, jax.Array]
    evaluations: jax.Array | None = None


class System(NamedTuple):
    """A method of inpainting.

    Attributes:
      size: side of the pictures that it completes; None: any.
      stages: trained in this order; a baseline has none.
      begin: ``(states, images, hole, keys [B], k) -> progress``, a pytree with leading axis B and ``.done [B]``.
        ``images`` are damaged: 0 inside the hole. A system with ``families`` also takes ``family [B]``, rows of them
        or -1, by keyword.
      advance: ``(states, progress) -> progress``, one chunk of iterations; None for feed-forward systems.
      finish: ``(states, progress) -> Completion``.
      supports: ``(hole [H, W, 1]) -> None``, or the reason why it cannot complete such a hole; by
        default it completes any.
      host: ``(image [H, W, C], hole [H, W, 1]) -> [H, W, C]`` with NumPy arrays: the same completion of one
        damaged image on the host, where the method needs no device and nothing compiled; otherwise None.
      weights: ``(states, hole [N, H, W, 1], family) -> {term: weight}``, one for all or ``[N]``: what the terms of its
        loss count with under these holes of a family (empty: of none); no terms without a search.
      families: hole families for which it has learnt something of its own.
      remark: ``(states, hole [N, H, W, 1], family) -> text``, what a report has to say about results under such holes;
        empty: nothing.
      watch: ``(progress) -> {name: [B]}``, numbers that a progress bar shows of unfinished completions.
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
