"""The words after the colon of ``yeh:published,cpu``."""

from collections.abc import Collection
from typing import Any

from inpaint_jax.errors import InputError


def choose(
    page: str, argument: str, *groups: Collection[str], default: str, several: Collection[str] = ()
) -> tuple[Any, ...]:
    """Read the words of an argument: one of each group, in the order of the groups.

    Args:
      page: file of the config, for the error message.
      argument: words in any order, separated by commas; empty: none.
      groups: sets of words that exclude each other.
      default: words, separated by commas, for groups that the argument does not mention.
      several: words of which any number may be given.

    Returns:
      A word for each group, or None without word and default. If there are ``several``, the last
      element is a tuple of the given ones.

    Raises:
      InputError: an unknown word, or two words of one group.
    """
    words, defaults = (text.split(",") if text else [] for text in (argument, default))
    known = [word for group in (*groups, several) for word in group]
    if unknown := set(words).difference(known):
        raise InputError(
            f"{page}: unknown words {', '.join(sorted(unknown)) or repr('')}; "
            f"known: {', '.join(known)}"
        )
    chosen: list[Any] = []
    for group in groups:
        given = [word for word in group if word in words]
        if len(given) > 1:
            both = " and ".join(sorted(given))
            raise InputError(f"{page}: {both} exclude each other: choose one of {', '.join(group)}")
        chosen += given or [next((word for word in defaults if word in group), None)]
    return (*chosen, tuple(word for word in several if word in words)) if several else tuple(chosen)
