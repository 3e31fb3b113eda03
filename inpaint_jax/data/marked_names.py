"""Names of hole files: what they say besides the name of their image (``a_mask``, ``mask-001``)."""

import functools
import re
import unicodedata
from typing import Any

from inpaint_jax.data.formats import suffixes

HOLE = r"(?:masks?|msk|holes?|inpaint(?:ing)?|missing)"
IMAGE = (
    r"(?:images?|imgs?|im|photos?|pictures?|pics?|inputs?|orig(?:inal)?|source|src|rgb|gt|frames?|"
    r"damaged|masked|broken)"
)
GAP = r"[\s_.\-+()\[\]]*"  # what stands between a word and the rest of a name
EDGE = r"[\s_.\-+()\[\]\d]"

Key = tuple[tuple[str, ...], Any]  # folders, name


def stem_of(name: str) -> str:
    """Return the last part of a path without suffix."""
    return name.rsplit("/", 1)[-1]


def is_marked(name: str) -> bool:
    """Return whether a path says that it is a hole: ``a_mask``, ``mask-1``, ``masks/a``."""
    *folders, stem = name.split("/")
    return is_marked_stem(stem) or any(re.fullmatch(HOLE, folder, re.I) for folder in folders)


@functools.lru_cache(1 << 16)
def is_marked_stem(stem: str) -> bool:
    """Return whether a word for holes stands at an end of a name, set apart from the rest of it."""
    return bool(
        re.match(f"{HOLE}(?:$|{EDGE})", stem, re.I) or re.search(rf"(?:^|{EDGE}){HOLE}{GAP}\d*{GAP}$", stem, re.I)
    )


def is_only_a_word(name: str) -> bool:
    """Return whether a path says nothing but that it is a hole: ``mask``, ``holes/mask``."""
    return not folders_of(name) and bool(re.fullmatch(f"{GAP}{HOLE}{GAP}", stem_of(name), re.I))


def folders_of(name: str) -> tuple[str, ...]:
    """Return the folders of a path, without those that only say what is in them."""
    words = re.compile(f"{HOLE}|{IMAGE}", re.I)
    return tuple(part for part in name.split("/")[:-1] if not words.fullmatch(part))


def exact(name: str) -> set[Key]:
    """A path as it is."""
    return {(tuple(name.split("/")[:-1]), stem_of(name))}


def bare(name: str, words: str = HOLE) -> set[Key]:
    """A path, and what is left of its stem without words at its ends and without an inner suffix."""
    return {(folders_of(name), stem) for stem in bare_stems(stem_of(name), words)}


def loose(name: str, words: str = HOLE, *, folders: bool = True) -> set[Key]:
    """A path without padding of numbers, case, separators and words; also without its folders."""
    kept = tuple(folded(part) for part in folders_of(name)) if folders else ()
    return {(kept, tokens) for tokens in tokens_of(stem_of(name), words) if tokens or kept}


def only_number(name: str) -> set[Key]:
    """The number of a hole that is called by nothing else: ``mask_003``."""
    tokens = tokens_of(stem_of(name), HOLE)
    return {((), each) for each in tokens if len(each) == 1 and each[0].isdecimal()}


def any_number(name: str) -> set[Key]:
    """The only number in the name of an image: ``DSC_003``."""
    numbers = {tuple(token for token in tokens if token.isdecimal()) for tokens in tokens_of(stem_of(name), IMAGE)}
    return {((), each) for each in numbers if len(each) == 1}


def folded(text: str) -> str:
    """Return a text in one form, whatever its case and however its accents are written."""
    return unicodedata.normalize("NFKC", text).casefold()


@functools.lru_cache(1 << 16)
def bare_stems(stem: str, words: str = HOLE, *, numbered: bool = False) -> frozenset[str]:
    """Return a name, and what is left of it without words at its ends and an inner suffix.

    Args:
      stem: the name.
      words: regular expression.
      numbered: also without a number after the word, as in ``a_mask001``.
    """
    known, fresh = set(), {stem}
    while fresh:
        name = fresh.pop()
        known.add(name)
        inner, dot, suffix = name.rpartition(".")
        left = {inner} if inner and dot and f".{suffix.lower()}" in suffixes() else set()
        patterns = [f"{words}{GAP}(.*)", f"(.*?){GAP}{words}{GAP}"]
        for pattern in (*patterns, *([rf"(.+?){GAP}{words}{GAP}\d+{GAP}"] if numbered else [])):
            if match := re.fullmatch(pattern, name, re.I):
                left.add(match[1])
        fresh |= left - known
    return frozenset(known)


@functools.lru_cache(1 << 16)
def tokens_of(stem: str, words: str) -> frozenset[tuple[str, ...]]:
    """Return words and numbers of a name, in the ways in which it may be read."""
    found = set()
    for name in bare_stems(stem, words, numbered=words == HOLE):
        tokens = re.findall(r"\d+|[^\W\d_]+", folded(name))
        plain = [token for token in tokens if not re.fullmatch(f"{HOLE}|{IMAGE}", token)]
        found.add(tuple(str(int(token)) if token.isdecimal() else token for token in plain))
    return frozenset(found)
