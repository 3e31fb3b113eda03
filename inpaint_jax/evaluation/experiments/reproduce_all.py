"""``inpaint reproduce E15``, ``all`` and ``list``: tables and figures of the papers by number."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
from tqdm import tqdm

from inpaint_jax import checks
from inpaint_jax.data.sources import open_source
from inpaint_jax.errors import InputError, note
from inpaint_jax.evaluation.experiments import catalogue, html, load, summary
from inpaint_jax.evaluation.experiments.catalogue import Task
from inpaint_jax.evaluation.experiments.reproduce import reproduce
from inpaint_jax.evaluation.experiments.side_by_side import Job, side_by_side
from inpaint_jax.naming import split_list
from inpaint_jax.runs.startup import start_jax

MAX_PROCESSES = 4  # every process holds the networks of an experiment


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
      processes: maximum number of pages computed at a time, each in its own process. None: 1; at
        scale ``smoke`` on a CPU, one per core and at most 4. With more than one, a script needs
        the usual ``if __name__ == "__main__":``.

    Raises:
      InputError: an unknown number, role or scale, or images that cannot be opened, before any
        training starts; several processes on an accelerator; an error of ``reproduce``.
      Interrupted: a signal stopped the work; finished parts are kept.
    """
    checks.counts(processes=processes)
    workdir = Path(workdir)
    chosen = catalogue.tasks(numbers, scale=scale, data=data, count=count)
    check_images(chosen)
    run = functools.partial(
        reproduce_page,
        workdir=workdir,
        seed=seed,
        weights=dict(weights),
        slots=catalogue.FEW[1] if scale == "smoke" else None,  # of more, all but 8 are repeats
        skip_errors=skip_errors,
    )
    jobs = {
        task: Job(task.spec, functools.partial(run, task, place=f"{number} of {len(chosen)}"))
        for number, task in enumerate(chosen, 1)
    }
    chains = chains_of(chosen)
    processes = min(processes_at(scale) if processes is None else processes, len(chains))
    if processes == 1:
        for job in jobs.values():
            job.run()
            write_index(workdir)
        return
    if jax.default_backend() != "cpu":
        raise InputError("--processes: processes cannot share an accelerator; omit the option")
    arms = [
        workdir / catalogue.folder_of(task.page) / arm / summary.FILE
        for task in chosen
        for arm in trained_arms(task)
    ]
    with tqdm(total=len(arms), initial=existing(arms), desc="arms", unit="arm") as bar:
        side_by_side(
            [[jobs[task] for task in chain] for chain in chains],
            processes,
            initializer=functools.partial(start_jax, quick=scale == "smoke", share=processes),
            on_done=lambda: write_index(workdir),
            on_poll=lambda: bar.update(existing(arms) - bar.n),
        )


def check_images(tasks: Sequence[Task]) -> None:
    """Raise InputError if the images of a page cannot be opened."""
    lists = [text for task in tasks for text in (task.train, task.validation) if text]
    specs = [task.images for task in tasks] + [spec for text in lists for spec in split_list(text)]
    for spec in dict.fromkeys(specs):
        open_source(spec, size=64)  # of any size: no image is read


def reproduce_page(
    task: Task,
    *,
    workdir: Path,
    place: str,
    seed: int,
    weights: Mapping[str, str],
    slots: int | None,
    skip_errors: bool,
) -> None:
    """Run a page; copy trainings of the same config from the other pages in the workdir.

    Args:
      task: the page.
      workdir: folder for the folder of the page.
      place: position among all pages, for the note to the user.
      seed: random seed of the holes and latents.
      weights: ``{stage: file}``, the initial weights of stages; others than this page's are left
        out.
      slots: images at once; None: as in the configs.
      skip_errors: leave out images that cannot be read.
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
        slots=slots,
        skip_errors=skip_errors,
        beside=[
            workdir / catalogue.folder_of(page)
            for page in catalogue.reports(workdir)
            if page != task.page
        ],
    )


def chains_of(tasks: Sequence[Task]) -> list[list[Task]]:
    """Group pages by experiment file: they share trainings, so they must run in order.

    Returns:
      The chains, longest first.
    """
    chains: dict[str, list[Task]] = {}
    for task in tasks:
        chains.setdefault(task.page.partition(":")[0], []).append(task)
    return sorted(
        chains.values(),
        key=lambda chain: sum(len(trained_arms(task)) for task in chain),
        reverse=True,
    )


def trained_arms(task: Task) -> list[str]:
    """Return the arms that a page trains and measures."""
    return list(task.arms or load(task.spec).arms)


def processes_at(scale: str) -> int:
    """Return the default number of pages at a time.

    Only experiments of a few steps leave cores idle, and processes cannot share an accelerator.
    """
    on_cpu = jax.default_backend() == "cpu"
    return min(MAX_PROCESSES, checks.cores()) if scale == "smoke" and on_cpu else 1


def existing(files: Sequence[Path]) -> int:
    """Count the files that exist."""
    return sum(file.is_file() for file in files)


def write_index(workdir: Path) -> None:
    """Write the index of all reports in a folder."""
    found = {catalogue.folder_of(page): spec for page, spec in catalogue.reports(workdir).items()}
    html.write_index(workdir, found, catalogue.listing(workdir, links=True))
    print(f"look at {workdir}/index.html")
