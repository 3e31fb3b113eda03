"""Models by name: the list, their size and licence, and completions equal to those of the run."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

import inpaint_jax as ij
from inpaint_jax import cli
from inpaint_jax.data.facades import draw_facade
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration
from inpaint_jax.runs.methods import open_methods
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.shipped import Shipped, cards, find, lean, packing
from inpaint_jax.systems.interface import Completion

HOLE = np.zeros((16, 16, 1), np.float32)
HOLE[4:12, 4:12] = 1


@pytest.fixture(scope="module")
def packed(model, tmp_path_factory):
    """Ship the tiny run as a model in another folder."""
    folder = tmp_path_factory.mktemp("models")
    row = {"holes": "center", "holes_hash": "0" * 16, "method": "tiny", "psnr_hole": {"mean": 12.5}}
    table = {"images": ["facades?split=test"], "rows": [row, {**row, "method": "mean"}]}
    (folder / "table.json").write_text(
        json.dumps({**table, "run": {"date": "2026-01-02", "versions": {}, "hardware": {}}})
    )
    about = {"command": "inpaint train", "commit": "0123456789ab"}
    card = packing.pack(model, "tiny", evaluation=folder, folder=folder / "models", **about)
    with pytest.raises(InputError, match="the evaluation has no method 'other'"):
        packing.pack(model, "other", evaluation=folder, folder=folder / "models", **about)
    assert card == folder / "models" / "tiny.json"
    return card.parent


def loaded(folder, name="tiny"):
    place = Shipped(name, folder)
    config = configuration.from_plain(place.config())
    system = configuration.build_system(config)
    return Model(config, system, place.states(system, config))


def test_it_completes_as_the_run(model, packed, capsys):
    """The weights have 16 bits."""
    rounded = jax.tree.map(
        lambda x: x.astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else x, model
    )
    images = np.stack([draw_facade(i, 16)[0] for i in range(2)]).astype(np.float32) / 127.5 - 1
    np.testing.assert_array_equal(
        ij.complete(loaded(packed), images, HOLE), ij.complete(rounded, images, HOLE)
    )
    assert (
        "tiny was trained on facades?split=train&count=64: drawn facades" in capsys.readouterr().err
    )
    assert cards.read("tiny", packed).metrics == {"center": {"yeh": 12.5, "mean": 12.5}}


def test_only_what_completion_needs(model, packed):
    """No optimisers; no critic if the system paints with its generator alone."""
    paths = set(cards.read("tiny", packed).arrays)
    assert {path.split("/")[2] for path in paths if "/networks/" in path} == {"generator", "critic"}
    assert not [path for path in paths if "/opt" in path]
    painter = model.system._replace(
        begin=lambda states, images, hole, keys, k: states["dcgan"].networks["generator"].params,
        advance=None,
        finish=lambda states, progress: _completion(progress),
    )
    kept = lean.arrays(painter, model.states, side=16)
    assert {path.split("/")[2] for path in kept if "/networks/" in path} == {"generator"}
    assert "dcgan/step" in kept


def _completion(params):
    total = sum(leaf.sum() for leaf in jax.tree.leaves(params))
    return Completion(total + np.zeros((1, 1, 16, 16, 3), np.float32), {}, {})


@pytest.mark.parametrize(
    "spoil, words",
    [
        (
            lambda folder: (folder / "tiny.npz").write_bytes(b"none"),
            "is damaged .*install inpaint_jax again",
        ),
        (lambda folder: _changed(folder), "generator/.* does not match the card"),
    ],
)
def test_damaged_weights_are_refused(spoil, words, packed, tmp_path):
    for file in packed.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    spoil(tmp_path)
    with pytest.raises(InputError, match=words):
        loaded(tmp_path)


def _changed(folder):
    arrays = dict(np.load(folder / "tiny.npz"))
    name = next(name for name in arrays if "generator" in name)
    arrays[name] = arrays[name] + 1
    np.savez(folder / "tiny.npz", **arrays)


def test_only_models_of_built_in_images_are_packed(model, tmp_path):
    photographs = configuration.from_plain(configuration.to_plain(model.config))
    with photographs.unlocked():
        photographs.data.train = "celeba/train"
    with pytest.raises(InputError, match="celeba/train is not built in: only portraits, facades"):
        packing.pack(
            Model(photographs, model.system, model.states),
            "x",
            command="",
            commit="",
            folder=tmp_path,
        )


@pytest.mark.parametrize("name", cards.names())
def test_what_ships(name):
    card = cards.read(name)
    assert card.licence == "Apache-2.0" and card.config["data"]["train"].startswith(
        ("portraits?", "facades?")
    )
    assert card.command.startswith("inpaint train --config=") and len(card.commit) == 12
    assert card.metrics and all(card.config["system"] in values for values in card.metrics.values())
    assert all(entry["dtype"] != "float32" for entry in card.arrays.values())
    model = ij.load(name)
    assert model.system.stages and int(model.states[model.system.stages[0].name].step) > 0


def test_all_of_it_is_small():
    assert cards.names() == ["portraits-context-encoder", "portraits-yeh"]
    assert sum(file.stat().st_size for file in cards.FOLDER.iterdir()) <= packing.MOST == 6_000_000


def test_names(tmp_path, monkeypatch, capsys):
    """A model is listed, used by ``--method`` with options,
    and gives way to a folder of its name.
    """
    assert cli.main(["models"]) == 0
    message = capsys.readouterr().out
    assert (
        "portraits-yeh: yeh, 32x32 pixels" in message
        and "inpaint train --config=yeh:demo" in message
    )
    assert "portraits-context-encoder: context_encoder, 32x32 pixels" in message
    with pytest.raises(InputError, match="the shipped model portraits-yeh has no checkpoints"):
        open_methods(["portraits-yeh?checkpoint=5"])
    monkeypatch.chdir(tmp_path)
    given = ["--images=portraits?split=test&count=1", "--holes=center", "--slots=1", "--output=out"]
    assert cli.main(["complete", "--method=portraits-yeh?search.iterations=1", *given]) == 0
    assert "drawn faces, not photographs" in capsys.readouterr().err
    (file,) = Path("out/images").glob("*.png")
    with Image.open(file) as completed:
        assert completed.size == (32, 32)
    Path("portraits-yeh").mkdir()
    assert find("portraits-yeh") is None
    with pytest.raises(InputError, match="portraits-yeh is not a workdir"):
        ij.load("portraits-yeh")
