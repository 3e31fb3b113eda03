'''Figures of an experiment: each names what it shows, and draws itself.

A figure of your own is any object with the attributes of ``Figure``. Put it, or its name as
``"module:attribute"``, into ``Experiment.figures``. This one, in ``my_figures.py`` beside the experiment
and named ``"my_figures:histogram"``, shows the distribution of the PSNR of an arm::

    from typing import NamedTuple

    from inpaint_jax.runs import plots


    class Histogram(NamedTuple):
        """Number of test pictures by PSNR, a panel per hole family."""

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


    histogram = Histogram("How good the pictures are", arm="yeh")
'''

from collections.abc import Iterable, Iterator
from typing import Protocol

from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures.curves import LossCurves, TermCurves, TrainingCurve
from inpaint_jax.evaluation.experiments.figures.grids import Grid
from inpaint_jax.evaluation.experiments.figures.sweeps import HoleSweep, Sweep
from inpaint_jax.naming import resolve

__all__ = ["Figure", "Grid", "HoleSweep", "LossCurves", "Sweep", "TermCurves", "TrainingCurve", "find"]


class Figure(Protocol):
    """The interface of a figure. Unknown names are refused before any training."""

    @property
    def title(self) -> str:
        """A heading; no two figures of an experiment have the same."""
        ...

    def arms(self) -> Iterable[str]:
        """Names of the arms and baselines that are shown."""
        ...

    def families(self) -> Iterable[str]:
        """Hole families that the figure names; empty where it shows those of the experiment."""
        ...

    def metrics(self) -> Iterable[tuple[str, str]]:
        """Splits and metrics that are shown: ``("test", "psnr_hole")``."""
        ...

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        """Write PNG files into ``context.workdir``; leave out results that do not exist yet.

        Yields:
          ``(title, file name)`` of each file written.
        """
        ...


def find(figure: Figure | str) -> Figure:
    """The figure itself, or the one that ``module:attribute`` names.

    Raises:
      InputError: for an unknown module or attribute, or an object that is no figure.
    """
    if isinstance(figure, str) and ":" not in figure:
        raise InputError(f"figure {figure!r}: write an object, or its name as module:attribute")
    found = resolve(figure, {}, kind="figure") if isinstance(figure, str) else figure
    if isinstance(found, type):
        raise InputError(f"figure {figure!r} is a class: name an object of it")
    if missing := [name for name in ("title", "arms", "families", "metrics", "draw") if not hasattr(found, name)]:
        raise InputError(f"figure {figure!r} has no {missing[0]!r}; see inpaint_jax.evaluation.experiments.figures")
    return found
