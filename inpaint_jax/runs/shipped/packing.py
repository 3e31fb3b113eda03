"""Make the two files of a shipped model from a trained run and its evaluation."""

import json
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

MOST = 6_000_000  # bytes of all shipped weights together
BUILT_IN = {
    "portraits": "drawn faces, not photographs",
    "facades": "drawn facades, not photographs",
}


def pack(model: Model, name: str, evaluation: str | Path, *, command: str, folder: Path = FOLDER) -> Path:
    """Write the card and the weights of a model.

    Args:
      model: a trained run.
      name: that users will give it.
      evaluation: the folder that ``inpaint evaluate`` wrote for this run; its table names the commit.
      command: that trained it.
      folder: where the files go.

    Returns:
      The card.

    Raises:
      InputError: training images that are not built in, an evaluation of another run, or too large files.
    """
    plain = configuration.to_plain(model.config)
    source = plain["data"]["train"].partition("?")[0]
    if source not in BUILT_IN:
        raise InputError(f"{plain['data']['train']} is not built in: only {', '.join(BUILT_IN)} have no data licence")
    table = parse(files.read_bytes(Path(evaluation) / "table.json"))
    if table["run"].get("config_hash") != configuration.fingerprint(model.config):
        raise InputError(f"{evaluation} measured a run of another config")
    arrays = lean.arrays(model.system, model.states, side=plain["data"]["size"])
    weights = folder / f"{name}.npz"
    files.write_arrays(weights, arrays)
    others = [other for other in names(folder) if other != name]
    if (total := sum((folder / f"{each}.npz").stat().st_size for each in [name, *others])) > MOST:
        weights.unlink()
        raise InputError(f"shipped weights would have {total / 1e6:.1f} MB together, more than {MOST / 1e6:.0f} MB")
    card = folder / f"{name}.json"
    write_json(
        card,
        {
            "trained_on": BUILT_IN[source],
            "licence": "Apache-2.0",
            "command": command,
            "commit": table["run"]["commit"],
            "date": table["run"]["date"],
            "versions": table["run"]["versions"],
            "hardware": table["run"]["hardware"],
            "images": ", ".join(table["images"]),
            "holes_hash": {row["holes"]: row["holes_hash"] for row in table["rows"]},
            "metrics": _psnr(table["rows"]),
            "config": json.loads(model.config.to_json()),
            "arrays": digests.digested(arrays),
        },
    )
    return card


def _psnr(rows: list[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """``{hole family: {method: mean psnr_hole}}``."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row["holes"], {})[row["method"]] = round(row["psnr_hole"]["mean"], 2)
    return found
