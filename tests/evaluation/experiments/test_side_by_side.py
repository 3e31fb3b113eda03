"""Chains of jobs in processes: order, errors, signals."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from inpaint_jax import cli
from inpaint_jax.checks import cores
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.evaluation.experiments import catalogue, reproduce_all
from inpaint_jax.evaluation.experiments.side_by_side import side_by_side


def run(chains, processes=2, watch=int, finished=int):
    side_by_side(chains, processes, begin=os.getpid, watch=watch, finished=finished)


def test_a_chain_keeps_its_order_and_the_chains_run_at_once(tmp_path):
    """A pipe blocks until both ends are open: chains in turns would wait for ever."""
    pipe, made, moved = (tmp_path / name for name in ("pipe", "made", "moved"))
    os.mkfifo(pipe)
    finished, watched = [], []
    run(
        [
            [partial(Path.write_text, pipe, "1"), made.mkdir, partial(made.rename, moved)],
            [partial(Path.read_text, pipe)],
        ],
        finished=lambda: finished.append(1),
        watch=lambda: watched.append(1),
    )
    assert moved.is_dir() and len(finished) == 4 and watched


def test_an_error_ends_its_chain_alone(tmp_path, capfd):
    kept, lost = tmp_path / "kept", tmp_path / "lost"
    chains = [
        [partial(catalogue.part_of, "E99"), lost.mkdir],
        [partial(json.loads, "{")],
        [kept.mkdir],
    ]
    with pytest.raises((InputError, RuntimeError)):
        run(chains, processes=3)
    assert kept.is_dir() and not lost.exists()
    shown = capfd.readouterr().err
    assert "note: reproduce: unknown 'E99'" in shown
    assert "note: JSONDecodeError" in shown and "Traceback" in shown  # a defect shows where it is


def test_a_killed_process_is_one_line():
    with pytest.raises(InputError, match="ended with code 3: it may lack memory; --processes=1"):
        run([[partial(os._exit, 3)]])


def test_a_signal_reaches_every_process_and_starts_no_other(tmp_path):
    late = tmp_path / "late"
    started = time.monotonic()
    with pytest.raises(Interrupted, match="the same command resumes") as stopped:
        run(
            [
                [partial(os.kill, os.getpid(), signal.SIGTERM), partial(time.sleep, 60)],
                [late.mkdir],
            ],
            processes=1,
        )
    assert stopped.value.signal == signal.SIGTERM
    assert time.monotonic() - started < 50 and not late.exists()


def test_an_interruption_survives_pickling():
    error = pickle.loads(pickle.dumps(Interrupted(2, "step 1 is saved")))
    assert error.signal == 2
    assert str(error) == "stopped: step 1 is saved; the same command resumes from there"


def test_pages_of_a_file_form_a_chain_and_the_longest_is_first():
    tasks = catalogue.tasks(["all"], scale="smoke", data={})
    chains = [[task.page for task in chain] for chain in reproduce_all.chains_of(tasks)]
    assert ["buchacek", "buchacek:published", "buchacek:ablations"] in chains
    assert sorted(page for chain in chains for page in chain) == sorted(t.page for t in tasks)
    assert len(chains[0]) > 1 and chains[-1] == ["levels"]


def test_only_short_experiments_run_side_by_side(monkeypatch, capsys, tmp_path):
    assert reproduce_all.usual_processes("cpu") == 1
    assert reproduce_all.usual_processes("smoke") == min(4, cores())
    monkeypatch.setattr(reproduce_all.jax, "default_backend", lambda: "gpu")
    assert reproduce_all.usual_processes("smoke") == 1
    assert cli.main(["reproduce", "E13", "--processes=0", f"--workdir={tmp_path}"]) == 2
    assert "--processes=0: it must be at least 1" in capsys.readouterr().err
    assert cli.main(["reproduce", "--experiment=desai:smoke", "--processes=2"]) == 2
    assert "--processes goes with parts" in capsys.readouterr().err


@pytest.mark.slow
def test_interrupted_pages_resume_to_the_results_of_one_process(tmp_path):
    """Ctrl-C in two processes; the same command ends with the scores of an undisturbed run."""
    command = [sys.executable, "-m", "inpaint_jax", "reproduce", "E02", "E09", "--scale=smoke"]
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "1"}
    disturbed = [*command, "--processes=2", f"--workdir={tmp_path / 'two'}"]
    with subprocess.Popen(disturbed, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.rglob("checkpoints")):
            time.sleep(0.1)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=120)
    assert process.returncode == 130, shown
    assert "stopped: finished pages and trainings are saved" in shown
    assert "Traceback" not in shown
    for arguments in (disturbed, [*command, "--processes=1", f"--workdir={tmp_path / 'one'}"]):
        subprocess.run(arguments, env=environment, check=True, capture_output=True)
    arms = sorted(file.parent for file in (tmp_path / "one").rglob("summary.json"))
    assert {"context_encoder", "squared_error", "vae_alexnet"} <= {arm.name for arm in arms}
    for arm in arms:
        assert scores(arm) == scores(tmp_path / "two" / arm.relative_to(tmp_path / "one"))


def scores(arm):
    measured = json.loads((arm / "summary.json").read_text())["measured"]
    return {
        (split, family): answer and answer["scores"]  # None: the arm cannot complete such holes
        for split, families in measured.items()
        for family, answer in families.items()
    }
