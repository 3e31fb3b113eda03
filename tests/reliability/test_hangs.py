"""Commands that must end soon, whatever they meet: each in a separate process."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow
SOON = 60  # seconds; starting takes a few, and many more on a busy machine

LIMITED = """
import resource, sys
kind, limit = sys.argv[1].split("=")
resource.setrlimit(getattr(resource, kind), (int(limit), int(limit)))
from inpaint_jax.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def ends(environment):
    """Return ``(arguments) -> (code, last line of stderr)`` of a command that must end soon.

    ``limit`` is another number of seconds.
    """

    def run(arguments, limit=None):
        start = ["-c", LIMITED, limit] if limit else ["-m", "inpaint_jax"]
        done = subprocess.run(
            [sys.executable, *start, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SOON,
        )
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        return done.returncode, done.stderr.splitlines()[-1]

    return run


@pytest.fixture
def copied(finished, tmp_path):
    """Return ``(kind) -> folder`` with a copy of results, without the command's output."""

    def copy(name):
        folder = tmp_path / name
        shutil.copytree(finished(name), folder, ignore=shutil.ignore_patterns("out"))
        return folder

    return copy


def to_pipe(file):
    file.unlink(missing_ok=True)
    os.mkfifo(file)


@pytest.mark.parametrize(
    "kind, name",
    [
        ("workdir", "run/config.json"),
        ("export", "run.inpaint"),
        ("job", "job.json"),
        ("job", "records.jsonl"),
        ("experiment", "short/summary.json"),
    ],
)
def test_pipes_in_the_place_of_files(kind, name, copied, materials, ends):
    folder = copied(kind)
    to_pipe(folder / name)
    code, message = ends(materials[kind].command(folder))
    assert code == 2 and name in message


def test_pipes_in_the_place_of_answers(copied, materials, ends):
    """Pipes are replaced: the completions are made again."""
    for kind, pattern in (
        ("job", "images/p0.png"),
        ("evaluation", "completions/mean-center-*.npz"),
    ):
        folder = copied(kind)
        [file] = folder.glob(pattern)
        to_pipe(file)
        assert ends(materials[kind].command(folder))[0] == 0 and file.is_file()


def test_a_second_process_does_not_wait_for_the_first(copied, materials, ends):
    folder = copied("job")
    script = (
        "import filelock, signal, sys; lock = filelock.FileLock(sys.argv[1]); "
        "lock.acquire(); signal.pause()"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, folder / ".lock"])
    while not (folder / ".lock").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    try:
        code, message = ends(materials["job"].command(folder))
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert code == 2 and "is in use" in message


def test_a_full_disk(images, tiny, tmp_path, ends):
    """No file may grow above 20 kB: a training and a job end at once."""
    training = ["train", "--config=yeh:smoke", f"--workdir={tmp_path}/run", *tiny]
    code, message = ends(training, limit="RLIMIT_FSIZE=20000")
    assert code == 2 and str(tmp_path / "run") in message
    job = [
        "complete",
        "--method=mean",
        f"--images={images}",
        "--holes=center",
        f"--output={tmp_path}/out",
    ]
    code, message = ends(job, limit="RLIMIT_FSIZE=100")
    assert code == 2 and str(tmp_path / "out") in message


def test_a_file_in_the_place_of_checkpoints(tiny, tmp_path, ends):
    (tmp_path / "run/dcgan").mkdir(parents=True)
    (tmp_path / "run/dcgan/checkpoints").write_text("")
    code, message = ends(["train", "--config=yeh:smoke", f"--workdir={tmp_path}/run", *tiny])
    assert code == 2 and "checkpoints" in message


def test_a_signal_ends_a_job(workdir, images, tmp_path, environment):
    endless = [
        "--config.search.iterations=100000000",
        "--slots=1",
        f"--output={tmp_path}/out",
        "--holes=center",
    ]
    arguments = ["complete", f"--workdir={workdir}", f"--images={images}", *endless]
    process = subprocess.Popen([sys.executable, "-m", "inpaint_jax", *arguments], env=environment)
    while process.poll() is None and not (tmp_path / "out/.lock.json").exists():
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=SOON) == 128 + signal.SIGTERM
