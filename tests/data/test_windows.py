"""Random windows: their content, their choice by seed, epoch and id alone, and exact resumption."""

import numpy as np
import pytest
from PIL import Image

from inpaint_jax.compositing import to_uint8
from inpaint_jax.data.fitting import Fit
from inpaint_jax.data.pipeline import training_batches
from inpaint_jax.data.sources import holdout, open_source
from inpaint_jax.data.views import Fitted, Subset
from inpaint_jax.data.windows import cut_window
from inpaint_jax.errors import InputError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 10, 20, 3), np.uint8)


class Wide:
    """Four images of 20 x 10; the label is the number."""

    def __len__(self):
        return len(IMAGES)

    def id(self, i):
        return f"w{i}"

    def __getitem__(self, i):
        return {"image": IMAGES[i], "label": i}


def uncut(how, size=4):
    return Fitted(Wide(), Fit(how, size), uncut=True)


def batches(source, *, count, size=4, **options):
    drawn = training_batches(
        source, size=size, batch_size=4, **{"seed": 0, "flip": False} | options
    )
    got = [next(drawn) for _ in range(count)]
    drawn.close()
    return [(to_uint8(batch["image"]), batch["label"]) for batch in got]


def places(window, image):
    """Return the position of a window in an image."""
    side = len(window)
    return [
        (top, left)
        for top in range(image.shape[0] - side + 1)
        for left in range(image.shape[1] - side + 1)
        if (image[top : top + side, left : left + side] == window).all()
    ]


def test_every_epoch_sees_another_window_of_the_scaled_image():
    scaled = [
        np.asarray(Image.fromarray(image).resize((16, 8), Image.Resampling.LANCZOS))
        for image in IMAGES
    ]
    seen = [
        place
        for images, labels in batches(uncut("random_crop:8"), count=50)
        for window, label in zip(images, labels, strict=True)
        for place in places(window, scaled[label])
    ]
    assert len(seen) == 200
    tops, lefts = (set(coordinate) for coordinate in zip(*seen, strict=True))
    assert tops == set(range(5)) and lefts == set(range(13))


def test_seed_epoch_and_id_choose_the_window():
    """The order does not matter: reordered images show the same windows in every epoch."""

    def shown(source, seed=0):
        return [
            {
                source.id(label) if source is straight else f"w{label}": window.tobytes()
                for window, label in zip(*batch, strict=True)
            }
            for batch in batches(source, count=3, seed=seed)
        ]

    straight = uncut("random_crop:10")
    turned = Subset(straight, [2, 0, 3, 1])
    assert shown(straight) == shown(turned)
    other = shown(straight, seed=1)
    assert all(
        a[name] != b[name] for a, b in zip(shown(straight), other, strict=True) for name in a
    )


def test_a_resumed_run_and_several_processes_see_the_same_windows():
    how = "random_crop:5-10"
    whole = batches(uncut(how), count=7)
    for (a, _), (b, _) in zip(whole[3:], batches(uncut(how), count=4, start_step=3), strict=True):
        np.testing.assert_array_equal(a, b)
    shares = [batches(uncut(how), count=7, process_index=k, process_count=2) for k in range(2)]
    for (a, _), *parts in zip(whole, *shares, strict=True):
        np.testing.assert_array_equal(a, np.concatenate([part for part, _ in parts]))


def test_lengths_of_a_range_are_equally_likely():
    """The smallest length shows the whole square image; the largest copies pixels."""
    image = RNG.integers(0, 256, (12, 12, 3), np.uint8)
    whole = np.asarray(Image.fromarray(image).resize((6, 6), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(cut_window(image, size=6, smallest=6, at=(0.9, 0.9, 0.0)), whole)
    np.testing.assert_array_equal(
        cut_window(image, size=6, smallest=6, at=(0.0, 0.99, 0.99)), image[:6, 6:]
    )
    middle = cut_window(image, size=6, smallest=6, at=(0.0, 0.0, 3.5 / 7))
    scaled = np.asarray(Image.fromarray(image).resize((9, 9), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(middle, scaled[:6, :6])


def test_without_a_draw_the_window_is_the_centred_one():
    """Evaluation sees the centred window, at the smallest length."""
    [image] = [np.asarray(Fitted(Wide(), Fit("random_crop:5-10", 4))[0]["image"])]
    expected = Image.fromarray(IMAGES[0][1:9, 6:14]).resize((4, 4), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(image, np.asarray(expected))
    fit = Fit("random_crop:10", 4)
    np.testing.assert_array_equal(fit.to_model(IMAGES[0]), IMAGES[0][3:7, 8:12])
    assert fit.hole_to_image(np.ones((4, 4, 1)), (10, 20)).sum() == 16


def test_sources_of_other_fits_keep_theirs():
    """An aligned set keeps its crop beside a randomly cropped set; images are large enough."""
    both = open_source(
        ["portraits?count=3&fit=crop", "facades?count=3"], size=8, fit="random_crop:16", uncut=True
    )
    assert [both[i]["image"].shape for i in (0, 3)] == [(8, 8, 3), (16, 16, 3)]
    assert (
        len(
            {
                both[0]["image"].tobytes(),
                *(image.tobytes() for image in batches(both, count=1, size=8)[0][0]),
            }
        )
        > 1
    )
    assert (
        "smallest"
        in holdout(
            open_source("facades?count=3", size=8, fit="random_crop:16", uncut=True),
            count=1,
            part="train",
        )[0]
    )
    assert open_source("facades?count=3", size=8, fit="random_crop:16")[0]["image"].shape == (
        8,
        8,
        3,
    )


def test_a_note_names_sources_that_are_not_cut_at_random():
    """A source's own fit replaces random windows. A note names the source."""

    def noted(*specs, fit="random_crop:16", uncut=True):
        return open_source(list(specs), size=8, fit=fit, uncut=uncut).notes

    aligned, other = "portraits?count=2&crop=8", "portraits?count=2&fit=crop"
    remark = (
        f"{aligned}: fit=crop:8 replaces the random windows of fit=random_crop:16; leave fit and "
        "crop out of the source to train on windows"
    )
    assert noted(aligned) == noted(aligned, "facades?count=2") == [remark]
    assert noted(aligned, aligned.replace("2", "3")) == [remark, remark.replace("=2", "=3", 1)]
    assert noted(other) == [remark.replace(aligned, other).replace("crop:8 ", "crop ")]
    assert noted(aligned, fit="crop") == noted(aligned, uncut=False) == noted("facades") == []


@pytest.mark.parametrize(
    "how, message",
    [
        (
            "random_crop",
            "unknown fit 'random_crop'; known: crop, crop:SIDE, resize, whole, random_crop:SIDE, ",
        ),
        ("random_crop:7", "give SIDE-SIDE in rising order, from the model's side 8 on"),
        ("random_crop:20-10", "give SIDE-SIDE in rising order"),
    ],
)
def test_bad_lengths(how, message):
    with pytest.raises(InputError, match=message):
        Fit(how, 8)
