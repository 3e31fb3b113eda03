"""Event handlers for the controls of the page.

The status line shows the message of an ``InputError``.
"""

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pandas

from inpaint_jax.completion.page import choices, uploads
from inpaint_jax.completion.page.jobs import Done, Step, stream
from inpaint_jax.completion.page.results import loss_table, write_answer, write_before
from inpaint_jax.completion.page.session import Session
from inpaint_jax.completion.single import Answer, complete_one
from inpaint_jax.errors import InputError

Update = Any  # a value that Gradio accepts for a component


def status_line(text: str, *, wrong: bool = False) -> str:
    """Format a status line as HTML that screen readers announce."""
    kind = 'class="wrong" role="alert"' if wrong else 'role="status"'
    return f"<p {kind}>{html.escape(' '.join(text.split()))}</p>"


def open_image(path: str | None, session: Session) -> tuple[Update, ...]:
    """Read an uploaded image and show it in the editor; None: the image was removed."""
    session.stop.wanted = True  # a running job belongs to the previous image
    session.upload = session.mask = session.before = None
    session.results = {}
    nothing = (
        gr.update(visible=False),
        gr.update(visible=False),
        gr.update(choices=[], value=None, visible=False),
    )
    disabled = gr.update(value=None, interactive=False)
    rest = (*nothing, None, disabled, disabled)
    if path is None:
        return None, status_line("Choose an image to begin."), *rest
    try:
        session.upload = uploads.read_upload(path)
    except InputError as error:
        return None, status_line(str(error), wrong=True), *rest
    height, width = session.upload.image.pixels.shape[:2]
    text = (
        f"{session.upload.file}, {width}x{height} pixels. Paint over what is "
        "missing, then press Complete."
    )
    return _canvas(session, None), status_line(text), *rest


def open_mask(path: str | None, invert: bool, painted: Any, session: Session) -> tuple[Update, str]:
    """Read a mask and show it over the image; None: the mask was removed."""
    if session.upload is None:
        return gr.update(), status_line(
            "Choose an image first, then its mask.", wrong=path is not None
        )
    session.mask = None
    text, wrong = "No mask.", False
    if path is not None:
        try:
            session.mask = uploads.read_mask(path, session.upload.image.pixels.shape, invert=invert)
            text = f"The mask marks {session.mask.mean():.1%} of the image as missing."
        except InputError as error:
            text, wrong = str(error), True
    return _canvas(session, painted), status_line(text, wrong=wrong)


def cancel(session: Session) -> str:
    """Stop the running job at the end of its chunk."""
    session.stop.wanted = True
    return status_line("Stopping after the current step.")


def complete(
    painted: Any, grow: float, methods: list[str], keep: float, seed: float | None, session: Session
) -> Iterator[tuple[Update, ...]]:
    """Complete the image by each method; yield status, losses, gallery and choice of results."""
    try:
        yield from _complete(painted, int(grow), methods, int(keep), int(seed or 0), session)
    except InputError as error:
        yield status_line(str(error), wrong=True), gr.update(), gr.update(), gr.update()


def _complete(painted, grow: int, methods: list[str], keep: int, seed: int, session: Session):
    upload = session.upload
    if upload is None:
        raise InputError("choose an image first")
    if not methods:
        raise InputError("choose a method")
    hole = uploads.hole_of(painted, session.mask, upload.image, grow=grow)
    folder, spent, problems = session.begin(), [], []
    results = session.results
    session.before, damaged = write_before(folder, upload, hole)
    traces: dict[str, tuple[float, ...]] = {}
    gallery = [(str(damaged), "damaged")]
    for method in methods:
        if session.stop:
            break
        try:
            for event in _completions(method, hole, session, keep=keep, seed=seed):
                if isinstance(event, Step):
                    if event.losses:
                        traces[method] = event.losses
                    yield (
                        status_line(_progress(method, event)),
                        _plot(traces),
                        gr.update(),
                        gr.update(),
                    )
                    continue
                request, opened, answer = event.made
                if answer is None:  # stopped
                    break
                spent.append(f"{method} {event.seconds:.1f} s")
                for one in write_answer(folder, upload, hole, request, opened, answer):
                    results[one.label] = one
                    gallery.append((str(one.image), one.label))
                    traces |= {method: one.trace} if one.trace else {}
                yield (
                    status_line(f"{method} is done."),
                    _plot(traces),
                    _gallery(gallery),
                    _results(session),
                )
        except InputError as error:  # other methods may succeed
            problems.append(f"{method}: {error}")
    done = f"Done: {', '.join(spent)}." if spent else "No image was completed."
    text = " ".join(
        [
            *(["Stopped."] if session.stop else []),
            *([done] if spent or not problems else []),
            *problems,
        ]
    )
    yield (
        status_line(text, wrong=bool(problems)),
        _plot(traces),
        _gallery(gallery),
        _results(session),
    )


def _completions(
    method: str, hole, session: Session, *, keep: int, seed: int
) -> Iterator[Step | Done[Any]]:
    upload, stop = session.upload, session.stop
    assert upload

    def work(bar) -> tuple[Any, Any, Answer | None]:
        request = choices.request_for(method, upload.image.pixels.shape, seed=seed, keep=keep)
        opened = choices.open_for(request)
        return (
            request,
            opened,
            complete_one(opened, upload.id, upload.image, hole, seed=seed, stop=stop, bar=bar),
        )

    yield from stream(work, stop)


def show(label: str | None, session: Session) -> tuple[Update, Update, Update]:
    """Show a result in the slider, and enable its download buttons."""
    result = session.results.get(label or "")
    if result is None or session.before is None:
        disabled = gr.update(value=None, interactive=False)
        return None, disabled, disabled
    image = gr.update(value=str(result.image), interactive=True)
    record = gr.update(value=str(result.record), interactive=True)
    return (str(session.before), str(result.image)), image, record


def _canvas(session: Session, painted: Any) -> dict[str, Any]:
    """Return the editor's content: the image with its mask, under the existing strokes."""
    assert session.upload
    background = uploads.shown(session.upload.image, session.mask)
    layers = [
        layer
        for layer in (painted or {}).get("layers") or ()
        if layer.shape[:2] == background.shape[:2]
    ]
    return {"background": background, "layers": layers, "composite": None}


def _progress(method: str, step: Step) -> str:
    at = f"step {step.chunk}" if step.chunk else "getting ready"
    loss = f", loss {step.losses[-1]:.4g}" if step.losses else ""
    return f"{method}: {at}{loss}, {step.seconds:.0f} s"


def _plot(traces: dict[str, tuple[float, ...]]) -> Update:
    return (
        gr.update(value=pandas.DataFrame(loss_table(traces)), visible=True)
        if traces
        else gr.update(visible=False)
    )


def _gallery(files: list[tuple[str, str]]) -> Update:
    return gr.update(value=files, visible=True)


def _results(session: Session) -> Update:
    labels = list(session.results)
    return gr.update(choices=labels, value=labels[0] if labels else None, visible=bool(labels))
