#!/usr/bin/env bash
# Minutes on two cores, from nothing but Python 3.11: trains a small DCGAN on drawn portraits, completes 64 of them that
# it never saw under three families of holes, and measures the result against the floors.
#   bash launch/demo.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
environment .venv baselines
out=${1:-demo}
inpaint train --config=yeh:demo --workdir="$out/run" \
  --config.data.train='portraits?split=train&count=3000' --config.stages.dcgan.generator_updates=1
inpaint evaluate --workdir="$out/run" --images='portraits?split=test' --count=64 \
  --holes=center,left,random:0.8 --against=floors,telea --output="$out/evaluation"
inpaint complete --workdir="$out/run" --images='portraits?split=test' --count=16 --holes=irregular --output="$out/completed"
