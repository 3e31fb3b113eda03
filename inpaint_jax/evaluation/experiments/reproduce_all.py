"""``inpaint reproduce E15``, ``all`` and ``list``: tables and figures of the papers by number."""

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
from tqdm import tqdm

from inpaint_jax.checks import cores
from inpaint_jax.errors import note
from inpaint_jax.evaluation.experiments import catalogue, html, load, summary
from inpaint_jax.evaluation.experiments.catalogue import Task
from inpaint_jax.evaluation.experiments.reproduce import reproduce
from inpaint_jax.evaluation.experiments.side_by_side import side_by_side
from inpaint_jax.runs.startup import start_jax

MOST_PROCESSES = 4  # each one holds the networks of an experiment


def reproduce_parts(
    numbers: Sequence[str],
    workdir: str | Path,
    *,
    scale: str,
    data: Mapping[str, str],
    count: int | None = None,
    seed: int = 0,
    weights: Mapping[str, str] = {},
    skip_errors: bool = False,
    processes: int | None = None,
) -> None:
    """Run the pages behind some numbers, a folder per page; write ``index.html`` for all reports.

    Args:
      numbers: such as ``E06``, or "all".
      workdir: folder for one folder per page; an earlier call is resumed.
      scale: word of the pages, such as "cpu".
      data: ``{role: source spec}``, see ``configs/papers``; other roles use the built-in facades.
      count: largest number of test images; None: all, but only a few built-in ones at scale
        ``smoke``.
      seed: random seed of the holes and latents.
      weights: ``{stage: file}``, for every page with such a stage.
      skip_errors: leave out images that cannot be read.
      processes: number of pages computed at a time, each in its own process. None: 1; at scale
        ``smoke`` on a CPU, one per core and at most 4.

    Raises:
      InputError: an unknown number, role or scale, before any training starts, or an error of
        ``reproduce``.
      Interrupted: a signal stopped the work; finished parts are kept.
    """
    workdir = Path(workdir)
    chosen = catalogue.tasks(numbers, scale=scale, data=data, count=count)
    run = functools.partial(
        reproduce_page,
        workdir=workdir,
        scale=scale,
        seed=seed,
        weights=dict(weights),
        skip_errors=skip_errors,
    )
    jobs = {
        task: functools.partial(run, task, place=f"{number} of {len(chosen)}")
        for number, task in enumerate(chosen, 1)
    }
    chains = chains_of(chosen)
    processes = min(processes or usual_processes(scale), len(chains))
    if processes == 1:
        for job in jobs.values():
            job()
            write_index(workdir)
        return
    summaries = [
        workdir / catalogue.folder_of(task.page) / arm / summary.FILE
        for task in chosen
        for arm in arms_of(task)
    ]
    with tqdm(total=len(summaries), desc="arms", unit="arm") as bar:
        side_by_side(
            [[jobs[task] for task in chain] for chain in chains],
            processes,
            begin=functools.partial(
                start_beside, max(1, cores() // processes), quick=scale == "smoke"
            ),
            watch=lambda: bar.update(sum(file.is_file() for file in summaries) - bar.n),
            finished=lambda: write_index(workdir),
        )


def reproduce_page(
    task: Task,
    *,
    workdir: Path,
    place: str,
    scale: str,
    seed: int,
    weights: Mapping[str, str],
    skip_errors: bool,
) -> None:
    """Run a page; copy trainings of the same config from the other pages in the workdir.

    Args:
      task: the page.
      workdir: folder for the folder of the page.
      place: position among all pages, for the note to the user.
      scale: see ``reproduce_parts``; so are the other arguments.
      seed: random seed.
      weights: initial weights.
      skip_errors: leave out unreadable images.
    """
    note(f"{task.spec}, {place}: {', '.join(task.arms) or 'all trainings'}")
    reproduce(
        task.spec,
        workdir / catalogue.folder_of(task.page),
        training=task.train,
        images=[task.images],
        validation=task.validation,
        only=task.arms,
        seed=seed,
        weights=catalogue.weights_of(task.spec, weights),
        slots=catalogue.FEW[1] if scale == "smoke" else None,  # of more, all but 8 are repeats
        skip_errors=skip_errors,
        beside=[
            workdir / catalogue.folder_of(page)
            for page in catalogue.reports(workdir)
            if page != task.page
        ],
    )


def chains_of(tasks: Sequence[Task]) -> list[list[Task]]:
    """Group pages into chains: the pages of an experiment file share trainings, so run in order.

    Returns:
      The chains, those with the most arms first, so that the last ones to end are short.
    """
    chains: dict[str, list[Task]] = {}
    for task in tasks:
        chains.setdefault(task.page.partition(":")[0], []).append(task)

    def count(chain: list[Task]) -> int:
        return sum(len(arms_of(task)) for task in chain)

    return sorted(chains.values(), key=count, reverse=True)


def arms_of(task: Task) -> list[str]:
    """Return the arms that a page trains and measures."""
    return list(task.arms or load(task.spec).arms)


def usual_processes(scale: str) -> int:
    """Return the default number of pages at a time.

    Only experiments of a few steps leave cores idle, and processes cannot share an accelerator.
    """
    on_cpu = jax.default_backend() == "cpu"
    return min(MOST_PROCESSES, cores()) if scale == "smoke" and on_cpu else 1


def start_beside(devices: int, *, quick: bool) -> None:
    """Start JAX in a process beside others, with a share of the cores as devices."""
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(devices))
    start_jax(quick=quick)


def write_index(workdir: Path) -> None:
    """Write the index of all reports in a folder."""
    found = {catalogue.folder_of(page): spec for page, spec in catalogue.reports(workdir).items()}
    html.write_index(workdir, found, catalogue.listing(workdir, links=True))
    print(f"look at {workdir}/index.html")
