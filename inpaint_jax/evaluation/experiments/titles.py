"""Titles of tables and figures, and file names derived from them."""

import re
from collections.abc import Sequence


def with_family(title: str, family: str, families: Sequence[str]) -> str:
    """Append the hole family to a title if there are several families."""
    return f"{title}, {family}" if len(families) > 1 else title


def slug(title: str) -> str:
    """Turn a title into a file name without suffix: lower case, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.").replace(".-", "-")
