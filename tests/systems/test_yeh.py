"""Yeh's system: the search against a plain loop, dialect switches, and user extensions."""

import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import inpaint_jax
from inpaint_jax import cli
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration


@pytest.fixture(scope="module")
def example(model):
    rng = np.random.default_rng(0)
    hole = np.zeros((4, 16, 16, 1), np.float32)
    hole[:, 4:12, 4:12] = 1
    return rng.uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32), hole


def answer(workdir, example, *overrides):
    """Run begin, advance and finish, each jitted once."""
    loaded = inpaint_jax.load(workdir, overrides=[f"--config.{item}" for item in overrides])
    keys = jax.random.split(jax.random.key(0), 4)
    progress = jax.jit(lambda s, i, h: loaded.system.begin(s, i, h, keys, 1))(
        loaded.states, *example
    )
    advance = jax.jit(loaded.system.advance)
    while not progress.done.all():
        progress = advance(loaded.states, progress)
    return progress, jax.jit(loaded.system.finish)(loaded.states, progress)


def test_best_of_restarts_is_best_by_its_own_loss(workdir, example):
    progress, completion = answer(workdir, example, "search.restarts=3")
    totals = np.asarray(completion.losses["total"])
    assert completion.images.shape == (4, 3, 16, 16, 3)
    assert (np.diff(totals, axis=1) >= 0).all()
    np.testing.assert_array_equal(np.sort(progress.searches.best["total"], axis=1), totals)
    np.testing.assert_array_equal(np.asarray(completion.traces["total"]).min(1), totals[:, 0])
    np.testing.assert_allclose(
        totals, completion.losses["contextual"] + 0.003 * completion.losses["prior"], rtol=1e-5
    )


@pytest.mark.parametrize(
    "override, path_changes",
    [
        ("search.batch_norm=sample", True),
        ("search.batch_norm=batch", True),
        ("search.optimizer.decay=1.0", True),
        ("search.window=0", True),
        ("search.answer=last", False),
        ("search.start=normal", True),
        ("search.projection=none", False),  # six small steps from inside stay inside
        ("blend.method=paste", False),
        ("blend.edge=published", False),
    ],
)
def test_switches(workdir, example, plain, override, path_changes):
    progress, completion = answer(workdir, example, override)
    assert np.isfinite(np.asarray(completion.images)).all()
    assert np.array_equal(plain.searches.latent, progress.searches.latent) != path_changes


@pytest.fixture(scope="module")
def plain(workdir, example):
    """The search of the unchanged config."""
    return answer(workdir, example)[0]


def test_a_users_loss_and_generator(tiny, tmp_path, monkeypatch):
    """The example of CONTRIBUTING: files beside the config; train, complete, read the trace."""
    guide = Path("CONTRIBUTING.md").read_text()
    for name in ("my_losses.py", "my_nets.py", "my_config.py"):
        block = next(b for b in guide.split("```python\n")[1:] if b.startswith(f"# {name}"))
        (tmp_path / name).write_text(
            block.split("```")[0].replace("8 * 8", "2 * 2").replace("-1, 8, 8", "-1, 2, 2")
        )
    monkeypatch.setattr(sys, "path", list(sys.path))
    own = [item for item in tiny if "generator" not in item]
    run = tmp_path / "run"
    config = f"{tmp_path}/my_config.py:smoke"
    assert cli.main(["train", f"--config={config}", f"--workdir={run}", *own]) == 0
    monkeypatch.chdir(tmp_path)
    done = cli.main(
        [
            "complete",
            f"--workdir={run}",
            "--images=facades?count=2",
            "--holes=left",
            f"--output={tmp_path}/out",
        ]
    )
    assert done == 0
    assert '"edge"' in (tmp_path / "out/report.json").read_text()
    assert (tmp_path / "out/traces.png").stat().st_size > 1000
    for module in ("my_losses", "my_nets"):
        sys.modules.pop(module)


@pytest.mark.parametrize("item", ["patience=0", "iterations=0", "restarts=0", "tolerance=-0.1"])
def test_numbers_that_make_no_search(workdir, item):
    with pytest.raises(
        InputError, match="must be a whole number of at least 1|and restarts must be at least 1"
    ):
        inpaint_jax.load(workdir, overrides=[f"--config.search.{item}"])


def test_a_loss_that_the_search_cannot_feed_is_refused(workdir, example):
    loaded = inpaint_jax.load(workdir)
    with loaded.config.unlocked():
        loaded.config.losses.critic = dict(fn="discriminator_bce", weight=1.0)
    system = configuration.build_system(loaded.config)
    progress = system.begin(loaded.states, *example, jax.random.split(jax.random.key(0), 4), 1)
    with pytest.raises(
        InputError,
        match="'critic' needs real_logits; available here: completed, completed_logits, fake_lo",
    ):
        jax.eval_shape(system.advance, loaded.states, progress)
