"""A state dict that records which arrays were taken, so that unused arrays are known."""

from collections.abc import Callable

import numpy as np

from inpaint_jax.errors import InputError
from inpaint_jax.runs.weights.importing.state_dict import StateDict


class Source:
    """The arrays of a state dict.

    Attributes:
      path: path of the file.
      kind: kind of network that the file is read as, for messages.
      copies: names in the file, by the name under which an array is taken.
      taken: names of the arrays taken so far.
    """

    def __init__(self, arrays: StateDict, kind: str, rename: Callable[[str], str]):
        self.arrays, self.path, self.kind = arrays, arrays.path, kind
        self.copies: dict[str, list[str]] = {}
        for name in arrays:
            self.copies.setdefault(rename(name), []).append(name)
        self.taken: set[str] = set()

    def take(self, name: str) -> np.ndarray:
        """Return an array; raise InputError if it is missing, or its copies differ."""
        if name not in self.copies:
            first_names = ", ".join(list(self.arrays)[:3])
            raise InputError(
                f"{self.path} lacks {name}, which a {self.kind} needs (the "
                f"file begins with {first_names})"
            )
        first, *others = self.copies[name]
        found = self.arrays[first]
        if name not in self.taken and any(
            not np.array_equal(found, self.arrays[other]) for other in others
        ):
            raise InputError(
                f"{self.path}: {first} and {', '.join(others)} should be equal but differ"
            )
        self.taken.add(name)
        return found

    def left(self) -> list[str]:
        """Return the names of arrays that were not taken."""
        return [name for name in self.copies if name not in self.taken]
