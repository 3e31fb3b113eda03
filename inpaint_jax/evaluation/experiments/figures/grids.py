"""Grids of completed images, beside the damaged and true images."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from inpaint_jax import metrics
from inpaint_jax.compositing import from_uint8
from inpaint_jax.data import sheets
from inpaint_jax.data.image_files import write_image
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.answers import Answer
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.titles import slug, with_family

WITHOUT_ARM = ("truth", "damaged")  # columns that no arm paints


class Grid(NamedTuple):
    """Columns of test images: true, damaged, or completed by an arm or a baseline.

    Missing completions are left out.
    """

    title: str  # also the name of the file
    columns: tuple[str, ...]  # "truth", "damaged", or an arm or baseline
    pick: str | None = None  # an arm: show images with its lowest ``by``; None: the first images
    rows: int = 8  # of each family
    holes: tuple[str, ...] = ()  # families in one figure; empty: a figure per family
    by: str = "psnr_hole"  # a metric, or a search term of that arm at the answer
    highest: bool = False  # show the images with the highest ``by``

    def arms(self) -> list[str]:
        return [
            name
            for name in dict.fromkeys((*self.columns, self.pick))
            if name and name not in WITHOUT_ARM
        ]

    def families(self) -> tuple[str, ...]:
        return self.holes

    def metrics(self) -> tuple[tuple[str, str], ...]:
        return ()

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        for families in [self.holes] if self.holes else [(family,) for family in context.families]:
            if (sheet := self.sheet(context, families)) is not None:
                title = (
                    self.title
                    if self.holes
                    else with_family(self.title, families[0], context.families)
                )
                file = f"{slug(title)}.png"
                write_image(context.workdir / file, sheet)
                yield title, file

    def sheet(self, context: Context, families: Sequence[str]) -> np.ndarray | None:
        """Arrange the images under some families, one family below the other.

        Returns:
          ``uint8 [H', W', 3]``; None if no column is completed, or ``pick`` is not.
        """
        completed: dict[str, list[Answer]] = {}  # only arms that completed all families
        for arm in self.arms():
            answers = [
                answer for family in families if (answer := context.answer(arm, family)) is not None
            ]
            if len(answers) == len(families):
                completed[arm] = answers
        shown = [name for name in self.columns if name in WITHOUT_ARM or name in completed]
        if (self.arms() and not completed.keys() & set(shown)) or (
            self.pick is not None and self.pick not in completed
        ):
            return None
        test, labels = context.sets["test"], []
        columns: dict[str, list[np.ndarray]] = {name: [] for name in shown}
        for number, family in enumerate(families):
            rows = self.picked(context, family)
            truth = test.truth[rows]
            images = {"truth": truth, "damaged": np.where(test.holes[family][rows] > 0, 0, truth)}
            images |= {
                arm: from_uint8(answers[number].images[rows]) for arm, answers in completed.items()
            }
            for name, column in columns.items():
                column.append(images[name])
            labels += [
                test.names[i] if len(families) == 1 else f"{test.names[i]}, {family}" for i in rows
            ]
        whole = {name: np.concatenate(column) for name, column in columns.items()}
        return sheets.contact_sheet(whole, row_labels=labels)

    def picked(self, context: Context, family: str) -> np.ndarray:
        """Return the indices of the test images to show."""
        if self.pick is None:
            return np.arange(len(context.sets["test"].names))[: self.rows]
        scores = self.scores(context, self.pick, family)
        return np.argsort(-scores if self.highest else scores, kind="stable")[: self.rows]

    def scores(self, context: Context, arm: str, family: str) -> np.ndarray:
        """Return ``by`` per test image, ``[N]``; terms are taken at the least total loss.

        Raises:
          InputError: ``by`` is neither a metric nor a term of the arm's searches.
        """
        answer = context.answer(arm, family)
        terms = answer.traces if answer else {}
        if self.by not in (known := (*metrics.PROTOCOLS, *terms)):
            raise InputError(
                f"{self.title}: unknown metric or loss term {self.by!r}; known: {', '.join(known)}"
            )
        if self.by in terms:
            least = np.nanargmin(terms["total"], axis=1)
            return terms[self.by][np.arange(len(least)), least]
        values = context.values(arm, family, self.by)
        assert values is not None  # ``sheet`` checked that the arm completed this family
        return values
