'''Figures of an experiment: objects that name their contents and draw themselves.

Your own figure is any object with the attributes of ``Figure``. Add the object, or its name as
``"module:attribute"``, to ``Experiment.figures``. This example lies in ``my_figures.py`` beside the
experiment. The name ``"my_figures:histogram"`` shows the distribution of the PSNR of an arm::

    from typing import NamedTuple

    from inpaint_jax.runs import plots


    class Histogram(NamedTuple):
        """Number of test images by PSNR, a panel per hole family."""

        title: str
        arm: str

        def arms(self):
            return [self.arm]

        def families(self):
            return []

        def metrics(self):
            return [("test", "psnr_hole")]

        def draw(self, context):
            values = {f: context.values(self.arm, f, "psnr_hole") for f in context.families}
            measured = {family: psnr for family, psnr in values.items() if psnr is not None}
            if measured:
                canvas, panels = plots.figure(len(measured), width=4, height=3)
                for (family, psnr), axes in zip(measured.items(), panels):
                    axes.hist(psnr)
                    axes.set(title=family, xlabel="PSNR of the hole, dB")
                plots.save(canvas, context.workdir / "histogram.png")
                yield self.title, "histogram.png"


    histogram = Histogram("How good the images are", arm="yeh")
'''

from collections.abc import Iterable, Iterator
from typing import Protocol

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures.curves import LossCurves, TermCurves, TrainingCurve
from inpaint_jax.evaluation.experiments.figures.grids import Grid
from inpaint_jax.evaluation.experiments.figures.inversion import Inversion
from inpaint_jax.evaluation.experiments.figures.samples import Samples
from inpaint_jax.evaluation.experiments.figures.sweeps import HoleSweep, Sweep
from inpaint_jax.naming import resolve

__all__ = [
    "Figure",
    "Grid",
    "HoleSweep",
    "Inversion",
    "LossCurves",
    "Samples",
    "Sweep",
    "TermCurves",
    "TrainingCurve",
    "find",
]


class Figure(Protocol):
    """The interface of a figure. Unknown names are refused before any training."""

    @property
    def title(self) -> str:
        """A heading, unique among the figures of an experiment."""
        ...

    def arms(self) -> Iterable[str]:
        """Names of the arms and baselines in the figure."""
        ...

    def families(self) -> Iterable[str]:
        """Hole families that the figure names; empty: the families of the experiment."""
        ...

    def metrics(self) -> Iterable[tuple[str, str]]:
        """Splits and metrics in the figure, such as ``("test", "psnr_hole")``."""
        ...

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        """Write PNG files into ``context.workdir``; leave out missing results.

        Yields:
          ``(title, file name)`` of each file.
        """
        ...


def find(figure: Figure | str) -> Figure:
    """Return the figure itself, or import it from ``module:attribute``.

    Raises:
      InputError: an unknown module or attribute, or an object that is not a figure.
    """
    if isinstance(figure, str) and ":" not in figure:
        raise InputError(f"figure {figure!r}: give an object, or the name module:attribute")
    found = resolve(figure, {}, kind="figure") if isinstance(figure, str) else figure
    if isinstance(found, type):
        raise InputError(f"figure {figure!r} is a class: name an instance of it")
    if missing := [
        name
        for name in ("title", "arms", "families", "metrics", "draw")
        if not hasattr(found, name)
    ]:
        raise InputError(
            f"figure {figure!r} has no {missing[0]!r}; see "
            "inpaint_jax.evaluation.experiments.figures"
        )
    return found
