"""The public face of the package: what its ``__all__`` names, and what the ``__all__`` of those modules names."""

import types

import pytest

import inpaint_jax as ij

MODULES = [name for name in ij.__all__ if isinstance(getattr(ij, name), types.ModuleType)]


def test_the_package_names_what_it_has():
    assert set(ij.__all__) <= set(dir(ij))
    assert {"losses", "masks", "metrics", "latent_inpainting", "systems"} <= set(MODULES)
    for name in set(ij.__all__) - set(MODULES):
        assert callable(getattr(ij, name)), name
    with pytest.raises(AttributeError, match="module 'inpaint_jax' has no attribute 'loses'"):
        ij.loses  # noqa: B018


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"networks", "systems"}))
def test_modules_name_what_they_have(name):
    module = getattr(ij, name)
    assert module.__doc__ and sorted(module.__all__) == sorted(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public), public
