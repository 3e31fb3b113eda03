"""What the page's controls do, without a browser: bad uploads, a stop, and the messages shown."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the extra page is not installed")

from inpaint_jax.completion.page import actions, jobs  # noqa: E402
from inpaint_jax.completion.page.session import Session  # noqa: E402


@pytest.fixture
def session(tmp_path):
    (tmp_path / "results").mkdir()
    return Session(tmp_path / "results")


@pytest.fixture
def file(tmp_path):
    Image.fromarray(np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)).save(
        tmp_path / "a.png"
    )
    return str(tmp_path / "a.png")


def stroke():
    layer = np.zeros((384, 384, 4), np.uint8)
    layer[100:200, 100:200] = 255
    return {"layers": [layer]}


def complete(session, methods, painted=None, keep=1):
    return list(actions.complete(painted or stroke(), 0, methods, keep, 0, session))


def test_a_bad_upload_gets_one_line(session, tmp_path):
    (tmp_path / "notes.txt").write_text("no image <b>")
    editor, status, *_ = actions.open_image(str(tmp_path / "notes.txt"), session)
    assert editor is None and session.upload is None
    assert (
        status.startswith('<p class="wrong" role="alert">cannot read notes.txt')
        and status.count("<") == 2
    )
    ((status, *_),) = complete(session, ["mean"])
    assert "choose an image first" in status


def test_a_mask_needs_an_image_of_its_size(session, file, tmp_path):
    Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(tmp_path / "mask.png")
    Image.fromarray(np.eye(9, dtype=np.uint8) * 255).save(tmp_path / "small.png")
    assert (
        "Choose an image first"
        in actions.open_mask(str(tmp_path / "mask.png"), False, None, session)[1]
    )
    actions.open_image(file, session)
    editor, status = actions.open_mask(str(tmp_path / "mask.png"), False, stroke(), session)
    assert "marks 6.2% of the image" in status and len(editor["layers"]) == 1
    assert session.mask is not None and session.mask.sum() == 16
    assert (
        "small.png is 9x9"
        in actions.open_mask(str(tmp_path / "small.png"), False, None, session)[1]
    )
    assert session.mask is None


def test_results_stay_where_another_method_fails(session, file):
    actions.open_image(file, session)
    message = complete(session, ["mean", "photoshop", "harmonic"])
    assert list(session.results) == ["mean", "harmonic"]
    assert "photoshop: unknown method" in message[-1][0] and "Done: mean" in message[-1][0]
    pair, image, record = actions.show("harmonic", session)
    result = session.results["harmonic"]
    assert pair == (str(session.before), str(result.image)) and image["value"] == str(result.image)
    assert record["value"].endswith("a_harmonic.json")


def test_several_completions_and_their_trace(session, file, workdir):
    actions.open_image(file, session)
    complete(session, [str(workdir)], keep=2)
    first, second = session.results.values()
    assert (
        first.label.endswith(", 1 of 2")
        and first.record == second.record
        and first.image != second.image
    )
    assert len(first.trace) == 6 and not second.trace


def test_a_stop_ends_the_search(session, file, workdir):
    actions.open_image(file, session)
    steps = actions.complete(
        stroke(), 0, [f"{workdir}?search.iterations=100000", "mean"], 1, 0, session
    )
    for status, *_ in steps:
        if "loss" in status:
            assert "Stopping" in actions.cancel(session)
    assert "Stopped." in status and not session.results


def test_a_new_image_stops_the_job_of_the_one_before(session, file):
    stop = jobs.Stop()
    session.stop = stop
    actions.open_image(file, session)
    assert stop
