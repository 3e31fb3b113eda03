"""Grids of samples from a trained generator."""

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import numpy as np

from inpaint_jax.data import sheets
from inpaint_jax.data.image_files import write_image
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures.base import OfOneArm
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs.model import load


@dataclass(frozen=True)
class Samples(OfOneArm):
    """Images that the generator of an arm paints from random latents in U(-1, 1)."""

    stage: str
    rows: int = 6
    columns: int = 10

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        if context.summary(self.arm) is None:
            return
        model = load(context.folder(self.arm))
        shape = (self.rows * self.columns, model.config.networks.latent_size)
        latents = jax.random.uniform(jax.random.key(0), shape, minval=-1.0)
        images = np.asarray(model.network(self.stage, "generator")(latents))
        file = f"samples-{slug(self.title)}.png"
        write_image(context.workdir / file, sheets.grid(images, self.columns))
        yield self.title, file
