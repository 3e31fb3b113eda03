"""One file for a trained system: the same answers, for any number of images,
without what trained it.
"""

import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export as jax_export

import inpaint_jax
from inpaint_jax import exported, masks
from inpaint_jax.completion.export import export
from inpaint_jax.errors import InputError
from inpaint_jax.runs.model import Model
from inpaint_jax.systems import baselines
from inpaint_jax.systems.driver import Driver, Task
from inpaint_jax.systems.interface import Completion, System

PLATFORMS = ("cpu", "cuda", "tpu")
IDS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def holes():
    families = ["center", "left", "random:0.8"]
    return np.concatenate(
        [
            masks.evaluation_holes(f, ids=[i], size=16, seed=0)
            for f, i in zip(families, IDS, strict=True)
        ]
    )


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "new" / "tiny.inpaint"
    export(model, path)
    return path


@pytest.fixture(scope="module")
def completer(file):
    return exported.load(file)


@pytest.fixture
def baseline(model):
    """A baseline as a model of the size of the tiny run."""
    return lambda name: Model(model.config, baselines.BASELINES[name](), {})


class Progress(NamedTuple):
    """Of the toy system below."""

    images: jax.Array
    left: jax.Array
    done: jax.Array


def test_agrees_with_complete_in_company_and_alone(model, completer, images, holes):
    expected = inpaint_jax.complete(model, images, holes, seed=3, ids=IDS)
    completed = completer(images, holes, seed=3, ids=IDS)
    np.testing.assert_allclose(completed, expected, atol=1e-4)
    np.testing.assert_array_equal(completer(images, holes, seed=3, ids=IDS), completed)
    assert np.abs(completer(images, holes, seed=4, ids=IDS) - completed).max() > 1e-3
    alone = completer(images[2:], holes[2], seed=3, ids=IDS[2:])  # one hole for all
    np.testing.assert_allclose(alone, expected[2:], atol=1e-4)


def test_known_pixels_survive_and_the_hole_is_never_read(completer, images, holes):
    completed = completer(np.where(holes > 0, np.float32(np.nan), images), holes)
    np.testing.assert_array_equal(completed, completer(images, holes))
    known = np.broadcast_to(holes == 0, images.shape)
    np.testing.assert_array_equal(completed[known], images[known])


def test_the_file_holds_what_completion_needs(model, file):
    with zipfile.ZipFile(file) as archive:
        names = [
            name.removeprefix("weights/")
            for name in archive.namelist()
            if name.startswith("weights/")
        ]
        about = json.loads(archive.read("about.json"))
        function = jax_export.deserialize(bytearray(archive.read("function")))
    networks = model.states["dcgan"].networks
    assert len(names) == sum(
        len(jax.tree.leaves((net.params, net.stats))) for net in networks.values()
    )
    assert "dcgan.networks.generator.average.0.Dense_0.kernel.npy" in names
    assert function.platforms == PLATFORMS
    assert about["platforms"] == list(PLATFORMS)
    assert about["config"]["networks"]["latent_size"] == 8
    assert (about["size"], about["completions"], about["steps"]) == (16, 1, {"dcgan": 4})


@pytest.mark.slow
def test_several_completions(model, images, holes, tmp_path):
    export(model, tmp_path / "two.inpaint", k=2, platforms=["cpu"])
    completed, losses = exported.load(tmp_path / "two.inpaint").candidates(
        images[:1], holes[:1], seed=3
    )
    driver = Driver(model.system, model.states, slots=1, k=2)
    (expected,) = driver.run([Task("0", images[0], holes[0])], seed=3)
    np.testing.assert_allclose(completed[0], expected.images, atol=1e-4)
    assert losses.keys() == expected.losses.keys()
    for name, values in losses.items():
        np.testing.assert_allclose(values[0], expected.losses[name], rtol=1e-4)


def test_runs_without_what_trained_it(file, completer, images, holes, tmp_path):
    np.savez(tmp_path / "given.npz", images=images, holes=holes)
    code = (
        "import sys, numpy as np; from inpaint_jax import exported;"
        "file, given, answer = sys.argv[1:]; given = np.load(given);"
        "np.save(answer, exported.load(file)(given['images'], given['holes']));"
        "ours = {name for name in sys.modules if name.startswith('inpaint_jax.')};"
        "assert ours == {f'inpaint_jax.{name}' for name in ('exported', 'errors', "
        "'checks', 'seeds')}, ours;"
        "heavy = {'flax', 'optax', 'orbax', 'ml_collections', 'absl', 'grain', "
        "'PIL'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    answer = tmp_path / "answer.npy"
    subprocess.run([sys.executable, "-c", code, file, tmp_path / "given.npz", answer], check=True)
    np.testing.assert_array_equal(np.load(answer), completer(images, holes))


def test_baselines(baseline, images, holes, tmp_path, capsys):
    export(baseline("mean"), tmp_path / "mean.inpaint")
    message = capsys.readouterr().out
    assert "mean.inpaint: 0.0 MB for cpu, cuda, tpu" in message and "exported.load(" in message
    completed = exported.load(tmp_path / "mean.inpaint")(images, holes)
    for image, hole, answer in zip(images, holes[..., 0], completed, strict=True):
        np.testing.assert_allclose(
            answer[hole > 0], np.tile(image[hole == 0].mean(0), (int(hole.sum()), 1)), atol=1e-6
        )


def test_images_that_need_different_numbers_of_chunks(model, images, holes, tmp_path):
    """A system that counts its batch in Python,
    and whose images must wait for each other unharmed.
    """

    def begin(states, images, hole, keys, k):
        needed = (hole.sum((1, 2, 3)) % 5).astype(int)
        return Progress(jnp.zeros((len(images), *images.shape[1:])), needed, needed <= 0)

    def advance(states, progress):
        images = progress.images + jnp.where(progress.done, 0, 1)[:, None, None, None]
        left = progress.left - 1
        return Progress(images, left, left <= 0)

    def finish(states, progress):
        return Completion(progress.images[:, None], {}, {})

    system = System(16, (), begin, advance, finish)
    export(Model(model.config, system, {}), tmp_path / "toy.inpaint", platforms=["cpu"])
    completed = exported.load(tmp_path / "toy.inpaint")(images, holes)
    counts = holes.sum((1, 2, 3)) % 5
    assert len({*counts}) > 1
    np.testing.assert_array_equal(
        completed, np.broadcast_to(counts[:, None, None, None], images.shape)
    )


def test_systems_that_cannot_be_exported(model, baseline, file, tmp_path):
    path = tmp_path / "never.inpaint"
    with pytest.raises(InputError, match="exists: remove it"):
        export(model, file)
    with pytest.raises(InputError, match="unknown platforms 'cpu,gpu'; known: cpu, cuda"):
        export(model, path, platforms=["cpu", "gpu"])
    with pytest.raises(InputError, match="at least 1, got 0"):
        export(model, path, k=0)
    coupled = model.config.copy_and_resolve_references()
    coupled.search.batch_norm = "batch"
    with pytest.raises(InputError, match="depend on each other"):
        export(dataclasses.replace(model, config=coupled), path)
    pytest.importorskip("cv2")
    with pytest.raises(InputError, match="cannot be exported because .*buffer_callback"):
        export(baseline("telea"), path)
    assert not path.exists()


def test_bad_arrays_are_refused_in_words(completer, images, holes):
    with pytest.raises(InputError, match=r"images must be \[B, H, W, C\]"):
        completer(images[0], holes[0])
    with pytest.raises(InputError, match=r"got \(3, 16, 16, 3\) and \(2, 16, 16, 1\)"):
        completer(images, holes[:2])
    with pytest.raises(InputError, match="got 1 ids, 1 of them different, for 3"):
        completer(images, holes, ids=["a"])
    with pytest.raises(InputError, match="0: the image has NaN"):
        completer(np.full_like(images, np.nan), holes)
    with pytest.raises(InputError, match="hole is empty"):
        completer(images, np.zeros_like(holes))
    with pytest.raises(InputError, match="hole is full"):
        completer(images, np.ones_like(holes))
    with pytest.raises(
        InputError, match=r"0: image \(8, 16\) and hole \(8, 16\) must both be \(16, 16\)"
    ):
        completer(images[:, :8], holes[:, :8])


def test_bad_files_are_refused_in_words(baseline, tmp_path):
    def save(name, **members):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member, data in members.items():
                archive.writestr(member.replace("_", "."), data)
        return tmp_path / name

    (tmp_path / "text").write_text("not one")
    (tmp_path / "empty").touch()
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="cannot read .*(No such file|Is a directory)"):
            exported.load(path)
    for path in (tmp_path / "text", tmp_path / "empty", save("other", readme="hello")):
        with pytest.raises(InputError, match="was not written by inpaint export"):
            exported.load(path)
    export(baseline("mean"), tmp_path / "tpu.inpaint", platforms=["tpu"])
    with pytest.raises(InputError, match="was exported for tpu, but this machine has cpu"):
        exported.load(tmp_path / "tpu.inpaint")
    about = json.dumps({"platforms": ["cpu"], "versions": {"jax": "9.8.7"}})
    with pytest.raises(InputError, match="exported by JAX 9.8.7, and JAX .* cannot read it"):
        exported.load(save("future", about_json=about, function=b"\0" * 64))


def rewritten(file, path, *, order=None, **changed):
    """A copy of an exported file, its members in another order or some of them changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | changed
    with zipfile.ZipFile(path, "w") as archive:
        for name in order(members) if order else members:
            archive.writestr(name, members[name])
    return path


def test_arrays_are_found_by_their_names(file, completer, images, holes, tmp_path):
    """Before 0.2 they were taken in the order of the archive, in silence."""
    turned = exported.load(
        rewritten(file, tmp_path / "turned", order=lambda members: list(members)[::-1])
    )
    np.testing.assert_array_equal(turned(images, holes), completer(images, holes))


def test_what_is_not_what_was_exported_is_named(file, tmp_path):
    with zipfile.ZipFile(file) as archive:
        name = next(name for name in archive.namelist() if name.endswith("kernel.npy"))
        kernel, function = np.load(archive.open(name)), archive.read("function")
        about = json.loads(archive.read("about.json"))

    def npy(array):
        buffer = io.BytesIO()
        np.save(buffer, array)
        return buffer.getvalue()

    with pytest.raises(
        InputError, match=rf"damaged \({name} does not match its digest\): copy or export it again"
    ):
        exported.load(rewritten(file, tmp_path / "kernel", **{name: npy(kernel + 1)}))
    with pytest.raises(InputError, match=r"damaged \(its function does not match its digest\)"):
        exported.load(
            rewritten(file, tmp_path / "function", function=function[:99] + b"x" + function[100:])
        )
    bare = json.dumps(
        {key: value for key, value in about.items() if key not in ("arrays", "function_sha256")}
    )
    old = rewritten(file, tmp_path / "old", **{"about.json": bare})  # as before 0.2: unverified
    assert len(exported.load(old).weights) == len(about["arrays"])
    missing = json.dumps({key: value for key, value in about.items() if key != "size"})
    with pytest.raises(InputError, match="not written by inpaint export .it lacks 'size'"):
        exported.load(rewritten(file, tmp_path / "missing", **{"about.json": missing}))
    infinite = rewritten(
        file, tmp_path / "infinite", **{"about.json": bare, name: npy(kernel * np.inf)}
    )
    with pytest.raises(InputError, match="infinite has weights that are not finite"):
        exported.load(infinite)


def test_no_flipped_bit_of_a_file_is_taken_in_silence(file, tmp_path):
    whole, draw, found = file.read_bytes(), np.random.default_rng(0), 0
    expected = [np.asarray(weight) for weight in exported.load(file).weights]
    for _ in range(40):
        data = bytearray(whole)
        data[draw.integers(len(data))] ^= 1 << draw.integers(8)
        (tmp_path / "damaged").write_bytes(data)
        try:
            weights = exported.load(tmp_path / "damaged").weights
        except InputError as error:
            assert "\n" not in str(error)
            found += 1
        else:
            assert all(
                np.array_equal(read, weight) for read, weight in zip(weights, expected, strict=True)
            )
    assert found > 20


def test_weights_that_are_not_finite_are_not_exported(model, tmp_path):
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan if leaf.dtype == jnp.float32 else leaf, model)
    with pytest.raises(InputError, match="is not finite: export an earlier checkpoint"):
        export(broken, tmp_path / "broken.inpaint", platforms=["cpu"])
    assert not (tmp_path / "broken.inpaint").exists()
