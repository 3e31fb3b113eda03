"""``inpaint evaluate``: complete whole images under frozen holes with several methods; compare.

Several searches of one trained system count as separate methods. Their speed is compared as well.
"""

import contextlib
import functools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax import checks
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import features, report, several
from inpaint_jax.evaluation.answers import (
    Answer,
    answers_of,
    complete_share,
    measure,
    search_curves,
)
from inpaint_jax.evaluation.image_set import ImageSet, read_image_set
from inpaint_jax.metrics import AnyMetric, resolve
from inpaint_jax.runs import shares
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.method import Method
from inpaint_jax.runs.methods import Named, open_methods
from inpaint_jax.runs.model import Model

Row = dict[str, Any]


class Evaluation(NamedTuple):
    """The result of an evaluation.

    Attributes:
      rows: one per family and method: "holes", "holes_hash", "method", "seconds", and per metric
        ``[N]`` (a ``metrics.SetScore`` for a metric of the whole set); None if the method does not
        support such holes.
      caption: identifies every number.
    """

    rows: list[Row]
    caption: str


def evaluate(
    methods: Named | Sequence[Named],
    images: str | Sequence[str],
    holes: str | Sequence[str] = ("center",),
    *,
    output: str | Path | None = None,
    size: int | None = None,
    fit: str | None = None,
    train: str | None = None,
    seed: int = 0,
    slots: int | None = None,
    metrics: Sequence[str] | None = None,
    keep: int = 1,
    skip_errors: bool = False,
    share: str | None = None,
) -> Evaluation:
    """Complete every image under every hole family with every method; measure against the truth.

    Args:
      methods: a loaded model, a method's text (see ``runs.methods.open_methods``), or a sequence of
        these; also pairs of a display name and a model. The best and worst images of the first
        method are shown.
      images: source specs of whole images.
      holes: families, files and folders of holes, see ``runs.holes.open_holes``; every image gets
        one hole of each.
      output: folder for ``table.md``, ``table.json``, ``grid.png``, ``best.png``, ``worst.png``
        and, with several searches, ``search.md`` and ``search.png``. Completions are kept in
        ``output/completions``, so that an interrupted evaluation resumes with the next family.
        None: nothing is written.
      size: side of the images; None: the size of the trained models.
      fit: how images are fitted to the size; None: the fit of the trained models, else "crop".
      train: source specs of training images, for methods that need them; None: the training images
        of the first trained model.
      seed: random seed of the holes and latents.
      slots: images at once, see ``driver.Driver``; None: the slots of the first trained model.
      metrics: names, see ``metrics.resolve``; "psnr_hole" is always measured. None: the metrics of
        ``features.usual``: the default ones and, with the extra ``perceptual``, LPIPS and KID.
      keep: completions per image, of methods that give several. The first by the method's own
        score has the method's row; further rows have the mean over all, the metrics of the mean
        image, and the best by the truth, an oracle. Shares keep one.
      skip_errors: leave out images that cannot be read, or whose holes cannot be read, instead of
        stopping at the first.
      share: "3/8": complete only the images of the third of eight shares, without coordination; a
        different number of shares can resume the work. "report": measure once all images are
        completed. "processes": give every process of ``jax.distributed`` a share; the first process
        measures. All need ``output``. None: everything.

    Returns:
      The table; without rows if only a share was completed.

    Raises:
      InputError: bad images, families or methods.
      Interrupted: a signal stopped the work; finished parts are kept in ``output``.
    """
    if output:
        refuse_own_input([images] if isinstance(images, str) else images, output, inside=False)
    checks.counts(slots=slots, size=size, keep=keep)
    features.given(resolve(metrics or ()))  # fails early if a metric needs a missing extra
    named = [methods] if isinstance(methods, str | Model) else methods
    opened, setting = open_methods(
        named, size=size, fit=fit, train=train, slots=slots, k=keep, fewer=True
    )
    if not opened:
        raise InputError("no method to evaluate; give --method or --workdir")
    if setting.size is None:
        raise InputError("no method determines the image size: give --size, such as --size=64")
    sources, families = ([texts] if isinstance(texts, str) else texts for texts in (images, holes))
    read = functools.partial(
        read_image_set,
        sources,
        families,
        size=setting.size,
        fit=setting.fit,
        seed=seed,
        skip_errors=skip_errors,
    )
    wanted = shares.parse(share)
    if wanted and not output:
        raise InputError("a share of an evaluation needs an output folder, common to all shares")
    if wanted and keep > 1:
        raise InputError(
            "shares of an evaluation keep one completion per image: give no share, or keep=1"
        )
    found = Evaluation([], "")

    def complete(part: shares.Share | None) -> None:
        if part is None:
            return measure_all(compute=True)
        assert output
        image_set = read(share=part)
        with shares.working(Path(output), part, "evaluating"), interruption() as stop:
            for method in opened:
                complete_share(method, image_set, Path(output) / "completions", stop)
        print(
            f"share {part.number} of {part.total}: {len(image_set.names)} images "
            f"are completed in {output}"
        )

    def measure_all(*, compute: bool) -> None:
        nonlocal found
        image_set = read()
        chosen = metrics or features.usual(len(image_set.names), setting.size or 0)
        measured = resolve(list(dict.fromkeys(["psnr_hole", *chosen])))
        place = (
            shares.working(Path(output), None, "evaluating") if output else contextlib.nullcontext()
        )
        with place, tempfile.TemporaryDirectory() as scratch:
            folder = Path(output or scratch) / "completions"
            with interruption() as stop:
                answers = {
                    m.name: answers_of(m, image_set, folder, stop, compute=compute, keep=keep)
                    for m in opened
                }
            found = Evaluation(
                rows_of(image_set, answers, measured), report.caption(opened, image_set)
            )
            if output:
                write(Path(output), opened, image_set, answers, found.rows, found.caption, measured)

    if wanted == shares.PROCESSES:
        shares.by_processes(complete, lambda: measure_all(compute=False))
    elif wanted == shares.REPORT:
        measure_all(compute=False)
    else:
        complete(wanted if isinstance(wanted, shares.Share) else None)
    return found


def rows_of(
    image_set: ImageSet,
    answers: Mapping[str, Mapping[str, Answer | None]],
    measured: Mapping[str, AnyMetric],
) -> list[Row]:
    """Measure every answer; one of several completions has rows for all of them too."""
    rows: list[Row] = []
    for family, holes in image_set.holes.items():
        under = {"holes": family, "holes_hash": image_set.hashes[family]}
        for method in answers:
            answer = answers[method][family]
            scores = measure(image_set.truth, answer and answer.images, holes, measured)
            row = {**under, "method": method, "seconds": answer and answer.seconds, **scores}
            rows.append(row)
            if answer and answer.others is not None:
                row[several.DIVERSITY] = several.diversity(answer, holes)
                for what, values in several.rows(image_set.truth, answer, holes, measured).items():
                    rows.append({**under, "method": f"{method}, {what}", "seconds": None, **values})
    return rows


def write(
    output: Path,
    methods: Sequence[Method],
    image_set: ImageSet,
    answers: Mapping[str, Mapping[str, Answer | None]],
    rows: Sequence[Row],
    caption: str,
    measured: Mapping[str, AnyMetric],
) -> None:
    """Write the table, the grids and the comparison of searches."""
    completed = {
        name: {family: answer and answer.images for family, answer in families.items()}
        for name, families in answers.items()
    }
    for name, families in answers.items():
        if shown := several.shown(families):
            completed |= {f"{name} {rank}": images for rank, images in shown.items()}
    report.write_table(output, methods, image_set, rows, caption, measured)
    report.write_grids(output, image_set, completed, rows)
    if len(comparable := report.same_loss(methods)) > 1 and (
        curves := search_curves(answers, comparable)
    ):
        report.write_search_speed(output, curves, caption)
    print(f"look at {output}/grid.png, best.png and worst.png")
