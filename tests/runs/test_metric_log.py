"""The log of a training: sealed when a run ends, so that a changed number is named."""

import json

import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.runs import metric_log
from inpaint_jax.runs.training.writers import JsonLines


@pytest.fixture
def file(tmp_path):
    writer = JsonLines(tmp_path / "metrics.jsonl")
    for step in (1, 2, 3):
        writer.write_scalars(step, {"loss": 1 / step})
    writer.close()
    return tmp_path / "metrics.jsonl"


def test_a_changed_number_is_named_unless_it_was_meant(file):
    assert [line["step"] for line in metric_log.read(file)] == [1, 2, 3]
    file.write_text(file.read_text().replace("0.5", "0.6"))
    with pytest.raises(
        InputError, match=r"was changed after it was written: restore it, or remove .*\.seal"
    ):
        metric_log.read(file)
    metric_log.seal_of(file).unlink()
    assert metric_log.read(file)[1]["loss"] == 0.6


def test_what_a_later_run_adds_before_it_is_killed_is_read(file):
    """A later run's partial last line is dropped; a line of another shape before it is named."""
    whole = file.read_text()
    file.write_text(whole + json.dumps({"step": 4, "loss": None}) + '\n{"step": 5, "lo')
    assert [line["step"] for line in metric_log.read(file)] == [1, 2, 3, 4]
    file.write_text(whole + '{"step": 4, "loss": "x"}\n{"step": 5}\n')
    with pytest.raises(
        InputError, match=r"line 4 of .* is damaged \(loss is str, .*delete that line, and the file"
    ):
        metric_log.read(file)


def test_a_run_that_goes_on_takes_the_seal_off(file):
    writer = JsonLines(file, start_step=2)
    assert not metric_log.seal_of(file).exists()
    writer.write_scalars(3, {"loss": 0.25})
    assert [line["loss"] for line in metric_log.read(file)] == [1.0, 0.5, 0.25]
    writer.close()
    assert metric_log.seal_of(file).exists()
