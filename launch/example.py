# %% [markdown]
# # Complete drawn portraits with a model shipped with `inpaint_jax`
#
# Jupyter, VS Code and Spyder open this file as cells (`jupytext --to notebook launch/example.py`
# makes a notebook). It needs no data, no network and no GPU: `python launch/example.py` takes about
# a minute on two cores.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax

import inpaint_jax as ij
from inpaint_jax.data.sources import open_source

# %% [markdown]
# ## Images and holes
#
# Images are `float32 [B, H, W, C]` in [-1, 1]; a hole is 1 where pixels are missing. `portraits`
# are built in; these four come from the test split, which no model was trained on.

# %%
source = open_source("portraits?split=test&count=4", size=32)
truth = jnp.asarray(
    ij.compositing.from_uint8(np.stack([source[i]["image"] for i in range(len(source))]))
)
hole = np.asarray(ij.masks.center(jax.random.key(0), 32, side=14))
damaged = ij.compositing.fill(truth, jnp.broadcast_to(hole, (*truth.shape[:3], 1)))

# %% [markdown]
# ## A shipped model, and methods that need no training
#
# `inpaint models` lists the shipped models. This model is Yeh et al.'s: a search in the latent
# space of a DCGAN for a face that matches the known pixels.

# %%
model = ij.load("portraits-yeh")
completed = {
    "portraits-yeh": ij.complete(model, damaged, hole, seed=0, slots=4),
    "harmonic": ij.complete("harmonic", damaged, hole),
    "patchmatch": ij.complete("patchmatch", damaged, hole),
}
holes = jnp.broadcast_to(hole, (*truth.shape[:3], 1))
psnr = {
    name: float(ij.metrics.psnr(images, truth, holes).mean()) for name, images in completed.items()
}
for name, value in psnr.items():
    print(f"{name:14} {value:.2f} dB inside the hole")

# %% [markdown]
# ## Your own loss
#
# The same search, written out: a generator with bound weights, a loss, and any optimiser. A loss
# returns one number per image. This loss is the absolute error of the known pixels and of the
# differences between horizontal neighbours.

# %%
generator = model.network("dcgan", "generator")


def edges_and_levels(prediction, target, hole):
    """Absolute error of known pixels and of their horizontal differences: `[B]`."""
    known = 1 - hole
    both = known[:, :, 1:] * known[:, :, :-1]
    levels = known * jnp.abs(prediction - target)
    edges = both * jnp.abs(jnp.diff(prediction, axis=2) - jnp.diff(target, axis=2))
    return levels.mean((1, 2, 3)) + edges.mean((1, 2, 3))


def search(key, image, hole):
    """Descend from a random latent; return the best latent and the trace of the loss."""

    def loss(latent):
        return edges_and_levels(generator(latent[None]), image[None], hole[None])[0]

    start = jax.random.uniform(key, (model.config.networks.latent_size,), minval=-1, maxval=1)
    found = ij.latent_inpainting.invert(loss, start, tx=optax.adam(0.03), num_steps=STEPS)
    return found.best_latent, found.trace["total"]


STEPS = 150
keys = jax.random.split(jax.random.key(1), len(truth))
latents, traces = jax.jit(jax.vmap(search))(keys, damaged, holes)
completed["own loss"] = ij.blending.poisson_blend(damaged, generator(latents), holes)
psnr["own loss"] = float(ij.metrics.psnr(completed["own loss"], truth, holes).mean())
print(f"{'own loss':14} {psnr['own loss']:.2f} dB inside the hole")

# %% [markdown]
# ## Traces
#
# Every search records the loss of every iteration.

# %%
import matplotlib.pyplot as plt  # noqa: E402

figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(np.asarray(traces)[:, :STEPS].T)
axes.set(xlabel="iteration", ylabel="loss", title="Four searches with the custom loss")
plt.show()

# %%
rows = {"damaged": damaged, **completed, "truth": truth}
grid, cells = plt.subplots(
    len(rows), len(truth), figsize=(6, 1.5 * len(rows)), layout="constrained"
)
for row, (name, images) in zip(cells, rows.items(), strict=True):
    row[0].set_ylabel(name, fontsize=7)
    for cell, image in zip(row, images, strict=True):
        cell.imshow(ij.compositing.to_uint8(np.asarray(image)))
        cell.set(xticks=[], yticks=[])
plt.show()
