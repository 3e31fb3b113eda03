"""Layout of the page, and the connections between its controls and ``actions``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from inpaint_jax.completion.page import actions, choices
from inpaint_jax.completion.page.session import Session

TITLE = "Complete an image"
INTRODUCTION = """Choose an image, paint over missing or unwanted parts, and compare how methods
complete it. Nothing leaves this computer. Known pixels stay unchanged, bit for bit."""
FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
CSS = """
.gradio-container {max-width: 1240px !important}
#status {min-height: 2.6em}
#status p {margin: 0; padding: .6em .8em; border-radius: 8px;
    background: var(--background-fill-secondary)}
#status p.wrong {background: #fdecec; color: #8a1220}
.dark #status p.wrong {background: #4a1016; color: #ffd9dc}
.info-text, .or, .min_value, .max_value {color: var(--body-text-color) !important}
#gallery .grid-wrap {min-height: 0; height: auto; padding-top: 2.2em}
@media (max-width: 640px) {.gradio-container {padding: 8px !important}}
"""
ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "device", "concurrency_limit": 1}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def theme() -> gr.themes.Base:
    """Return a theme with system fonts; other fonts would be loaded from the network."""
    base = gr.themes.Default(
        primary_hue="blue", font=FONTS, font_mono=["ui-monospace", "monospace"]
    )
    return base.set(  # white text on these has the contrast required by WCAG
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
    )


def build(methods: Sequence[str], folder: Path) -> gr.Blocks:
    """Build the page.

    Args:
      methods: specs of additional methods, selected at first.
      folder: folder for results.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        session = gr.State(Session(folder))
        gr.Markdown(f"# {TITLE}\n{INTRODUCTION}")
        with gr.Row():
            with gr.Column(min_width=320):
                photo = gr.File(label="Image", elem_id="image", height=110)
                editor = gr.ImageEditor(
                    label="Paint the hole",
                    elem_id="editor",
                    type="numpy",
                    image_mode="RGBA",
                    format="png",  # webp would change pixels
                    sources=(),
                    transforms=(),
                    layers=False,
                    brush=gr.Brush(
                        default_size=24, colors=["rgb(236, 64, 122)"], color_mode="fixed"
                    ),
                    placeholder="Choose an image first",
                    height=440,
                    buttons=["fullscreen"],
                )
                with gr.Accordion("Mask from a file", open=False):
                    mask = gr.File(
                        label="Mask of the image's size: white is missing",
                        elem_id="mask",
                        height=110,
                    )
                    invert = gr.Checkbox(label="Black is missing", elem_id="invert")
                grow = gr.Slider(
                    0, 50, value=0, step=1, label="Grow the hole by (pixels)", elem_id="grow"
                )
                chosen = gr.CheckboxGroup(
                    choices.available(methods),
                    value=list(methods) or [choices.ALWAYS[0]],
                    label="Methods",
                    elem_id="methods",
                )
                with gr.Row():
                    keep = gr.Slider(
                        1,
                        8,
                        value=1,
                        step=1,
                        label="Completions per method",
                        info="for methods that give several",
                        elem_id="keep",
                        min_width=150,
                    )
                    seed = gr.Number(
                        0,
                        label="Seed",
                        info="equal seeds give equal pixels",
                        precision=0,
                        minimum=0,
                        min_width=150,
                    )
                with gr.Row():
                    start = gr.Button(
                        "Complete", variant="primary", elem_id="complete", min_width=120
                    )
                    cancel = gr.Button("Cancel", elem_id="cancel", min_width=120)
            with gr.Column(min_width=320):
                status = gr.HTML(
                    actions.status_line("Choose an image to begin."),
                    elem_id="status",
                    padding=False,
                )
                slider = gr.ImageSlider(
                    label="Before and after",
                    format="png",
                    interactive=False,
                    buttons=["fullscreen"],
                    max_height=520,
                )
                shown = gr.Radio(
                    [], label="Completion in the slider", visible=False, elem_id="shown"
                )
                with gr.Row():
                    image = gr.DownloadButton(
                        "Download PNG", interactive=False, elem_id="png", min_width=150
                    )
                    record = gr.DownloadButton(
                        "Download record", interactive=False, elem_id="json", min_width=150
                    )
                gallery = gr.Gallery(
                    label="Damaged, and completed by each method",
                    format="png",
                    columns=3,
                    object_fit="contain",
                    visible=False,
                    elem_id="gallery",
                )
                losses = gr.LinePlot(
                    x="step",
                    y="loss",
                    color="method",
                    title="Loss of the search",
                    height=220,
                    visible=False,
                )
        painting, view = [editor, status], [status, losses, gallery, shown]
        photo.change(
            actions.open_image,
            [photo, session],
            [*painting, *view[1:], slider, image, record],
            **PRIVATE,
        )
        for control in (mask.change, invert.change):
            control(actions.open_mask, [mask, invert, editor, session], painting, **PRIVATE)
        given = [editor, grow, chosen, keep, seed, session]
        start.click(actions.complete, given, view, **PRIVATE, **ONE_AT_A_TIME)
        cancel.click(actions.cancel, [session], [status], queue=False, **PRIVATE)
        shown.change(actions.show, [shown, session], [slider, image, record], **PRIVATE)
    return page
