"""Images recovered from the features of a classifier, a column per layer."""

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from inpaint_jax.data import files, sheets
from inpaint_jax.data.image_files import write_image
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.experiments.context import Context
from inpaint_jax.evaluation.experiments.figures.base import OfOneArm
from inpaint_jax.evaluation.experiments.titles import slug
from inpaint_jax.runs.model import load
from inpaint_jax.systems.parts.feature_inversion import invert_features


@dataclass(frozen=True)
class Inversion(OfOneArm):
    """Test images, and images with the same features in one layer of an arm's classifier.

    The images are found by descent from noise on that layer's features alone (Gatys et al. 2015):
    no generator, no critic, no hole.
    """

    layers: tuple[str, ...]
    stage: str = "classifier"
    rows: int = 4
    iterations: int = 300

    def draw(self, context: Context) -> Iterator[tuple[str, str]]:
        if (summary := context.summary(self.arm)) is None:
            return
        truth = context.sets["test"].truth[: self.rows]
        depends = [summary["identity"], self.stage, self.layers, self.rows, self.iterations]
        identity = files.fingerprint({"inversion": depends})
        kept = context.folder(self.arm) / "evaluation" / "inversion.npz"
        try:
            inverted = files.read_arrays(kept, "images", identity=identity)["images"]
        except InputError:  # none, or of other images
            classify = load(context.folder(self.arm)).network(self.stage, "classifier")
            images = jnp.asarray(truth)
            found = invert_features(
                jax.random.key(0), classify, images, layers=self.layers, iterations=self.iterations
            )
            inverted = np.asarray(found)
            files.write_arrays(kept, {"images": inverted}, identity=identity)
        columns = {"truth": truth, **dict(zip(self.layers, inverted, strict=True))}
        file = f"inversion-{slug(self.title)}.png"
        write_image(
            context.workdir / file,
            sheets.contact_sheet(columns, context.sets["test"].names[: self.rows]),
        )
        yield self.title, file
