"""``inpaint complete`` on files: sizes, resuming, and every bad input that a user may bring."""

import json
import signal

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.completion import folder as complete_folder
from inpaint_jax.data.facades import draw_facade


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five images of three sizes, and a hole of each image's own size."""
    root = tmp_path_factory.mktemp("files")
    for i, (width, height) in enumerate([(16, 16), (16, 16), (40, 30), (24, 33), (16, 16)]):
        image = np.asarray(Image.fromarray(draw_facade(i, 48)[0]).resize((width, height)))
        hole = np.zeros((height, width), np.uint8)
        hole[height // 3 : height // 2, width // 3 : 2 * width // 3] = 255
        for kind, array in (("images", image), ("holes", hole)):
            (root / kind).mkdir(exist_ok=True)
            Image.fromarray(array).save(root / kind / f"p{i}.png")
    return root


def run(workdir, *arguments, images, holes="center", output):
    return cli.main(
        [
            "complete",
            f"--workdir={workdir}",
            f"--images={images}",
            f"--holes={holes}",
            f"--output={output}",
            *arguments,
        ]
    )


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture(scope="module")
def finished(workdir, folder, tmp_path_factory):
    """A job that went through in one go."""
    output = tmp_path_factory.mktemp("finished") / "out"
    assert run(workdir, images=folder / "images", holes=folder / "holes", output=output) == 0
    return output


def test_own_holes_at_own_sizes(folder, finished):
    for i in range(5):
        before, after = (
            pixels(folder / f"images/p{i}.png"),
            pixels(finished / f"images/p{i}.png"),
        )
        hole = pixels(folder / f"holes/p{i}.png")[..., 0] > 127
        assert after.shape == before.shape
        np.testing.assert_array_equal(after[~hole], before[~hole])
        assert (after[hole] != before[hole]).any()


def test_report(finished):
    report = json.loads((finished / "report.json").read_text())
    assert [image["id"] for image in report["images"]] == [f"p{i}" for i in range(5)]
    assert set(report["images"][0]["losses"]) == {"contextual", "prior", "total"}
    assert 0 < report["images"][0]["hole_share"] < 0.5 and len(report["job"]["holes_hash"]) == 16
    assert (
        report["run"]["config"]["system"] == "yeh"
        and report["this_call"]["evaluations_per_second"] > 0
    )
    assert (finished / "contact_sheet.png").is_file() and (finished / "traces.png").is_file()


def test_keeping_several(workdir, folder, tmp_path):
    output = tmp_path / "out"
    options = dict(images=folder / "images", holes=folder / "holes", output=output)
    assert run(workdir, "--keep=3", **options) == 0
    report = json.loads((output / "report.json").read_text())
    for i in range(5):
        hole = pixels(folder / f"holes/p{i}.png")[..., 0] > 127
        kept = np.stack([pixels(output / f"kept/p{i}/{rank}.png") for rank in (1, 2, 3)])
        np.testing.assert_array_equal(kept[0], pixels(output / f"images/p{i}.png"))
        deviation = np.asarray(Image.open(output / f"deviation/p{i}.png"))
        assert (
            deviation.shape == hole.shape
            and (deviation[~hole] == 0).all()
            and deviation[hole].any()
        )
        np.testing.assert_array_equal(deviation, np.rint(2 * kept.astype(float).std(0).mean(-1)))
        losses = report["images"][i]["losses"]["total"]
        assert len(losses) == 3 and losses == sorted(losses)
    assert report["evaluations"] == {
        "total": 5 * 3 * 6,
        "per_image": 18,
        "of_iterations": 90,
        "saved": 0.0,
    }
    assert run(workdir, **options) == 2, "another number of completions is another job"


def test_tolerance_saves_iterations(workdir, folder, tmp_path):
    output = tmp_path / "out"
    options = dict(images=folder / "images", holes=folder / "holes", output=output)
    # No progress is ever enough: every search ends with its first window that can be compared, the
    # second.
    assert run(workdir, "--tolerance=2", "--config.search.patience=2", **options) == 0
    report = json.loads((output / "report.json").read_text())
    assert [image["evaluations"] for image in report["images"]] == [4] * 5
    assert report["evaluations"]["saved"] == pytest.approx(1 / 3, abs=1e-4)


def test_fit_resize_reaches_the_corners(workdir, folder, tmp_path):
    hole = np.zeros((30, 40), np.uint8)
    hole[:4, :4] = 255
    Image.fromarray(hole).save(tmp_path / "corner.png")
    images = folder / "images" / "p2.png"
    assert run(workdir, images=images, holes=tmp_path / "corner.png", output=tmp_path / "a") == 2
    assert not (tmp_path / "a").exists()
    assert (
        run(
            workdir,
            "--fit=resize",
            images=images,
            holes=tmp_path / "corner.png",
            output=tmp_path / "b",
        )
        == 0
    )
    before, after = pixels(images), pixels(tmp_path / "b/images/p2.png")
    np.testing.assert_array_equal(after[4:], before[4:])
    assert (after[:4, :4] != before[:4, :4]).any()


def test_a_stopped_job_goes_on_where_it_stopped(
    workdir, folder, finished, tmp_path, monkeypatch, capsys
):
    written = []
    honest = complete_folder.write_completed

    def stopping(output, source, holes, entry, result):
        honest(output, source, holes, entry, result)
        written.append(entry.id)
        if len(written) == 2:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(complete_folder, "write_completed", stopping)
    job = dict(images=folder / "images", holes=folder / "holes", output=tmp_path / "out")
    assert run(workdir, "--slots=1", **job) == 128 + signal.SIGTERM  # four devices: four slots
    first = list(written)
    assert 2 <= len(first) < 5 and not (tmp_path / "out/report.json").exists()
    with open(tmp_path / "out/records.jsonl", "a") as file:
        file.write('{"id": "p')  # as a kill would leave it
    assert run(workdir, "--slots=1", **job) == 0
    assert sorted(written) == [f"p{i}" for i in range(5)]  # nothing twice
    assert len(json.loads((tmp_path / "out/report.json").read_text())["images"]) == 5
    assert run(workdir, "--slots=1", **job) == 0 and len(written) == 5
    assert run(workdir, "--slots=1", "--seed=1", **job) == 2
    assert "holds another job (other seed)" in capsys.readouterr().err


def test_bad_inputs_get_one_line_and_leave_nothing(workdir, folder, tmp_path, capsys):
    good = folder / "images"
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("a", "b"):
        Image.fromarray(draw_facade(1, 16)[0]).save(broken / f"{name}.png")
    (broken / "b.png").write_bytes((broken / "b.png").read_bytes()[:200])
    fewer = tmp_path / "fewer"
    fewer.mkdir()
    for i in (0, 1, 3, 4):
        (fewer / f"p{i}.png").write_bytes((folder / f"holes/p{i}.png").read_bytes())
    for name, array in (
        ("empty", np.zeros((16, 16), np.uint8)),
        ("full", np.full((16, 16), 255, np.uint8)),
        ("large", np.eye(99, dtype=np.uint8) * 255),
    ):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
    (tmp_path / "file").write_text("")
    cases = [
        (dict(images=tmp_path / "nowhere"), "no such folder"),
        (dict(images=broken), "b.png"),
        (dict(images=good, holes=fewer), "no hole for 1 image (p2) of 5"),
        (dict(images=good / "p0.png", holes=tmp_path / "full.png"), "full.png has no known pixel"),
        (dict(images=good / "p0.png", holes=tmp_path / "large.png"), "99x99"),
        (
            dict(images=good, holes="centre"),
            "'centre' is not a file, folder or family; families: center",
        ),
        (dict(images=good, holes="random:2"), "random"),
        (dict(images=good, output=tmp_path / "file/inside"), "file/inside"),
        (dict(images=good, output=broken), "not empty and holds no job"),
    ]
    for case, words in cases:
        assert run(workdir, **{"output": tmp_path / "out", **case}) == 2, case
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("inpaint: error: ") and words in message, message
        assert not (tmp_path / "out").exists(), case


def test_skipping_lists_what_was_left_out(workdir, tmp_path):
    for name in ("a", "b"):
        Image.fromarray(draw_facade(1, 16)[0]).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:200])
    assert run(workdir, "--on-error=skip", images=tmp_path, output=tmp_path / "out") == 0
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert list(report["skipped"]) == ["b"] and [image["id"] for image in report["images"]] == ["a"]


@pytest.mark.parametrize("override", ["--config.networks.latent_size=9", "--config.data.size=32"])
def test_a_trained_model_keeps_its_networks(workdir, folder, tmp_path, override, capsys):
    assert run(workdir, override, images=folder / "images", output=tmp_path / "out") == 2
    assert "a trained model allows changes only to search, losses, blend" in capsys.readouterr().err


def test_no_checkpoint_and_another_architecture(workdir, folder, tmp_path, capsys):
    (tmp_path / "config.json").write_text((workdir / "config.json").read_text())
    assert run(tmp_path, images=folder / "images", output=tmp_path / "out") == 2
    assert "no checkpoint in" in capsys.readouterr().err
    (tmp_path / "dcgan").symlink_to(workdir / "dcgan")
    config = json.loads((workdir / "config.json").read_text())
    del config["digest"]  # who edits a config by hand removes it
    config["networks"]["latent_size"] = 9
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert run(tmp_path, images=folder / "images", output=tmp_path / "out") == 2
    assert "generator/params/Dense_0/kernel" in capsys.readouterr().err
