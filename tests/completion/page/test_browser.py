"""The page in a browser: an image, a stroke, two methods, the downloads; and whom it keeps out."""

import os
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from inpaint_jax import cli
from inpaint_jax.completion.reproducible import given_by, read_record
from inpaint_jax.data.portraits import draw_portrait

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
YEH = "portraits-yeh?search.iterations=3"

pytest.importorskip("gradio", reason="the extra page is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def address():
    """A page that is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "inpaint_jax",
        "page",
        "--no-browser",
        f"--port={port}",
        f"--method={YEH}",
    ]
    # as here: one cache of compiled programs serves both
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "4"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    with server:
        try:
            assert server.stdout.readline().startswith("the page is at")
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(60) == 0


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    file = tmp_path_factory.mktemp("upload") / "face.png"
    Image.fromarray(draw_portrait(2**63, 32)[0]).save(file)
    return file


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_stroke_two_methods_and_the_downloads(address, portrait, tmp_path, monkeypatch):
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)  # a busy machine is slow, not wrong
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.wait_for_selector("#complete")
        masks_by_keyboard(page)
        page.set_input_files("#image input[type=file]", portrait)
        page.wait_for_selector("text=face.png, 32x32 pixels")
        page.wait_for_timeout(500)  # the editor draws
        box = page.locator("#editor canvas").first.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2 - 50, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(
            box["x"] + box["width"] / 2 + 50, box["y"] + box["height"] / 2 + 30, steps=5
        )
        page.mouse.up()
        page.get_by_label("patchmatch").check()
        page.click("#complete")
        page.wait_for_selector("text=/^Done: /", timeout=180_000)
        assert sorted(page.locator("#shown label").all_inner_texts()) == ["patchmatch", YEH]
        for method in ("patchmatch", YEH):
            page.get_by_role("radio", name=method).check()
            page.wait_for_timeout(700)  # the slider and the buttons follow
            for kind in ("png", "json"):
                with page.expect_download() as download:
                    page.click(f"#{kind}")
                assert method[:10] in download.value.suggested_filename
                download.value.save_as(tmp_path / f"{method[:10]}.{kind}")
        check_accessible(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not [url for url in requests if not url.startswith((address, "data:", "blob:"))]
        browser.close()
    monkeypatch.chdir(tmp_path)
    hole = None
    for method in ("patchmatch", YEH):
        record = f"{method[:10]}.json"
        hole = given_by(read_record(record), record, [str(portrait)]).hole
        known = pixels(f"{method[:10]}.png")[~hole]
        np.testing.assert_array_equal(known, pixels(portrait)[~hole])
        Image.fromarray(hole).save("hole.png")
        given = [f"--method={method}", f"--images={portrait}", "--holes=hole.png", "--slots=1"]
        assert cli.main(["complete", *given, f"--output={method[:10]}"]) == 0
        np.testing.assert_array_equal(
            pixels(f"{method[:10]}.png"), pixels(f"{method[:10]}/images/face.png")
        )
    assert hole is not None and 10 < hole.sum() < 400


def masks_by_keyboard(page):
    """The button that uploads a mask is reached and pressed by keys."""
    page.get_by_role("button", name="Mask from a file").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#mask button")
    for _ in range(20):  # a busy machine unfolds it late
        page.get_by_role("button", name="Mask from a file").focus()
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement.closest('#mask') !== null"):
            page.wait_for_timeout(500)
            continue
        try:
            with page.expect_file_chooser(timeout=3000):
                page.keyboard.press("Enter")
            break
        except playwright.TimeoutError:
            continue
    else:
        pytest.fail("no key opens the file chooser of the mask")
    page.get_by_role("button", name="Mask from a file").press("Enter")


def check_accessible(page):
    """No serious violation outside Gradio's own elements,
    enough contrast and a name for every control that is seen.
    """
    serious = [
        v
        for v in axe.Axe().run(page).response["violations"]
        if v["impact"] in ("serious", "critical")
    ]
    anywhere = ("color-contrast", "label", "button-name")
    nodes = [
        (violation["id"], node["html"]) for violation in serious for node in violation["nodes"]
    ]
    ours = [(rule, html) for rule, html in nodes if rule in anywhere or "svelte-" not in html]
    assert not ours
    nameless = """[...document.querySelectorAll('input, textarea, select, button')].filter(
        e => e.offsetParent && !(e.labels && e.labels.length)
        && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby')
        && !e.innerText.trim() && !e.title).map(e => e.outerHTML)"""
    assert page.evaluate(nameless) == []
