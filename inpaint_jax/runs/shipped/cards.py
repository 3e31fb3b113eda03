"""The card of a shipped model, ``models/NAME.json``."""

from pathlib import Path
from typing import Any, NamedTuple

from inpaint_jax.data.json_files import read_json
from inpaint_jax.errors import InputError
from inpaint_jax.runs.digests import Entry

FOLDER = Path(__file__).parent / "models"
SHAPE = {
    "trained_on": str,
    "licence": str,
    "command": str,
    "commit": str,
    "date": str,
    "images": str,
    "metrics": {...: {...: float | int | None}},
    "config": {"system": str, "data": {"size": int, "train": str}, "stages": dict},
    "arrays": dict,
}


class Card(NamedTuple):
    """Description of a shipped model.

    Attributes:
      name: name of the model.
      trained_on: description of the training images.
      licence: licence of the weights.
      command: command that trained the model.
      commit: commit of the package that trained the model.
      date: date of the measurement.
      images: images of the measurement.
      metrics: ``{hole family: {method: psnr_hole in dB}}`` for the model's method and for others.
      config: config of the run, as plain values.
      arrays: ``{path: {"shape", "dtype", "sha256"}}`` of the weights.
    """

    name: str
    trained_on: str
    licence: str
    command: str
    commit: str
    date: str
    images: str
    metrics: dict[str, dict[str, float]]
    config: dict[str, Any]
    arrays: dict[str, Entry]


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of the shipped models, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.json"))


def read(name: str, folder: Path = FOLDER) -> Card:
    """Read a card.

    Raises:
      InputError: there is no such model (lists the known ones), or the card is damaged.
    """
    about = read_json(folder / f"{name}.json", SHAPE, remedy="install inpaint_jax again")
    if about is None:
        raise InputError(f"no shipped model {name!r}; known: {', '.join(names(folder)) or 'none'}")
    return Card(name, **{key: about[key] for key in Card._fields[1:]})


def listing(folder: Path = FOLDER) -> str:
    """Describe every shipped model in a few lines."""
    cards = [read(name, folder) for name in names(folder)]
    return "\n\n".join(
        described(card, (folder / f"{card.name}.npz").stat().st_size) for card in cards
    )


def described(card: Card, size: int) -> str:
    """Describe a model whose weights have ``size`` bytes."""
    method = card.config["system"]

    def measured(family: str) -> str:
        values = card.metrics[family]
        others = ", ".join(
            f"{name} {value:.2f}" for name, value in values.items() if name != method
        )
        return f"  psnr_hole   {family} {values[method]:.2f} dB" + (
            f" ({others})" if others else ""
        )

    side = card.config["data"]["size"]
    return "\n".join(
        [
            f"{card.name}: {method}, {side}x{side} pixels, {size / 1e6:.1f} MB, {card.licence}",
            f"  trained on  {card.config['data']['train']}: {card.trained_on}",
            f"  measured on {card.images}",
            *map(measured, card.metrics),
            f"  made by     {card.command}",
            f"              at commit {card.commit}, {card.date[:10]}",
        ]
    )
