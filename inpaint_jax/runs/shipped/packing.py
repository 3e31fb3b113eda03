"""Make the two files of a shipped model from a trained run and its evaluation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inpaint_jax.data import files
from inpaint_jax.data.json_files import parse, write_json
from inpaint_jax.errors import InputError
from inpaint_jax.runs import configuration, digests
from inpaint_jax.runs.model import Model
from inpaint_jax.runs.shipped import lean
from inpaint_jax.runs.shipped.cards import FOLDER, names

MOST = 6_000_000  # maximum bytes of all shipped weights together
BUILT_IN = {
    "portraits": "drawn faces, not photographs",
    "facades": "drawn facades, not photographs",
}


def pack(
    model: Model,
    name: str,
    *,
    command: str,
    commit: str,
    evaluation: str | Path | None = None,
    folder: Path = FOLDER,
) -> Path:
    """Write the card and the weights of a model.

    Args:
      model: a trained run.
      name: name of the shipped model.
      command: command that trained the model.
      commit: commit of the package that trained the model.
      evaluation: folder that ``inpaint evaluate --method=NAME`` wrote for the shipped weights,
        which are rounded to 16 bits; None: the model is not measured yet.
      folder: destination of the files.

    Returns:
      The card.

    Raises:
      InputError: training images that are not built in, an evaluation of another model, or files
        that are too large.
    """
    plain = configuration.to_plain(model.config)
    source = plain["data"]["train"].partition("?")[0]
    if source not in BUILT_IN:
        raise InputError(
            f"{plain['data']['train']} is not built in: only "
            f"{', '.join(BUILT_IN)} have no data licence"
        )
    arrays = lean.arrays(model.system, model.states, side=plain["data"]["size"])
    measured = {"date": "", "images": "", "metrics": {}}
    if evaluation:
        table = parse(files.read_bytes(Path(evaluation) / "table.json"))
        measured = {
            "date": table["run"]["date"],
            "images": ", ".join(table["images"]),
            "holes_hash": {row["holes"]: row["holes_hash"] for row in table["rows"]},
            "metrics": _psnr(table["rows"], name, plain["system"]),
            "versions": table["run"]["versions"],
            "hardware": table["run"]["hardware"],
        }
    weights = folder / f"{name}.npz"
    files.write_arrays(weights, arrays)
    others = [other for other in names(folder) if other != name]
    if (total := sum((folder / f"{each}.npz").stat().st_size for each in [name, *others])) > MOST:
        weights.unlink()
        raise InputError(
            f"shipped weights would have {total / 1e6:.1f} MB together, more "
            f"than {MOST / 1e6:.0f} MB"
        )
    card = folder / f"{name}.json"
    about = {
        "trained_on": BUILT_IN[source],
        "licence": "Apache-2.0",
        "command": command,
        "commit": commit,
    }
    write_json(card, {**about, **measured, "config": plain, "arrays": digests.digested(arrays)})
    return card


def _psnr(rows: list[Mapping[str, Any]], name: str, system: str) -> dict[str, dict[str, float]]:
    """Return ``{hole family: {method: mean psnr_hole}}``, with the model under its method's name.

    Raises:
      InputError: the model is not in the table.
    """
    if name not in {row["method"] for row in rows}:
        raise InputError(
            f"the evaluation has no method {name!r}: run inpaint evaluate --method={name}"
        )
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        method = system if row["method"] == name else row["method"]
        found.setdefault(row["holes"], {})[method] = round(row["psnr_hole"]["mean"], 2)
    return found
