"""Image grids and contact sheets."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inpaint_jax.compositing import to_uint8

GAP = 2  # pixels between images
MARGIN = 6  # pixels around text
FONT_SIZE = 15
LINE_GAP = 4  # pixels between lines of a title
READABLE = 128  # images smaller than this are enlarged


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Arrange images in one image, row by row on white.

    Args:
      images: ``[N, H, W, C]`` in [-1, 1], C 1 or 3.
      columns: number of columns; default: a nearly square grid.

    Returns:
      ``uint8 [rows * H + gaps, columns * W + gaps, 3]``.
    """
    tiles = _rgb(images)
    count, height, width, _ = tiles.shape
    across = min(count, columns or math.ceil(math.sqrt(count)))
    rows = math.ceil(count / across)
    canvas = np.full((rows * (height + GAP) - GAP, across * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = i // across * (height + GAP), i % across * (width + GAP)
        canvas[top : top + height, left : left + width] = tile
    return canvas


def contact_sheet(
    columns: Mapping[str, np.ndarray], row_labels: Sequence[str] | None = None
) -> np.ndarray:
    """Draw a table of images with a title over every column.

    Small images are enlarged by a whole factor, without smoothing, so that pixel values do not
    change. A title that is wider than the images under it continues on further lines.

    Args:
      columns: ``{title: [N, H, W, C] in [-1, 1]}``, from left to right: damaged (0 in the hole:
        mid-grey), completed, truth; N is the same for all.
      row_labels: N labels to the left of the rows (file names, hole families).

    Returns:
      ``uint8 [H', W', 3]``.

    Raises:
      ValueError: columns of different lengths, or a wrong number of labels.
    """
    counts = {title: len(images) for title, images in columns.items()}
    labels = list(row_labels or ())
    if len({*counts.values(), len(labels) if labels else len(next(iter(columns.values())))}) != 1:
        raise ValueError(
            "columns and labels of a sheet must have equal lengths, got "
            f"{counts}, {len(labels)} labels"
        )
    font = ImageFont.load_default(FONT_SIZE)

    def room(texts):
        return max((math.ceil(font.getlength(text)) + 2 * MARGIN for text in texts), default=0)

    tiles = [_enlarged(_rgb(images)) for images in columns.values()]
    titles = [
        wrapped(title, lambda text, column=column: room([text]) <= column.shape[2])
        for title, column in zip(columns, tiles, strict=True)
    ]
    widths = [
        max(column.shape[2], room(lines)) for lines, column in zip(titles, tiles, strict=True)
    ]
    lines_above, labels_width = max(map(len, titles)), room(labels)
    top = lines_above * (FONT_SIZE + LINE_GAP) - LINE_GAP + 2 * MARGIN
    row_height = max(column.shape[1] for column in tiles) + GAP
    size = (
        labels_width + sum(widths) + GAP * (len(widths) + 1),
        top + row_height * max(counts.values()),
    )
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for row, label in enumerate(labels):
        middle = top + row * row_height + row_height // 2
        draw.text((labels_width - MARGIN, middle), label, "black", font, anchor="rm")
    left = labels_width + GAP
    for lines, column, width in zip(titles, tiles, widths, strict=True):
        middle, text = (left + width // 2, top // 2), "\n".join(lines)
        draw.text(middle, text, "black", font, anchor="mm", align="center", spacing=LINE_GAP)
        for row, tile in enumerate(column):
            place = (left + (width - tile.shape[1]) // 2, top + row * row_height)
            sheet.paste(Image.fromarray(tile), place)
        left += width + GAP
    return np.asarray(sheet)


def wrapped(title: str, fits: Callable[[str], bool]) -> list[str]:
    """Break a title into lines: before "?", "&" and "/", and after spaces and commas.

    Args:
      title: the title, such as the name of a method with options.
      fits: ``(text) -> bool``, True if the text is narrow enough for one line. A part without a
        place to break becomes a line of any width.

    Returns:
      The lines. Joined, the lines equal the title.
    """
    first, *parts = re.split(r"(?=[?&/])|(?<=[ ,])(?! )", title)
    lines = [first]
    for part in parts:
        if not lines[-1] or fits(lines[-1] + part):
            lines[-1] += part
        else:
            lines.append(part)
    return lines


def _rgb(images: np.ndarray) -> np.ndarray:
    pixels = to_uint8(images)
    return pixels.repeat(3, axis=-1) if pixels.shape[-1] == 1 else pixels


def _enlarged(images: np.ndarray) -> np.ndarray:
    factor = max(1, math.ceil(READABLE / max(images.shape[1:3])))
    return images.repeat(factor, axis=1).repeat(factor, axis=2)
