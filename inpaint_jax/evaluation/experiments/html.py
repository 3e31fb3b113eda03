"""Reports as self-contained web pages: one file each, with embedded images."""

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path

import markdown

from inpaint_jax.data import files

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8885; text-align: left; }
p { overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; image-rendering: auto; }
"""


def write_page(path: Path, text: str, *, title: str) -> None:
    """Write Markdown as a self-contained web page.

    Args:
      path: of the HTML file; the images of the text are read from its folder and embedded.
      text: Markdown with tables.
      title: of the page.

    Raises:
      InputError: the file cannot be written.
    """
    body = markdown.markdown(text, extensions=["tables"])
    body = body.replace("<table>", '<div class="wide" tabindex="0" role="region" aria-label="table"><table>')
    body = body.replace("</table>", "</table></div>")
    body = re.sub(r'src="([^":]+\.png)"', lambda found: embedded(path.parent, html.unescape(found[1])), body)
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
    )
    files.write_text(path, f"{head}<body><main>{body}</main></body></html>\n")


def embedded(folder: Path, name: str) -> str:
    """Return a ``src`` attribute with the image embedded; the plain name if the file is missing."""
    file = folder / name
    if not file.is_file():
        return f'src="{html.escape(name)}"'
    return f'src="data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"'


def write_index(workdir: Path, pages: Mapping[str, str], overview: str) -> None:
    """Write ``index.html``: the overview, and a link to the report of every page.

    Args:
      workdir: with a folder per page.
      pages: ``{folder: spec of its experiment}``.
      overview: Markdown.
    """
    links = "\n".join(f"* [{spec}]({folder}/report.html)" for folder, spec in pages.items())
    write_page(workdir / "index.html", f"# Experiments\n\n{links}\n\n{overview}\n", title="Experiments")
