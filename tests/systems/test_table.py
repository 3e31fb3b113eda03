"""The table of systems: every name is a builder; only the chosen module is imported."""

import inspect
import subprocess
import sys

import pytest

from inpaint_jax.naming import resolve
from inpaint_jax.systems import SYSTEMS


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_name_is_a_builder(name):
    parameters = inspect.signature(resolve(name, SYSTEMS, kind="system")).parameters
    assert {"size", "networks", "stages"} <= parameters.keys()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values())


def test_one_method_does_not_import_the_others():
    code = (
        "import sys; from inpaint_jax.naming import resolve; from "
        "inpaint_jax.systems import SYSTEMS;"
        "resolve('context_encoder', SYSTEMS, kind='system');"
        "found = [name for name in SYSTEMS if f'inpaint_jax.systems.{name}' in sys.modules];"
        "sys.exit(0 if found == ['context_encoder'] else f'imported {found}')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
