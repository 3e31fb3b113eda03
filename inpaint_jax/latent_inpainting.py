"""Latent inpainting: an optax loop on one latent, mapped over restarts and over pictures. It knows no network.

The loop runs in chunks of iterations so that a driver can show progress and hand a finished slot to the next picture.
Every picture carries its own iteration count and key, so that its result depends on nothing but itself. A search is
finished when its iterations are spent, or, with a tolerance, when a window of them brought too little progress.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from inpaint_jax.types import Key, Tree


class Search(NamedTuple):
    """One latent being searched; with leading axes, many.

    Attributes:
      step: int32 ``[]``, iterations done.
      evaluations: int32 ``[]``, how often the loss was evaluated: once per iteration, and by a line search.
      done: bool ``[]``, finished.
      key: feeds a stochastic projection.
      latent: ``[Z]``, the current iterate.
      opt: optimiser state.
      best_latent: ``[Z]``, the answer so far: the iterate of least loss among those evaluated, or the last of them
        (the last update is never evaluated).
      best: ``{term: []}``, its unweighted terms, and "total".
      mark: ``[]``, the answer's total when the present window began.
      trace: ``{term: [T]}``, the terms of every iteration, "total", and ``evaluations`` so far; NaN where the search
        did not come; T is padded to whole chunks.
    """

    step: jax.Array
    evaluations: jax.Array
    done: jax.Array
    key: Key
    latent: jax.Array
    opt: Tree
    best_latent: jax.Array
    best: dict[str, jax.Array]
    mark: jax.Array
    trace: dict[str, jax.Array]


def chunk_length(num_steps: int, *, at_most: int = 50) -> int:
    """Iterations per chunk: equal chunks of at most ``at_most`` that cover ``num_steps`` with the least padding."""
    return -(-num_steps // -(-num_steps // at_most))


def start(key: Key, latent: jax.Array, terms: tuple[str, ...], *, tx, num_steps: int, chunk: int) -> Search:
    """A search that stands before its first iteration.

    Args:
      key: typed key ``[]``.
      latent: the starting point ``[Z]``.
      terms: names of the loss's terms, without "total".
      tx: optax transformation.
      num_steps: iterations in all.
      chunk: iterations per call of ``advance``.
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
        trace={name: jnp.full(-(-num_steps // chunk) * chunk, jnp.nan) for name in (*names, "evaluations")},
    )


def advance(
    search: Search,
    loss: Callable,
    *,
    tx: optax.GradientTransformation,
    project: Callable,
    num_steps: int,
    chunk: int,
    tolerance: float = 0.0,
    patience: int = 50,
    keep_last: bool = False,
) -> Search:
    """Up to ``chunk`` further iterations of one search, none after it is done.

    Per iteration t: evaluate the loss and its gradient at ``z_t``, keep ``z_t`` if it is the best so far, update,
    project (spec: best is over z_0 .. z_{T-1}). An optimiser with a line search evaluates the loss, not projected,
    between two iterates.

    Args:
      search: one search.
      loss: ``latent [Z] -> (scalar, {term: []})``, unweighted terms.
      tx: optax transformation, with or without extra arguments.
      project: ``(key, latent) -> latent``, after every update.
      num_steps: iterations at most.
      chunk: iterations per call, as given to ``start``.
      tolerance: finished when the least loss fell by less than this share of itself over ``patience`` iterations;
        0: never before ``num_steps``.
      patience: iterations of a window.
      keep_last: answer with the last iterate evaluated, not with the best.

    Returns:
      The search after them.
    """
    evaluate = jax.value_and_grad(loss, has_aux=True)
    tx = optax.with_extra_args_support(tx)

    def iterate(now, _):
        (total, terms), grads = evaluate(now.latent)
        values = {**terms, "total": total}
        better = (total < now.best["total"]) | keep_last
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), values, now.best)
        updates, opt = tx.update(
            grads, now.opt, now.latent, value=total, grad=grads, value_fn=lambda latent: loss(latent)[0]
        )
        tried = optax.tree.get(opt, "num_linesearch_steps", jnp.zeros((), jnp.int32))
        step, evaluations = now.step + 1, now.evaluations + 1 + tried
        window_ends = step % patience == 0
        stalled = window_ends & (best["total"] > now.mark - tolerance * jnp.abs(now.mark)) if tolerance else False
        after = now._replace(
            step=step,
            evaluations=evaluations,
            done=(step >= num_steps) | stalled,
            latent=project(jax.random.fold_in(now.key, now.step), optax.apply_updates(now.latent, updates)),
            opt=opt,
            best_latent=jnp.where(better, now.latent, now.best_latent),
            best=best,
            mark=jnp.where(window_ends, best["total"], now.mark),
        )
        point = {**values, "evaluations": evaluations.astype(total.dtype)}
        after = jax.tree.map(lambda new, old: jnp.where(now.done, old, new), after, now)
        return after, jax.tree.map(lambda value: jnp.where(now.done, jnp.nan, value), point)

    after, points = jax.lax.scan(iterate, search._replace(trace={}), length=chunk)
    # The start of a search that is done may be clamped: its old points are kept.
    trace = jax.tree.map(lambda t, p: jax.lax.dynamic_update_slice(t, p, (search.step,)), search.trace, points)
    return after._replace(trace=jax.tree.map(lambda new, old: jnp.where(search.done, old, new), trace, search.trace))


def invert(loss, latent, *, tx, num_steps, project, key=None, terms=None) -> Search:
    """A whole search on one latent in one call.

    Args:
      loss: ``latent [Z] -> (scalar, {term: []})``.
      latent: ``[Z]``.
      tx: optax transformation.
      num_steps: iterations.
      project: ``(key, latent) -> latent``.
      key: for a stochastic projection; a fixed one by default.
      terms: names of the loss's terms; by default found by tracing it.

    Returns:
      The finished search: ``.best_latent``, ``.best``, ``.trace``.
    """
    if terms is None:
        terms = tuple(jax.eval_shape(loss, latent)[1])
    search = start(
        jax.random.key(0) if key is None else key, latent, terms, tx=tx, num_steps=num_steps, chunk=num_steps
    )
    return advance(search, loss, tx=tx, project=project, num_steps=num_steps, chunk=num_steps)


def shared(weights: Tree) -> Tree:
    """Weights, kept one for all pictures and restarts inside the maps over these.

    A line search branches by ``lax.cond``, and a mapped ``cond`` gives every picture a copy of all that its branches
    read: each would be convolved with kernels of its own, several times slower. To be called inside the loss.
    """
    return jax.tree.map(_one_for_all, weights)


@jax.custom_batching.custom_vmap
def _one_for_all(weight: jax.Array) -> jax.Array:
    return weight


@_one_for_all.def_vmap
def _first(size, batched, weight):
    del size
    return _one_for_all(weight[0] if batched[0] else weight), False


def clip(key: Key, latent: jax.Array) -> jax.Array:
    """Entries outside [-1, 1] are moved to the border (Yeh et al.)."""
    del key
    return jnp.clip(latent, -1.0, 1.0)


def stochastic_clip(key: Key, latent: jax.Array) -> jax.Array:
    """Entries outside [-1, 1] are redrawn from U(-1, 1) (Lipton & Tripathi 2017); the others stay untouched."""
    fresh = jax.random.uniform(key, latent.shape, minval=-1.0, maxval=1.0)
    return jnp.where(jnp.abs(latent) > 1.0, fresh, latent)


def unconstrained(key: Key, latent: jax.Array) -> jax.Array:
    """No projection."""
    del key
    return latent


PROJECTIONS = {"clip": clip, "stochastic": stochastic_clip, "none": unconstrained}


def uniform(key: Key, shape: tuple[int, ...]) -> jax.Array:
    """U(-1, 1), the prior that the generator was trained on."""
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)


def normal(key: Key, shape: tuple[int, ...]) -> jax.Array:
    """N(0, 1), where the published searches start."""
    return jax.random.normal(key, shape)


STARTS = {"uniform": uniform, "normal": normal}
