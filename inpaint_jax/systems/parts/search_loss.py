"""The loss of a latent search: compares the image of a latent with the known pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from inpaint_jax import latent_inpainting
from inpaint_jax.compositing import composite
from inpaint_jax.losses.binding import Objective
from inpaint_jax.losses.contextual import importance_weight
from inpaint_jax.networks import functional
from inpaint_jax.networks.functional import Network
from inpaint_jax.types import Hole, Image, Latent, PerExample


@dataclass(frozen=True, eq=False)
class SearchLoss:
    """A function of latents; ``states`` hold the trained prior and other trained stages.

    Attributes:
      prior: name of the stage that trains ``generator`` and ``critic``.
      generator: latents ``[B, Z]`` -> images ``[B, H, W, C]`` in [-1, 1].
      critic: images -> logits or scores ``[B]``.
      total: the weighted losses.
      window: side of the window of the importance weight; 0: every known pixel has weight 1.
      counted: pixels of the window that determine the weight of a known pixel, "missing" or
        "known".
      mode: how the networks are applied, a value of ``search_rules.BATCH_NORM``.
      judge: ``(states, prediction, completed) -> values``, all ``[B, ...]``, further values for the
        losses; None: no further values.
      scales: ``(states, hole [B, H, W, 1], family [B]) -> {term: factor [B]}``, for weights that
        depend on the hole. A family is an index into ``families``, or -1.
      families: hole families with separate weights.
    """

    prior: str
    generator: Network
    critic: Network
    total: Objective
    window: int
    mode: Mapping[str, Any]
    counted: str = "missing"
    judge: Callable[..., Mapping[str, Any]] | None = None
    scales: Callable[..., Mapping[str, Any]] = lambda states, hole, family: {}
    families: tuple[str, ...] = ()

    def __call__(
        self,
        states: Mapping[str, Any],
        image: Image,
        hole: Hole,
        weight: jax.Array,
        latent: Latent,
        scales: Mapping[str, Any] | None = None,
    ) -> tuple[jax.Array, dict[str, PerExample]]:
        """Evaluate the losses of latents.

        Args:
          states: trained stages by name.
          image: damaged, ``[B, H, W, C]``, 0 inside the hole.
          hole: ``[B, H, W, 1]``.
          weight: weight of the known pixels, ``[B, H, W, 1]``, from ``importance``.
          latent: ``[B, Z]``.
          scales: from ``factors``; None: the factors of holes without a family.

        Returns:
          The scalar mean of the weighted sum, and the terms ``{term: [B]}``, unweighted.
        """
        prediction = self.paint(states, latent)
        completed = composite(image, prediction, hole)
        values = {
            "prediction": prediction,
            "target": image,
            "hole": hole,
            "importance": weight,
            "completed": completed,
            "fake_logits": self.score(states, prediction),
            # XLA drops values that no loss reads.
            "completed_logits": self.score(states, completed),
            "latent": latent,
            **(self.judge(states, prediction, completed) if self.judge else {}),
        }
        return self.total(values, self.factors(states, hole) if scales is None else scales)

    def paint(self, states: Mapping[str, Any], latent: Latent) -> Image:
        """Generate images ``[B, H, W, C]``; under the map over images B is 1."""
        return self._answer(self.generator, states[self.prior].networks["generator"], latent)

    def score(self, states: Mapping[str, Any], images: Image) -> PerExample:
        """Compute the critic's logits."""
        return self._answer(self.critic, states[self.prior].networks["critic"], images)

    def importance(self, hole: Hole) -> jax.Array:
        """Compute the weight of each known pixel, ``[B, H, W, 1]``."""
        return (
            importance_weight(hole, window=self.window, counted=self.counted)
            if self.window
            else 1 - hole
        )

    def factors(
        self, states: Mapping[str, Any], hole: Hole, family: jax.Array | None = None
    ) -> Mapping[str, Any]:
        """Return ``{term: factor [B]}``, the factors of the weights under these holes."""
        return self.scales(states, hole, jnp.full(len(hole), -1) if family is None else family)

    def weights(self, states: Mapping[str, Any], hole: Hole, family: str = "") -> dict[str, Any]:
        """Return ``{term: weight}`` under these holes; a weight is one number or ``[B]``."""
        row = self.families.index(family) if family in self.families else -1
        return self.total.scaled(self.factors(states, hole, jnp.full(len(hole), row)))

    def _answer(self, network: Network, net: Any, inputs: jax.Array) -> jax.Array:
        shared = latent_inpainting.shared
        return functional.predict(network, net, inputs, through=shared, **self.mode)
