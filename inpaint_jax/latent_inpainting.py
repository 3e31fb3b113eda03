"""Latent inpainting: an optax loop on one latent, mapped over restarts and over pictures. It knows no network.

The loop runs in chunks of iterations so that a driver can show progress and hand a finished slot to the next picture.
Every picture carries its own iteration count and key, so that its result depends on nothing but itself.
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
      key: feeds a stochastic projection.
      latent: ``[Z]``, the current iterate.
      opt: optimiser state.
      best_latent: ``[Z]``, the iterate of least loss among those evaluated (the last update is never evaluated).
      best: ``{term: []}``, its unweighted terms, and "total".
      trace: ``{term: [T]}``, the same for every iteration; T is padded to whole chunks.
    """

    step: jax.Array
    key: Key
    latent: jax.Array
    opt: Tree
    best_latent: jax.Array
    best: dict[str, jax.Array]
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
        key=key,
        latent=latent,
        opt=tx.init(latent),
        best_latent=latent,
        best={name: jnp.full((), jnp.inf) for name in names},
        trace={name: jnp.zeros(-(-num_steps // chunk) * chunk) for name in names},
    )


def advance(
    search: Search,
    loss: Callable,
    *,
    tx: optax.GradientTransformation,
    project: Callable,
    num_steps: int,
    chunk: int,
) -> Search:
    """Up to ``chunk`` further iterations of one search, none past ``num_steps``.

    Per iteration t: evaluate the loss and its gradient at ``z_t``, keep ``z_t`` if it is the best so far, update,
    project (spec: best is over z_0 .. z_{T-1}).

    Args:
      search: one search.
      loss: ``latent [Z] -> (scalar, {term: []})``, unweighted terms.
      tx: optax transformation.
      project: ``(key, latent) -> latent``, after every update.
      num_steps: iterations in all.
      chunk: iterations per call, as given to ``start``.

    Returns:
      The search after them.
    """
    evaluate = jax.value_and_grad(loss, has_aux=True)

    def iterate(carry, _):
        step, latent, opt, best_latent, best = carry
        (total, terms), grads = evaluate(latent)
        values = {**terms, "total": total}
        better = total < best["total"]
        best_latent = jnp.where(better, latent, best_latent)
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), values, best)
        updates, opt = tx.update(grads, opt, latent)
        latent = project(jax.random.fold_in(search.key, step), optax.apply_updates(latent, updates))
        after = (step + 1, latent, opt, best_latent, best)
        return jax.tree.map(lambda new, old: jnp.where(step < num_steps, new, old), after, carry), values

    carry = (search.step, search.latent, search.opt, search.best_latent, search.best)
    (step, latent, opt, best_latent, best), values = jax.lax.scan(iterate, carry, length=chunk)
    # A start past num_steps is clamped into the padding of the trace, which nobody reads.
    trace = jax.tree.map(lambda t, v: jax.lax.dynamic_update_slice(t, v, (search.step,)), search.trace, values)
    kept = jax.tree.map(lambda new, old: jnp.where(search.step < num_steps, new, old), trace, search.trace)
    return Search(step, search.key, latent, opt, best_latent, best, kept)


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
