"""``inpaint reproduce E15``, ``all`` and ``list``: tables and figures of the papers by number."""

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

    Raises:
      InputError: an unknown number, role or scale, or an error of ``reproduce``, before any
        training starts.
      Interrupted: a signal stopped the work; finished parts are kept.
    """
    workdir = Path(workdir)
    chosen = catalogue.tasks(numbers, scale=scale, data=data, count=count)
    for number, task in enumerate(chosen, 1):
        note(f"{task.spec}, {number} of {len(chosen)}: {', '.join(task.arms) or 'all trainings'}")
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
        write_index(workdir)


def write_index(workdir: Path) -> None:
    """Write the index of all reports in a folder."""
    found = {catalogue.folder_of(page): spec for page, spec in catalogue.reports(workdir).items()}
    html.write_index(workdir, found, catalogue.listing(workdir, links=True))
    print(f"look at {workdir}/index.html")
