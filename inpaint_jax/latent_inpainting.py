"""Latent inpainting: an optax loop over one latent, mapped over restarts and images.

A latent is any pytree of arrays; the loop does not depend on a network. It runs in chunks of
iterations, so that a driver can show progress and reuse a finished slot for the next image. Every
image has its own iteration count and key, so its result does not depend on the batch. A search
finishes after its last iteration or, with a tolerance, after a window with too little progress.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.errors import InputError
from inpaint_jax.latents import (
    PROJECTIONS,
    STARTS,
    clip,
    normal,
    stochastic_clip,
    unconstrained,
    unfilled,
    uniform,
)
from inpaint_jax.types import Key, Tree

__all__ = [
    "PROJECTIONS",
    "STARTS",
    "Search",
    "advance",
    "chunk_length",
    "clip",
    "invert",
    "normal",
    "shared",
    "start",
    "stochastic_clip",
    "unconstrained",
    "uniform",
]

Loss = Callable[[Tree], tuple[jax.Array, Mapping[str, jax.Array]]]


class Search(NamedTuple):
    """State of one latent search; with leading axes, of many.

    Attributes:
      step: int32 ``[]``, iterations done.
      evaluations: int32 ``[]``, number of loss evaluations: one per iteration, plus line searches.
      done: bool ``[]``, True once the search is finished.
      key: key for a stochastic projection.
      latent: the current iterate, a pytree of arrays, such as ``[Z]``.
      opt: optimiser state.
      best_latent: the answer so far, of the same structure: the evaluated iterate of least loss, or
        the last evaluated iterate (the last update is never evaluated).
      best: ``{term: []}``, the unweighted terms of ``best_latent``, and "total".
      mark: ``[]``, the total of ``best_latent`` at the start of the current window.
      trace: ``{term: [T]}``, the terms of every iteration, "total", and ``evaluations`` so far; NaN
        for iterations not reached. T is padded to whole chunks.
    """

    step: jax.Array
    evaluations: jax.Array
    done: jax.Array
    key: Key
    latent: Tree
    opt: Tree
    best_latent: Tree
    best: dict[str, jax.Array]
    mark: jax.Array
    trace: dict[str, jax.Array]


def chunk_length(num_steps: int, *, at_most: int = 50) -> int:
    """Choose equal chunks that cover a number of iterations with the least padding.

    Args:
      num_steps: total number of iterations.
      at_most: maximum iterations per chunk.

    Returns:
      Iterations per chunk.
    """
    return -(-num_steps // -(-num_steps // at_most))


def start(
    key: Key,
    latent: Tree,
    terms: tuple[str, ...],
    *,
    tx: optax.GradientTransformation,
    num_steps: int,
    chunk: int,
) -> Search:
    """Create a search before its first iteration.

    Args:
      key: typed key ``[]``.
      latent: the starting point, a pytree of arrays.
      terms: names of the loss's terms, without "total".
      tx: optax transformation.
      num_steps: total number of iterations.
      chunk: iterations per call of ``advance``.

    Returns:
      The search.
    """
    names = (*terms, "total")
    return Search(
        step=jnp.zeros((), jnp.int32),
        evaluations=jnp.zeros((), jnp.int32),
        done=jnp.zeros((), bool),
        key=key,
        latent=latent,
        opt=tx.init(latent),
        best_latent=latent,
        best={name: jnp.full((), jnp.inf) for name in names},
        mark=jnp.full((), jnp.inf),
        trace={
            name: jnp.full(-(-num_steps // chunk) * chunk, unfilled())
            for name in (*names, "evaluations")
        },
    )


def advance(
    search: Search,
    loss: Loss,
    *,
    tx: optax.GradientTransformation,
    project: Callable[[Key, Tree], Tree],
    num_steps: int,
    chunk: int,
    tolerance: float = 0.0,
    patience: int = 50,
    keep_last: bool = False,
) -> Search:
    """Run up to ``chunk`` more iterations of one search, none after it is done.

    Per iteration t: evaluate the loss and its gradient at ``z_t``, keep ``z_t`` if it is the best
    so far, update, project (the best is over z_0 .. z_{T-1}). An optimiser with a line search also
    evaluates the loss between two iterates, without projection.

    Args:
      search: one search.
      loss: ``latent -> (scalar, {term: []})``, unweighted terms.
      tx: optax transformation, with or without extra arguments.
      project: ``(key, latent) -> latent``, after every update.
      num_steps: maximum number of iterations.
      chunk: iterations per call, as in ``start``.
      tolerance: finish when the least loss falls by less than this fraction over ``patience``
        iterations; 0: always run ``num_steps``.
      patience: iterations per window.
      keep_last: return the last evaluated iterate instead of the best.

    Returns:
      The search after these iterations.
    """
    evaluate = jax.value_and_grad(loss, has_aux=True)
    tx = optax.with_extra_args_support(tx)

    def iterate(now, _):
        (total, terms), grads = evaluate(now.latent)
        values = {**terms, "total": total}
        better = (total < now.best["total"]) | keep_last
        best, best_latent = jax.tree.map(
            lambda new, old: jnp.where(better, new, old),
            (values, now.latent),
            (now.best, now.best_latent),
        )
        updates, opt = tx.update(
            grads,
            now.opt,
            now.latent,
            value=total,
            grad=grads,
            value_fn=lambda latent: loss(latent)[0],
        )
        tried = optax.tree.get(opt, "num_linesearch_steps", jnp.zeros((), jnp.int32))
        step, evaluations = now.step + 1, now.evaluations + 1 + tried
        window_ends = step % patience == 0
        stalled = (
            window_ends & (best["total"] > now.mark - tolerance * jnp.abs(now.mark))
            if tolerance
            else False
        )
        after = now._replace(
            step=step,
            evaluations=evaluations,
            done=(step >= num_steps) | stalled,
            latent=project(
                jax.random.fold_in(now.key, now.step), optax.apply_updates(now.latent, updates)
            ),
            opt=opt,
            best_latent=best_latent,
            best=best,
            mark=jnp.where(window_ends, best["total"], now.mark),
        )
        point = {**values, "evaluations": evaluations.astype(total.dtype)}
        after = jax.tree.map(lambda new, old: jnp.where(now.done, old, new), after, now)
        return after, jax.tree.map(lambda value: jnp.where(now.done, unfilled(), value), point)

    after, points = jax.lax.scan(iterate, search._replace(trace={}), length=chunk)
    # The update may clamp the start of a finished search, so keep its old points.
    trace = jax.tree.map(
        lambda t, p: jax.lax.dynamic_update_slice(t, p, (search.step,)), search.trace, points
    )
    return after._replace(
        trace=jax.tree.map(lambda new, old: jnp.where(search.done, old, new), trace, search.trace)
    )


def invert(
    loss: Callable[[Tree], jax.Array | tuple[jax.Array, Mapping[str, jax.Array]]],
    latent: Tree,
    *,
    tx: optax.GradientTransformation,
    num_steps: int,
    project: Callable[[Key, Tree], Tree] | None = None,
    key: Key | None = None,
    terms: tuple[str, ...] | None = None,
    tolerance: float = 0.0,
    patience: int = 50,
    keep_last: bool = False,
    chunk: int | None = None,
) -> Search:
    """Search one latent from beginning to end (Yeh et al., section 3.2, for any loss).

    ``vmap`` it over restarts and over images.

    Args:
      loss: ``latent -> scalar``, or ``latent -> (scalar, {term: []})`` to trace its terms.
      latent: the starting point, a pytree of float arrays: ``[Z]``, ``{"w": [Z], "noise": [N]}``.
      tx: optax transformation.
      num_steps: maximum number of iterations.
      project: ``(key, latent) -> latent``, after every update, such as ``clip``; None: no
        projection.
      key: key for a stochastic projection; default: a fixed key.
      terms: names of the loss's terms; default: found by tracing the loss.
      tolerance: finish when the least loss falls by less than this fraction over ``patience``
        iterations; 0: always run ``num_steps``.
      patience: iterations per window.
      keep_last: return the last evaluated iterate instead of the best.
      chunk: iterations between two checks of whether the search is finished, which saves time with
        a tolerance; default: one check, at the end. With chunks, the search does not support
        reverse-mode differentiation.

    Returns:
      The finished search: ``.best_latent``, of the structure of ``latent``, ``.best``, ``.trace``
      (T is ``num_steps``), ``.step``.

    Raises:
      InputError: search settings out of range, a latent that is not float, or a loss that does not
        return one number.
    """
    if min(num_steps, patience, 1 if chunk is None else chunk) < 1 or tolerance < 0:
        raise InputError(
            "invert: num_steps, patience and chunk must be at least 1, tolerance at least 0"
        )
    for leaf in jax.tree.leaves(latent):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise InputError(f"invert: a latent must be float, got {jnp.result_type(leaf)}")
    latent = jax.tree.map(jnp.asarray, latent)
    found, loss_with_terms = _with_terms(loss, latent)
    settings = {"tx": tx, "num_steps": num_steps, "chunk": chunk or num_steps}
    rules = {"tolerance": tolerance, "patience": patience, "keep_last": keep_last}
    key = jax.random.key(0) if key is None else key
    search = start(key, latent, found if terms is None else terms, **settings)

    def go_on(search: Search) -> Search:
        return advance(
            search, loss_with_terms, project=project or unconstrained, **settings, **rules
        )

    if chunk is None:
        return go_on(search)
    search = jax.lax.while_loop(lambda search: ~search.done, go_on, search)
    return search._replace(trace={name: trace[:num_steps] for name, trace in search.trace.items()})


def _with_terms(loss: Callable[..., object], latent: Tree) -> tuple[tuple[str, ...], Loss]:
    """Return the names of a loss's terms, and the loss in the form that ``advance`` takes."""
    value = jax.eval_shape(loss, latent)
    alone = not isinstance(value, tuple)
    total, terms = (value, {}) if alone or len(value) != 2 else value
    if getattr(total, "shape", None) != () or not isinstance(terms, Mapping):
        got = jax.tree.map(lambda leaf: leaf.shape, value)
        raise InputError(
            f"invert: a loss returns a scalar, or (scalar, {{term: scalar}}), got {got}"
        )
    return tuple(terms), ((lambda latent: (loss(latent), {})) if alone else loss)  # type: ignore[return-value]


def shared(weights: Tree) -> Tree:
    """Share one copy of the weights between all images and restarts under ``vmap``.

    A line search branches with ``lax.cond``. A mapped ``cond`` copies everything that its branches
    read for each image. Each image would then be convolved with a separate copy of the kernels,
    several times slower. Call this function inside the loss.

    Args:
      weights: a pytree of arrays, the same for all images and restarts.

    Returns:
      The same weights.
    """
    return jax.tree.map(_one_for_all, weights)


@jax.custom_batching.custom_vmap
def _one_for_all(weight: jax.Array) -> jax.Array:
    return weight


@_one_for_all.def_vmap
def _first(size, batched, weight):
    del size
    return _one_for_all(weight[0] if batched[0] else weight), False
