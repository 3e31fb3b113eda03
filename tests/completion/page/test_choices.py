"""Which methods are available, and how each completes an image."""

import pytest

from inpaint_jax.completion.page import choices
from inpaint_jax.errors import InputError


def test_patchmatch_first_and_what_was_given_last(workdir):
    available = choices.available([str(workdir), str(workdir)])
    assert available[0] == ("patchmatch", "patchmatch") and available[-1] == (
        str(workdir),
        str(workdir),
    )
    for shipped in ("portraits-yeh", "portraits-context-encoder"):
        assert (f"{shipped} (drawn faces, not photographs)", shipped) in available
    assert len(available) == len(set(available))
    with pytest.raises(InputError, match="unknown method 'photoshop'"):
        choices.check(["photoshop"])


def test_models_see_their_own_size_or_squares_around_holes(workdir):
    given = dict(seed=3, keep=1)
    assert choices.request_for("harmonic", (300, 200, 3), **given).fit is None
    assert choices.request_for(str(workdir), (16, 16, 3), **given).fit is None
    large = choices.request_for(str(workdir), (300, 200, 3), **given)
    assert large.fit == "around" and large.slots == 1 and large.seed == 3
    assert choices.open_for(large).method.size is None


def test_several_completions_of_methods_that_give_several(workdir):
    keep = {
        name: choices.request_for(name, (16, 16, 3), seed=0, keep=3).keep
        for name in ("patchmatch", "mean", str(workdir))
    }
    assert keep == {"patchmatch": 1, "mean": 1, str(workdir): 3}
