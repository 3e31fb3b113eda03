"""Writers: output can be read back; a continued run ends with the files of an uninterrupted one."""

import io
import json
import logging
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from inpaint_jax.runs.training import writers


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines(tmp_path):
    path = tmp_path / "metrics.jsonl"
    writer = writers.JsonLines(path)
    writer.write_scalars(1, {"loss": np.float32(0.1), "psnr": jnp.float32(jnp.nan)})
    # there before the flush
    assert path.read_text() == '{"step": 1, "loss": 0.100000001, "psnr": null}\n'
    writer.close()


def test_a_continued_run_ends_with_the_lines_of_an_uninterrupted_one(tmp_path):
    def run(path, start, stop):
        writer = writers.JsonLines(path, start_step=start)
        for step in range(start + 1, stop + 1):
            writer.write_scalars(step, {"loss": 1 / step})
        writer.close()

    run(tmp_path / "whole", 0, 9)
    run(tmp_path / "parts", 0, 5)
    with open(tmp_path / "parts", "a") as file:
        file.write('{"step": 6, "lo')  # killed during the write
    run(tmp_path / "parts", 3, 9)
    assert (tmp_path / "parts").read_text() == (tmp_path / "whole").read_text()
    run(tmp_path / "parts", 0, 2)  # a run that never reached its first checkpoint starts anew
    assert [line["step"] for line in read_lines(tmp_path / "parts")] == [1, 2]


def tensorboard(folder) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_tensorboard_reads_scalars_and_images(tmp_path):
    writer = writers.TensorBoard(tmp_path)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 5, 6, 3))
    writer.write_scalars(1, {"loss": 0.5, "psnr": np.float32(20)})
    writer.write_scalars(2, {"loss": jnp.float32(0.25)})
    writer.write_images(2, {"samples": images})
    writer.write_hparams({"lr": 1e-3, "system": "yeh", "sizes": (64, 64)})
    writer.close()
    events = tensorboard(tmp_path)
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(1, 0.5), (2, 0.25)]
    assert [(e.step, e.value) for e in events.Scalars("psnr")] == [(1, 20.0)]
    (image,) = events.Images("samples")
    decoded = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
    assert image.step == 2 and decoded.shape == (image.height, image.width, 3) == (
        2 * 5 + 2,
        2 * 6 + 2,
        3,
    )
    first = np.rint((images[0] + 1) * 127.5)
    np.testing.assert_array_equal(decoded[:5, :6], first)
    assert b"lr" in events.PluginTagToContent("hparams")["_hparams_/session_start_info"]


def test_tensorboard_drops_what_an_interrupted_run_wrote_later(tmp_path):
    for start, stop in ((0, 6), (3, 8)):
        writer = writers.TensorBoard(tmp_path, start_step=start)
        for step in range(start + 1, stop + 1):
            writer.write_scalars(step, {"loss": start + step})
        writer.close()
    values = [(e.step, e.value) for e in tensorboard(tmp_path).Scalars("loss")]
    assert values == [(1, 1), (2, 2), (3, 3), (4, 7), (5, 8), (6, 9), (7, 10), (8, 11)]


def test_tensorflow_stays_out_even_where_it_is_installed(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise SystemExit('imported')")
    code = (
        "import numpy as np; from inpaint_jax.runs.training import writers; w = "
        "writers.TensorBoard('events');"
        "w.write_scalars(1, {'a': 1}); w.write_images(1, {'b': np.zeros((1, 2, 2, 3))});"
        "w.write_hparams({'c': 1}); w.close()"
    )
    path = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=path)


def test_everything_of_a_stage(tmp_path, caplog):
    folder = tmp_path / "dcgan"
    with caplog.at_level(logging.INFO, "inpaint_jax"):
        writer = writers.create(folder)
        writer.write_hparams({"lr": 0.1})
        writer.write_scalars(7, {"loss": np.float32(1 / 3)})
        writer.write_images(7, {"samples": np.zeros((3, 4, 4, 1), np.float32)})
        writer.flush()
        writer.close()
    assert caplog.messages == ["dcgan 7: loss 0.3333"]
    assert read_lines(folder / "metrics.jsonl") == [{"step": 7, "loss": 0.333333343}]
    assert [e.step for e in tensorboard(folder).Scalars("loss")] == [7]
    grid = np.asarray(Image.open(folder / "images" / "samples_00000007.png"))
    assert grid.shape == (2 * 4 + 2, 2 * 4 + 2, 3)
    assert (grid[:4, :4] == 128).all()


def test_only_the_first_process_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    writer = writers.create(tmp_path / "stage")
    writer.write_scalars(1, {"loss": 1.0})
    writer.close()
    assert not (tmp_path / "stage").exists()
