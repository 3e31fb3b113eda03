"""Chains of jobs in processes: order, errors, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import jax
import pytest

from inpaint_jax import cli
from inpaint_jax.checks import cores
from inpaint_jax.errors import InputError, Interrupted
from inpaint_jax.evaluation.experiments import catalogue, reproduce_all
from inpaint_jax.evaluation.experiments.side_by_side import Job, side_by_side
from inpaint_jax.runs.startup import start_jax


def run(chains, processes=2, initializer=os.getpid, on_done=int, on_poll=int):
    named = [
        [Job(f"{number}.{place}", job) for place, job in enumerate(chain)]
        for number, chain in enumerate(chains)
    ]
    side_by_side(named, processes, initializer=initializer, on_done=on_done, on_poll=on_poll)


def test_a_chain_keeps_its_order_and_the_chains_run_at_once(tmp_path):
    """A pipe blocks until both ends are open: chains in turns would wait for ever."""
    pipe, made, moved = (tmp_path / name for name in ("pipe", "made", "moved"))
    os.mkfifo(pipe)
    done, polls = [], []
    run(
        [
            [partial(Path.write_text, pipe, "1"), made.mkdir, partial(made.rename, moved)],
            [partial(Path.read_text, pipe)],
        ],
        on_done=lambda: done.append(1),
        on_poll=lambda: polls.append(1),
    )
    assert moved.is_dir() and len(done) == 4 and polls


def test_an_error_ends_its_chain_alone(tmp_path, capfd):
    kept, lost = tmp_path / "kept", tmp_path / "lost"
    chains = [
        [partial(catalogue.part_of, "E99"), lost.mkdir],
        [partial(json.loads, "{")],
        [kept.mkdir, partial(os._exit, 3)],
    ]
    done = []
    with pytest.raises(InputError, match=r"^3 pages \(.*\) failed; .* The same command resumes$"):
        run(chains, processes=3, on_done=lambda: done.append(1))
    assert kept.is_dir() and not lost.exists() and len(done) == 1
    shown = capfd.readouterr().err
    assert "note: 0.0: reproduce: unknown 'E99'" in shown
    assert "note: 1.0: JSONDecodeError, see the traceback above" in shown
    assert shown.count("Traceback") == 1  # a defect shows where it is
    assert "note: 2.1: its process ended with code 3: --processes=1 may show more" in shown


def test_a_signal_stops_every_process_and_starts_no_other(tmp_path, capfd):
    """A process outside ``interruption`` ignores the signal: it ends after its job."""
    late = tmp_path / "late"
    chains = [
        [partial(os.kill, os.getpid(), signal.SIGTERM), partial(time.sleep, 2)],
        [partial(time.sleep, 3)],
        [late.mkdir],
    ]
    with pytest.raises(Interrupted, match="the same command resumes") as stopped:
        run(chains)
    assert stopped.value.signal == signal.SIGTERM and not late.exists()
    assert not capfd.readouterr().err


def test_a_second_interruption_kills_the_processes():
    def interrupt():
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run([[partial(time.sleep, 60)]], on_poll=interrupt)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("share", [1, 2])
def test_processes_share_the_cores(monkeypatch, share):
    """Four cores are four devices of one process, or two of each of two."""
    monkeypatch.delenv("JAX_NUM_CPU_DEVICES", raising=False)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    updates = {}
    monkeypatch.setattr(jax.config, "update", updates.__setitem__)
    start_jax(share=share)
    assert updates["jax_num_cpu_devices"] == 4 // share


def test_pages_of_a_file_form_a_chain_and_the_longest_is_first():
    tasks = catalogue.tasks(["all"], scale="smoke", data={})
    chains = [[task.page for task in chain] for chain in reproduce_all.chains_of(tasks)]
    assert ["buchacek", "buchacek:published", "buchacek:ablations"] in chains
    assert sorted(page for chain in chains for page in chain) == sorted(t.page for t in tasks)
    assert len(chains[0]) > 1 and chains[-1] == ["levels"]


def test_only_short_experiments_run_side_by_side(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert reproduce_all.processes_at("cpu") == 1
    assert reproduce_all.processes_at("smoke") == min(4, cores())
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert reproduce_all.processes_at("smoke") == 1
    workdir = tmp_path / "papers"
    for arguments, message in [
        (["E13", "--processes=0"], "--processes=0: it must be at least 1"),
        (["E13", "E01", "--processes=2"], "processes cannot share an accelerator"),
        (["--experiment=desai:smoke", "--processes=2"], "--processes goes with parts"),
        (["E13", "E01", "--processes=2", "--data=faces=/none"], "/none"),
    ]:
        assert cli.main(["reproduce", *arguments, "--scale=smoke", f"--workdir={workdir}"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert not workdir.exists()


@pytest.mark.slow
def test_interrupted_pages_resume_to_the_results_of_one_process(tmp_path):
    """Ctrl-C in two processes; the same command ends with the scores of an undisturbed run."""
    command = [sys.executable, "-m", "inpaint_jax", "reproduce", "E02", "E09", "--scale=smoke"]
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "1"}
    disturbed = [*command, "--processes=2", f"--workdir={tmp_path / 'two'}"]
    with subprocess.Popen(disturbed, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.rglob("checkpoints")):  # the other process may still import
            time.sleep(0.1)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=120)
    assert process.returncode == 130, shown
    assert "stopped: finished pages and trainings are saved" in shown
    assert "Traceback" not in shown and "its process" not in shown
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
