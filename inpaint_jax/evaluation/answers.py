"""Completions of all images under a hole family: compute once, store in a file, measure."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from inpaint_jax import metrics
from inpaint_jax.compositing import from_uint8, to_uint8
from inpaint_jax.data import files
from inpaint_jax.errors import InputError, note
from inpaint_jax.evaluation import features
from inpaint_jax.evaluation.image_set import ImageSet
from inpaint_jax.evaluation.search_speed import SearchCurve
from inpaint_jax.evaluation.share_answers import TRACE, ShareAnswers
from inpaint_jax.metrics import DEFAULT, AnyMetric
from inpaint_jax.runs.interruption import StopRequest
from inpaint_jax.runs.method import Method
from inpaint_jax.systems.driver import Task, stacked


class Answer(NamedTuple):
    """A method's completions of all images under one hole family."""

    images: np.ndarray  # uint8 [N, H, W, C]
    seconds: float
    traces: dict[str, np.ndarray]  # {term: [N, T]}, see ``Completion``; empty without a search
    others: np.ndarray | None = (
        None  # uint8 [N, K - 1, H, W, C]: completions after the first, if any
    )


def answers_of(
    method: Method,
    image_set: ImageSet,
    folder: Path,
    stop: StopRequest,
    *,
    compute: bool = True,
    keep: int = 1,
) -> dict[str, Answer | None]:
    """Complete every image under every hole family; reuse the files of earlier calls.

    Args:
      method: the method.
      image_set: images to complete.
      folder: folder of the files, see ``completions_file``.
      stop: once it is true, the current family is abandoned.
      compute: False: only collect the answers of shares, which must be complete.
      keep: completions per image that the method was opened for; it may give fewer.

    Returns:
      ``{family: Answer}``, None if the method does not support such holes.

    Raises:
      InputError: shares have not completed all images, and ``compute`` is False.
      Interrupted: a signal stopped the work; finished families are kept.
    """
    answers: dict[str, Answer | None] = {}
    for family, holes in image_set.holes.items():
        if any(method.supports(hole) for hole in holes):
            answers[family] = None
            continue
        file = completions_file(method, image_set, family, folder, keep=keep)
        if not is_whole(file):
            if os.path.lexists(file):
                note(f"cannot use {file}: computing it again")
            shared = ShareAnswers(method, image_set, family, folder)
            if not compute and (left := shared.missing()):
                raise InputError(
                    f"{folder}: {method.name} has not completed {len(left)} of "
                    f"{len(image_set.names)} images under {family}: run the missing shares, or "
                    "evaluate without --share"
                )
            if keep == 1 and shared.folder.is_dir():  # shares keep one completion per image
                shared.complete(stop)
                answer = collected(shared)
            else:
                answer = complete_all(method, image_set, family, stop)
            traces = {f"{TRACE}{term}": trace for term, trace in answer.traces.items()}
            parts = {"images": answer.images, "seconds": np.asarray(answer.seconds)}
            if answer.others is not None:
                parts["others"] = answer.others
            files.write_arrays(file, {**parts, **traces}, identity=file.stem)
            shared.remove()
        answers[family] = read_answer(file)
    return answers


def complete_share(method: Method, image_set: ImageSet, folder: Path, stop: StopRequest) -> None:
    """Complete the images of a share under every hole family; skip existing answers.

    Raises:
      Interrupted: a signal stopped the work; finished images are kept.
    """
    for family, holes in image_set.holes.items():
        if not any(method.supports(hole) for hole in holes):
            ShareAnswers(method, image_set, family, folder).complete(stop)


def collected(shared: ShareAnswers) -> Answer:
    """Collect the answers of all shares; sum their seconds."""
    found = [
        part for row in range(len(shared.image_set.names)) if (part := shared.read(row)) is not None
    ]
    terms = dict.fromkeys(name for part in found for name in part if name.startswith(TRACE))
    traces = {
        term.removeprefix(TRACE): stacked([part.get(term, np.zeros(0)) for part in found])
        for term in terms
    }
    return Answer(
        np.stack([part["image"] for part in found]), sum(float(p["seconds"]) for p in found), traces
    )


def is_whole(file: Path) -> bool:
    """Return whether a file of completions exists, undamaged, under its own name."""
    try:
        read_answer(file)
    except InputError:
        return False
    return True


def completions_file(
    method: Method, image_set: ImageSet, family: str, folder: Path, *, keep: int = 1
) -> Path:
    """Return the path of a method's answer; the name depends on all that determines the answer."""
    identity = {
        "method": [*method.identity, method.slots],
        "images": image_set.digest,
        "holes": image_set.hashes[family],
        "seed": image_set.seed,
        **({"keep": keep} if keep > 1 else {}),
    }
    holes = family.rstrip("/").rpartition("/")[2]  # the name of a folder of holes
    return folder / f"{method.name.replace('/', '-')}-{holes}-{files.fingerprint(identity)}.npz"


def read_answer(file: Path) -> Answer:
    """Read a file of ``answers_of``.

    Raises:
      InputError: the file is missing or damaged, or holds another answer.
    """
    parts = files.read_arrays(file, "images", "seconds", identity=file.stem)
    traces = {
        name.removeprefix(TRACE): array for name, array in parts.items() if name.startswith(TRACE)
    }
    return Answer(parts["images"], float(parts["seconds"]), traces, parts.get("others"))


def complete_all(method: Method, image_set: ImageSet, family: str, stop: StopRequest) -> Answer:
    """Complete all images under one family.

    Raises:
      Interrupted: a signal stopped the work.
    """
    truth, holes = image_set.truth, image_set.holes[family]
    images = np.empty(truth.shape, np.uint8)
    traces: list[dict[str, np.ndarray]] = [{}] * len(image_set.names)
    others: list[np.ndarray] = [images[0]] * len(image_set.names)
    rows = {name: i for i, name in enumerate(image_set.names)}
    tasks = (Task(name, truth[i], holes[i], family) for name, i in rows.items())
    began = time.perf_counter()
    with tqdm(total=len(rows), desc=f"{method.name}, {family}", unit="image") as bar:
        results = method.run(tasks, seed=image_set.seed, stop=stop, bar=bar)
        for result in results:
            i = rows[result.task.id]
            images[i], traces[i] = to_uint8(result.images[0]), result.traces
            others[i] = to_uint8(result.images[1:])
    if stop:
        raise stop.error(f"{method.name} has completed the families before {family}")
    terms = dict.fromkeys(term for trace in traces for term in trace)
    whole = {term: stacked([trace.get(term, np.zeros(0)) for trace in traces]) for term in terms}
    further = np.stack(others) if len(others[0]) and others[0].ndim == 4 else None
    return Answer(images, time.perf_counter() - began, whole, further)


def measure(
    truth: np.ndarray,
    answer: np.ndarray | None,
    holes: np.ndarray,
    names: Sequence[str] | Mapping[str, AnyMetric] = DEFAULT,
) -> dict[str, Any]:
    """Measure an answer; answers are uint8, so the truth is quantised too.

    Args:
      truth: ``[N, H, W, C]`` in [-1, 1], the whole set; ``desai_legacy_sse`` depends on the order.
      answer: uint8, same shape; None: no answer.
      holes: ``[N, H, W, 1]``, 1 = missing.
      names: metrics, see ``metrics.measure``.

    Returns:
      ``{name: [N]}``, or a ``metrics.SetScore`` for a metric of the whole set. Every value is None
      if there is no answer.
    """
    if answer is None:
        return dict.fromkeys(names)
    chosen = dict(names) if isinstance(names, Mapping) else metrics.resolve(names)
    return dict(
        metrics.measure(from_uint8(answer), truth, holes, chosen, given=features.given(chosen))
    )


def search_curves(
    answers: Mapping[str, Mapping[str, Answer | None]], names: Sequence[str]
) -> dict[str, dict[str, SearchCurve]]:
    """Collect loss curves of families with several searches: ``{family: {method: curve}}``."""
    curves: dict[str, dict[str, SearchCurve]] = {}
    for name in names:
        for family, answer in answers[name].items():
            if answer is not None and answer.traces:
                curves.setdefault(family, {})[name] = SearchCurve(
                    answer.traces["evaluations"], answer.traces["total"]
                )
    return {family: searches for family, searches in curves.items() if len(searches) > 1}
