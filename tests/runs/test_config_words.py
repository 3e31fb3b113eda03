"""The words of a config's argument."""

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.runs.config_words import choose

GROUPS = (("default", "published"), {"smoke": 1, "cpu": 2}, ("nag", "adam"))


@pytest.mark.parametrize(
    "argument, words",
    [
        ("", ("default", "cpu", None)),
        ("published", ("published", "cpu", None)),
        ("adam,smoke", ("default", "smoke", "adam")),
        ("smoke,nag,published", ("published", "smoke", "nag")),
    ],
)
def test_a_word_of_each_group(argument, words):
    assert choose("a.py", argument, *GROUPS, default="default,cpu") == words


def test_several_words_come_last_in_their_own_order():
    assert choose("a.py", "5b,cpu,3a", GROUPS[1], default="smoke", several=("3a", "4a", "5b")) == (
        "cpu",
        ("3a", "5b"),
    )
    assert choose("a.py", "", GROUPS[1], default="smoke", several=("3a", "4a")) == ("smoke", ())


@pytest.mark.parametrize(
    "argument, message",
    [
        (
            "tiny,cpu,big",
            "a.py: unknown words big, tiny; known: default, published, smoke, cpu, nag, adam",
        ),
        ("smoke,", "a.py: unknown words ''; known: "),
        ("smoke,cpu", "a.py: cpu and smoke exclude each other: choose one of smoke, cpu"),
    ],
)
def test_words_that_are_refused(argument, message):
    with pytest.raises(InputError, match=message):
        choose("a.py", argument, *GROUPS, default="default,cpu")
