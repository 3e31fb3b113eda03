"""Searches until a reference's loss: seconds by hand, turns,
and PyTorch beside us on a tiny run.
"""

import json

import numpy as np
import pytest

from inpaint_jax import cli
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation.benchmark import descent_times, descents
from inpaint_jax.runs import configuration

REFERENCE = np.array([[8, 4, 3, 2.0], [9, 5, 4, 4]])
FASTER = np.array([[3, 1.0], [9, 6]])


def test_seconds_by_hand():
    """A reference of 4 iterations of 0.5 s ends at losses 2 and 4; the other takes 0.1 s each."""
    curves = {
        "reference": descent_times.timed(REFERENCE, 0.5),
        "other": descent_times.timed(FASTER, 0.1),
    }
    reference, other = descent_times.summary(curves)
    assert reference["seconds"] == 2 and reference["loss"] == 3 and reference["reached"] == 1
    assert reference["each"] == pytest.approx((2 + 1.5) / 2) and reference["each_ratio"] == 1
    # Median losses: 8.5, 4.5, 3.5, 3 against 6, 3.5: the second image and the median never get
    # there.
    assert other["reached"] == 0.5 and other["each"] is None and other["each_ratio"] is None
    assert other["median"] is None and other["iterations"] == 2
    [_, sooner] = descent_times.summary(
        {"reference": curves["reference"], "other": descent_times.timed(FASTER / 2, 0.1)}
    )
    assert sooner["each"] == pytest.approx((0.1 + 0.2) / 2) and sooner[
        "each_ratio"
    ] == pytest.approx(1.75 / 0.15)
    assert sooner["median"] == pytest.approx(0.1) and sooner["median_ratio"] == pytest.approx(20)


def test_the_shorter_search_begins_again_until_the_longer_one_ends(monkeypatch):
    monkeypatch.setattr(descents, "PAUSE", 0)
    called = []

    def of(name, chunks):
        def begin():
            for number in range(chunks):
                called.append(f"{name}{number}")
                yield np.full((2, 3), number)

        return begin

    found = descents.measured({"long": of("l", 3), "short": of("s", 1)}, batch=2)
    assert called == ["l0", "s0", "l0", "s0", "s0", "l1", "l2", "s0", "l0"]
    assert found["totals"] == {"long": [[0] * 3 + [1] * 3 + [2] * 3] * 2, "short": [[0] * 3] * 2}
    assert {name: len(times) for name, times in found["rounds_seconds_per_iteration"].items()} == {
        "long": 4,
        "short": 3,
    }


IMAGES = "facades?split=test&count=2"


def test_on_a_run(workdir, model, monkeypatch):
    """The run's own search beside a shorter one,
    which loses sight of it after its last iteration.
    """
    monkeypatch.setattr(descents, "PAUSE", 0)
    reference = configuration.load(
        "yeh:smoke", ["--config.search.iterations=4", "--config.search.patience=2"]
    )
    [found] = descents.compare(str(workdir), reference, images=IMAGES, holes=["center"], batch=2)
    shorter, own = (np.array(totals) for totals in found["totals"].values())
    assert shorter.shape == (2, 4) and own.shape == (2, 6)
    np.testing.assert_allclose(shorter, own[:, :4], rtol=1e-5)
    rows = descent_times.text([found]).splitlines()
    assert [row.split("|")[2].strip() for row in rows[2:4]] == [
        "ours, nag 0.01 4",
        "ours, nag 0.01 6",
    ]
    assert found["rows"][1]["reached"] == 1


def test_pytorch_on_a_run(workdir, tmp_path, monkeypatch):
    """The same networks, images, holes and first latents give the same losses."""
    pytest.importorskip("torch")
    monkeypatch.setattr(descents, "PAUSE", 0)
    file = tmp_path / "report.json"
    where = [
        f"--workdir={workdir}",
        f"--images={IMAGES}",
        "--batch=2",
        "--config.search.iterations=6",
    ]
    assert cli.main(["benchmark", "search", "--against=torch", *where, f"--output={file}"]) == 0
    [found] = json.loads(file.read_text())["results"]
    assert list(found["totals"]) == ["torch, nag 0.01 6", "ours, nag 0.01 6"]
    np.testing.assert_allclose(*found["totals"].values(), rtol=1e-4)
    assert found["torch_layout"] in ("contiguous", "channels_last")


def test_what_cannot_be_compared(workdir):
    other = configuration.load("yeh:smoke", ["--config.losses.prior.weight=1"])
    with pytest.raises(
        InputError, match="losses.prior of .* only searches with the same loss and start"
    ):
        descents.compare(str(workdir), other, images=IMAGES, holes=["center"], batch=2)
    with pytest.raises(
        InputError, match="is a run of 'yeh', the reference search of 'lsgan': give --workdir"
    ):
        descents.compare(
            str(workdir),
            configuration.load("lsgan:smoke"),
            images=IMAGES,
            holes=["center"],
            batch=2,
        )
    with pytest.raises(InputError, match="has 2 images, fewer than --batch=64"):
        descents.compare(
            str(workdir), configuration.load("yeh:smoke"), images=IMAGES, holes=["center"]
        )
