"""Titles of tables and figures, and the file names made of them."""

import re
from collections.abc import Sequence


def with_family(title: str, family: str, families: Sequence[str]) -> str:
    """The title, followed by the hole family where there are several families."""
    return f"{title}, {family}" if len(families) > 1 else title


def slug(title: str) -> str:
    """The title as a file name without suffix: lower-case letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.").replace(".-", "-")
