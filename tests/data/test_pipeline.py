"""Batches are a pure function of (seed, step), independent of earlier batches and of processes."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from inpaint_jax.compositing import from_uint8
from inpaint_jax.data.cache import Cached
from inpaint_jax.data.facades import Facades
from inpaint_jax.data.pipeline import examples, training_batches
from inpaint_jax.errors import InputError


class Numbered:
    """Image ``i`` has the value ``i`` on its left half and 255 - i on its right; the label is i."""

    def __init__(self, count, labels=True):
        self.count, self.labels, self.reads = count, labels, 0

    def __len__(self):
        return self.count

    def id(self, i):
        return f"n{i}"

    def __getitem__(self, i):
        self.reads += 1
        image = np.full((4, 4, 3), i, np.uint8)
        image[:, 2:] = 255 - i
        return {"image": image, "label": i} if self.labels else {"image": image}


def batches(source=None, *, count=3, **options):
    options = dict(size=4, batch_size=4, seed=0) | options
    drawn = training_batches(Numbered(10) if source is None else source, **options)
    got = [next(drawn) for _ in range(count)]
    drawn.close()
    return got


def assert_equal(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_contents():
    batch = batches(count=1)[0]
    assert batch["image"].shape == (4, 4, 4, 3) and batch["image"].dtype == np.float32
    assert batch["label"].shape == (4,) and batch["label"].dtype == np.int32
    left = np.rint((batch["image"][:, 0, 0, 0] + 1) * 127.5).astype(int)
    assert all(
        level in (label, 255 - label) for level, label in zip(left, batch["label"], strict=True)
    )
    assert "label" not in batches(Numbered(4, labels=False), count=1)[0]


def test_every_epoch_holds_each_image_once_in_a_new_order():
    labels = np.concatenate([batch["label"] for batch in batches(count=10, batch_size=2)]).reshape(
        2, 10
    )
    assert (np.sort(labels, axis=1) == np.arange(10)).all()
    assert (labels[0] != labels[1]).any() and (labels[0] != np.arange(10)).any()


def test_the_seed_decides():
    for a, b in zip(batches(seed=1), batches(seed=1, threads=1), strict=True):
        assert_equal(a, b)
    assert any(
        (a["label"] != b["label"]).any()
        for a, b in zip(batches(seed=1), batches(seed=2), strict=True)
    )


@pytest.mark.parametrize("start", [1, 2, 7])
def test_starting_later_goes_on_as_if_nothing_had_stopped(start):
    whole = batches(count=start + 2, flip=True)
    for a, b in zip(whole[start:], batches(count=2, flip=True, start_step=start), strict=True):
        assert_equal(a, b)


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_read_the_rows_of_one_global_batch(processes):
    holes = np.eye(4, dtype=bool).reshape(4, 2, 2, 1).repeat(2, 1).repeat(2, 2)
    options = dict(holes=holes, arrays={"number": np.arange(10.0)})
    shares = [
        batches(process_index=k, process_count=processes, **options) for k in range(processes)
    ]
    for step, whole in enumerate(batches(**options)):
        parts = [share[step] for share in shares]
        assert_equal(
            whole, {name: np.concatenate([part[name] for part in parts]) for name in whole}
        )
    with pytest.raises(InputError, match="batch_size=4 cannot be shared evenly by 3 processes"):
        training_batches(Numbered(4), size=4, batch_size=4, seed=0, process_count=3)


def test_flips():
    source = Numbered(64)
    flipped, straight = (
        batches(source, count=1, batch_size=64, flip=flip)[0] for flip in (True, False)
    )
    np.testing.assert_array_equal(flipped["label"], straight["label"])
    assert (from_uint8(straight["label"].astype(np.uint8)) == straight["image"][:, 0, 0, 0]).all()
    mirrored = (flipped["image"] != straight["image"]).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(
        flipped["image"][mirrored], straight["image"][mirrored][:, :, ::-1]
    )
    assert 16 < mirrored.sum() < 48


def test_holes_and_prepared_arrays_travel_with_their_images():
    holes = np.zeros((3, 4, 4, 1), bool)
    for k in range(3):
        holes[k, k, k] = True
    batch = batches(count=1, batch_size=8, holes=holes, arrays={"twice": 2 * np.arange(10)})[0]
    np.testing.assert_array_equal(batch["twice"], 2 * batch["label"])
    assert batch["hole"].shape == (8, 4, 4, 1) and batch["hole"].dtype == np.float32
    assert (batch["hole"].sum((1, 2, 3)) == 1).all() and len(np.unique(batch["hole"], axis=0)) > 1


def test_a_batch_larger_than_the_set_and_a_set_of_one():
    assert sorted(batches(Numbered(3), count=1, batch_size=6)[0]["label"]) == [0, 0, 1, 1, 2, 2]
    assert (batches(Numbered(1), count=2)[1]["label"] == 0).all()
    with pytest.raises(InputError, match="no images"):
        batches(Numbered(0))


def test_images_are_read_once_if_they_fit():
    source = Numbered(10)
    cached = Cached(source, size=4)
    batches(cached, count=10, threads=1)
    assert source.reads == 10 + 1  # the first one is read to find out whether there are labels
    batches(cached, count=5)
    assert source.reads == 11
    again = Numbered(10)
    small = batches(Cached(again, size=4, limit=10 * 48 - 1), count=10, threads=1)
    assert again.reads >= 40
    for a, b in zip(small, batches(count=10), strict=True):
        assert_equal(a, b)


def test_images_of_other_sizes_are_fitted():
    batch = batches(Facades(size=12, count=4), size=8, count=1)[0]
    assert batch["image"].shape == (4, 8, 8, 3)


def test_errors_come_through_in_words():
    class Broken(Numbered):
        def __getitem__(self, i):
            if i == 7:
                return {"image": np.full((4, 4, 3), np.nan)}
            return super().__getitem__(i)

    with pytest.raises(InputError, match="image 'n7' has pixels that are not finite"):
        batches(Broken(10), count=3)

    class HalfLabelled(Numbered):
        def __getitem__(self, i):
            return super().__getitem__(i) if i < 5 else {"image": np.zeros((4, 4, 3), np.uint8)}

    with pytest.raises(InputError, match="image 'n[5-9]' has no label, but"):
        batches(HalfLabelled(10), count=3)


def test_evaluation_order():
    got = list(examples(Numbered(5), size=4, batch=2))
    assert [batch["id"] for batch in got] == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    assert [len(batch["image"]) for batch in got] == [2, 2, 1] and got[2]["label"].tolist() == [4]
    np.testing.assert_array_equal(got[1]["image"][1, 0, 0], np.full(3, 3 / 127.5 - 1, np.float32))
    chosen = next(examples(Cached(Numbered(5), size=4), size=4, batch=8, indices=[4, 0]))
    assert chosen["id"] == ["n4", "n0"] and chosen["label"].tolist() == [4, 0]


def test_leaving_without_closing_is_silent():
    """Threads that still read ahead when the interpreter ends must not complain."""
    code = """
        from inpaint_jax.data.facades import Facades
        from inpaint_jax.data.pipeline import training_batches
        running = training_batches(Facades(size=16), size=16, batch_size=8, seed=0)
        next(running)
        """
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
