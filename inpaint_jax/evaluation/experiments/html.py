"""Reports as self-contained web pages: one file each, with embedded images."""

import base64
import html
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import markdown
from markdown.extensions.toc import TocExtension

from inpaint_jax.data import files

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h1, h2, p, li { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8885; }
th, td { text-align: left; vertical-align: top; }
td:not(.number):not(:first-child) { min-width: 9rem; } th { vertical-align: bottom; }
th:first-child, td:first-child { position: sticky; left: 0; background: Canvas; }
.number { white-space: nowrap; }
.wide + p { font-size: .8rem; opacity: .8; }
img { max-width: 100%; height: auto; } .wide img { max-width: none; width: max(100%, 44rem); }
"""
NUMBER = re.compile(r"<td>((?:[+-]?[\d.,]+(?: ± [\d.]+)?(?: [%s])?|–|inf))</td>")
IMAGE = re.compile(r'<img alt="([^"]*)" src="([^":]+\.png)" ?/>')
BROAD = 1.5  # images of a larger ratio of width to height scroll on narrow screens


def write_page(path: Path, text: str, *, title: str) -> None:
    """Write Markdown as a self-contained web page.

    Args:
      path: path of the HTML file; the images of the text are read from its folder and embedded.
      text: Markdown with tables.
      title: title of the page.

    Raises:
      InputError: the file cannot be written.
    """
    converter = markdown.Markdown(extensions=["tables", TocExtension(toc_depth="2-2")])
    body = NUMBER.sub(r'<td class="number">\1</td>', converter.convert(text))
    body = body.replace(
        "<table>", '<div class="wide" tabindex="0" role="region" aria-label="table"><table>'
    )
    body = body.replace("</table>", "</table></div>")
    body = IMAGE.sub(lambda found: embedded(path.parent, found[1], html.unescape(found[2])), body)
    if "<li>" in (contents := getattr(converter, "toc", "")):
        body = body.replace(
            "</h1>", f"</h1><details><summary>Contents</summary>{contents}</details>", 1
        )
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
    )
    files.write_text(path, f"{head}<body><main>{body}</main></body></html>\n")


def embedded(folder: Path, alt: str, name: str) -> str:
    """Return an image with its content embedded; with the plain name if the file is missing.

    Args:
      folder: of the file.
      alt: description, escaped.
      name: of the PNG file.
    """
    file = folder / name
    if not file.is_file():
        return f'<img alt="{alt}" src="{html.escape(name)}">'
    content = file.read_bytes()
    width, height = struct.unpack(">II", content[16:24])  # of the PNG header
    source = base64.b64encode(content).decode()
    image = (
        f'<img alt="{alt}" width="{width}" height="{height}" src="data:image/png;base64,{source}">'
    )
    scrolls = width > BROAD * height and width > 800
    return (
        f'<span class="wide" style="display: block" tabindex="0">{image}</span>'
        if scrolls
        else image
    )


def write_index(workdir: Path, pages: Mapping[str, str], overview: str) -> None:
    """Write ``index.html``: the overview, and a link to the report of every page.

    Args:
      workdir: folder with one folder per page.
      pages: ``{folder: spec of its experiment}``.
      overview: Markdown.
    """
    links = "\n".join(f"* [{spec}]({folder}/report.html)" for folder, spec in pages.items())
    write_page(
        workdir / "index.html", f"# Experiments\n\n{links}\n\n{overview}\n", title="Experiments"
    )
