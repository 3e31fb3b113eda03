#!/usr/bin/env python3
r"""Puts a trained run among the models that the package ships: two files in inpaint_jax/runs/shipped/models.

  python launch/ship_model.py portraits-yeh --workdir=demo/run --commit=COMMIT --command='inpaint train --config=...'
  inpaint evaluate --method=portraits-yeh --against=floors,telea --images='portraits?split=test' --count=64 \
         --train='portraits?split=train&count=3000' --holes=center,left,random:0.8,irregular --output=measured
  python launch/ship_model.py portraits-yeh ... --evaluation=measured

The numbers on a card are those of the weights that ship, which have 16 bits each: so it is run twice.
"""

import argparse

from inpaint_jax import load
from inpaint_jax.runs.shipped.packing import pack


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Put a trained run among the shipped models.")
    parser.add_argument("name", help="that users will give it, such as portraits-yeh")
    parser.add_argument("--workdir", required=True, help="the trained run")
    parser.add_argument("--command", required=True, help="that trained it")
    parser.add_argument("--commit", required=True, help="of the package that trained it, 12 digits")
    parser.add_argument("--evaluation", help="the folder that inpaint evaluate --method=NAME wrote")
    given = parser.parse_args()
    about = {"command": given.command, "commit": given.commit, "evaluation": given.evaluation}
    print(pack(load(given.workdir), given.name, **about))


if __name__ == "__main__":
    main()
