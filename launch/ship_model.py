#!/usr/bin/env python3
"""Puts a trained run among the models that the package ships: two files in inpaint_jax/runs/shipped/models.

  python launch/ship_model.py portraits-yeh --workdir=demo/run --evaluation=demo/evaluation \
         --command='inpaint train --config=yeh:demo ...'

The evaluation is what `inpaint evaluate --workdir=demo/run --output=demo/evaluation` wrote.
"""

import argparse

from inpaint_jax import load
from inpaint_jax.runs.shipped.packing import pack


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Put a trained run among the shipped models.")
    parser.add_argument("name", help="that users will give it, such as portraits-yeh")
    parser.add_argument("--workdir", required=True, help="the trained run")
    parser.add_argument("--evaluation", required=True, help="the folder that inpaint evaluate wrote for it")
    parser.add_argument("--command", required=True, help="that trained it")
    given = parser.parse_args()
    print(pack(load(given.workdir), given.name, given.evaluation, command=given.command))


if __name__ == "__main__":
    main()
