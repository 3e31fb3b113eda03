#!/usr/bin/env python3
r"""Add a trained run to the shipped models: two files in inpaint_jax/runs/shipped/models.

  python launch/ship_model.py portraits-yeh --workdir=demo/run --commit=COMMIT \
      --command='inpaint train --config=...'
  inpaint evaluate --method=portraits-yeh --against=floors,telea \
      --images='portraits?split=test' --count=64 --train='portraits?split=train&count=3000' \
      --holes=center,left,random:0.8,irregular --output=measured
  python launch/ship_model.py portraits-yeh ... --evaluation=measured

A card states numbers for the shipped weights, which are rounded to 16 bits. So run the script
twice.
"""

import argparse

from inpaint_jax import load
from inpaint_jax.runs.shipped.packing import pack


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Add a trained run to the shipped models.")
    parser.add_argument("name", help="name of the model, such as portraits-yeh")
    parser.add_argument("--workdir", required=True, help="workdir of the trained run")
    parser.add_argument("--command", required=True, help="command that trained the model")
    parser.add_argument(
        "--commit", required=True, help="commit of the package that trained the model, 12 digits"
    )
    parser.add_argument("--evaluation", help="folder written by inpaint evaluate --method=NAME")
    given = parser.parse_args()
    about = {"command": given.command, "commit": given.commit, "evaluation": given.evaluation}
    print(pack(load(given.workdir), given.name, **about))


if __name__ == "__main__":
    main()
