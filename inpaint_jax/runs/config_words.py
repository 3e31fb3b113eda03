"""The words behind the colon of ``FILE.py:words``."""

from collections.abc import Collection

from inpaint_jax.errors import InputError


def read(file: str, argument: str, *groups: Collection[str], several: Collection[str] = ()) -> list[str]:
    """Takes the words of an argument apart; each is one of a group, and excludes the others of its group.

    Args:
      file: whose argument it is, for the error message.
      argument: words, separated by commas; empty: none.
      groups: words that exclude each other.
      several: words that do not.

    Raises:
      InputError: for an unknown word, or two of one group.
    """
    words = argument.split(",") if argument else []
    known = [word for group in (*groups, several) for word in group]
    if unknown := set(words).difference(known):
        raise InputError(f"{file}: unknown words {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for group in groups:
        if len(chosen := sorted(set(words).intersection(group))) > 1:
            raise InputError(f"{file}: {' and '.join(chosen)} exclude each other: choose one of {', '.join(group)}")
    return words
