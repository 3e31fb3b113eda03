"""The public face of the package: what its ``__all__`` names,
and what the ``__all__`` of those modules names.

Every public function is tested here without a new test: its docstring, its signature, and, unless
it works on the host, that it runs under ``jit`` and ``vmap``, and a loss under ``grad``.
"""

import inspect
import re
import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import inpaint_jax as ij
from inpaint_jax import latent_inpainting

MODULES = [name for name in ij.__all__ if isinstance(getattr(ij, name), types.ModuleType)]


def test_the_package_names_what_it_has():
    assert set(ij.__all__) <= set(dir(ij))
    assert {"losses", "masks", "metrics", "latent_inpainting", "systems"} <= set(MODULES)
    for name in set(ij.__all__) - set(MODULES):
        assert callable(getattr(ij, name)), name
    with pytest.raises(AttributeError, match="module 'inpaint_jax' has no attribute 'loses'"):
        ij.loses  # noqa: B018


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_name_what_they_have(name):
    module = getattr(ij, name)
    assert module.__doc__ and sorted(module.__all__) == sorted(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public), public


FUNCTIONS = {
    f"{module}.{name}": getattr(getattr(ij, module), name)
    for module in MODULES
    for name in getattr(ij, module).__all__
    if inspect.isfunction(inspect.unwrap(getattr(getattr(ij, module), name)))
} | {name: getattr(ij, name) for name in ("complete", "evaluate", "load", "train")}
ON_THE_HOST = {
    "compositing": "from_uint8 round_to_uint8 to_uint8",
    "exported": "load",
    "latent_inpainting": "chunk_length",
    "losses": "objective",
    "masks": "cycle evaluation_holes holes_hash location_grid names_family parse",
    "metrics": "kid measure protocols resolve sliced_wasserstein",
    "networks": "build predict pure side_by_side weights_of",
    "parallel": "data_parallel mesh per_device put_batch replicate share_batch share_slots spread",
    "systems": "complete",  # of a system: tests/systems/test_whole.py
}
PURE = {
    name: function
    for name, function in FUNCTIONS.items()
    if "." in name and name.split(".")[1] not in ON_THE_HOST.get(name.split(".")[0], "").split()
}


every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
every_pure_function = pytest.mark.parametrize("function", PURE.values(), ids=PURE)


def parameters(function):
    return inspect.signature(function).parameters


@every_function
def test_docstring(function):
    text = inspect.getdoc(function)
    assert text and text.splitlines()[0].endswith("."), "begins with one sentence on one line"
    named = parameters(function)
    assert ("\nArgs:\n" in text) == bool(named)
    for name in named:
        assert re.search(rf"^  {name}: ", text, re.M), f"says nothing of {name}"
    if inspect.signature(function).return_annotation not in (None, "None"):
        assert "\nReturns:\n" in text


@every_pure_function
def test_signature(function):
    """A key first; what has a default is an option, and keyword-only,
    but for a hole to measure in.
    """
    named = parameters(function)
    if "key" in named and named["key"].default is inspect.Parameter.empty:
        assert next(iter(named)) == "key"
    for name, parameter in named.items():
        if parameter.default is not parameter.empty and name != "hole":
            assert parameter.kind is parameter.KEYWORD_ONLY, name


MAPPED_OTHERWISE = {"latent_inpainting.shared"}  # keeps what is one for all from being mapped


def toy_loss(latent):
    return jnp.square(latent).sum(), {"size": jnp.abs(latent).sum()}


def arguments(name, samples, seed):
    """Arguments of a pure function by name: arrays, which are traced, and what is static."""
    rng = np.random.default_rng(seed)
    key, latent = jax.random.key(seed), rng.normal(size=5)
    search = {"tx": optax.adam(0.1), "num_steps": 4, "chunk": 2}
    known = {
        **samples(seed=seed),
        "key": key,
        "size": 32,
        "side": 4,
        "top": 1,
        "left": 2,
        "level": 2,
        "psnr": rng.uniform(10, 40, 5),
        "progress": rng.uniform(),
        "weights": rng.uniform(1, 2, 5),
        "composition": np.bincount(rng.integers(0, 5, 20), minlength=5),
        "batch_size": 20,
        "num_levels": 5,
        "rule": "mse",
        "name": "cumulative",
        "shape": (5,),
        "values": rng.normal(size=(6, 7, 3)),
        "height": 6,
        "width": 7,
        "terms": ("size",),
        "loss": toy_loss,
        "project": latent_inpainting.clip,
        **search,
    }
    special = {
        "blending.conjugate_gradients": {
            "apply": lambda v: 2 * v,
            "target": rng.normal(size=5),
            "preconditioner": lambda v: 0.5 * v,
            "tolerance": 1e-6,
            "max_iterations": 5,
        },
        "metrics.lpips": {
            "features": ij.metrics.FeatureNetwork(lambda x: {"a": x}, {"a": jnp.ones(3)}),
        },
        "latent_inpainting.advance": {
            "search": latent_inpainting.start(
                key, jnp.asarray(latent, jnp.float32), ("size",), **search
            )
        },
    }
    known |= special.get(name, {})
    named = [n for n, p in parameters(PURE[name]).items() if p.default is p.empty]
    if unknown := [n for n in named if n not in known]:
        pytest.fail(
            f"{name} takes {unknown}: say in this file or in conftest.py what they look like"
        )
    is_static = {n: isinstance(known[n], int | str | tuple) or callable(known[n]) for n in named}
    is_static |= dict.fromkeys({"tx"} & set(named), True) | dict.fromkeys(
        {"search"} & set(named), False
    )
    if name == "metrics.lpips":
        is_static["features"] = True
    arrays = {n: known[n] for n in named if not is_static[n]}
    return jax.tree.map(as_array, arrays), {n: known[n] for n in named if is_static[n]}


def as_array(leaf):
    if isinstance(leaf, jax.Array):
        return leaf
    leaf = np.asarray(leaf)
    return jnp.asarray(leaf, jnp.float32 if leaf.dtype.kind == "f" else jnp.int32)


def assert_close(one, other):
    def compare(a, b):
        if jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)

    jax.tree.map(compare, one, other)


@pytest.mark.parametrize("name", PURE)
def test_jit_and_vmap(name, samples):
    two = [arguments(name, samples, seed) for seed in (0, 1)]
    static = two[0][1]

    def call(arrays):
        return PURE[name](**arrays, **static)

    jitted = jax.jit(call)
    answers = [jitted(arrays) for arrays, _ in two]
    # hundreds of small operations; their values are tested beside them
    if not name.startswith("masks."):
        assert_close(call(two[0][0]), answers[0])
    if not two[0][0] or name in MAPPED_OTHERWISE:
        return
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(arrays for arrays, _ in two))
    mapped = jax.jit(jax.vmap(call))(stacked)
    assert_close(mapped, jax.tree.map(lambda *leaves: jnp.stack(leaves), *answers))


@pytest.mark.parametrize("name", [name for name in PURE if name.startswith("losses.")])
def test_losses_under_grad(name, samples):
    arrays, static = arguments(name, samples, 0)
    answer, gradients = jax.jit(jax.value_and_grad(lambda a: PURE[name](**a, **static).sum()))(
        arrays
    )
    assert jnp.isfinite(answer) and all(
        jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients)
    )


IMAGES = {"prediction", "target", "image", "generated", "guidance", "hole", "importance"}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in PURE
        if set(parameters(PURE[name])) & IMAGES
        and (name.startswith(("losses.", "metrics.")) or "hole" in parameters(PURE[name]))
    ],
)
def test_integers_are_refused(name, samples):
    """The levels of an image file, by mistake."""
    arrays, static = arguments(name, samples, 0)
    for wrong in set(arrays) & IMAGES:
        levels = jax.tree.map(lambda x: x.astype(jnp.uint8), arrays[wrong])
        with pytest.raises(ij.InputError, match="must be float, got uint8") as caught:
            PURE[name](**arrays | {wrong: levels}, **static)
        assert "\n" not in str(caught.value)
