"""A record of one completed image, from which ``inpaint complete --record=FILE`` makes the same pixels.

The record holds the hole and everything that fixes the completion but the image itself, which it names and
of which it has a hash.
"""

import base64
import binascii
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from inpaint_jax import checks
from inpaint_jax.completion.examination import check_name, content_hash
from inpaint_jax.completion.records import write_completions
from inpaint_jax.completion.single import Answer, Opened, Request, complete_one, open_request
from inpaint_jax.data import files
from inpaint_jax.data.json_files import read_json, write_json
from inpaint_jax.data.originals import Original, read_original
from inpaint_jax.data.pictures import encode_picture
from inpaint_jax.data.places import refuse_own_input
from inpaint_jax.errors import InputError, note
from inpaint_jax.runs.interruption import interruption
from inpaint_jax.runs.locks import locked, unoccupied
from inpaint_jax.runs.record import run_record

REMEDY = "download it again"
SHAPE = {
    "image": {"id": str, "file": str, "hash": str},
    "hole": str,
    "request": {
        "method": str,
        "seed": int,
        "keep": int,
        "slots": int | None,
        "size": int | None,
        "fit": str | None,
    },
    "method_hash": str,
    "pixels": [str],
}


class Given(NamedTuple):
    """An image that is to be completed.

    Attributes:
      file: the name of its file.
      id: that fixes its result together with the seed.
      image: as its file holds it.
      hole: bool ``[H, W]``, True = missing.
    """

    file: str
    id: str
    image: Original
    hole: np.ndarray


def record_of(given: Given, request: Request, opened: Opened, answer: Answer) -> dict[str, Any]:
    """Describe a completion so that it can be repeated.

    Args:
      given: the image.
      request: how it was completed; its ``slots`` are filled in.
      opened: its method.
      answer: the completions.

    Returns:
      Plain values for a JSON file.
    """
    model = opened.method.model
    packed = encode_picture(given.hole)
    return {
        "image": {"id": given.id, "file": given.file, "hash": content_hash(given.image, given.hole)},
        "hole": base64.b64encode(packed).decode(),
        "request": request._replace(slots=opened.setting.slots)._asdict(),
        "method_hash": files.fingerprint(opened.method.identity),
        "pixels": [digest(image) for image in answer.images],
        "losses": files.plain(answer.result.losses),
        "run": run_record(model and model.config),
    }


def digest(image: Original) -> str:
    """Digest the pixels of an image, its transparency included."""
    parts = [image.pixels, *([] if image.alpha is None else [image.alpha])]
    return files.fingerprint([checks.digest(part) for part in parts])


def complete_record(record: str | Path, images: Sequence[str], output: str | Path) -> dict[str, Any]:
    """Complete the image of a record once more.

    Writes ``pictures/<id>.png``, of several completions also ``kept/`` and ``deviation/`` as ``complete_folder`` does,
    and ``record.json``. Says whether the pixels are those of the record: other hardware or versions change last bits.

    Args:
      record: the file.
      images: the image's file; none: the file that the record names, beside the record.
      output: a folder, made where it is missing. One that holds this completion already stays as it is.

    Returns:
      The new record.

    Raises:
      InputError: a damaged record, another image than that of the record, or a folder that is not empty.
      Interrupted: a signal stopped the work.
    """
    output = Path(output)
    stored = read_record(record)
    given = given_by(stored, record, images)
    refuse_own_input(images, output)
    request = Request(**stored["request"])
    with locked(output, "completing images", option="--output"):
        if finished := _finished(output, stored):
            print(f"{output} holds this completion already")
            return finished
        opened = open_request(request)
        with interruption() as stop:
            answer = complete_one(opened, given.id, given.image, given.hole, seed=request.seed, stop=stop)
        if answer is None:
            raise stop.error("no image is completed")
        made = record_of(given, request, opened, answer)
        write_completions(output, given.id, answer.images, ".png")
        write_json(output / "record.json", made)
    print(f"{output}/pictures/{given.id}.png: {compared(stored, made)}")
    return made


def read_record(record: str | Path) -> dict[str, Any]:
    """Read a record.

    Raises:
      InputError: no such file, or a damaged one.
    """
    stored = read_json(record, SHAPE, remedy=REMEDY)
    if stored is None:
        raise InputError(f"--record: no such file: {record}")
    return stored


def given_by(stored: dict[str, Any], record: str | Path, images: Sequence[str]) -> Given:
    """Read the image of a record, and take the hole out of it.

    Raises:
      InputError: no such image, several, another one, or a damaged hole.
    """
    about = stored["image"]
    if len(images) > 1:
        raise InputError(f"--record is of one image, and --images names {len(images)}")
    file = Path(images[0]).expanduser() if images else Path(record).parent / Path(about["file"]).name
    if not images and not file.is_file():
        raise InputError(f"--record: the image {about['file']} does not lie beside {record}: name it with --images")
    check_name(about["id"])
    image = read_original(file)
    try:
        with Image.open(io.BytesIO(base64.b64decode(stored["hole"], validate=True)), formats=["PNG"]) as opened:
            hole = np.asarray(opened) > 127
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{record} is damaged (its hole cannot be read): {REMEDY}") from error
    if hole.shape != image.pixels.shape[:2] or content_hash(image, hole) != about["hash"]:
        raise InputError(f"{file} is not the image of the record {record}, which was called {about['file']}")
    return Given(about["file"], about["id"], image, hole)


def compared(stored: dict[str, Any], made: dict[str, Any]) -> str:
    """Say in words whether two records have the same pixels, and if not, what may have changed them."""
    if made["pixels"] == stored["pixels"]:
        return "the same pixels as in the record"
    if made["method_hash"] != stored["method_hash"]:
        note(f"{stored['request']['method']} is not what it was: other weights, or another version of its config")
    else:
        then = stored.get("run", {})
        note(f"other hardware or versions change last bits: the record was made at {then.get('commit', 'unknown')}")
    return "completed, but not to the same pixels as in the record"


def _finished(output: Path, stored: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a folder that holds this completion; raises InputError for one that holds something else."""
    if unoccupied(output):
        return None
    there = read_json(output / "record.json", SHAPE, remedy=f"give another --output, or remove {output}")
    if there is None or any(there[key] != stored[key] for key in ("image", "hole", "request")):
        raise InputError(f"{output} is not empty: give another --output, or remove it")
    return there
