"""From names in configs to objects."""

import math

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.naming import announcing, resolve

TABLE = {"root": "math:sqrt", "four": 4.0}


def test_an_entry_of_the_table():
    """As it is, or imported where the table names its place."""
    assert resolve("four", TABLE, kind="number") == 4.0
    assert resolve("root", TABLE, kind="number") is math.sqrt


def test_a_users_own():
    assert resolve("math:cos", TABLE, kind="number") is math.cos


@pytest.mark.parametrize(
    "name, words",
    [
        ("five", "unknown number 'five'; known: four, root, or module:attribute"),
        (
            "no_such_module:f",
            "number 'no_such_module:f': no module 'no_such_module' beside the config",
        ),
        ("math:cosine", "number 'math:cosine': module 'math' has no 'cosine'"),
    ],
)
def test_a_name_of_nothing(name, words):
    with pytest.raises(InputError, match=words) as caught:
        resolve(name, TABLE, kind="number")
    assert "\n" not in str(caught.value)


def test_names_are_printed_where_a_workdir_names_them(capsys):
    """Each once, before its module is imported; ours and those of one's own command are not."""
    resolve("math:cos", TABLE, kind="loss")
    with announcing("runs/faces"):
        resolve("root", TABLE, kind="loss")
        assert resolve("math:cos", TABLE, kind="loss") is resolve("math:cos", TABLE, kind="loss")
        with pytest.raises(InputError):
            resolve("no_such_module:f", TABLE, kind="network")
    resolve("math:tan", TABLE, kind="loss")
    message = capsys.readouterr().err.splitlines()
    assert message == [
        "runs/faces runs math:cos (loss)",
        "runs/faces runs no_such_module:f (network)",
    ]
