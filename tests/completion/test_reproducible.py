"""A record of one completed image makes the same pixels again,
as does the equivalent command.
"""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.completion.reproducible import Given, complete_record, record_of
from inpaint_jax.completion.single import Request, complete_one, open_request
from inpaint_jax.data.encoding import encode
from inpaint_jax.data.facades import draw_facade
from inpaint_jax.data.json_files import write_json
from inpaint_jax.data.originals import read_original
from inpaint_jax.errors import InputError

HOLE = np.zeros((16, 16), bool)
HOLE[5:11, 4:13] = True


@pytest.fixture(scope="module")
def made(workdir, tmp_path_factory):
    """A folder with an image, its hole, two completions by the tiny run, and their record."""
    folder = tmp_path_factory.mktemp("made")
    Image.fromarray(draw_facade(3, 16)[0]).save(folder / "front.png")
    Image.fromarray(HOLE).save(folder / "hole.png")
    record(folder, Request(str(workdir), seed=5, keep=2, slots=4))
    return folder


def record(folder, request, hole=HOLE):
    given = Given("front.png", "front", read_original(folder / "front.png"), hole)
    opened = open_request(request)
    answer = complete_one(opened, given.id, given.image, hole, seed=request.seed)
    for rank, image in enumerate(answer.images):
        (folder / f"{rank}.png").write_bytes(encode(image))
    write_json(folder / "record.json", record_of(given, request, opened, answer))


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def complete(*arguments):
    return cli.main(["complete", *map(str, arguments)])


def test_the_same_pixels(made, workdir, tmp_path, capsys):
    """By the record, and by the command with the same options."""
    assert complete(f"--record={made / 'record.json'}", f"--output={tmp_path / 'again'}") == 0
    assert "pixels equal those of the record" in capsys.readouterr().out
    given = [
        f"--method={workdir}",
        f"--images={made / 'front.png'}",
        f"--holes={made / 'hole.png'}",
    ]
    assert (
        complete(*given, "--seed=5", "--keep=2", "--slots=4", f"--output={tmp_path / 'command'}")
        == 0
    )
    for rank in (0, 1):
        for way in ("again", "command"):
            answer = tmp_path / way / "kept" / "front" / f"{rank + 1}.png"
            np.testing.assert_array_equal(pixels(answer), pixels(made / f"{rank}.png"))
    assert (pixels(made / "0.png") != pixels(made / "1.png")).any()
    assert complete(f"--record={made / 'record.json'}", f"--output={tmp_path / 'again'}") == 0
    assert "already holds this completion" in capsys.readouterr().out


def test_an_image_of_any_kind(tmp_path, capsys):
    """16 bits, transparency and a shape of its own survive; the file may have another name."""
    levels = np.random.default_rng(0).integers(0, 65536, (20, 31)).astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "front.png")
    hole = np.zeros((20, 31), bool)
    hole[8:12, 8:20] = True
    record(tmp_path, Request("mean"), hole)
    (tmp_path / "front.png").rename(tmp_path / "other name.png")
    again = [f"--record={tmp_path / 'record.json'}", f"--output={tmp_path / 'out'}"]
    assert complete(*again) == 2
    assert "found no image front.png beside" in capsys.readouterr().err
    assert complete(*again, f"--images={tmp_path / 'other name.png'}") == 0
    answer = pixels(tmp_path / "out" / "images" / "front.png")
    np.testing.assert_array_equal(answer, pixels(tmp_path / "0.png"))
    np.testing.assert_array_equal(answer[~hole], levels[~hole])
    np.testing.assert_allclose(answer[hole], levels[~hole].mean(), atol=257)


def changed(path, **values):
    about = {**json.loads(path.read_text()), **values}
    about.pop("digest")
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    "spoil, more, words",
    [
        (
            lambda f: changed(f / "record.json", hole="????"),
            [],
            "its hole cannot be read.*download it again",
        ),
        (lambda f: (f / "record.json").write_text("{"), [], "is damaged.*download it again"),
        (lambda f: (f / "record.json").unlink(), [], "--record: no such file"),
        (
            lambda f: Image.fromarray(HOLE).save(f / "front.png"),
            [],
            "is not the image of the record",
        ),
        (
            lambda f: (f / "out").mkdir() or (f / "out" / "x").touch(),
            [],
            "is not empty: give another --output",
        ),
        (lambda f: None, ["--seed=3"], "--seed conflicts with --record"),
        (lambda f: None, ["--grow=3"], "--grow conflicts with --record"),
        (
            lambda f: None,
            ["--images", "a.png", "b.png"],
            "--record holds one image, but --images names 2",
        ),
    ],
)
def test_refused(spoil, more, words, made, tmp_path, capsys):
    for name in ("front.png", "record.json"):
        shutil.copy(made / name, tmp_path)
    spoil(tmp_path)
    assert (
        complete(f"--record={tmp_path / 'record.json'}", f"--output={tmp_path / 'out'}", *more) == 2
    )
    message = capsys.readouterr().err
    with pytest.raises(InputError, match=words):
        raise InputError(message)
    assert message.count("\n") == 1


def test_other_pixels_are_named(made, tmp_path, capsys):
    for name in ("front.png", "record.json"):
        shutil.copy(made / name, tmp_path)
    changed(tmp_path / "record.json", pixels=["0" * 16] * 2)
    complete_record(tmp_path / "record.json", [], tmp_path / "out")
    printed = capsys.readouterr()
    assert "pixels differ from those" in printed.out and "other hardware or versions" in printed.err


def test_what_complete_needs(capsys):
    assert complete("--output=x", "--method=mean") == 2
    assert (
        "inpaint complete needs --images, --holes, or --record=FILE alone"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "hole, words",
    [(0 * HOLE, "nothing is missing"), (HOLE | True, "everything"), (HOLE[:9], "16x9")],
)
def test_holes_that_cannot_be_completed(hole, words, made):
    image = read_original(made / "front.png")
    with pytest.raises(InputError, match=words):
        complete_one(open_request(Request("mean")), "front", image, hole.astype(bool), seed=0)
