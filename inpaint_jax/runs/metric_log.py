"""``metrics.jsonl`` of a training stage: reading, and a seal against changes when a run ends.

The seal, a separate file, holds the length and the digest of the written lines. Lines that a later
run adds before it is killed are not sealed.
"""

import os
from pathlib import Path
from typing import Any

from inpaint_jax.data import files
from inpaint_jax.data.json_files import content, read_json, read_lines, write_json
from inpaint_jax.errors import InputError

LINE = {"step": int, ...: int | float | None}
REMEDY = "delete that line, and the file .metrics.jsonl.seal beside it"


def read(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Read the lines of a ``metrics.jsonl``; drop a partial last line.

    Raises:
      InputError: a damaged line before the last, or a file that was changed after a run had ended.
    """
    path = Path(path)
    lines, beside = read_lines(path, LINE, remedy=REMEDY), seal_of(path)
    known = read_json(beside, {"bytes": int, "sha256": str}, remedy="delete it")
    data = content(path, "remove it")
    if known and data is not None and files.digest(data[: known["bytes"]]) != known["sha256"]:
        raise InputError(
            f"{path} was changed after it was written: restore it, or remove "
            f"{beside} to read it anyway"
        )
    return lines


def seal(path: str | os.PathLike[str]) -> None:
    """Seal a file in its present state."""
    data = Path(path).read_bytes()
    write_json(seal_of(path), {"bytes": len(data), "sha256": files.digest(data)})


def unseal(path: str | os.PathLike[str]) -> None:
    """Remove the seal before the file is changed."""
    seal_of(path).unlink(missing_ok=True)


def seal_of(path: str | os.PathLike[str]) -> Path:
    """Return the path of the seal of a file."""
    return Path(path).with_name(f".{Path(path).name}.seal")
