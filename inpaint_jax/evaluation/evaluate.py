"""``inpaint evaluate``: whole pictures under frozen holes, a system and its baselines, measured side by side.

Several searches of one trained system are methods like any other; how fast their losses fell is compared as well.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import metrics
from inpaint_jax.compositing import from_levels, to_levels
from inpaint_jax.data import files
from inpaint_jax.data.pipeline import examples
from inpaint_jax.data.sources import open_source
from inpaint_jax.evaluation import picture_set, report
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.evaluation.search_speed import Curve
from inpaint_jax.naming import resolve
from inpaint_jax.runs import configuration
from inpaint_jax.runs.configuration import Config
from inpaint_jax.runs.interruption import Interruption, interruption
from inpaint_jax.runs.model import Model
from inpaint_jax.systems import baselines
from inpaint_jax.systems.driver import Driver, Task, stacked

GROUPS = {"floors": ("mean", "harmonic", "nearest"), "opencv": ("telea", "navier_stokes"), "none": ()}
BATCH = 64  # pictures read at once
TRACE = "trace_"  # before the names of terms, in files
GALLERY = 1000  # training pictures that the nearest neighbour is sought among


class Method(NamedTuple):
    """What completes pictures, and what its answers depend on besides pictures, holes and seed."""

    name: str
    driver: Driver
    identity: list[Any]


class Answer(NamedTuple):
    """What a method made of every picture under the holes of one family."""

    images: np.ndarray  # uint8 [N, H, W, C]
    seconds: float
    traces: dict[str, np.ndarray]  # {term: [N, T]} as of a ``Completion``, NaN after an early finish; empty: no search


def evaluate(
    model: Model,
    images: Sequence[str],
    holes: Sequence[str],
    against: Sequence[str],
    output: str | Path,
    *,
    searches: Mapping[str, Model] | None = None,
    seed: int = 0,
    slots: int | None = None,
) -> int:
    """Completes every picture under every hole family with every method, and writes the table and the grids.

    Completions are kept in ``output/completions``, so that an interrupted evaluation goes on with the next family.

    Args:
      model: a trained system.
      images: source specs of whole pictures.
      holes: families; each picture gets one hole of each.
      against: baselines by name, "floors", "opencv" or "none".
      output: for ``table.md``, ``table.json``, ``grid.png``, ``best.png``, ``worst.png``, and, of several searches,
        ``search.md`` and ``search.png``.
      searches: the model under several searches, by name, in place of its own; the first is what the others are
        compared to.
      seed: of the holes and latents.
      slots: pictures at once, as ``driver.Driver`` takes them; default the config's.

    Returns:
      The exit code.

    Raises:
      InputError: for bad pictures, families or baseline names.
    """
    output, against = Path(output), baseline_names(against)
    pictures = picture_set.read(images, holes, model.config.data, seed=seed)
    searches = searches or {model.config.system: model}
    answers: dict[str, dict[str, Answer | None]] = {}
    with interruption() as stop:
        for method in chain(trained(searches, slots=slots), untrained(against, model.config, slots=slots)):
            answers[method.name] = answers_of(method, pictures, output / "completions", stop)
            if stop.signal:
                print(f"stopped during {method.name}; the same command goes on from there", file=sys.stderr)
                return 128 + stop.signal
    results = [
        {"holes": family, "holes_hash": pictures.hashes[family], "method": method, "seconds": answer and answer.seconds}
        | measure(pictures.truth, answer and answer.images, pictures.gaps[family])
        for family in holes
        for method in answers
        for answer in [answers[method][family]]
    ]
    completed = {name: {f: answer and answer.images for f, answer in its.items()} for name, its in answers.items()}
    source = report.caption(searches, pictures)
    report.write_table(output, searches, pictures, results, source)
    report.write_grids(output, pictures, completed, results)
    if len(comparable := report.same_loss(searches)) > 1 and (curves := courses(answers, comparable)):
        report.write_search_speed(output, curves, source)
    print(f"look at {output}/grid.png, best.png and worst.png")
    return 0


def baseline_names(against: Sequence[str]) -> list[str]:
    """Groups written out; refuses a baseline that is unknown, or needs what is not installed, before any work."""
    names = [name for word in against for name in GROUPS.get(word, (word,))]
    for name in names:
        resolve(name, baselines.BASELINES, kind="baseline")()
    return names


def trained(models: Mapping[str, Model], *, slots: int | None = None) -> Iterator[Method]:
    """Trained systems by name, with their own slots by default."""
    for name, model in models.items():
        steps = {stage: int(state.step) for stage, state in model.states.items()}
        many = slots or model.config.search.slots
        driver = Driver(model.system, model.states, slots=many)
        yield Method(name, driver, [configuration.fingerprint(model.config), steps, many])


def untrained(against: Sequence[str], config: Config, *, slots: int | None = None) -> Iterator[Method]:
    """Baselines, beside a system of this config: its slots by default, its training pictures for one that needs any."""
    for name in against:
        system, states = baselines.ready(name, gallery(config.data))
        yield Method(name, Driver(system, states, slots=slots or config.search.slots), [name, config.data.train])


def gallery(data: Config) -> Iterator[dict[str, np.ndarray]]:
    """The first training pictures, for a baseline that looks at some."""
    source = open_source(data.train.split(","), size=data.size, fit=data.fit)
    yield from examples(source, size=data.size, batch=BATCH, indices=range(min(GALLERY, len(source))))


def answers_of(method: Method, pictures: PictureSet, folder: Path, stop: Interruption) -> dict[str, Answer | None]:
    """A method's answer under every family of holes; what an earlier call has written is not computed again.

    Args:
      method: that answers.
      pictures: to be completed.
      folder: for the files, ``completions_file``.
      stop: when it becomes true, the answer under way is given up.

    Returns:
      ``{family: Answer}``, None where the method does not support such holes; after a stop, those that are done.
    """
    answers: dict[str, Answer | None] = {}
    for family, gap in pictures.gaps.items():
        if any(method.driver.system.supports(hole) for hole in gap):
            answers[family] = None
            continue
        file = completions_file(method, pictures, family, folder)
        if not file.is_file():
            title = f"{method.name}, {family}"
            names, truth, seed = pictures.names, pictures.truth, pictures.seed
            answer = run(method.driver, names, truth, gap, seed=seed, stop=stop, title=title)
            if stop:
                break
            traces = {f"{TRACE}{term}": trace for term, trace in answer.traces.items()}
            files.write_arrays(file, {"images": answer.images, "seconds": np.asarray(answer.seconds), **traces})
        answers[family] = read_answer(file)
    return answers


def completions_file(method: Method, pictures: PictureSet, family: str, folder: Path) -> Path:
    """Where a method's answer is kept; the name changes with everything that the answer depends on."""
    identity = {
        "method": method.identity,
        "pictures": pictures.digest,
        "holes": pictures.hashes[family],
        "seed": pictures.seed,
    }
    return folder / f"{method.name}-{family}-{configuration.fingerprint(identity)}.npz"


def read_answer(file: Path) -> Answer:
    """What ``answers_of`` has written."""
    parts = files.read_arrays(file)
    traces = {name.removeprefix(TRACE): array for name, array in parts.items() if name.startswith(TRACE)}
    return Answer(parts["images"], float(parts["seconds"]), traces)


def run(driver: Driver, names, truth, gap, *, seed, stop, title) -> Answer:
    """All pictures under one family."""
    images = np.empty(truth.shape, np.uint8)
    traces: list[dict[str, np.ndarray]] = [{}] * len(names)
    rows = {name: i for i, name in enumerate(names)}
    tasks = (Task(name, truth[i], gap[i]) for name, i in rows.items())
    began = time.perf_counter()
    with tqdm(total=len(names), desc=title, unit="image") as bar:
        for result in driver.run(tasks, seed=seed, stop=stop, on_chunk=lambda count: bar.set_postfix(chunk=count)):
            i = rows[result.task.id]
            images[i], traces[i] = to_levels(result.images[0]), result.traces
            bar.update()
    terms = dict.fromkeys(term for trace in traces for term in trace)
    whole = {term: stacked([trace.get(term, np.zeros(0)) for trace in traces]) for term in terms}
    return Answer(images, time.perf_counter() - began, whole)


def measure(truth: np.ndarray, answer: np.ndarray | None, gap: np.ndarray) -> dict[str, Any]:
    """Every metric per picture; answers are uint8, so the truth is quantised too.

    Args:
      truth: ``[N, H, W, C]`` in [-1, 1], the whole set in its order, on which ``desai_legacy_sse`` depends.
      answer: uint8, same shape; None: no answer.
      gap: ``[N, H, W, 1]``, 1 = missing.

    Returns:
      ``{name: [N]}`` for every name of ``metrics.PROTOCOLS``; None for each where there is no answer.
    """
    if answer is None:
        return dict.fromkeys(metrics.PROTOCOLS)
    return dict(metrics.measure(from_levels(answer), truth, gap))


def courses(answers: Mapping[str, Mapping[str, Answer | None]], names: Sequence[str]) -> dict[str, dict[str, Curve]]:
    """How the losses of some of the methods fell, ``{family: {method: Curve}}``; families where several searched."""
    curves: dict[str, dict[str, Curve]] = {}
    for name in names:
        for family, answer in answers[name].items():
            if answer is not None and answer.traces:
                curves.setdefault(family, {})[name] = Curve(answer.traces["evaluations"], answer.traces["total"])
    return {family: its for family, its in curves.items() if len(its) > 1}
