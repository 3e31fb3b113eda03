"""A researcher's script: own loss, own generator, any latents; no command line, no config."""

import ast
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parent.parent / "launch" / "example.py"

SCRIPT = """
import jax
import jax.numpy as jnp
import optax
import inpaint_jax as ij

def generator(latent):  # a blurred pattern and a colour
    pattern = jax.image.resize(jnp.tanh(latent["pattern"]), (32, 32, 1), "cubic")
    return pattern * jnp.tanh(latent["colour"])

def my_loss(prediction, target, hole):  # own loss: robust, over the known pixels
    error = jnp.sqrt((prediction - target) ** 2 + 1e-4)
    return ((1 - hole) * error).mean((1, 2, 3))

def draw(key):
    one, two = jax.random.split(key)
    pattern, colour = jax.random.normal(one, (4, 4, 1)), jax.random.normal(two, (1, 1, 3))
    return {"pattern": pattern, "colour": colour}

def complete(image, hole, start):
    loss = lambda latent: my_loss(generator(latent)[None], image[None], hole[None])[0]
    return ij.latent_inpainting.invert(loss, start, tx=optax.adam(0.05), num_steps=300)

truth = jax.vmap(generator)(jax.vmap(draw)(jax.random.split(jax.random.key(0), 4)))
hole = jnp.stack([ij.masks.center(jax.random.key(0), 32, side=12)] * 4)
damaged = ij.compositing.fill(truth, hole)
starts = jax.vmap(draw)(jax.random.split(jax.random.key(1), 4))
search = jax.jit(jax.vmap(complete))(damaged, hole, starts)
completed = ij.blending.poisson_blend(damaged, jax.vmap(generator)(search.best_latent), hole)
psnr = ij.metrics.psnr(completed, truth, hole)
"""


def test_script():
    """Known pixels stay, and the holes are completed as they were."""
    lines = [line for line in SCRIPT.splitlines() if line.strip()]
    assert len(lines) <= 30
    roots = {
        a.name
        for node in ast.walk(ast.parse(SCRIPT))
        if isinstance(node, ast.Import)
        for a in node.names
    }
    assert roots == {"jax", "jax.numpy", "optax", "inpaint_jax"}
    names = {}
    exec(compile(SCRIPT, "script.py", "exec"), names)
    damaged, truth, hole = (np.asarray(names[name]) for name in ("damaged", "truth", "hole"))
    completed = np.asarray(names["completed"])
    np.testing.assert_array_equal(np.where(hole > 0, 0, completed), damaged)
    # The truth is in the generator's range, so that a search that works finds it.
    assert (np.asarray(names["psnr"]) > 40).all()


@pytest.mark.slow
def test_example(monkeypatch):
    """``launch/example.py``, with short searches:
    cells in percent format that run from the first to the last.
    """
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    text = EXAMPLE.read_text()
    assert text.startswith("# %% [markdown]\n") and text.count("\n# %%\n") >= 6
    short = {
        "STEPS = 150": "STEPS = 3",
        '"portraits-yeh")': '"portraits-yeh", overrides=["--config.search.iterations=2"])',
    }
    for whole, part in short.items():
        assert text.count(whole) == 1
        text = text.replace(whole, part)
    names = {}
    exec(compile(text, str(EXAMPLE), "exec"), names)
    known = 1 - np.asarray(names["holes"])
    assert set(names["completed"]) == {"portraits-yeh", "harmonic", "patchmatch", "own loss"}
    for images in names["completed"].values():
        np.testing.assert_array_equal(
            known * np.asarray(images), known * np.asarray(names["damaged"])
        )
    losses = np.asarray(names["traces"])[:, :3]
    assert losses.shape == (4, 3) and (losses[:, -1] < losses[:, 0]).all()
    names["plt"].close("all")
