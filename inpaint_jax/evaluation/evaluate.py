"""``inpaint evaluate``: complete whole images under frozen holes with several methods; compare.

Several searches of one trained system count as separate methods. Their speed is compared as well.
"""

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax import checks
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import features, picture_set, report
from inpaint_jax.evaluation.answers import Answer, answers_of, measure, search_curves
from inpaint_jax.evaluation.picture_set import PictureSet
from inpaint_jax.metrics import AnyMetric, resolve
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.locks import locked
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
    skip_errors: bool = False,
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
      seed: of the holes and latents.
      slots: images at once, see ``driver.Driver``; None: the slots of the first trained model.
      metrics: names, see ``metrics.resolve``; "psnr_hole" is always measured. None: the metrics of
        ``features.usual``: the default ones and, with the extra ``perceptual``, LPIPS and KID.
      skip_errors: leave out images that cannot be read, or whose holes cannot be read, instead of
        stopping at the first.

    Returns:
      The table.

    Raises:
      InputError: bad images, families or methods.
      Interrupted: a signal stopped the work; finished parts are kept in ``output``.
    """
    if output:
        refuse_own_input([images] if isinstance(images, str) else images, output, inside=False)
    checks.counts(slots=slots, size=size)
    features.given(resolve(metrics or ()))  # fails early if a metric needs a missing extra
    named = [methods] if isinstance(methods, str | Model) else methods
    opened, setting = open_methods(named, size=size, fit=fit, train=train, slots=slots)
    if not opened:
        raise InputError("no method is left to evaluate; give --method or --workdir")
    if setting.size is None:
        raise InputError("no method says at which size to measure: give --size, such as --size=64")
    sources, families = ([texts] if isinstance(texts, str) else texts for texts in (images, holes))
    pictures = picture_set.read(
        sources, families, size=setting.size, fit=setting.fit, seed=seed, skip_errors=skip_errors
    )
    chosen = metrics or features.usual(len(pictures.names), setting.size)
    measured = resolve(list(dict.fromkeys(["psnr_hole", *chosen])))
    place = locked(output, "evaluating", option="--output") if output else contextlib.nullcontext()
    with place, tempfile.TemporaryDirectory() as scratch:
        folder = Path(output or scratch) / "completions"
        with interruption() as stop:
            answers = {method.name: answers_of(method, pictures, folder, stop) for method in opened}
        rows = rows_of(pictures, answers, measured)
        caption = report.caption(opened, pictures)
        if output:
            write(Path(output), opened, pictures, answers, rows, caption, measured)
    return Evaluation(rows, caption)


def rows_of(
    pictures: PictureSet, answers: Mapping[str, Mapping[str, Answer | None]], measured: Mapping[str, AnyMetric]
) -> list[Row]:
    """Measure every answer."""
    return [
        {
            "holes": family,
            "holes_hash": pictures.hashes[family],
            "method": method,
            "seconds": answer and answer.seconds,
            **measure(pictures.truth, answer and answer.images, holes, measured),
        }
        for family, holes in pictures.holes.items()
        for method in answers
        for answer in [answers[method][family]]
    ]


def write(
    output: Path,
    methods: Sequence[Method],
    pictures: PictureSet,
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
    report.write_table(output, methods, pictures, rows, caption, measured)
    report.write_grids(output, pictures, completed, rows)
    if len(comparable := report.same_loss(methods)) > 1 and (curves := search_curves(answers, comparable)):
        report.write_search_speed(output, curves, caption)
    print(f"look at {output}/grid.png, best.png and worst.png")
