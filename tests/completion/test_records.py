"""The files of a folder job: what vanished or was changed is made again,
what is damaged is named.
"""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.completion import folder as complete_folder
from inpaint_jax.data.facades import draw_facade

COUNT = 18  # more than a contact sheet shows


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for i in range(COUNT):
        Image.fromarray(draw_facade(i, 16)[0]).save(folder / f"p{i:02d}.png")
    return folder


def run(images, output, *arguments):
    given = [
        "--holes=center",
        f"--images={images}",
        f"--output={output}",
        "--size=16",
        "--slots=4",
        *arguments,
    ]
    return cli.main(
        ["complete", *(given if "--workdir" in str(arguments) else ["--method=mean", *given])]
    )


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory):
    output = tmp_path_factory.mktemp("finished") / "out"
    assert run(images, output) == 0
    return output


@pytest.fixture
def job(finished, tmp_path):
    """A copy of the finished job, and the names of the images that were completed since."""
    shutil.copytree(finished, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def completed(monkeypatch):
    """The ids of the images that are completed."""
    honest, names = complete_folder.write_completed, []

    def noted(output, source, holes, entry, result):
        names.append(entry.id)
        honest(output, source, holes, entry, result)

    monkeypatch.setattr(complete_folder, "write_completed", noted)
    return names


def results(output):
    """Every answer, and the report without what one call took."""
    report = json.loads((output / "report.json").read_text())
    images = {path.relative_to(output): path.read_bytes() for path in sorted(output.rglob("*.png"))}
    return images, report["job"], report["evaluations"], report["images"]


def ids(output):
    return [json.loads(line)["id"] for line in (output / "records.jsonl").read_text().splitlines()]


def test_answers_that_are_gone_or_changed_are_made_again(images, finished, job, completed, capsys):
    """All are looked at, not only those on the contact sheet; the others stay as they are."""
    before = results(finished)
    folder = job / "images"
    (folder / "p00.png").unlink()
    (folder / "p01.png").write_bytes(b"")
    half = folder / "p17.png"
    half.write_bytes(half.read_bytes()[:100])
    one, other = folder / "p05.png", folder / "p16.png"
    one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_bytes)
    other.write_bytes(one_bytes)
    assert run(images, job) == 0
    assert sorted(completed) == ["p00", "p01", "p05", "p16", "p17"] and results(job) == before
    assert sorted(ids(job)) == [f"p{i:02d}" for i in range(COUNT)]
    assert (
        "completing again 5 finished images (p00 (its output is missing or damaged)"
        in capsys.readouterr().err
    )
    assert run(images, job) == 0 and len(completed) == 5


def test_several_answers_and_their_deviation(workdir, images, tmp_path, completed):
    few, output = tmp_path / "few", tmp_path / "out"
    few.mkdir()
    for name in ("p00.png", "p01.png", "p02.png"):
        shutil.copy(images / name, few)
    assert run(few, output, f"--workdir={workdir}", "--keep=2") == 0
    before = results(output)
    completed.clear()
    (output / "kept/p00/2.png").unlink()
    (output / "deviation/p02.png").write_bytes(b"")
    assert run(few, output, f"--workdir={workdir}", "--keep=2") == 0
    assert sorted(completed) == ["p00", "p02"] and results(output) == before


def test_an_image_that_was_edited_is_completed_anew(
    images, finished, job, completed, tmp_path, capsys
):
    edited = tmp_path / "edited"
    shutil.copytree(images, edited)
    Image.fromarray(255 - np.asarray(Image.open(images / "p03.png"))).save(edited / "p03.png")
    assert run(edited, job) == 0
    assert (
        completed == ["p03"]
        and "1 finished image (p03 (its image or hole has changed))" in capsys.readouterr().err
    )
    answer, image = (
        np.asarray(Image.open(place / "p03.png")) for place in (job / "images", edited)
    )
    assert (answer[0] == image[0]).all() and sorted(ids(job)) == sorted(ids(finished))


def test_records(images, finished, job, completed, capsys):
    """A half last record is made again; a bad one before it is named,
    and once it is deleted made again.
    """
    file = job / "records.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines)[:-30])
    assert run(images, job) == 0 and completed == [json.loads(lines[-1])["id"]]
    assert results(job) == results(finished)
    file.write_text(
        "\n".join([lines[0], lines[1].replace('"hole_share": 0', '"hole_share": 1'), *lines[2:]])
    )
    assert run(images, job) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert (
        "line 2 of" in message
        and "delete that line and repeat the command, which completes its image again" in message
    )
    file.write_text("\n".join([lines[0], *lines[2:]]))
    assert run(images, job) == 0 and completed[1:] == [json.loads(lines[1])["id"]]
    file.write_text("")
    assert (
        run(images, job) == 0 and len(completed) == 2 + COUNT and results(job) == results(finished)
    )


def test_records_of_0_1_are_believed_where_their_answers_can_be_read(
    images, finished, job, completed
):
    lines = [json.loads(line) for line in (job / "records.jsonl").read_text().splitlines()]
    for record in lines:
        for key in ("digest", "input_hash", "output_hash"):
            del record[key]
    (job / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in lines))
    (job / "job.json").write_text(
        json.dumps(json.loads((job / "job.json").read_text()) | {"digest": None})
    )
    assert run(images, job) == 2  # a digest that is wrong is not the same as none
    old = json.loads((job / "job.json").read_text())
    del old["digest"]
    (job / "job.json").write_text(json.dumps(old))
    (job / "images" / "p02.png").write_bytes(b"\x89PNG")
    assert run(images, job) == 0 and completed == ["p02"]
    assert results(job)[0] == results(finished)[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"method_hash": 1}', None])
def test_a_damaged_job_is_named(images, job, content, capsys):
    (job / "job.json").unlink()
    if content is None:
        (job / "job.json").mkdir()
    else:
        (job / "job.json").write_bytes(content)
    assert run(images, job) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert str(job / "job.json") in message and "give another --output" in message


def test_a_second_job_names_the_running_one(images, tmp_path, monkeypatch, capsys):
    honest, codes = complete_folder.write_completed, []

    def second(*given):
        if not codes:
            codes.append(run(images, tmp_path / "out"))
        honest(*given)

    monkeypatch.setattr(complete_folder, "write_completed", second)
    assert run(images, tmp_path / "out") == 0 and codes == [2]
    assert f"out is in use: process {os.getpid()} on " in capsys.readouterr().err
    assert sorted(ids(tmp_path / "out")) == [f"p{i:02d}" for i in range(COUNT)]


def test_what_a_killed_job_left_is_removed(images, job):
    for place in (job, job / "images"):
        # above the greatest number of a process
        (place / f".inpaint-00c0ffee-{2**22 + 1}.tmp").write_text("")
    assert run(images, job) == 0
    assert not list(job.rglob(".*"))


def test_an_output_that_is_the_input_by_another_path(images, tmp_path, capsys):
    photos, link = tmp_path / "photos", tmp_path / "link"
    shutil.copytree(images, photos)
    link.symlink_to(photos)
    before = {path: path.read_bytes() for path in photos.iterdir()}
    assert run(photos, link) == 2 and "lie in the output" in capsys.readouterr().err
    assert run(photos, tmp_path / "out") == 0
    answers = (tmp_path / "out/images/p00.png").read_bytes()
    assert run(tmp_path / "out/images", tmp_path / "out") == 2
    assert (
        cli.main(
            ["evaluate", "--method=mean", "--size=16", f"--images={photos}", f"--output={link}"]
        )
        == 2
    )
    assert {path: path.read_bytes() for path in photos.iterdir()} == before
    assert (tmp_path / "out/images/p00.png").read_bytes() == answers


def test_file_names_that_are_not_utf_8(images, tmp_path, monkeypatch, capsys):
    """They are completed under their own names, also below a folder of such a name."""
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    shutil.copy(images / "p00.png", folder + b"/na\xefve.png")
    assert run(os.fsdecode(folder), os.fsdecode(folder + b"-out")) == 0
    assert os.listdir(folder + b"-out/images") == [b"na\xefve.png"]
    arguments = [
        f"--images={os.fsdecode(folder)}",
        "--size=16",
        f"--output={os.fsdecode(folder)}-table",
    ]
    assert cli.main(["evaluate", "--method=mean", "--holes=center", *arguments]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_stop_leaves_no_lock(images, tmp_path, monkeypatch):
    honest, written = complete_folder.write_completed, []

    def stopped(*given):
        honest(*given)
        written.append(given)
        if len(written) == 1:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(complete_folder, "write_completed", stopped)
    assert run(images, tmp_path / "out") == 128 + signal.SIGTERM
    assert not list((tmp_path / "out").glob(".lock*"))
