"""``inpaint reproduce E15``, ``all`` and ``list``: tables and figures of the papers by their numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inpaint_jax.errors import note
from inpaint_jax.evaluation.experiments import catalogue, html
from inpaint_jax.evaluation.experiments.reproduce import reproduce


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
) -> None:
    """Train and measure what some numbers need, a folder per page, and write ``index.html`` over all reports.

    Args:
      numbers: ``E06``, or "all".
      workdir: for a folder per page, in which an earlier call is continued.
      scale: word of the pages, such as "cpu".
      data: ``{role: source spec}``, see ``configs/papers``; the built-in facades fill the other roles.
      count: test images at most.
      seed: of the holes and latents.
      weights: ``{stage: file}``, for every page that has such a stage.
      skip_errors: leave out images that cannot be read.

    Raises:
      InputError: an unknown number, role or scale, or what ``reproduce`` refuses, before anything is trained.
      Interrupted: a signal stopped the work; what is done is kept.
    """
    workdir = Path(workdir)
    chosen = catalogue.tasks(numbers, scale=scale, data=data)
    for number, task in enumerate(chosen, 1):
        note(f"{task.spec}, {number} of {len(chosen)}: {', '.join(task.arms) or 'all trainings'}")
        images = f"{task.images}{'&' if '?' in task.images else '?'}count={count}" if count else task.images
        reproduce(
            task.spec,
            workdir / catalogue.folder_of(task.page),
            training=task.train,
            images=[images],
            validation=task.validation,
            only=task.arms,
            seed=seed,
            weights=catalogue.weights_of(task.spec, weights),
            skip_errors=skip_errors,
        )
        write_index(workdir)


def write_index(workdir: Path) -> None:
    """Write the page over all reports that a folder has."""
    found = {catalogue.folder_of(page): spec for page, spec in catalogue.reports(workdir).items()}
    html.write_index(workdir, found, catalogue.listing(workdir))
    print(f"look at {workdir}/index.html")
