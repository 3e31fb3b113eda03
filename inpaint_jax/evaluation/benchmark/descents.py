"""``inpaint benchmark search``: seconds per image until a search reaches a reference's loss.

All searches have the same trained networks, images, holes, first latents and loss. They alternate
chunk by chunk, so that background load affects all equally. Times include only the iterations,
neither compilation nor blending.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from inpaint_jax import masks, parallel, seeds
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark.cases import ITERATIONS, Case
from inpaint_jax.evaluation.benchmark.descent_times import summary, timed
from inpaint_jax.evaluation.benchmark.measure import PAUSE
from inpaint_jax.runs import configuration, model
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.model import Model

BATCH = 64
# keys of ``search`` that all searches of a comparison share
LOSS_KEYS = ("window", "counted", "batch_norm", "start")


# Starts a search of B images; yields the losses ``[B, t]`` of each chunk of iterations.
Descent = Callable[[], Iterator[np.ndarray]]


class Photographs(NamedTuple):
    """Images, holes and search keys."""

    images: np.ndarray  # [B, H, W, C] in [-1, 1]
    holes: np.ndarray  # [B, H, W, 1]
    keys: jax.Array  # [B]


def compare(
    workdir: str,
    reference: Config,
    *,
    searches: Sequence[str] = (),
    images: str,
    holes: Sequence[str],
    batch: int = BATCH,
    opponent: Any = None,
) -> list[dict[str, Any]]:
    """Measure searches against a reference search.

    Args:
      workdir: a trained Yeh run, or the name of a shipped model.
      reference: config with the ``search`` and ``losses`` of the reference.
      searches: configs whose searches are measured; empty: the search of the run.
      images: source spec; the first ``batch`` images are used.
      holes: hole families.
      batch: images searched at once.
      opponent: module of the PyTorch cases, which runs the reference; None: JAX runs it.

    Returns:
      One result per hole family.

    Raises:
      InputError: a run of another system, searches that differ in their loss or start, or too few
        images.
    """
    run = model.load(workdir)
    if run.config.system != reference.system:
        raise InputError(
            f"benchmark search: {workdir} is a run of {run.config.system!r}, the reference search "
            f"of {reference.system!r}: give --workdir of that system, or another --config"
        )
    expected = changed(run, reference)
    others = {name: changed(run, configuration.load(name)) for name in searches} or {
        str(workdir): run
    }
    for name, other in others.items():
        check_comparable(expected.config, other.config, name=name)
    size, seed = run.config.data.size, run.config.seed
    source = open_source(images, size=size, fit=run.config.data.get("fit", "crop"))
    if len(source) < batch:
        raise InputError(f"{images} has {len(source)} images, fewer than --batch={batch}")
    first = next(examples(source, size=size, batch=batch))
    keys = seeds.example_keys(seed, first["id"], "search")
    results = []
    for family in holes:
        cut = masks.evaluation_holes(family, ids=first["id"], size=size, seed=seed)
        photographs = Photographs(first["image"], cut, keys)
        descents, layout = {}, None
        if opponent:
            descents[label("torch", expected)], layout = opponent.descent(
                case_of(expected, photographs)
            )
        for one in (expected, *others.values()):
            descents.setdefault(label("ours", one), ours(one, photographs))
        results.append(
            {
                "holes": family,
                "torch_layout": layout,
                **measured(descents, batch=batch, title=family),
            }
        )
    return results


def label(library: str, one: Model) -> str:
    """Name a search in a table."""
    rule = one.config.search.optimizer
    shown = (
        rule.name,
        rule.get("learning_rate"),
        rule.get("schedule"),
        one.config.search.iterations,
    )
    return f"{library}, {' '.join(str(part) for part in shown if part is not None)}"


def changed(run: Model, config: Config) -> Model:
    """Return a trained run with ``search`` and ``losses`` of a config."""
    merged = configuration.replaced(run.config, config, ("search", "losses"))
    return Model(merged, configuration.build_system(merged), run.states)


def check_comparable(reference: Config, other: Config, *, name: str) -> None:
    """Raise InputError unless two searches begin at the same latents and have the same loss."""
    for part, keys in (("losses", None), ("search", LOSS_KEYS)):
        one, two = (configuration.to_plain(config)[part] for config in (reference, other))
        for key in keys or sorted({*one, *two}):
            if one.get(key) != two.get(key):
                raise InputError(
                    f"benchmark search: {part}.{key} of {name} is {two.get(key)!r}, but "
                    f"{one.get(key)!r} in the reference: only searches with the same loss and "
                    "start can be compared"
                )


def begun(one: Model, photographs: Photographs) -> tuple[Any, Any, Any]:
    """Spread the networks and the searches over the devices: ``(mesh, states, begin)``."""
    mesh, _ = parallel.share_slots(len(photographs.images))
    states = parallel.replicate(one.states, mesh)
    begin = jax.jit(
        parallel.spread(lambda states, examples: one.system.begin(states, *examples, 1), mesh)
    )
    return mesh, states, lambda: begin(states, tuple(photographs))


def ours(one: Model, photographs: Photographs) -> Descent:
    """Build our search, as completion runs it."""
    mesh, states, begin = begun(one, photographs)
    assert one.system.advance
    advance = jax.jit(parallel.spread(one.system.advance, mesh), donate_argnums=1)
    num_steps = one.config.search.iterations

    def chunks() -> Iterator[np.ndarray]:
        progress, before = begin(), 0
        while not progress.done.all():
            progress = jax.block_until_ready(advance(states, progress))
            after = min(num_steps, int(progress.searches.step.max()))
            yield np.asarray(progress.searches.trace["total"][:, 0, before:after])
            before = after

    return chunks


def case_of(one: Model, photographs: Photographs) -> Case:
    """Describe a search before its first iteration, as the PyTorch cases read it."""
    _, states, begin = begun(one, photographs)
    assert one.system.advance
    plain = configuration.to_plain(one.config)
    return Case(
        "latent", len(photographs.images), ITERATIONS, one.system.advance, begin(), (states,), plain
    )


def measured(descents: Mapping[str, Descent], *, batch: int, title: str = "") -> dict[str, Any]:
    """Run all searches to the end, alternating.

    A search that ends early starts again and takes part in every third turn, so that its pace is
    measured under the same load as the others.

    Args:
      descents: searches by name, the reference first.
      batch: images searched at once.
      title: title of the progress bar.

    Returns:
      ``rows``, see ``summary``; per search the losses ``totals [B, T]``, the seconds per iteration
      of every chunk, the CPU seconds likewise, and the median of the former divided by the number
      of images.
    """
    for descent in descents.values():
        next(descent())  # compile
    running = {name: descent() for name, descent in descents.items()}
    losses: dict[str, list[np.ndarray]] = {name: [] for name in descents}
    seconds: dict[str, list[float]] = {name: [] for name in descents}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in descents}
    complete: set[str] = set()
    with tqdm(desc=title, unit="chunk", leave=False) as bar:
        for turn in itertools.count():
            for name in list(descents)[:: -1 if turn % 2 else 1]:
                if name in complete and turn % 3:
                    continue
                time.sleep(PAUSE)
                began, began_cpu = time.perf_counter(), time.process_time()
                chunk = next(running[name], None)
                if chunk is None:  # the same chunk of a repeated search: the losses are known
                    complete.add(name)
                    running[name] = descents[name]()
                    began, began_cpu, chunk = (
                        time.perf_counter(),
                        time.process_time(),
                        next(running[name]),
                    )
                seconds[name].append((time.perf_counter() - began) / chunk.shape[1])
                cpu_seconds[name].append((time.process_time() - began_cpu) / chunk.shape[1])
                if name not in complete:
                    losses[name].append(chunk)
                bar.update()
            if len(complete) == len(descents):
                break
    totals = {name: np.concatenate(parts, axis=1) for name, parts in losses.items()}
    pace = {name: statistics.median(times) / batch for name, times in seconds.items()}
    return {
        "batch": batch,
        "rows": summary({name: timed(totals[name], pace[name]) for name in descents}),
        "seconds_per_iteration_and_image": pace,
        "rounds_seconds_per_iteration": seconds,
        "rounds_cpu_seconds_per_iteration": cpu_seconds,
        "totals": {name: values.tolist() for name, values in totals.items()},
    }
