"""Names of hole files: the words that mark a hole (``a_mask``, ``mask-001``), and the rest."""

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
GAP = r"[\s_.\-+()\[\]]*"  # separators between a word and the rest of a name
EDGE = r"[\s_.\-+()\[\]\d]"

Key = tuple[tuple[str, ...], Any]  # folders, name


def stem_of(name: str) -> str:
    """Return the last part of a path without suffix."""
    return name.rsplit("/", 1)[-1]


def is_marked(name: str) -> bool:
    """Return whether a path is marked as a hole: ``a_mask``, ``mask-1``, ``masks/a``."""
    *folders, stem = name.split("/")
    return is_marked_stem(stem) or any(re.fullmatch(HOLE, folder, re.I) for folder in folders)


@functools.lru_cache(1 << 16)
def is_marked_stem(stem: str) -> bool:
    """Return whether a name starts or ends with a word for holes, separated from the rest."""
    return bool(
        re.match(f"{HOLE}(?:$|{EDGE})", stem, re.I)
        or re.search(rf"(?:^|{EDGE}){HOLE}{GAP}\d*{GAP}$", stem, re.I)
    )


def is_only_a_word(name: str) -> bool:
    """Return whether a path consists only of words for holes: ``mask``, ``holes/mask``."""
    return not folders_of(name) and bool(re.fullmatch(f"{GAP}{HOLE}{GAP}", stem_of(name), re.I))


def folders_of(name: str) -> tuple[str, ...]:
    """Return the folders of a path, without folders whose names only describe their content."""
    words = re.compile(f"{HOLE}|{IMAGE}", re.I)
    return tuple(part for part in name.split("/")[:-1] if not words.fullmatch(part))


def exact(name: str) -> set[Key]:
    """Return the key of an exact match: the path itself."""
    return {(tuple(name.split("/")[:-1]), stem_of(name))}


def bare(name: str, words: str = HOLE) -> set[Key]:
    """Return the keys of a path without an inner suffix and without words at the stem's ends."""
    return {(folders_of(name), stem) for stem in bare_stems(stem_of(name), words)}


def loose(name: str, words: str = HOLE, *, folders: bool = True) -> set[Key]:
    """Return keys that ignore zero padding, case, separators and words; also without folders."""
    kept = tuple(folded(part) for part in folders_of(name)) if folders else ()
    return {(kept, tokens) for tokens in tokens_of(stem_of(name), words) if tokens or kept}


def only_number(name: str) -> set[Key]:
    """Return the number of a hole whose name has nothing else: ``mask_003``."""
    tokens = tokens_of(stem_of(name), HOLE)
    return {((), each) for each in tokens if len(each) == 1 and each[0].isdecimal()}


def any_number(name: str) -> set[Key]:
    """Return the only number in the name of an image: ``DSC_003``."""
    numbers = {
        tuple(token for token in tokens if token.isdecimal())
        for tokens in tokens_of(stem_of(name), IMAGE)
    }
    return {((), each) for each in numbers if len(each) == 1}


def folded(text: str) -> str:
    """Return a text in one normal form, without differences of case or of encoded accents."""
    return unicodedata.normalize("NFKC", text).casefold()


@functools.lru_cache(1 << 16)
def bare_stems(stem: str, words: str = HOLE, *, numbered: bool = False) -> frozenset[str]:
    """Return a name, and every form of it without words at the ends and without an inner suffix.

    Args:
      stem: the name.
      words: regular expression of the words.
      numbered: also strip a number after the word, as in ``a_mask001``.
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
    """Return the words and numbers of a name, once for each way of reading the name."""
    found = set()
    for name in bare_stems(stem, words, numbered=words == HOLE):
        tokens = re.findall(r"\d+|[^\W\d_]+", folded(name))
        plain = [token for token in tokens if not re.fullmatch(f"{HOLE}|{IMAGE}", token)]
        found.add(tuple(str(int(token)) if token.isdecimal() else token for token in plain))
    return frozenset(found)
