"""Record of one completed image; ``inpaint complete --record=FILE`` repeats the completion.

The record holds the hole and all settings that determine the completion, but only the file name and
a hash of the image.
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
from inpaint_jax.data.image_files import encode_image
from inpaint_jax.data.json_files import read_json, write_json
from inpaint_jax.data.originals import Original, read_original
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
    """An image to complete.

    Attributes:
      file: name of the image file.
      id: image id; id and seed determine the result.
      image: content of the file.
      hole: bool ``[H, W]``, True = missing.
    """

    file: str
    id: str
    image: Original
    hole: np.ndarray


def record_of(given: Given, request: Request, opened: Opened, answer: Answer) -> dict[str, Any]:
    """Create the record of a completion.

    Args:
      given: the image and its hole.
      request: settings of the completion; the record states the ``slots`` used.
      opened: the method.
      answer: the completions.

    Returns:
      Plain values for a JSON file.
    """
    model = opened.method.model
    packed = encode_image(given.hole)
    return {
        "image": {
            "id": given.id,
            "file": given.file,
            "hash": content_hash(given.image, given.hole),
        },
        "hole": base64.b64encode(packed).decode(),
        "request": request._replace(slots=opened.setting.slots)._asdict(),
        "method_hash": files.fingerprint(opened.method.identity),
        "pixels": [digest(image) for image in answer.images],
        "losses": files.plain(answer.result.losses),
        "run": run_record(model and model.config),
    }


def digest(image: Original) -> str:
    """Digest the pixels of an image, including transparency."""
    parts = [image.pixels, *([] if image.alpha is None else [image.alpha])]
    return files.fingerprint([checks.digest(part) for part in parts])


def complete_record(
    record: str | Path, images: Sequence[str], output: str | Path
) -> dict[str, Any]:
    """Repeat the completion of a record.

    Writes ``record.json``, ``images/<id>.png`` and, for several completions, ``kept/`` and
    ``deviation/`` as in ``complete_folder``. Prints whether the pixels equal those of the record;
    other hardware or versions change the last bits.

    Args:
      record: file of the record.
      images: the image file; empty: the file named in the record, in the record's folder.
      output: output folder, created if missing. If it already holds this completion, it stays
        unchanged.

    Returns:
      The new record.

    Raises:
      InputError: the record is damaged, the image is not the one in the record, or the output
        folder is not empty.
      Interrupted: a signal stopped the work.
    """
    output = Path(output)
    stored = read_record(record)
    given = given_by(stored, record, images)
    refuse_own_input(images, output)
    request = Request(**stored["request"])
    with locked(output, "completing images", option="--output"):
        if finished := _finished(output, stored):
            print(f"{output} already holds this completion")
            return finished
        opened = open_request(request)
        with interruption() as stop:
            answer = complete_one(
                opened, given.id, given.image, given.hole, seed=request.seed, stop=stop
            )
        if answer is None:
            raise stop.error("no image is completed")
        made = record_of(given, request, opened, answer)
        write_completions(output, given.id, answer.images, ".png")
        write_json(output / "record.json", made)
    print(f"{output}/images/{given.id}.png: {compared(stored, made)}")
    return made


def read_record(record: str | Path) -> dict[str, Any]:
    """Read a record.

    Raises:
      InputError: the file does not exist or is damaged.
    """
    stored = read_json(record, SHAPE, remedy=REMEDY)
    if stored is None:
        raise InputError(f"--record: no such file: {record}")
    return stored


def given_by(stored: dict[str, Any], record: str | Path, images: Sequence[str]) -> Given:
    """Read the image and the hole of a record.

    Raises:
      InputError: the image does not exist or is not the one in the record, several images are
        given, or the hole is damaged.
    """
    about = stored["image"]
    if len(images) > 1:
        raise InputError(f"--record holds one image, but --images names {len(images)}")
    file = (
        Path(images[0]).expanduser() if images else Path(record).parent / Path(about["file"]).name
    )
    if not images and not file.is_file():
        raise InputError(
            f"--record: found no image {about['file']} beside {record}: name it with --images"
        )
    check_name(about["id"])
    image = read_original(file)
    try:
        with Image.open(
            io.BytesIO(base64.b64decode(stored["hole"], validate=True)), formats=["PNG"]
        ) as opened:
            hole = np.asarray(opened) > 127
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{record} is damaged (its hole cannot be read): {REMEDY}") from error
    if hole.shape != image.pixels.shape[:2] or content_hash(image, hole) != about["hash"]:
        raise InputError(
            f"{file} is not the image of the record {record}, whose name was {about['file']}"
        )
    return Given(about["file"], about["id"], image, hole)


def compared(stored: dict[str, Any], made: dict[str, Any]) -> str:
    """Describe whether two records have the same pixels.

    If they differ, print a note on the likely cause.
    """
    if made["pixels"] == stored["pixels"]:
        return "pixels equal those of the record"
    if made["method_hash"] != stored["method_hash"]:
        note(
            f"{stored['request']['method']} has changed since the record: other weights, or "
            "another version of its config"
        )
    else:
        then = stored.get("run", {})
        note(
            "other hardware or versions change the last bits: the record was made at commit "
            f"{then.get('commit', 'unknown')}"
        )
    return "completed, but pixels differ from those of the record"


def _finished(output: Path, stored: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a folder that already holds this completion; None if it is empty.

    Raises:
      InputError: the folder holds anything else.
    """
    if unoccupied(output):
        return None
    earlier = read_json(
        output / "record.json", SHAPE, remedy=f"give another --output, or remove {output}"
    )
    if earlier is None or any(earlier[key] != stored[key] for key in ("image", "hole", "request")):
        raise InputError(f"{output} is not empty: give another --output, or remove it")
    return earlier
