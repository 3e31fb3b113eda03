"""Check that a command does not write into the folder that it reads, by whatever path."""

import os
from collections.abc import Iterable
from pathlib import Path

from inpaint_jax.errors import InputError
from inpaint_jax.naming import split_options


def refuse_own_input(
    sources: Iterable[str], output: str | os.PathLike[str], *, inside: bool = True
) -> None:
    """Refuse an output folder where results would replace the files that they are made from.

    Args:
      sources: source specs of the images; specs that are no files or folders are ignored.
      output: the output folder; it need not exist. Links and mounts are followed.
      inside: also refuse sources in sub-folders of the output.

    Raises:
      InputError: a source is the output, or lies inside it.
    """
    output = Path(output)
    for spec in sources:
        path = Path(split_options(spec)[0]).expanduser()
        if not os.path.isdir(output) or not os.path.exists(path):
            continue
        path = path.resolve()
        places = (
            [path, *path.parents] if inside else [path, *([path.parent] if path.is_file() else [])]
        )
        if any(os.path.samefile(place, output) for place in places):
            raise InputError(
                f"the images {spec} lie in the output {output}, where results would replace "
                "them: give another --output"
            )
