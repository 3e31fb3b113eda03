"""One job on several machines: independent shares, dead shares, and processes of a cluster."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.completion import folder as complete_folder
from inpaint_jax.data.facades import draw_facade
from inpaint_jax.errors import InputError
from inpaint_jax.evaluation import share_answers
from inpaint_jax.runs import shares
from inpaint_jax.runs.shares import Share

COUNT = 24


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for i in range(COUNT):
        Image.fromarray(draw_facade(i, 16)[0]).save(folder / f"p{i:02d}.png")
    return folder


@pytest.fixture
def completed(monkeypatch):
    """Collect the ids of completed images; ``die`` after so many more."""
    honest, names = complete_folder.write_completed, []

    def noted(output, source, holes, entry, result):
        if names.count("die") and len(names) > COUNT // 2:
            raise MemoryError("killed")
        names.append(entry.id)
        honest(output, source, holes, entry, result)

    monkeypatch.setattr(complete_folder, "write_completed", noted)
    return names


def complete(images, output, *more):
    given = (
        f"--images={images}",
        "--holes=random:0.5",
        f"--output={output}",
        "--size=16",
        "--slots=4",
    )
    return cli.main(["complete", "--method=mean", *given, *more])


def results(output):
    """Return every completion and record, and the report without the times of the call."""
    report = json.loads((output / "report.json").read_text())
    files = {str(p.relative_to(output)): p.read_bytes() for p in sorted(output.rglob("*.png"))}
    records = sorted((output / "records.jsonl").read_text().splitlines())
    return (
        files,
        records,
        (output / "job.json").read_text(),
        report["job"],
        report["images"],
        report["notes"],
    )


def test_every_image_belongs_to_exactly_one_share():
    names = [f"a/{i}" for i in range(300)]
    for count in (1, 3, 8):
        takers = [[n for n in range(1, count + 1) if Share(n, count).takes(name)] for name in names]
        assert all(len(found) == 1 for found in takers)
        sizes = [takers.count([n]) for n in range(1, count + 1)]
        assert min(sizes) > 0.5 * len(names) / count
    assert Share(2, 3).takes("caf\udce9") in (True, False)  # a name that is not UTF-8


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/3/5", "Report"])
def test_shares_that_make_no_sense(text, images, tmp_path, capsys):
    assert complete(images, tmp_path / "out", f"--share={text}") == 2
    assert (
        f"--share={text}: write 1/8" in capsys.readouterr().err and not (tmp_path / "out").exists()
    )


def test_three_shares_with_a_death_in_between(images, tmp_path, completed, capsys):
    """Another total number of shares continues; the output is that of one process."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    assert complete(images, whole) == 0
    completed.clear()
    assert complete(images, out, "--share=1/3") == 0
    completed.append("die")
    with pytest.raises(MemoryError):
        complete(images, out, "--share=2/3")
    completed.remove("die")
    died = list(completed)
    assert 0 < len(died) < COUNT
    with open(out / "shares/2-of-3/records.jsonl", "a") as file:
        file.write('{"id": "p')  # as a kill would leave it
    assert complete(images, out, "--share=report") == 2
    assert f"{COUNT - len(died)} of {COUNT} images are not completed" in capsys.readouterr().err
    for share in ("3/3", "2/2", "1/2"):
        assert complete(images, out, f"--share={share}") == 0
    assert sorted(completed) == [f"p{i:02d}" for i in range(COUNT)]  # nothing lost, nothing twice
    assert not (out / "report.json").exists()
    assert complete(images, out, "--share=report") == 0 and len(completed) == COUNT
    assert results(out) == results(whole)
    assert not (out / "shares").exists() and not list(out.rglob(".*"))
    (out / "images/p03.png").unlink()
    assert complete(images, out, "--share=1/1") == 0 and completed[COUNT:] == ["p03"]
    assert complete(images, out) == 0 and results(out) == results(whole)


def test_who_would_do_the_same_images_is_refused(images, tmp_path, monkeypatch, capsys):
    honest, codes = complete_folder.write_completed, {}
    others = ("--share=1/4", "--share=1/3", "", "--share=report")

    def while_working(*given):
        if not codes:
            codes.update({other: None for other in others})
            codes.update(
                {
                    other: complete(images, tmp_path / "out", *filter(None, [other]))
                    for other in others
                }
            )
            codes["--share=2/3"] = complete(images, tmp_path / "out", "--share=2/3")
        honest(*given)

    monkeypatch.setattr(complete_folder, "write_completed", while_working)
    assert complete(images, tmp_path / "out", "--share=1/3") == 0
    assert codes == {**dict.fromkeys(others, 2), "--share=2/3": 0}
    assert f"shares/1-of-3 is in use: process {os.getpid()} on " in capsys.readouterr().err


def test_a_share_without_images(images, tmp_path, capsys):
    arguments = [
        f"--images={images / 'p00.png'}",
        "--size=16",
        "--holes=center",
        f"--output={tmp_path}/out",
    ]
    numbers = [n for n in (1, 2) if not Share(n, 2).takes("p00")]
    for command in ("complete", "evaluate"):
        assert cli.main([command, "--method=mean", *arguments, f"--share={numbers[0]}/2"]) == 0
        assert "no image" in (message := capsys.readouterr().out) or "0 images" in message


def test_another_job_of_shares_is_refused(images, tmp_path, capsys):
    assert complete(images, tmp_path, "--share=1/2") == 0
    assert complete(images, tmp_path, "--share=2/2", "--seed=1") == 2
    assert "holds another job (other seed)" in capsys.readouterr().err


def evaluate(images, output, *more):
    given = (
        f"--images={images}",
        "--holes=center,random:0.5",
        f"--output={output}",
        "--size=16",
        "--slots=4",
    )
    return cli.main(["evaluate", "--method=mean,harmonic", *given, *more])


def scores(output):
    table = json.loads((output / "table.json").read_text())
    return [
        {name: value for name, value in row.items() if name != "seconds"} for row in table["rows"]
    ]


def test_an_evaluation_in_shares(images, tmp_path, monkeypatch, capsys):
    out, whole = tmp_path / "out", tmp_path / "whole"
    assert evaluate(images, whole) == 0
    assert evaluate(images, out, "--share=1/2") == 0
    assert evaluate(images, out, "--share=report") == 2
    assert "mean has not completed" in capsys.readouterr().err and not (out / "table.json").exists()
    honest, calls = share_answers.to_uint8, []

    def dying(array):  # of every answer, and of every image whose file is looked for
        calls.append(array)
        if array.ndim == 3 and len(calls) == 60:
            raise MemoryError("killed")
        return honest(array)

    monkeypatch.setattr(share_answers, "to_uint8", dying)
    with pytest.raises(MemoryError):
        evaluate(images, out, "--share=2/2")
    monkeypatch.setattr(share_answers, "to_uint8", honest)
    before = {path: path.stat().st_mtime_ns for path in out.glob("completions/*/*.npz")}
    assert COUNT < len(before) < 4 * COUNT
    for share in ("1/3", "2/3", "3/3"):
        assert evaluate(images, out, f"--share={share}") == 0
    after = {path: path.stat().st_mtime_ns for path in out.glob("completions/*/*.npz")}
    assert len(after) == 4 * COUNT and before.items() <= after.items()
    assert evaluate(images, out, "--share=report") == 0
    assert scores(out) == scores(whole)
    names = sorted(path.name for path in (out / "completions").iterdir())
    assert names == sorted(path.name for path in (whole / "completions").iterdir())


def test_processes_take_a_share_each_and_the_first_reports(monkeypatch):
    done = []
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(shares, "agree", lambda flag: bool(flag))
    for index in (0, 1):
        monkeypatch.setattr(jax, "process_index", lambda index=index: index)
        shares.by_processes(done.append, lambda: done.append("report"))
    assert done == [Share(1, 2), "report", Share(2, 2)]
    monkeypatch.setattr(shares, "agree", lambda flag: True)  # the other one failed
    with pytest.raises(InputError, match="another process of this job has stopped"):
        shares.by_processes(done.append, lambda: pytest.fail("a report of a job that failed"))


@pytest.mark.parametrize(
    "variables, words",
    [
        (
            {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MAX": "8"},
            "inpaint complete --x=1 --share=3/8",
        ),
        ({"SLURM_NTASKS": "8"}, "inpaint complete --x=1 --distributed"),
        ({"SLURM_NTASKS": "1"}, "inpaint complete --x=1"),
    ],
)
def test_slurm_script(variables, words, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").touch()
    (tmp_path / "srun").write_text('#!/bin/bash\necho "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SLURM_SUBMIT_DIR": str(tmp_path),
        **variables,
    }
    script = Path(__file__).parents[2] / "launch/slurm.sbatch"
    result = subprocess.run(
        ["bash", script, "complete", "--x=1"], env=environment, capture_output=True, text=True
    )
    assert result.stdout.strip().endswith(words), result


MANY = 200


@pytest.mark.slow
def test_many_images_by_killed_shares_and_by_two_processes(workdir, tmp_path):
    """200 searches: three killed shares, and two processes, equal one process bit by bit."""
    images = tmp_path / "images"
    images.mkdir()
    for i in range(MANY):
        Image.fromarray(draw_facade(i, 16)[0]).save(images / f"p{i:03d}.png")

    def child(output, slots, *more, **variables):
        given = (
            f"--workdir={workdir}",
            f"--images={images}",
            "--holes=center",
            f"--output={output}",
            *more,
        )
        command = [sys.executable, "-m", "inpaint_jax", "complete", *given, f"--slots={slots}"]
        environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "4", **variables}
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    whole, killed, both = tmp_path / "whole", tmp_path / "killed", tmp_path / "both"
    assert child(whole, 32).wait() == 0  # 8 on each of 4 devices
    rng, hits = random.Random(3), 0
    for _ in range(3):
        started = [child(killed, 32, f"--share={n}/3") for n in (1, 2, 3)]
        records = [killed / f"shares/{n}-of-3/records.jsonl" for n in (1, 2, 3)]
        while not any(file.exists() for file in records) and any(
            process.poll() is None for process in started
        ):
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 1))
        for process in started:
            hits += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert hits
    assert [child(killed, 32, f"--share={n}/2").wait() for n in (1, 2)] == [0, 0]
    assert child(killed, 32, "--share=report").wait() == 0
    assert results(killed) == results(whole)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    two = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2", "JAX_NUM_CPU_DEVICES": "2"}
    started = [child(both, 16, "--distributed", **two, JAX_PROCESS_ID=str(i)) for i in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert results(both) == results(whole)
