"""Every numbered table and figure of the papers: its page, its images and its state."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.data.json_files import read_json
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import tables
from inpaint_jax.evaluation.experiments import Experiment, load, summary
from inpaint_jax.naming import split_options
from inpaint_jax.runs import configuration, pages
from inpaint_jax.runs.specs import with_options

BUILT_IN = "facades"  # the images of a role without a source
FEW = (128, 8)  # built-in images at scale smoke, for training and for tests
ALL = "all"
REPORT = {"experiment": str, ...: object}


class Task(NamedTuple):
    """A page to run.

    Attributes:
      page: name of the page, with words if the page has several experiments.
      spec: experiment, such as ``desai:cpu``.
      arms: arms to train and measure; empty: all.
      train: source spec of the training images.
      images: source spec of the test images.
      validation: source spec of labelled images; empty: none.
    """

    page: str
    spec: str
    arms: tuple[str, ...]
    train: str
    images: str
    validation: str


def catalogue() -> Any:
    """Return the package of the shipped experiments, with ``PARTS``, ``DATA`` and ``ROLES``."""
    return importlib.import_module(pages.EXPERIMENTS)


def tasks(
    numbers: Sequence[str], *, scale: str, data: Mapping[str, str], count: int | None = None
) -> list[Task]:
    """Find the pages that regenerate some parts of the papers.

    Args:
      numbers: such as ``E06``, or ``all``.
      scale: word of the pages, such as "cpu".
      data: ``{role: source spec}``; other roles use the built-in facades.
      count: largest number of test images; None: all, but few built-in ones at scale ``smoke``.

    Returns:
      One task per page, in the order of the papers; with "all" every whole page.

    Raises:
      InputError: an unknown number, role or scale, or a part that no page regenerates.
    """
    known = catalogue()
    if unknown := [role for role in data if role not in known.ROLES]:
        raise InputError(f"--data: unknown role {unknown[0]!r}; known: {', '.join(known.ROLES)}")
    chosen: dict[str, list[str]] = {}
    for number in known.DATA if ALL in numbers else ():
        chosen[number] = []
    for number in numbers:
        if number != ALL:
            for page, titles in part_of(number).pages.items():
                experiment = load(spec_of(page, scale))
                arms = chosen.setdefault(page, [])
                if ALL not in numbers:
                    arms += [arm for arm in arms_of(experiment, titles) if arm not in arms]
    return [
        Task(
            page,
            spec_of(page, scale),
            tuple(arms),
            *sources(known.DATA[page], data, scale=scale, count=count),
        )
        for page, arms in sorted(chosen.items(), key=lambda item: list(known.DATA).index(item[0]))
    ]


def spec_of(page: str, scale: str) -> str:
    """Return the spec of a page's experiment: ``desai:cpu``, ``buchacek:ablations,cpu``."""
    return f"{page}{',' if ':' in page else ':'}{scale}"


def folder_of(page: str) -> str:
    """Return the folder of a page: ``buchacek-ablations``."""
    return page.replace(":", "-")


def part_of(number: str) -> Any:
    """Return the ``Part`` of a number; raise InputError if the part or its pages are missing."""
    parts = catalogue().PARTS
    if number not in parts:
        raise InputError(f"reproduce: unknown {number!r}; known: list, all, {', '.join(parts)}")
    if not parts[number].pages:
        raise InputError(f"reproduce {number} ({parts[number].what}) lacks {parts[number].lacks}")
    return parts[number]


def arms_of(experiment: Experiment, titles: Iterable[str]) -> list[str]:
    """Return the arms in tables and figures with these title prefixes, reused arms first."""
    needed = [
        name
        for part in experiment.parts()
        if part.title.startswith(tuple(titles))
        for name in part.arms()
    ]
    found: list[str] = []

    def add(name: str) -> None:
        if name in experiment.arms and name not in found:
            if reused := experiment.arms[name].reuse:
                add(reused)
            found.append(name)

    # a figure of the data alone still needs one run
    for name in needed or list(experiment.arms)[:1]:
        add(name)
    return found


def sources(
    page: Any, data: Mapping[str, str], *, scale: str, count: int | None
) -> tuple[str, str, str]:
    """Return the source specs of a page's training, test and validation images.

    At scale ``smoke`` built-in images are few, so that all pages take minutes.
    """
    train, test = FEW if scale == "smoke" else (None, None)
    validation = source(page.validation, data, built_in=test) if page.validation else ""
    images = source(page.test, data, built_in=None if count else test)
    return (
        source(page.train, data, built_in=train),
        with_options(images, counted(count)),
        validation,
    )


def source(place: tuple[str, str], data: Mapping[str, str], *, built_in: int | None = None) -> str:
    """Join a role's source and the split: ``DATA/cars?crop=108`` may already name a split.

    Args:
      place: role and split.
      data: ``{role: source spec}``.
      built_in: number of built-in images, of a role without a source; None: all.
    """
    role, split = place
    if not (spec := data.get(role)):
        return with_options(BUILT_IN, {"split": split, **counted(built_in)})
    if "split=" in split_options(spec)[1] or role in ("paris", "cars_test"):
        return spec  # an evaluation set has no splits
    return with_options(spec, {"split": split})


def counted(count: int | None) -> dict[str, int]:
    """Return the option of a source spec that limits the number of images."""
    return {"count": count} if count else {}


def listing(workdir: Path | None = None, *, links: bool = False) -> str:
    """Return a Markdown table of all parts: description, page, missing results, measured share.

    Args:
      workdir: folder of an earlier ``reproduce``; None: the state is unknown.
      links: link the pages to the reports in the workdir.
    """
    rows = []
    found = reports(workdir) if workdir and links else {}
    for number, part in catalogue().PARTS.items():
        pages = [
            f"[{page}]({folder_of(page)}/report.html)" if page in found else page
            for page in part.pages
        ]
        row = [number, part.what, ", ".join(pages) or "–", part.lacks or "–"]
        rows.append([*row, state(part, workdir)] if workdir else row)
    header = ["number", "what", "pages", "lacks"]
    return tables.markdown([*header, "state"] if workdir else header, rows)


def state(part: Any, workdir: Path) -> str:
    """Describe how many arms of a part have results in a folder."""
    specs, done, count = reports(workdir), 0, 0
    for page, titles in part.pages.items():
        arms = arms_of(load(specs[page]), titles) if page in specs else []
        done += sum((workdir / folder_of(page) / arm / summary.FILE).is_file() for arm in arms)
        count += len(arms)
    if not count:
        return "–"
    missing = [page for page in part.pages if page not in specs]
    rest = f", nothing of {', '.join(missing)}" if missing else ""
    return "done" if done == count and not missing else f"{done} of {count} trainings{rest}"


def reports(workdir: Path) -> dict[str, str]:
    """Return the pages with a report in a folder, ``{page: spec of its experiment}``."""
    files = {page: workdir / folder_of(page) / "report.json" for page in catalogue().DATA}
    found = {page: read_json(file, REPORT, remedy="delete it") for page, file in files.items()}
    return {page: report["experiment"] for page, report in found.items() if report}


def weights_of(spec: str, weights: Mapping[str, str]) -> dict[str, str]:
    """Keep the weights of stages in this experiment: "all" passes the weights of several pages."""
    configs = [
        configuration.load(arm.config, list(arm.overrides)) for arm in load(spec).arms.values()
    ]
    return {
        stage: file
        for stage, file in weights.items()
        if any(stage in config.stages for config in configs)
    }
